//! The code behind a populating call: how a handler handles the result.

use crate::fix::rewrite::rewriter::Rewriter;
use crate::rules::{Idiom, Rules};
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::{Binary, Comparison};
use crate::source::{begins_assignment, words};

/// Reaction of a handler to a failed populating call.
pub(super) enum Failure {
    /// Returns the call's own error.
    Same,
    /// Returns another error.
    Other(String),
    /// Does something that an action cannot do, at this offset.
    MoreWork(u32),
}

/// A message behind a call.
pub(super) struct Message {
    /// The function that prints it.
    pub(super) name: String,
    /// Whether it shows the result of the call.
    pub(super) shows: bool,
}

impl Rewriter<'_> {
    /// Classifies the arm that runs if the call failed; `result` is the variable with its error.
    pub(super) fn failure(&mut self, arm: &[Statement], result: Option<&str>) -> Failure {
        for statement in arm {
            match &statement.kind {
                S::Return(Some(value)) => {
                    if result.is_some_and(|result| value.name() == Some(result)) {
                        return Failure::Same;
                    }
                    return match value.is_error_number() {
                        true => Failure::Other(value.text(self.conversion.source)),
                        false => Failure::MoreWork(value.span.start),
                    };
                }
                S::Goto(label)
                    if result.is_some_and(|result| self.label_returns(label, result, statement.span.end)) =>
                {
                    return Failure::Same;
                }
                _ if self.message(statement).is_some() => self.note_removed(statement),
                _ => return Failure::MoreWork(statement.span.start),
            }
        }
        Failure::MoreWork(arm.first().map_or(0, |statement| statement.span.start))
    }

    /// Adds the remark that a message about a failed call goes with the call.
    pub(super) fn note_removed(&mut self, statement: &Statement) {
        if let Some(name) = self.message(statement).map(str::to_owned) {
            let text =
                format!("the message of {name}() about a failed remap is removed; mmap() still returns the error");
            self.out.remarks.insert(text);
        }
    }

    /// The messages of statements that print and then return a result, and the end of the `return`.
    pub(super) fn printed(&self, statements: &[Statement], name: &str) -> Option<(Vec<Message>, u32)> {
        let mut printed = Vec::new();
        for statement in statements {
            match &statement.kind {
                S::Expression(Expression { kind: E::Call { arguments, .. }, .. }) => {
                    let message = self.message(statement)?;
                    let shows = arguments.iter().any(|argument| argument.name() == Some(name));
                    printed.push(Message { name: message.to_owned(), shows });
                }
                S::Return(Some(value)) if value.name() == Some(name) => return Some((printed, statement.span.end)),
                _ => return None,
            }
        }
        None
    }

    /// Whether a variable is named after an offset, within its function.
    pub(super) fn is_named_after(&self, name: &str, offset: u32) -> bool {
        let rest = self.rest_of_function(offset);
        words(rest, name.as_bytes()).next().is_some()
    }

    /// Whether a function only returns a variable behind an offset: `return ret;`. Other arms may set it.
    pub(super) fn is_only_returned(&self, name: &str, offset: u32) -> bool {
        let rest = self.rest_of_function(offset);
        let is_local = !self.locals.statics.iter().any(|known| known == name);
        is_local
            && words(rest, name.as_bytes()).all(|at| {
                let behind = &rest[at + name.len()..];
                let is_returned =
                    rest[..at].trim_ascii_end().ends_with(b"return") && behind.trim_ascii_start().starts_with(b";");
                is_returned || begins_assignment(behind)
            })
    }

    /// Whether a label stands behind an offset, within its function, and the code behind it is `return ret;` alone.
    fn label_returns(&self, label: &str, name: &str, offset: u32) -> bool {
        let code = self.rest_of_function(offset);
        words(code, label.as_bytes()).any(|at| {
            let behind = code[at + label.len()..].trim_ascii_start().strip_prefix(b":").unwrap_or_default();
            let returned = behind.trim_ascii_start().strip_prefix(b"return").map(<[u8]>::trim_ascii_start);
            let rest = returned.and_then(|value| value.strip_prefix(name.as_bytes()));
            rest.is_some_and(|rest| rest.trim_ascii_start().starts_with(b";"))
        })
    }

    /// The code of a function behind an offset.
    fn rest_of_function(&self, offset: u32) -> &[u8] {
        let rest = &self.conversion.code[offset as usize..];
        &rest[..memchr::memmem::find(rest, b"\n}").unwrap_or(rest.len())]
    }
}

/// The `x` of a condition that tests for failure: `x`, `x != 0` or `x < 0`.
pub(super) fn failed<'e>(rules: &Rules, condition: &'e Expression) -> &'e Expression {
    match &condition.kind {
        E::Binary { operator: Binary::Comparison(Comparison::Different | Comparison::Less), left, right }
            if right.is_zero() =>
        {
            left
        }
        E::Call { callee, arguments }
            if callee.name().and_then(|name| rules.idiom(name)) == Some(Idiom::Hint) && arguments.len() == 1 =>
        {
            failed(rules, &arguments[0])
        }
        _ => condition,
    }
}
