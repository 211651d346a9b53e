//! Splits the file callback in two: what can be decided before the mapping stands, and what needs it. The first half has the checks and the
//! fields, up to the first statement that may do more. The second half has the rest, and computes anew the variables that it needs.

use std::collections::BTreeSet;

use super::marks::plain;
use crate::fix::rewrite::draft::Draft;
use crate::fix::rewrite::function::Conversion;
use crate::fix::rewrite::passing::is_idle;
use crate::fix::rewrite::tidy::{tidy, whole_line};
use crate::rules::{CallEffect, prepared_function};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen, each_block};
use crate::source::words;

/// A function that was split in two.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fix) struct Halves {
    /// Both halves, with an empty line between them.
    pub(in crate::fix) text: String,
    /// What the two do together, as one function with the name of the first, and the second if other functions call it.
    pub(in crate::fix) whole: String,
}

/// What a statement at the beginning of a function does.
enum First {
    /// Computes a variable.
    Local,
    /// Refuses a mapping, or writes a field of the desc.
    Desc,
}

impl Conversion<'_> {
    /// Splits a function that takes a desc and has the name of the second half. `name` is the name of the handler. With `is_called` the
    /// second half does all that the function does, because other functions call it. `None` if the function does not parse.
    pub(super) fn halves(&self, old: &[u8], draft: &Draft, name: &str, is_called: bool) -> Option<Halves> {
        let (text, function) = (draft.text(), draft.function()?);
        let second_name = format!("{name}{}", self.rewrite.suffix());
        let first_name = prepared_function(name);
        let firsts = self.firsts(&function.body, text);
        let rest = &function.body[firsts.len()..];
        let open = body_of(function, text)?;
        let end = function.body[..firsts.len()].last().map_or(open, |last| last.span.end as usize);
        let head = renamed(&text[..end], &second_name, &first_name);
        let announced = self.announced(rest).map_or(String::new(), |text| format!("\n\t{text};"));
        // Declarations stand apart from what follows.
        let declares = |statement: &Statement| matches!(statement.kind, S::Declaration(_));
        let blank = if function.body[..firsts.len()].last().is_some_and(declares) { "\n" } else { "" };
        let first = format!("{head}{blank}{announced}\n\treturn 0;\n}}");
        let locals = locals(function);
        let tidied = |text: String, name: &str| tidy(old, Draft::new(text, name), &locals).0.into_text();
        let first = tidied(first, &first_name);
        let second = if is_called {
            text.to_owned()
        } else {
            let done = function.body.iter().zip(&firsts).filter(|(_, first)| matches!(first, First::Desc));
            let edits = done.map(|(statement, _)| whole_line(text.as_bytes(), statement.span, false)).collect();
            let second = Draft::new(text.to_owned(), &second_name).edited(edits).into_text();
            tidied(without_empty_lines(&second), &second_name)
        };
        let parses = |text: &str, name: &str| Draft::new(text.to_owned(), name).parses();
        if !parses(&first, &first_name) || !parses(&second, &second_name) {
            return None;
        }
        let body = &second[second.find("\n{")? + 1..];
        let before = first.strip_suffix("\treturn 0;\n}")?.replace(&announced, "");
        let whole = format!("{before}{body}\n}}");
        let whole = if is_called { format!("{whole}\n\n{second}") } else { whole };
        Some(Halves { text: format!("{first}\n\n{second}"), whole })
    }

    /// What the first statements do that can be done before the mapping stands.
    fn firsts(&self, body: &[Statement], text: &str) -> Vec<First> {
        let mut firsts = Vec::new();
        let mut read: BTreeSet<String> = BTreeSet::new();
        for statement in body {
            // The first part of a `for` is no statement of its own.
            let is_in_head = text[..statement.span.start as usize].trim_end().ends_with('(');
            let Some(first) = self.first(statement, &mut read).filter(|_| !is_in_head) else { break };
            firsts.push(first);
        }
        firsts
    }

    /// What a statement does, if it can be done before the mapping stands. `read` are the members of the desc that variables were computed
    /// from: what is computed twice must not change between.
    fn first(&self, statement: &Statement, read: &mut BTreeSet<String>) -> Option<First> {
        let is_idle = |value: &Expression| is_idle(value, |name| self.is_idle_call(name));
        match &statement.kind {
            S::Declaration(variables) => {
                let mut values = variables.iter().filter_map(|variable| variable.value.as_ref());
                let plain = variables.iter().all(|variable| variable.cleanup.is_none() && !variable.is_static);
                let all = plain && values.clone().all(is_idle);
                values.by_ref().for_each(|value| self.add_members(value, read));
                all.then_some(First::Local)
            }
            S::If { condition, then, otherwise } => {
                (otherwise.is_empty() && is_idle(condition) && self.refuses(then)).then_some(First::Desc)
            }
            S::Expression(Expression { kind: E::Assign { operator, target, value }, .. }) if is_idle(value) => {
                if target.name().is_some() && operator.is_none() {
                    self.add_members(value, read);
                    return Some(First::Local);
                }
                let member = desc_member(target)?;
                let is_plain = matches!(member, "vm_ops" | "private_data" | "page_prot") && operator.is_none();
                (is_plain && !read.contains(member)).then_some(First::Desc)
            }
            S::Expression(Expression { kind: E::Call { callee, arguments }, .. }) => {
                let rule = self.rules.call(callee.name()?)?;
                let writes_flags = rule.does == CallEffect::Access && (rule.set.is_some() || rule.clear.is_some());
                let is_free = !read.contains("vma_flags") && arguments.iter().all(is_idle);
                (writes_flags && is_free).then_some(First::Desc)
            }
            _ => None,
        }
    }

    /// Whether statements only print a message and return an error.
    fn refuses(&self, statements: &[Statement]) -> bool {
        let Some((last, messages)) = statements.split_last() else { return false };
        let is_message = |statement: &Statement| match &statement.kind {
            S::Expression(Expression { kind: E::Call { callee, .. }, .. }) => {
                callee.name().is_some_and(|name| self.rules.is_silent(name))
            }
            _ => false,
        };
        let is_error = |value: &Expression| match &value.kind {
            E::Unary { operator: Prefix::Minus, operand } => operand.name().is_some_and(|name| name.starts_with('E')),
            _ => false,
        };
        messages.iter().all(is_message) && last.returned().is_some_and(is_error)
    }

    /// Adds the members of the desc that a value is computed from. A call that gets the desc may test its flags, if no rule says what its
    /// value is.
    fn add_members(&self, value: &Expression, members: &mut BTreeSet<String>) {
        visit::expression(value, &mut |part| {
            members.extend(desc_member(part).map(str::to_owned));
            if let E::Call { callee, arguments } = &part.kind
                && arguments.iter().any(|one| one.name() == Some("desc"))
                && callee.name().is_none_or(|name| self.rules.value(name).is_none())
            {
                members.insert("vma_flags".to_owned());
            }
        });
    }

    /// Whether a call only computes its value.
    fn is_idle_call(&self, name: &str) -> bool {
        let tests = self.rules.call(name).is_some_and(|rule| rule.does == CallEffect::Access && rule.test.is_some());
        self.rules.value(name).is_some()
            || self.rules.idiom(name).is_some()
            || tests
            || self.rules.flag_test(name).is_some()
    }

    /// The statement that announces what the second half will map, if it maps that on every path that succeeds.
    fn announced(&self, rest: &[Statement]) -> Option<String> {
        let form = self.rewrite.finish.as_ref()?;
        let wrapped = |name: &str| {
            let is_it = |template: &&String| template.split_once('(').is_some_and(|(wrapper, _)| wrapper == name);
            form.calls.iter().find(|(_, template)| is_it(template)).map(|(old, _)| old)
        };
        for statement in rest {
            let value = match &statement.kind {
                S::Return(Some(value)) => Some(value),
                S::If { condition, .. } => Some(condition),
                S::Expression(value) => Some(statement.assignment().map_or(value, |(_, value)| value)),
                _ => None,
            };
            let call = value.and_then(|value| match &value.bare().kind {
                E::Call { callee, .. } => wrapped(callee.name()?),
                _ => None,
            });
            if let Some(rule) = call.and_then(|old| self.rules.call(old)).filter(|rule| !rule.implies.is_empty()) {
                let is_mixed = rule.implies.iter().any(|flag| flag == "VM_MIXEDMAP");
                let template = if is_mixed { &form.announce_mixed } else { &form.announce };
                return Some(plain(template));
            }
            if may_end(statement) {
                return None;
            }
        }
        None
    }
}

/// Whether a statement may end the function without an error.
fn may_end(statement: &Statement) -> bool {
    let is_error = |value: &Expression| matches!(&value.kind, E::Unary { operator: Prefix::Minus, .. });
    let mut ends = false;
    each_block(std::slice::from_ref(statement), &mut |list| {
        ends |= list.iter().any(|statement| match &statement.kind {
            S::Return(Some(value)) => !is_error(value),
            S::Return(None) | S::Goto(_) | S::Label(_) | S::Loop { .. } | S::Switch { .. } | S::Unknown => true,
            _ => false,
        });
    });
    ends
}

/// Offset behind the `{` of a function's body.
fn body_of(function: &Function, text: &str) -> Option<usize> {
    let from = function.body.first().map_or(text.len(), |first| first.span.start as usize);
    text[..from].find("\n{").map(|at| at + 2)
}

/// The variables that a function declares.
fn locals(function: &Function) -> BTreeSet<String> {
    let mut names = BTreeSet::new();
    visit::statements(&function.body, &mut |seen| {
        if let Seen::Declared(declared) = seen {
            names.insert(declared.name.clone());
        }
    });
    names
}

/// The member of the desc that an expression is.
fn desc_member(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        E::Field { base, name, .. } if base.name() == Some("desc") => Some(name),
        _ => None,
    }
}

/// A text in which a function has another name.
fn renamed(text: &str, old: &str, new: &str) -> String {
    match words(text.as_bytes(), old.as_bytes()).next() {
        Some(at) => format!("{}{new}{}", &text[..at], &text[at + old.len()..]),
        None => text.to_owned(),
    }
}

/// A text without empty lines behind the `{` of the function, and without two in a row.
fn without_empty_lines(text: &str) -> String {
    let mut text = text.replace("\n{\n\n", "\n{\n");
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    text
}
