//! Macros that expand to ops tables or to members of one.

use std::collections::BTreeSet;

use rayon::prelude::*;

use super::matter::is_assigned;
use super::search::Identifiers;
use super::{Index, ItemId};
use crate::source::macros::{call_arguments, definition, expand};
use crate::source::{ItemKind, Span, identifiers, words};

/// Maximum depth of nested macros that are expanded.
const NESTING_LIMIT: usize = 8;

/// Maximum depth of nested macros that are known to register something.
const USE_LIMIT: usize = 64;

/// Macros that register something.
#[derive(Debug, Default)]
pub struct TableMacros {
    /// Macros with their names, by file and place.
    pub found: Vec<(String, ItemId)>,
    /// Macros on the last level. Further macros that use them are not known.
    pub last: Vec<ItemId>,
}

/// Macros of the files from `first` on whose text sets a hook, and macros that use them.
pub fn table_macros(index: &Index, first: usize) -> TableMacros {
    let name = |id: &ItemId| index.file(id.file).name(index.item(*id));
    let members = index.hooks.members().into_iter().map(str::to_owned);
    let sets = |text: &[u8], at: usize, end: usize| at > 0 && text[at - 1] == b'.' && is_assigned(text, end);
    let mut found: BTreeSet<ItemId> = BTreeSet::new();
    let mut next: BTreeSet<ItemId> = macros_with(index, first, members, sets);
    // Macros of files read before are known, but perhaps used here for the first time.
    let mut names: Vec<String> = index.table_macros.keys().cloned().collect();
    for _ in 0..USE_LIMIT {
        names.extend(next.iter().map(name));
        found.append(&mut next);
        if names.is_empty() {
            break;
        }
        next = &macros_with(index, first, std::mem::take(&mut names).into_iter(), |_, _, _| true) - &found;
    }
    let last = next.iter().copied().collect();
    found.append(&mut next);
    TableMacros { found: found.into_iter().map(|id| (name(&id), id)).collect(), last }
}

/// Macros whose text has an accepted use of a word; `accepts` gets a file's text, and the start and end of the word.
fn macros_with(
    index: &Index,
    first: usize,
    words: impl Iterator<Item = String>,
    accepts: impl Fn(&[u8], usize, usize) -> bool + Sync,
) -> BTreeSet<ItemId> {
    let words = Identifiers::new(words.collect());
    let in_file = |file: usize| {
        let source = &index.files[file];
        let macros = (0u32..).zip(&source.items).filter(|(_, item)| item.kind == ItemKind::Macro);
        let accepted = macros.filter(|(_, item)| {
            let body = Span { start: item.body, end: item.span.end };
            let mut places = words.places(body.of(&source.text)).map(|(word, at)| (word, body.start as usize + at));
            places.any(|(word, at)| accepts(&source.text, at, at + word.len()))
        });
        accepted.map(|(item, _)| ItemId { file: file as u32, item }).collect::<Vec<ItemId>>()
    };
    (first..index.files.len()).into_par_iter().flat_map_iter(in_file).collect()
}

/// Maximum number of expansions per macro use, if conditionals define the macro more than once.
const TWIN_LIMIT: usize = 8;

/// Expansions of a table macro.
#[derive(Debug)]
pub struct Expansions {
    /// Possible texts, with inner macros expanded: one for each set of definitions that conditionals choose between.
    pub texts: Vec<Vec<u8>>,
    /// Whether the texts are complete and hold no further table macro.
    pub is_whole: bool,
}

/// Expands a macro that stands for a table or its members. `use_end` is the offset behind the macro's name.
pub fn expansions(index: &Index, file: u32, name: &str, use_end: usize) -> Expansions {
    let source = index.file(file);
    let mut texts = expand_once(index, file, name, &arguments_at(&source.text, use_end).0);
    let mut is_whole = true;
    // The round beyond the last level checks that nothing is left to expand.
    for level in 0..=NESTING_LIMIT {
        let (mut next, mut changed) = (Vec::new(), false);
        for text in texts {
            match expand_inner(index, file, &text) {
                Some(inner) => {
                    changed = true;
                    next.extend(inner);
                }
                None => next.push(text),
            }
        }
        is_whole &= next.len() <= TWIN_LIMIT && (!changed || level < NESTING_LIMIT);
        next.truncate(TWIN_LIMIT);
        texts = next;
        if !changed {
            break;
        }
    }
    Expansions { texts, is_whole }
}

/// Arguments behind a macro's name that ends at `end`, and the offset behind them; no arguments if no `(` follows.
fn arguments_at(text: &[u8], end: usize) -> (Vec<&[u8]>, usize) {
    let open = end + text[end..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    let arguments = if text.get(open) == Some(&b'(') { call_arguments(text, open) } else { None };
    arguments.unwrap_or((Vec::new(), end))
}

fn expand_once(index: &Index, file: u32, name: &str, arguments: &[&[u8]]) -> Vec<Vec<u8>> {
    let candidates = index.table_macros.get(name).map_or(&[][..], Vec::as_slice);
    nearest(index, file, candidates)
        .into_iter()
        .map(|id| {
            let source = index.file(id.file);
            let item = index.item(id);
            let definition = definition(&source.text, item.span, item.name.end);
            expand(definition.body.of(&source.text), definition.parameters.as_deref().unwrap_or(&[]), arguments)
        })
        .collect()
}

/// Expands the first use of a table macro within a text; `None` if there is none.
fn expand_inner(index: &Index, file: u32, text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let name = identifiers(text).find(|word| index.table_macros.contains_key(*word))?.to_owned();
    let at = words(text, name.as_bytes()).next()?;
    let (arguments, after) = arguments_at(text, at + name.len());
    let inner = expand_once(index, file, &name, &arguments);
    Some(inner.into_iter().map(|inner| [&text[..at], inner.as_slice(), &text[after..]].concat()).collect())
}

/// Definitions that a file means: its own, else those of its folder, else all.
fn nearest(index: &Index, file: u32, candidates: &[ItemId]) -> Vec<ItemId> {
    let folder = index.file(file).folder();
    let rank = |id: &ItemId| (id.file == file, index.file(id.file).folder() == folder);
    let best = candidates.iter().map(rank).max();
    candidates.iter().copied().filter(|id| Some(rank(id)) == best).collect()
}
