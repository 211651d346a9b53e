//! Names that a change defines otherwise: macros, enumerators, constants. A handler and its conversion that read alike then mean different
//! things.

use std::collections::BTreeSet;

use super::constants::{Side, enumeration};
use crate::index::Index;
use crate::source::{ItemKind, find_word, identifiers};

/// The first name that functions of both sides use, and that the two trees define differently.
pub(super) fn redefined(old: &Side, new: &Side) -> Option<String> {
    const NAMES: usize = 500;
    let meaning = |side: &Side, name: &str| meaning(side.functions.context.index, name, side.file);
    let mut names: Vec<String> = (&old.names & &new.names).into_iter().collect();
    let mut next = 0;
    while next < names.len().min(NAMES) {
        let (was, is) = (meaning(old, &names[next]), meaning(new, &names[next]));
        if was.is_some() && is.is_some() && was != is {
            return Some(names.swap_remove(next));
        }
        // What a macro names counts for its meaning.
        let named = is.iter().flat_map(|text| identifiers(text)).map(str::to_owned);
        let more: BTreeSet<String> = named.filter(|name| !names.contains(name)).collect();
        names.extend(more);
        next += 1;
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

/// A text with one blank between its words.
fn in_words(text: &[u8]) -> Vec<u8> {
    text.split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty() && *word != b"\\")
        .collect::<Vec<_>>()
        .join(&b' ')
}
