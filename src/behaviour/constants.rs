//! Constants and macros that only one of a handler and its conversion names. They are read by what they stand for: `LAMP_SIZE` beside
//! `PAGE_SIZE`.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::Functions;
use super::arithmetic::number_of;
use super::term::Term;
use super::walk::Walk;
use crate::index::Index;
use crate::rules::Rules;
use crate::source::ast::{Expression, ExpressionKind as E, Function, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::source::{ItemKind, Span, find_word, identifiers, parse};

/// A handler, or its conversion, and the names that it uses.
pub(super) struct Side<'s> {
    pub(super) functions: &'s Functions<'s>,
    /// The file in which the names stand.
    pub(super) file: u32,
    /// The names in the handler and in the driver's own functions that it calls.
    pub(super) names: BTreeSet<String>,
}

impl<'s> Side<'s> {
    /// The side of a handler, with the functions that are followed from it.
    pub(super) fn new(functions: &'s Functions<'s>, file: u32, followed: &[Arc<Function>]) -> Side<'s> {
        Side { functions, file, names: used(followed) }
    }
}

/// The names in functions, without those of members.
fn used(functions: &[Arc<Function>]) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    let mut add = |expression: &Expression| names.extend(expression.name().map(str::to_owned));
    for function in functions {
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(expression) = seen {
                add(expression);
            }
        });
        // Labels of a switch are no expressions of their own.
        visit::each_block(&function.body, &mut |block| {
            for statement in block {
                if let S::Switch { arms, .. } = &statement.kind {
                    let values = arms.iter().flat_map(|arm| arm.label.values());
                    values.for_each(|value| visit::expression(value, &mut add));
                }
            }
        });
    }
    names
}

/// Names that are read by what they stand for.
#[derive(Clone, Debug, Default)]
pub struct Constants {
    /// Values of constants, by name.
    pub(super) values: BTreeMap<String, Expression>,
    /// Macros with arguments.
    pub(super) macros: BTreeSet<String>,
}

/// The constants that one side names, directly or by others, and the other does not.
pub(super) fn own_constants(side: &Side, other: &Side) -> Constants {
    const NAMES: usize = 500;
    let (functions, file, known) = (side.functions, side.file, &other.names);
    let index = functions.context.index;
    let mut constants = Constants::default();
    let mut names: Vec<String> = side.names.difference(known).cloned().collect();
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

impl Walk<'_, '_> {
    /// Evaluates what a name stands for.
    pub(super) fn expand<T>(&mut self, evaluate: impl FnOnce(&mut Self) -> T) -> T {
        self.expansions += 1;
        self.expanding += 1;
        let value = evaluate(self);
        self.expanding -= 1;
        value
    }

    /// Whether one more name may be expanded. Names may stand for one another, and for many others.
    pub(super) fn may_expand(&self) -> bool {
        const DEPTH: usize = 8;
        const ALL: usize = 1000;
        self.expanding < DEPTH && self.expansions < ALL
    }

    /// The expansion of a macro with arguments that the other handler does not use. All of it gets the span of the call.
    pub(super) fn own_macro(&self, name: &str, arguments: &[Expression], call: Span) -> Option<Expression> {
        if !self.may_expand() || !self.reading.constants.macros.contains(name) {
            return None;
        }
        let (index, is_within) = (self.functions.context.index, self.expanding > 0);
        let expansions = index.expansions(name, self.frame().file, arguments, is_within)?;
        let [expansion] = expansions.as_slice() else { return None };
        parse::expression(expansion, call)
    }

    /// Whether a value is a number with one bit, or a macro for one: `BIT(3)`, `(1 << 3)`, `0x8`.
    pub(super) fn is_one_bit(&self, value: &Term) -> bool {
        let is_power = |value: i128| value > 0 && value & (value - 1) == 0;
        if let Some(value) = value.as_constant() {
            return is_power(value);
        }
        let text = value.as_name().and_then(|name| self.functions.context.index.constant(name, self.frame().file));
        let Some(text) = text.and_then(|text| std::str::from_utf8(text).ok()) else { return false };
        let text = text.trim_matches(['(', ')', ' ', '\t']);
        if text.contains(['|', '+', '-', '&', '^', '~', ',', '?']) {
            return false;
        }
        let is_shifted = |text: &str| text.trim_start_matches(['u', 'U', 'l', 'L']).trim_start().starts_with("<<");
        ["BIT(", "BIT_ULL(", "_BITUL(", "_BITULL("].iter().any(|bit| text.starts_with(bit))
            || text.strip_prefix('1').is_some_and(is_shifted)
            || number_of(text).is_some_and(is_power)
    }
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

/// The value of a macro without arguments, or of an enumerator or constant of the file. `None` if it has several, or is no plain
/// expression.
fn value(index: &Index, name: &str, file: u32) -> Option<Expression> {
    let text = match index.constant_item(name, file) {
        Some(id) if index.file(id.file).named(ItemKind::Macro, name).nth(1).is_some() => return None,
        Some(_) => index.constant(name, file)?.to_vec(),
        None => enumerator(index, name, file).or_else(|| variable(index, name, file))?,
    };
    let value = parse::expression(&text, Span::new(0, text.len()))?;
    let mut is_plain = true;
    visit::expression(&value, &mut |part| {
        is_plain &= matches!(
            part.kind,
            E::Unary { .. } | E::Name(_) | E::Number(_) | E::Binary { .. } | E::Cast { .. } | E::Conditional { .. }
        );
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
    let (text, list) = enumeration(index, name, file)?;
    let list = &text[list..text.iter().rposition(|byte| *byte == b'}')?];
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
}

/// Where the enumerators of an `enum` begin in its text; `None` if it is no `enum`, or has none.
pub(super) fn enumerators(item: &[u8]) -> Option<usize> {
    let open = item.starts_with(b"enum").then(|| item.iter().position(|byte| *byte == b'{'))?;
    Some(open? + 1)
}

/// Text of the `enum` of a file that has a name between its braces, and the offset of its list.
pub(super) fn enumeration<'i>(index: &'i Index, name: &str, file: u32) -> Option<(&'i [u8], usize)> {
    let source = index.file(file);
    source.items.iter().find_map(|item| {
        let text = item.span.of(&source.text);
        let list = enumerators(text)?;
        find_word(text, name.as_bytes(), list).map(|_| (text, list))
    })
}
