//! Constants and macros that only one of a handler and its conversion names. They are read by what they stand for: `LAMP_SIZE` beside
//! `PAGE_SIZE`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Functions;
use super::redefined::used;
use crate::index::Index;
use crate::rules::Rules;
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::{ItemKind, Span, find_word, identifiers, parse, visit};

/// Names that are read by what they stand for.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// Values of constants, by name.
    pub(super) values: BTreeMap<String, Expression>,
    /// Macros with arguments.
    pub(super) macros: BTreeSet<String>,
}

/// The constants that the functions of one side name, directly or by others, and that `known`, the names of the other side, does not have.
pub(super) fn own_constants(
    (functions, file, followed): (&Functions, u32, &[Arc<Function>]),
    known: &BTreeSet<String>,
) -> Constants {
    const NAMES: usize = 500;
    let index = functions.context.index;
    let mut constants = Constants::default();
    let mut names: Vec<String> = used(followed).difference(known).cloned().collect();
    while let Some(name) = names.pop() {
        if constants.values.len() >= NAMES || constants.values.contains_key(&name) {
            continue;
        }
        // A macro of a name that the other side has for the VMA is compared by that name.
        let old = functions.canonical(&name, true);
        if !is_ruled(functions.context.rules, &old)
            && !known.contains(&old)
            && index.functions(&name, file).is_empty()
            && !index.expanded_call(&name, file, &[]).is_empty()
        {
            constants.macros.insert(name);
            continue;
        }
        let Some(value) = value(index, &name, file) else { continue };
        visit::expression(&value, &mut |part| {
            names.extend(part.name().filter(|name| !known.contains(*name)).map(str::to_owned));
        });
        constants.values.insert(name, value);
    }
    constants
}

/// Whether a rule says what a call means.
fn is_ruled(rules: &Rules, name: &str) -> bool {
    rules.call(name).is_some()
        || rules.idiom(name).is_some()
        || rules.value(name).is_some()
        || rules.state(name).is_some()
        || rules.flag_test(name).is_some()
        || rules.is_silent(name)
}

/// The value of a macro without arguments, or of an enumerator or constant of the file. `None` if it has several, or is no plain expression.
fn value(index: &Index, name: &str, file: u32) -> Option<Expression> {
    let text = match index.constant_item(name, file) {
        Some(id) if index.file(id.file).named(ItemKind::Macro, name).nth(1).is_some() => return None,
        Some(_) => index.constant(name, file)?.to_vec(),
        None => enumerator(index, name, file).or_else(|| variable(index, name, file))?,
    };
    let value = parse::expression(&text, Span::new(0, text.len()))?;
    let mut is_plain = true;
    visit::expression(&value, &mut |part| {
        is_plain &= match &part.kind {
            // The text behind it is not kept.
            E::Unary { operator, .. } => operator != "sizeof",
            E::Name(_) | E::Number(_) | E::Binary { .. } | E::Cast { .. } | E::Conditional { .. } => true,
            _ => false,
        };
    });
    is_plain.then_some(value)
}

/// The value of a constant of a file: `static const unsigned long lamp_pages = 1;`.
fn variable(index: &Index, name: &str, file: u32) -> Option<Vec<u8>> {
    let source = index.file(file);
    let item = source.named(ItemKind::Variable, name).next()?;
    let text = source.items[item as usize].span.of(&source.text);
    let (head, value) = text.split_at(text.iter().position(|byte| *byte == b'=')?);
    find_word(head, b"const", 0)?;
    Some(value[1..].trim_ascii().strip_suffix(b";")?.to_vec())
}

/// The value of an enumerator of a file, as an expression: that of the last one with a value, and the distance from there.
fn enumerator(index: &Index, name: &str, file: u32) -> Option<Vec<u8>> {
    let source = index.file(file);
    source.items.iter().find_map(|item| {
        let text = item.span.of(&source.text);
        let list = text.starts_with(b"enum").then(|| text.iter().position(|byte| *byte == b'{')).flatten()? + 1;
        let list = &text[list..text.iter().rposition(|byte| *byte == b'}')?];
        find_word(list, name.as_bytes(), 0)?;
        let (mut from, mut distance) = (b"0".to_vec(), 0);
        for entry in list.split(|byte| *byte == b',') {
            if let Some(equals) = entry.iter().position(|byte| *byte == b'=') {
                (from, distance) = (entry[equals + 1..].trim_ascii().to_vec(), 0);
            }
            if identifiers(entry).next() == Some(name) {
                return Some([b"(", from.as_slice(), b") + ", distance.to_string().as_bytes()].concat());
            }
            distance += 1;
        }
        None
    })
}
