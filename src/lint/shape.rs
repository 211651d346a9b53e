//! Shapes of statements: branches, and arms that refuse.

use super::body::Variant;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};

/// An `if`.
#[derive(Clone, Copy)]
pub struct Branch<'s> {
    /// What decides.
    pub condition: &'s Expression,
    /// Whether what follows where it holds ends in an error.
    pub then_refuses: bool,
    /// Whether what follows where it does not ends in an error.
    pub otherwise_refuses: bool,
}

/// Every `if` below statements, outer before inner.
pub fn branches<'s>(statements: &'s [Statement], found: &mut Vec<Branch<'s>>) {
    for statement in statements {
        match &statement.kind {
            S::If { condition, then, otherwise } => {
                let (then_refuses, otherwise_refuses) = (refuses(then), refuses(otherwise));
                found.push(Branch { condition, then_refuses, otherwise_refuses });
                branches(then, found);
                branches(otherwise, found);
            }
            S::Loop { body, .. } | S::Block(body) => branches(body, found),
            S::Switch { arms, .. } => arms.iter().for_each(|arm| branches(arm, found)),
            _ => {}
        }
    }
}

/// The branches of a variant.
pub fn branches_of<'s>(variant: &'s Variant<'_>) -> Vec<Branch<'s>> {
    let mut found = Vec::new();
    branches(&variant.function.body, &mut found);
    found
}

/// Whether statements end in an error: they return one, or leave for where one is returned.
pub fn refuses(arm: &[Statement]) -> bool {
    match arm.last().map(|last| &last.kind) {
        Some(S::Return(Some(value))) => is_error(value) || (value.name().is_some() && names_error(arm)),
        Some(S::Goto(_)) => true,
        // The error waits for a return further down.
        Some(S::Expression(Expression { kind: E::Assign { target, value, .. }, .. })) => {
            target.name().is_some() && is_error(value)
        }
        Some(S::Block(inner)) => refuses(inner),
        _ => false,
    }
}

/// Whether no way runs through two places of a function: they lie in different arms of the same statement.
pub fn exclusive(statements: &[Statement], one: Span, other: Span) -> bool {
    let holds =
        |statements: &[Statement], place: Span| statements.iter().any(|statement| lies_in(place, statement.span));
    let among = |arms: &[&[Statement]]| {
        let arm_of = |place: Span| arms.iter().position(|arm| holds(arm, place));
        match (arm_of(one), arm_of(other)) {
            (Some(first), Some(second)) if first == second => exclusive(arms[first], one, other),
            (Some(_), Some(_)) => true,
            _ => false,
        }
    };
    let is_around = |statement: &&Statement| lies_in(one, statement.span) && lies_in(other, statement.span);
    match statements.iter().find(is_around).map(|statement| &statement.kind) {
        Some(S::If { then, otherwise, .. }) => among(&[then, otherwise]),
        Some(S::Switch { arms, .. }) => among(&arms.iter().map(Vec::as_slice).collect::<Vec<_>>()),
        Some(S::Loop { body, .. } | S::Block(body)) => exclusive(body, one, other),
        _ => false,
    }
}

fn lies_in(place: Span, around: Span) -> bool {
    around.start <= place.start && place.end <= around.end
}

/// `-EINVAL`, `ERR_PTR(-EINVAL)`, `dev_err_probe(dev, -EINVAL, ...)`, `false`.
pub fn is_error(value: &Expression) -> bool {
    match &value.bare().kind {
        E::Name(name) => name == "false",
        _ => has_error(value),
    }
}

fn has_error(value: &Expression) -> bool {
    let mut found = false;
    visit::expression(value, &mut |part| {
        found |= matches!(&part.kind, E::Unary { operator, operand }
            if operator == "-" && operand.name().is_some_and(|name| name.starts_with('E')));
    });
    found
}

fn names_error(arm: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(arm, &mut |seen| {
        if let Seen::Expression(expression) = seen {
            found |= has_error(expression);
        }
    });
    found
}
