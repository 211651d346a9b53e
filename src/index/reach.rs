//! Functions and macros that handlers reach in files that no word makes matter: in the headers that they include, and in the other sources
//! of their driver.
//!
//! What a handler runs through in its own file, and in files that take the VMA, is gone through by its words alone. A name that nothing near
//! defines is looked for in the headers of the driver, which its `#include` lines tell; one that is only declared there is looked for in the
//! sources beside. Files in which something is found join the index. From there nothing is looked for any more: what a function does in
//! another file counts, with all that it calls in that file, and what that calls in a third file does not. What the kernel's own headers
//! define is looked for only where it gets a VMA: what it does else, rules tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::built::{Built, add_definitions};
use super::elsewhere::{Definition, Names, definitions, is_shared};
use super::matter::is_access;
use super::tables::Handler;
use super::{Index, ItemId, SourceFile};
use crate::ITEMS_PER_JOB;
use crate::kernel::{FileTrouble, Tree, TroubleKind};
use crate::profile::{Phase, measure};
use crate::rules::Rules;
use crate::source::macros::call_arguments;
use crate::source::{
    Item, ItemKind, Span, blank_non_code, find_word, identifiers, is_keyword_before_parenthesis, skip_blank,
    spans_of_identifiers,
};

/// Macros that use macros of other headers are followed so many rounds.
const ROUNDS: usize = 3;

/// All files that are kept here together are no longer than this many bytes.
const TOTAL_BYTES: usize = 64 << 20;

/// What the names that a file uses and does not define mean: by file and name.
pub(super) type Meanings = FxHashMap<(u32, String), Vec<ItemId>>;

/// A piece of code that a handler reaches, and the file that it is compiled in: a macro is, where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Reached {
    file: u32,
    item: ItemId,
}

/// What one piece of code uses.
#[derive(Default)]
struct Uses {
    /// What the index has of it, to go on with.
    known: Vec<Reached>,
    /// The names that stand for functions of other files of the index.
    meant: Vec<(String, ItemId)>,
    /// The names that it does not have, and whether each is called with a VMA.
    unknown: Vec<(String, bool)>,
}

/// Adds to an index what its handlers reach.
pub(super) fn add(tree: &Tree, rules: &Rules, built: &mut Built) {
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
        bytes += keep(tree, &mut built.index, &found, TOTAL_BYTES.saturating_sub(bytes));
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

/// The handlers of all registrations.
fn handlers(index: &Index) -> Vec<Reached> {
    let named = index.registrations().iter().filter_map(|registration| match &registration.handler {
        Handler::Function(name) => Some(index.functions(name, registration.file)),
        _ => None,
    });
    let all: BTreeSet<Reached> = named.flatten().map(|item| Reached { file: item.file, item }).collect();
    all.into_iter().collect()
}

/// What each piece of code of one file uses.
fn used_in(rules: &Rules, index: &Index, reached: &[Reached]) -> Vec<Uses> {
    let mut meanings: FxHashMap<String, Option<Vec<ItemId>>> = FxHashMap::default();
    reached.iter().map(|reached| used_by(rules, index, *reached, &mut meanings)).collect()
}

/// What a piece of code uses: what the index has of it, and the names that it does not have. What names mean in the file is noted once;
/// one that is none of the driver's means nothing.
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
        // What the kernel's headers use is not defined in those of a driver.
        if near.is_empty() && (gets_vma || !is_shared(&source.path)) {
            uses.unknown.push((name, gets_vma));
            continue;
        }
        for item in near.iter().copied() {
            let is_macro = index.item(item).kind == ItemKind::Macro;
            if is_macro || item.file == reached.file {
                uses.known.push(Reached { file: reached.file, item });
            } else {
                uses.meant.push((name.clone(), item));
                if gets_vma {
                    uses.known.push(Reached { file: item.file, item });
                }
            }
        }
    }
    uses
}

/// What the index has for a name in a file; `None` where nothing is to be looked for: a rule says all, or another module defines it.
fn meaning(rules: &Rules, index: &Index, name: &str, file: u32) -> Option<Vec<ItemId>> {
    if rules.call(name).is_some() || rules.state(name).is_some() || rules.is_silent(name) {
        return None;
    }
    let near = index.defined_near(name, file);
    (!near.is_empty() || index.functions(name, file).is_empty()).then_some(near)
}

/// The names in a piece of code that are called, or written as constants are, and whether each is called with the VMA.
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

/// Takes the files of definitions into the index, up to so many bytes; how many those are.
fn keep(tree: &Tree, index: &mut Index, found: &[Definition], room: usize) -> usize {
    let paths: BTreeSet<&str> = found.iter().map(|one| one.path.as_str()).collect();
    let new: Vec<&str> = paths.into_iter().filter(|path| index.numbered(path).is_none()).collect();
    let files = new.into_par_iter().filter_map(|path| {
        let text = tree.read(path).filter(|text| SourceFile::check(path, text).is_ok())?;
        Some(Arc::new(SourceFile::new(path, text)))
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

/// Notes what a name means, and gives what is to be gone through next: macros, and functions that get the VMA.
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

/// The code of a function or a macro; of a macro the body, which is a directive.
fn code_of(source: &SourceFile, kind: ItemKind, span: Span) -> Vec<u8> {
    let text = span.of(&source.text);
    if kind != ItemKind::Macro {
        return blank_non_code(text);
    }
    let body = find_word(text, b"define", 0).map_or(0, |at| at + b"define".len());
    blank_non_code(&text[body..])
}

/// The parameter of a function that is a VMA or a desc.
fn vma_of(head: &[u8]) -> Option<&str> {
    let at = [b"vm_area_struct".as_slice(), b"vm_area_desc"]
        .into_iter()
        .find_map(|tag| Some(find_word(head, tag, 0)? + tag.len()))?;
    identifiers(&head[at..]).next()
}

/// Whether one of the arguments behind `open` is a variable.
fn passes(code: &[u8], open: usize, name: &str) -> bool {
    let arguments = call_arguments(code, open).map(|(arguments, _)| arguments).unwrap_or_default();
    arguments.iter().any(|argument| argument.trim_ascii() == name.as_bytes())
}

/// What constants of the kernel's own headers begin with, which drivers use everywhere and do not define.
const OF_THE_KERNEL: [&str; 8] = ["VM_", "VMA_", "PAGE_", "GFP_", "__GFP_", "FMODE_", "SZ_", "CAP_"];

/// Whether a name is written as constants are that a driver may define.
fn is_constant(name: &str) -> bool {
    name.len() > 3
        && name.contains('_')
        && !OF_THE_KERNEL.iter().any(|prefix| name.starts_with(prefix))
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
