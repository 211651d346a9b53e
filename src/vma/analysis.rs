//! Lowers every function that handlers reach, each once, and collects the facts of a handler.

use std::collections::BTreeMap;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::flow::{FieldUse, Key, Lowered, Shared, VmaAccess};
use super::lower::{Context, lower};
use super::paths::{FunctionPaths, Functions, function_paths};
use crate::ITEMS_PER_JOB;
use crate::index::ItemId;
use crate::profile::{Phase, measure};
use crate::source::macros::call_arguments;
use crate::source::{ItemKind, Span, find_word, variants};

/// Results for all functions that handlers reach. Clones share results; later additions are separate.
#[derive(Clone)]
pub struct Analysis<'a> {
    context: Context<'a>,
    functions: Functions,
    handlers: FxHashMap<Key, FunctionPaths>,
}

/// Facts of one handler, with those of the functions it is followed into.
#[derive(Debug, Default)]
pub struct HandlerFacts {
    /// The lowered handler, and the functions folded in.
    pub parts: Vec<Part>,
    /// The paths through it.
    pub function_paths: FunctionPaths,
    /// Code that was not understood.
    pub trouble: Vec<NotUnderstood>,
}

/// A piece of code that was not understood.
#[derive(Clone, Debug)]
pub struct NotUnderstood {
    /// The file, by its number in the index.
    pub file: u32,
    /// The location in the file.
    pub span: Span,
    /// The reason.
    pub text: String,
    /// Whether it is in a function that has the VMA.
    pub has_vma: bool,
}

/// A function that a handler runs.
#[derive(Clone, Debug)]
pub struct Part {
    /// The file of its spans, by its number in the index.
    pub file: u32,
    /// Whether it gets the VMA.
    pub has_vma: bool,
    /// Its facts and flow.
    pub lowered: Shared,
}

impl<'a> Analysis<'a> {
    /// Creates an analysis without any function.
    pub fn new(context: Context<'a>) -> Analysis<'a> {
        Analysis { context, functions: Functions::default(), handlers: FxHashMap::default() }
    }

    /// Lowers the functions `roots` and all that they are followed into, in parallel. Then walks the paths of `roots`.
    pub fn add(&mut self, mut roots: Vec<Key>) {
        roots.retain(|key| !self.handlers.contains_key(key));
        let mut next = roots.clone();
        while !next.is_empty() {
            next.sort();
            next.dedup();
            next.retain(|key| self.lowered(key).is_none());
            let lowered: Vec<(Key, Shared)> = next
                .par_iter()
                .with_max_len(ITEMS_PER_JOB)
                .map(|key| measure(Phase::Follow, || (key.clone(), Arc::new(lower_item(self.context, key)))))
                .collect();
            next = lowered.iter().flat_map(|(_, lowered)| lowered.reached().cloned()).collect();
            self.functions.extend(lowered);
        }
        // Callees mostly belong to the handlers of one folder, and are walked once for all of them.
        let mut by_folder: BTreeMap<&str, Vec<Key>> = BTreeMap::new();
        for key in roots {
            by_folder.entry(self.context.index.file(key.id.file).folder()).or_default().push(key);
        }
        let groups: Vec<Vec<Key>> = by_folder.into_values().collect();
        let walked: Vec<_> = groups
            .into_par_iter()
            .with_max_len(ITEMS_PER_JOB)
            .flat_map_iter(|roots| measure(Phase::Follow, || function_paths(&self.functions, roots)))
            .collect();
        self.handlers.extend(walked);
    }

    /// The function in lowered form; `None` if no handler reaches it.
    pub fn lowered(&self, key: &Key) -> Option<&Shared> {
        self.functions.get(key)
    }

    /// Number of lowered functions.
    pub fn functions(&self) -> usize {
        self.functions.len()
    }

    /// Code of all functions that was not understood, as (file, span, text), sorted.
    pub fn trouble(&self) -> Vec<(u32, Span, String)> {
        let mut trouble: Vec<_> = self
            .functions
            .iter()
            .flat_map(|(key, lowered)| {
                lowered.trouble.iter().map(|(span, text)| (key.id.file, *span, format!("{}: {text}", lowered.name)))
            })
            .collect();
        trouble.sort();
        trouble.dedup();
        trouble
    }

    /// The facts of a handler.
    pub fn facts(&self, key: &Key) -> HandlerFacts {
        let mut facts = HandlerFacts {
            function_paths: self.handlers.get(key).cloned().unwrap_or_default(),
            ..HandlerFacts::default()
        };
        for (key, lowered) in self.reached(key) {
            let has_vma = !matches!(key.root, VmaAccess::None | VmaAccess::Flags(_));
            let trouble = lowered.trouble.iter();
            facts.trouble.extend(trouble.map(|(span, text)| {
                let (file, span, text) = (key.id.file, *span, text.clone());
                NotUnderstood { file, span, text, has_vma }
            }));
            facts.parts.push(Part { file: key.id.file, has_vma, lowered: lowered.clone() });
        }
        facts
    }

    /// Frees all results on all threads: they are hundreds of thousands of small allocations.
    pub fn drop_in_parallel(self) {
        self.functions.into_par_iter().for_each(drop);
        self.handlers.into_par_iter().for_each(drop);
    }

    /// A function and all that it is followed into, each once, in depth-first order.
    pub fn reached<'k>(&'k self, key: &'k Key) -> Vec<(&'k Key, &'k Shared)> {
        let mut seen: FxHashSet<&Key> = FxHashSet::default();
        let (mut stack, mut reached) = (vec![key], Vec::new());
        while let Some(key) = stack.pop() {
            if !seen.insert(key) {
                continue;
            }
            let Some(lowered) = self.functions.get(key) else { continue };
            reached.push((key, lowered));
            stack.extend(lowered.callees.iter().rev());
        }
        reached
    }
}

/// Keys of all functions of the tree that take a VMA or a desc.
pub fn every_key(context: Context<'_>) -> Vec<Key> {
    context.index.vma_functions().filter_map(|id| handler_key(context, id)).collect()
}

/// Keys of the definitions of a handler. The name is resolved from the file that registers it.
pub fn handler_keys(context: Context<'_>, name: &str, file: u32) -> Vec<Key> {
    let index = context.index;
    let ids = index.functions(name, file);
    let functions: Vec<ItemId> = ids.into_iter().filter(|id| index.item(*id).kind == ItemKind::Function).collect();
    // A stub in a header is compiled if the real function is not. Stubs count only if there is no real function.
    let real: Vec<ItemId> = functions.iter().copied().filter(|id| !index.file(id.file).is_header()).collect();
    let chosen = if real.is_empty() { functions } else { real };
    chosen.into_iter().filter_map(|id| handler_key(context, id)).collect()
}

/// Key of a function with a VMA or desc parameter. The parameter is found by the words of the head: parsing the head would cost more
/// than all else here.
fn handler_key(context: Context<'_>, id: ItemId) -> Option<Key> {
    let source = context.index.file(id.file);
    let item = context.index.item(id);
    let parameters = &source.text[item.name.end as usize..item.body as usize];
    let root = variants(parameters).into_iter().find_map(|masked| {
        let open = masked.text.iter().position(|byte| *byte == b'(')?;
        let (parameters, _) = call_arguments(&masked.text, open)?;
        let vma = parameters.iter().position(|parameter| points_to(parameter, b"vm_area_struct"));
        let desc = || parameters.iter().position(|parameter| points_to(parameter, b"vm_area_desc"));
        vma.map(VmaAccess::Vma).or_else(|| desc().map(VmaAccess::Desc))
    })?;
    Some(Key::new(id, root))
}

fn points_to(parameter: &[u8], tag: &[u8]) -> bool {
    find_word(parameter, tag, 0).is_some_and(|at| parameter[at + tag.len()..].trim_ascii_start().starts_with(b"*"))
}

fn lower_item(context: Context<'_>, key: &Key) -> Lowered {
    let syntax = context.function(key.id);
    let name = context.index.file(key.id.file).name(context.index.item(key.id));
    let mut whole = Lowered { name, ..Lowered::default() };
    for function in &syntax.variants {
        whole.merge(lower(context, key, function));
    }
    whole.trouble.extend(syntax.trouble.iter().map(|(span, reason)| (*span, (*reason).to_owned())));
    whole.trouble.sort();
    whole.trouble.dedup();
    whole
}

/// The uses in one list of all parts of a handler, as (file, use), in order of appearance.
pub fn gathered<'f>(facts: &'f HandlerFacts, list: impl Fn(&'f Lowered) -> &'f [FieldUse]) -> Vec<(u32, &'f FieldUse)> {
    facts.parts.iter().flat_map(|part| list(&part.lowered).iter().map(|named| (part.file, named))).collect()
}
