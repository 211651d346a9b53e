//! Functions and macros that handlers reach in files without a search word: in included headers, and in other sources of the driver.
//!
//! A handler's code in its own file, and in files that take the VMA, is searched by its words alone. A name that nothing near defines is
//! looked up in the headers of the driver, which the `#include` lines name. If it is only declared there, it is looked up in the sources
//! beside. Files with a definition join the index. The search ends there: a function in another file counts with all its callees in that
//! file. Callees in a third file do not count. Definitions in the kernel's own headers are looked up only for names that get a VMA; rules
//! describe the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::built::{Built, add_definitions};
use super::elsewhere::{Definition, Names, definitions, is_shared_folder};
use super::matter::is_access;
use super::tables::Handler;
use super::{Index, ItemId, SourceFile};
use crate::ITEMS_PER_JOB;
use crate::kernel::{FileTrouble, Layer, Tree, TroubleKind};
use crate::profile::{Phase, measure};
use crate::rules::Rules;
use crate::source::macros::call_arguments;
use crate::source::{
    Item, ItemKind, Span, blank_non_code, find_word, identifiers, is_keyword_before_parenthesis, skip_blank,
    spans_of_identifiers,
};

/// Number of rounds in which macros are followed into other headers.
const ROUNDS: usize = 3;

/// Maximum length in bytes of the files added here, all together.
const TOTAL_BYTES: usize = 64 << 20;

/// Definitions of names that a file uses and does not define, by file and name.
pub(super) type Meanings = FxHashMap<(u32, String), Vec<ItemId>>;

/// Code that a handler reaches, and the file it is compiled in. For a macro, that is the file that uses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Reached {
    file: u32,
    item: ItemId,
}

/// Names that a piece of code uses.
#[derive(Default)]
struct Uses {
    /// Code in the index to follow next.
    known: Vec<Reached>,
    /// Names of functions in other files of the index.
    meant: Vec<(String, ItemId)>,
    /// Names that the index lacks, each with whether it is called with a VMA.
    unknown: Vec<(String, bool)>,
}

/// Adds the code that handlers reach to an index. Files that are `known`, by path, are not read again.
pub(super) fn add(tree: &Tree, rules: &Rules, built: &mut Built, known: &FxHashMap<&str, Arc<SourceFile>>) {
    let mut level = handlers(&built.index);
    let mut seen: FxHashSet<Reached> = level.iter().copied().collect();
    let mut asked: FxHashSet<(u32, String)> = FxHashSet::default();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let mut unknown: BTreeMap<u32, Names> = BTreeMap::new();
        while !level.is_empty() {
            let index = &built.index;
            let files: Vec<&[Reached]> = level.chunk_by(|left, right| left.file == right.file).collect();
            let used = files.into_par_iter().with_max_len(ITEMS_PER_JOB);
            let used = used.flat_map_iter(|reached| measure(Phase::Follow, || used_in(rules, index, reached)));
            let used: Vec<Uses> = used.collect();
            let mut next: BTreeSet<Reached> = BTreeSet::new();
            for (reached, uses) in level.iter().zip(used) {
                next.extend(uses.known);
                for (name, item) in uses.meant {
                    built.index.mean(reached.file, name, item);
                }
                for (name, gets_vma) in uses.unknown {
                    *unknown.entry(reached.file).or_default().entry(name).or_default() |= gets_vma;
                }
            }
            level = next.into_iter().filter(|reached| seen.insert(*reached)).collect();
        }
        for (file, names) in &mut unknown {
            names.retain(|name, _| asked.insert((*file, name.clone())));
        }
        let found = definitions(tree, &built.index, unknown);
        bytes += keep(tree, &mut built.index, &found, TOTAL_BYTES.saturating_sub(bytes), known);
        let next = found.iter().flat_map(|definition| go_on(&mut built.index, definition));
        level = next.collect::<BTreeSet<_>>().into_iter().filter(|reached| seen.insert(*reached)).collect();
    }
    if bytes >= TOTAL_BYTES {
        let text = format!(
            "the files that handlers reach are longer than {} MiB; the rest was not followed",
            TOTAL_BYTES >> 20
        );
        built.trouble.push(FileTrouble { file: String::new(), line: None, kind: TroubleKind::TooLarge, text });
    }
}

/// Handlers of all registrations.
fn handlers(index: &Index) -> Vec<Reached> {
    let named = index.registrations().iter().filter_map(|registration| match &registration.handler {
        Handler::Function(name) => Some(index.functions(name, registration.file)),
        _ => None,
    });
    let all: BTreeSet<Reached> = named.flatten().map(|item| Reached { file: item.file, item }).collect();
    all.into_iter().collect()
}

/// Uses of each piece of code in one file.
fn used_in(rules: &Rules, index: &Index, reached: &[Reached]) -> Vec<Uses> {
    let mut meanings: FxHashMap<String, Option<Vec<ItemId>>> = FxHashMap::default();
    reached.iter().map(|reached| used_by(rules, index, *reached, &mut meanings)).collect()
}

/// Uses of one piece of code: code in the index, and names that the index lacks. Each name of the file is resolved once; names outside the
/// driver are ignored.
fn used_by(
    rules: &Rules,
    index: &Index,
    reached: Reached,
    meanings: &mut FxHashMap<String, Option<Vec<ItemId>>>,
) -> Uses {
    let (source, item) = (index.file(reached.item.file), index.item(reached.item));
    let mut uses = Uses::default();
    for (name, gets_vma) in names_in(source, item) {
        if !meanings.contains_key(&name) {
            meanings.insert(name.clone(), meaning(rules, index, &name, reached.file));
        }
        let Some(near) = &meanings[&name] else { continue };
        // Names used in the kernel's headers are not defined in those of a driver.
        let is_own = source.layer == Layer::Module || !is_shared_folder(&source.path);
        if near.is_empty() && (gets_vma || is_own) {
            uses.unknown.push((name, gets_vma));
            continue;
        }
        for item in near.iter().copied() {
            let is_macro = index.item(item).kind == ItemKind::Macro;
            // A macro beside a function of its name is a stub.
            let is_stub = || is_macro && !index.functions(&name, reached.file).is_empty();
            if item.file != reached.file && !is_stub() {
                uses.meant.push((name.clone(), item));
            }
            if is_macro || item.file == reached.file {
                uses.known.push(Reached { file: reached.file, item });
            } else if gets_vma {
                uses.known.push(Reached { file: item.file, item });
            }
        }
    }
    uses
}

/// Definitions of a name in the index, as a file sees it. `None` if no search is needed: a rule describes it, or another module defines it.
fn meaning(rules: &Rules, index: &Index, name: &str, file: u32) -> Option<Vec<ItemId>> {
    if rules.call(name).is_some() || rules.state(name).is_some() || rules.is_silent(name) {
        return None;
    }
    let near = index.defined_near(name, file);
    (!near.is_empty() || index.functions(name, file).is_empty()).then_some(near)
}

/// Names in a piece of code that are called or look like constants, and whether each gets the VMA.
fn names_in(source: &SourceFile, item: &Item) -> Names {
    let code = code_of(source, item.kind, item.span);
    let vma = vma_of(item.head().of(&source.text));
    let mut names = Names::new();
    for span in spans_of_identifiers(&code) {
        let Ok(name) = std::str::from_utf8(span.of(&code)) else { continue };
        let open = skip_blank(&code, span.end as usize);
        let is_call = code.get(open) == Some(&b'(')
            && !is_access(&code, span.start as usize)
            && !is_keyword_before_parenthesis(name.as_bytes());
        if is_call || is_constant(name) {
            let gets_vma = is_call && vma.is_some_and(|vma| passes(&code, open, vma));
            match names.get_mut(name) {
                Some(known) => *known |= gets_vma,
                None => drop(names.insert(name.to_owned(), gets_vma)),
            }
        }
    }
    names
}

/// Adds the files of definitions to the index if they are shorter than `room` bytes together. Returns their length.
fn keep(
    tree: &Tree,
    index: &mut Index,
    found: &[Definition],
    room: usize,
    known: &FxHashMap<&str, Arc<SourceFile>>,
) -> usize {
    let paths: BTreeSet<&str> = found.iter().map(|one| one.path.as_str()).collect();
    let new: Vec<&str> = paths.into_iter().filter(|path| index.numbered(path).is_none()).collect();
    let files = new.into_par_iter().filter_map(|path| {
        if let Some(file) = known.get(path) {
            return Some(file.clone());
        }
        let text = tree.read(path).filter(|text| SourceFile::check(path, text).is_ok())?;
        Some(Arc::new(SourceFile::of(tree, path, text)))
    });
    let files: Vec<Arc<SourceFile>> = files.collect();
    let bytes = files.iter().map(|file| file.text.len()).sum();
    if bytes < room {
        let first = index.files.len();
        index.files.extend(files);
        add_definitions(index, first);
    }
    bytes
}

/// Records the meaning of a name. Returns the code to follow next: macros, and functions that get the VMA.
fn go_on(index: &mut Index, definition: &Definition) -> Vec<Reached> {
    let Definition { file, name, path, gets_vma } = definition;
    let Some(number) = index.numbered(path) else { return Vec::new() };
    let source = index.file(number);
    let kinds = [ItemKind::Function, ItemKind::Macro].into_iter();
    let items: Vec<ItemId> =
        kinds.flat_map(|kind| source.named(kind, name)).map(|item| ItemId { file: number, item }).collect();
    let mut next = Vec::new();
    for item in items {
        let is_macro = index.item(item).kind == ItemKind::Macro;
        if is_macro || *gets_vma {
            next.push(Reached { file: if is_macro { *file } else { number }, item });
        }
        index.mean(*file, name.clone(), item);
    }
    next
}

/// Code of a function or a macro. A macro is a directive, which would be blanked, so only its body counts.
fn code_of(source: &SourceFile, kind: ItemKind, span: Span) -> Vec<u8> {
    let text = span.of(&source.text);
    if kind != ItemKind::Macro {
        return blank_non_code(text);
    }
    let body = find_word(text, b"define", 0).map_or(0, |at| at + b"define".len());
    blank_non_code(&text[body..])
}

/// Name of a function's VMA or desc parameter.
fn vma_of(head: &[u8]) -> Option<&str> {
    let at = [b"vm_area_struct".as_slice(), b"vm_area_desc"]
        .into_iter()
        .find_map(|tag| Some(find_word(head, tag, 0)? + tag.len()))?;
    identifiers(&head[at..]).next()
}

/// Whether the variable `name` is one of the arguments behind `open`.
fn passes(code: &[u8], open: usize, name: &str) -> bool {
    let arguments = call_arguments(code, open).map(|(arguments, _)| arguments).unwrap_or_default();
    arguments.iter().any(|argument| argument.trim_ascii() == name.as_bytes())
}

/// Prefixes of constants from the kernel's own headers, which drivers use everywhere and do not define.
const OF_THE_KERNEL: [&str; 8] = ["VM_", "VMA_", "PAGE_", "GFP_", "__GFP_", "FMODE_", "SZ_", "CAP_"];

/// Whether a name looks like a constant that a driver may define.
fn is_constant(name: &str) -> bool {
    name.len() > 3
        && name.contains('_')
        && !OF_THE_KERNEL.iter().any(|prefix| name.starts_with(prefix))
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
