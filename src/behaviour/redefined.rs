//! Names that a change defines otherwise: macros, enumerators, constants. A handler and its conversion that read alike then mean different
//! things.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use super::constants::{Side, enumeration, enumerators};
use crate::index::Index;
use crate::source::{ItemKind, find_word, identifiers, slice, without_comments};

/// The first name that functions of both sides use, and that the two trees define differently.
pub(super) fn redefined(old: &Side, new: &Side) -> Option<String> {
    const NAMES: usize = 500;
    let meaning = |side: &Side, name: &str| meaning(side.functions.context.index, name, side.file);
    let mut known: BTreeSet<String> = &old.names & &new.names;
    if let Some(name) = known.iter().find(|name| new.functions.redefined.contains(*name)) {
        return Some(name.clone());
    }
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

/// The macros and enumerators that one text defines otherwise than another.
pub fn redefined_between(before: &[u8], after: &[u8]) -> BTreeSet<String> {
    let (was, is) = (definitions(before), definitions(after));
    was.into_iter()
        .filter(|(name, meaning)| is.get(name).is_some_and(|now| now != meaning))
        .map(|(name, _)| name)
        .collect()
}

/// The macros and enumerators of a text, with the words that define them.
fn definitions(text: &[u8]) -> BTreeMap<String, Vec<u8>> {
    let mut found: BTreeMap<String, Vec<u8>> = BTreeMap::new();
    for item in slice(text).items {
        let own = item.span.of(text);
        if item.kind == ItemKind::Macro {
            let name = String::from_utf8_lossy(item.name.of(text)).into_owned();
            found.entry(name).or_default().extend(in_words(&text[item.name.end as usize..item.span.end as usize]));
        } else if let Some(list) = enumerators(own) {
            // Those before an enumerator count for its value.
            let mut before = Vec::new();
            for enumerator in without_comments(&own[list..]).split(|byte| matches!(byte, b',' | b'}')) {
                before.extend(in_words(enumerator));
                before.push(b',');
                if let Some(name) = identifiers(enumerator).next() {
                    found.insert(name.to_owned(), before.clone());
                }
            }
        }
    }
    found
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn macros_and_enumerators_are_compared_by_their_words() {
        assert_eq!(redefined_between(b"#define A 1\n", b"#define A 1 /* page */\n"), BTreeSet::new());
        let before = b"#define A 1\n#define B(x) ((x) + 1)\nenum e { C, D, E };\n";
        assert_eq!(
            redefined_between(before, b"#define A 1 /* one */\n#define B(x) ((x) +\\\n1)\nenum e { C, D, E };\n"),
            BTreeSet::new()
        );
        let names = redefined_between(before, b"#define A 2\n#define B(x) ((x) + 1)\nenum e { C, E, D };\n");
        assert_eq!(names, ["A", "D", "E"].map(str::to_owned).into());
    }
}
