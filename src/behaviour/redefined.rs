//! Names that a change defines otherwise: macros, enumerators, constants. A handler and its conversion that read alike then mean different
//! things.

use std::collections::{BTreeSet, VecDeque};

use super::constants::{Side, enumeration};
use crate::index::Index;
use crate::source::{ItemKind, find_word, identifiers, without_comments};

/// The first name that functions of both sides use, and that the two trees define differently.
pub(super) fn redefined(old: &Side, new: &Side) -> Option<String> {
    const NAMES: usize = 500;
    let meaning = |side: &Side, name: &str| meaning(side.functions.context.index, name, side.file);
    let mut known: BTreeSet<String> = &old.names & &new.names;
    let mut left: VecDeque<String> = known.iter().cloned().collect();
    while let Some(name) = left.pop_front() {
        let (was, is) = (meaning(old, &name), meaning(new, &name));
        if was.is_some() && is.is_some() && was != is {
            return Some(name);
        }
        // What a macro names counts for its meaning.
        for named in is.iter().flat_map(|text| identifiers(text)) {
            if known.len() < NAMES && !known.contains(named) {
                known.insert(named.to_owned());
                left.push_back(named.to_owned());
            }
        }
    }
    None
}

/// The words that define a name for a file: those of a macro, or of a constant or an enumerator of the file.
fn meaning(index: &Index, name: &str, file: u32) -> Option<Vec<u8>> {
    let with_arguments = || index.macros_near(name, file).into_iter().next();
    if let Some(id) = index.constant_item(name, file).or_else(with_arguments) {
        // A later #define in the same file may replace it.
        let source = index.file(id.file);
        let bodies = source.named(ItemKind::Macro, name).map(|item| {
            let item = &source.items[item as usize];
            in_words(&source.text[item.name.end as usize..item.span.end as usize])
        });
        return Some(bodies.collect::<Vec<_>>().join(&b' '));
    }
    let source = index.file(file);
    if let Some(item) = source.named(ItemKind::Variable, name).next() {
        // Tables are compared member by member.
        let text = source.items[item as usize].span.of(&source.text);
        return Some(text).filter(|text| !text.contains(&b'{')).map(in_words);
    }
    let (text, list) = enumeration(index, name, file)?;
    let place = find_word(text, name.as_bytes(), list)?;
    // Those before it count for its value.
    let end = text[place..].iter().position(|byte| matches!(byte, b',' | b'}')).map_or(text.len(), |end| place + end);
    Some(in_words(&text[..end]))
}

/// A text without comments, with one blank between its words.
pub(super) fn in_words(text: &[u8]) -> Vec<u8> {
    without_comments(text)
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty() && *word != b"\\")
        .collect::<Vec<_>>()
        .join(&b' ')
}
