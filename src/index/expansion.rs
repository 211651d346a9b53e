//! Macros that expand to ops tables, or to members of one.

use memchr::memmem;
use rustc_hash::FxHashSet;

use super::build::is_assigned;
use super::{Index, ItemId};
use crate::source::macros::{call_arguments, definition, expand};
use crate::source::{ItemKind, is_identifier_byte, words};

/// Macros that mention one another this deep are followed, no deeper.
const NESTING_LIMIT: usize = 8;

/// The macros of the files from `first` on whose text sets a hook, and those that use such a macro.
pub fn table_macros(index: &Index, first: usize) -> Vec<(String, ItemId)> {
    let members = index.hooks.members();
    let mut candidates: Vec<(String, ItemId)> = Vec::new();
    for file in first..index.files.len() {
        let source = &index.files[file];
        for (number, item) in (0u32..).zip(&source.items).filter(|(_, item)| item.kind == ItemKind::Macro) {
            candidates.push((source.name(item), ItemId { file: file as u32, item: number }));
        }
    }
    let body = |id: &ItemId| {
        let source = index.file(id.file);
        &source.text[index.item(*id).body as usize..index.item(*id).span.end as usize]
    };
    let mut known: FxHashSet<String> = index.table_macros.keys().cloned().collect();
    let mut found = Vec::new();
    let (mut direct, mut rest): (Vec<_>, Vec<_>) =
        candidates.into_iter().partition(|(_, id)| sets_hook(body(id), &members));
    for _ in 0..NESTING_LIMIT {
        if direct.is_empty() {
            break;
        }
        known.extend(direct.iter().map(|(name, _)| name.clone()));
        found.append(&mut direct);
        (direct, rest) = rest.into_iter().partition(|(_, id)| identifiers(body(id)).any(|word| known.contains(word)));
    }
    found
}

fn sets_hook(body: &[u8], members: &[&str]) -> bool {
    memmem::find(body, b".").is_some()
        && members.iter().any(|member| {
            words(body, member.as_bytes())
                .any(|at| at > 0 && body[at - 1] == b'.' && is_assigned(body, at + member.len()))
        })
}

fn identifiers(body: &[u8]) -> impl Iterator<Item = &str> {
    body.split(|byte| !is_identifier_byte(*byte))
        .filter(|word| word.len() > 2)
        .filter_map(|word| std::str::from_utf8(word).ok())
}

/// How many texts one use of a macro may stand for, where conditionals define it more than once.
const TWIN_LIMIT: usize = 8;

/// The texts that a use of a table macro can stand for, macros within it followed: one for each set of definitions that
/// conditionals choose between. `use_end` is the offset behind the macro's name.
pub fn expansions(index: &Index, file: u32, name: &str, use_end: usize) -> Vec<Vec<u8>> {
    let source = index.file(file);
    let mut texts = expand_once(index, file, name, &arguments_at(&source.text, use_end).0);
    for _ in 0..NESTING_LIMIT {
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
        next.truncate(TWIN_LIMIT);
        texts = next;
        if !changed {
            break;
        }
    }
    texts
}

/// The arguments behind a macro's name that ends at `end`, and the offset behind them; none where no `(` follows.
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

/// Replaces the first use of a table macro within a text.
fn expand_inner(index: &Index, file: u32, text: &[u8]) -> Option<Vec<Vec<u8>>> {
    let name = identifiers(text).find(|word| index.table_macros.contains_key(*word))?.to_owned();
    let at = words(text, name.as_bytes()).next()?;
    let (arguments, after) = arguments_at(text, at + name.len());
    let inner = expand_once(index, file, &name, &arguments);
    Some(inner.into_iter().map(|inner| [&text[..at], inner.as_slice(), &text[after..]].concat()).collect())
}

/// The definitions that a file means: its own, else its folder's, else all.
fn nearest(index: &Index, file: u32, candidates: &[ItemId]) -> Vec<ItemId> {
    let folder = index.file(file).folder();
    let rank = |id: &ItemId| (id.file == file, index.file(id.file).folder() == folder);
    let best = candidates.iter().map(rank).max();
    candidates.iter().copied().filter(|id| Some(rank(id)) == best).collect()
}
