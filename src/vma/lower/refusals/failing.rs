//! Whether statements make a function fail.

use super::named;
use super::reader::Reader;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen, values_of};
use crate::vma::lower::conditions::is_zero;

impl Reader<'_> {
    /// Whether statements leave the function with an error number, at their end or behind the label to which they go.
    pub(super) fn fails(&self, statements: &[Statement]) -> bool {
        let Some(last) = statements.last() else { return false };
        match &last.kind {
            S::Return(Some(value)) => {
                let is_other_truth = || {
                    let last = self.body.last().and_then(Statement::returned).and_then(Expression::name);
                    matches!((value.name(), last), (Some("false"), Some("true")) | (Some("true"), Some("false")))
                };
                let is_set = || {
                    value.name().is_some_and(|name| names_error(statements) || self.holds_error(name, last.span.start))
                };
                value.is_error_number() || is_set() || is_other_truth()
            }
            S::Goto(label) => {
                let behind = behind(label, self.body);
                let returned = behind.last().and_then(Statement::returned).and_then(Expression::name);
                names_error(statements)
                    || names_error(behind)
                    || returned.is_some_and(|name| self.holds_error(name, last.span.start))
            }
            S::Block(inner) => self.fails(inner),
            S::Expression(_) => names_error(&statements[statements.len() - 1..]),
            _ => false,
        }
    }

    /// Whether the last value that a variable gets before an offset is an error number: `int ret = -EBUSY;`.
    fn holds_error(&self, variable: &str, offset: u32) -> bool {
        let mut values = values_of(variable, self.body).into_iter();
        values.rfind(|value| value.span.start < offset).is_some_and(|last| last.is_error_number())
    }

    /// Whether statements set what the function returns to true: `bool got = false; if (!lamp->busy) { ...; got = true; } return got;`.
    pub(super) fn tells_success(&self, statements: &[Statement]) -> bool {
        let Some(result) = self.body.last().and_then(Statement::returned).and_then(Expression::name) else {
            return false;
        };
        let is_set = |list: &[Statement], wanted: &str| {
            values_of(result, list).into_iter().any(|value| value.name() == Some(wanted))
        };
        is_set(statements, "true") && is_set(self.body, "false")
    }

    /// Whether the function has just made an object: `lamp->buffer = make(); if (!lamp->buffer) return -ENOMEM;`.
    pub(super) fn is_made_above(&self, object: &str, condition: &Expression) -> bool {
        let mut is_made = false;
        visit::statements(self.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { target, value, .. }, span, .. }) = seen {
                let is_call = matches!(value.bare().kind, E::Call { .. });
                is_made |= is_call && span.start < condition.span.start && named(target).as_deref() == Some(object);
            }
        });
        is_made
    }
}

/// The statements behind a label of a function, as far as its return.
fn behind<'s>(label: &str, body: &'s [Statement]) -> &'s [Statement] {
    let is_label = |statement: &Statement| matches!(&statement.kind, S::Label(name) if name == label);
    let Some(start) = body.iter().position(is_label) else { return &[] };
    let rest = &body[start..];
    let end = rest.iter().position(|statement| matches!(statement.kind, S::Return(_)));
    &rest[..end.map_or(rest.len(), |end| end + 1)]
}

/// Whether statements set a variable to zero that holds an error number before: `int ret = -EBUSY; if (!lamp->busy) { ...; ret = 0; }`.
pub(super) fn clears_error(statements: &[Statement], body: &[Statement]) -> bool {
    let mut cleared = Vec::new();
    visit::statements(statements, &mut |seen| match seen {
        Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_zero(value) => {
            cleared.extend(target.name());
        }
        _ => {}
    });
    cleared.into_iter().any(|name| values_of(name, body).into_iter().any(Expression::is_error_number))
}

/// Whether an error number stands among statements.
fn names_error(statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        found |= matches!(seen, Seen::Expression(value) if value.is_error_number());
    });
    found
}
