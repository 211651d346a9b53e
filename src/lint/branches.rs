//! Branches of a function, and arms that end in an error.

use super::function_view::Variant;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit;

/// An `if` statement.
#[derive(Clone, Copy)]
pub struct Branch<'s> {
    /// Its condition.
    pub condition: &'s Expression,
    /// Statements that run if the condition is true.
    pub then: &'s [Statement],
    /// Statements that run if it is false.
    pub otherwise: &'s [Statement],
    /// Whether `then` ends in an error.
    pub then_refuses: bool,
    /// Whether `otherwise` ends in an error.
    pub otherwise_refuses: bool,
}

impl Variant<'_> {
    /// All `if` statements of the function, outer before inner.
    pub fn branches(&self) -> Vec<Branch<'_>> {
        let mut found = Vec::new();
        self.add_branches(&self.function.body, &mut found);
        found
    }

    fn add_branches<'s>(&self, statements: &'s [Statement], found: &mut Vec<Branch<'s>>) {
        for statement in statements {
            match &statement.kind {
                S::If { condition, then, otherwise } => {
                    let (then_refuses, otherwise_refuses) = (self.refuses(then), self.refuses(otherwise));
                    found.push(Branch { condition, then, otherwise, then_refuses, otherwise_refuses });
                    self.add_branches(then, found);
                    self.add_branches(otherwise, found);
                }
                S::Loop { body, .. } | S::Block(body) => self.add_branches(body, found),
                S::Switch { arms, .. } => arms.iter().for_each(|arm| self.add_branches(&arm.body, found)),
                _ => {}
            }
        }
    }

    /// Whether statements end in an error: they return one, jump to a label that returns one, or leave one in a variable.
    fn refuses(&self, arm: &[Statement]) -> bool {
        match arm.last().map(|last| &last.kind) {
            Some(S::Return(Some(value))) => {
                is_error(value) || value.name().is_some_and(|name| self.holds_error(name, arm))
            }
            Some(S::Goto(label)) => self.refuses_at(label, arm),
            Some(S::Block(inner)) => self.refuses(inner),
            // `if (flags & VM_WRITE) { if (read_only) return -EPERM; }`
            Some(S::If { then, otherwise, .. }) if arm.len() == 1 => otherwise.is_empty() && self.refuses(then),
            Some(S::Expression(_)) => last_assigned(arm).is_some_and(|(_, value)| is_error(value)),
            _ => false,
        }
    }

    /// Whether the code after a label returns an error to an arm that jumps there. A label that is not found counts as one that does.
    fn refuses_at(&self, label: &str, arm: &[Statement]) -> bool {
        let Some(behind) = behind_label(&self.function.body, label) else { return true };
        let Some(value) = behind.iter().find_map(|statement| match &statement.kind {
            S::Return(value) => Some(value.as_ref()),
            _ => None,
        }) else {
            return true;
        };
        let Some(value) = value else { return false };
        let Some(name) = value.name().filter(|name| *name != "false") else { return is_error(value) };
        match last_assigned(arm).filter(|(target, _)| *target == name) {
            Some((_, value)) => self.is_error(value),
            None => {
                // The last value before the jump decides.
                let jump = arm.last().map_or(0, |last| last.span.start);
                let before = self.values(name).iter().filter(|value| value.span.start < jump);
                before.max_by_key(|value| value.span.start).is_none_or(is_error_or_call)
            }
        }
    }

    /// Whether a variable that an arm returns holds an error. Its last assignment in the arm decides, else all assignments must be errors.
    fn holds_error(&self, name: &str, arm: &[Statement]) -> bool {
        match last_assigned(arm).filter(|(target, _)| *target == name) {
            Some((_, value)) => is_error(value),
            None => !self.values(name).is_empty() && self.values(name).iter().all(is_error),
        }
    }

    /// Whether an expression is an error, or a variable that holds only errors.
    pub fn is_error(&self, value: &Expression) -> bool {
        is_error(value) || value.name().is_some_and(|name| self.holds_error(name, &[]))
    }
}

/// Whether a value is an error, or the result of a call, which may be one.
fn is_error_or_call(value: &Expression) -> bool {
    is_error(value) || matches!(value.bare().kind, E::Call { .. })
}

/// Statements after a label.
fn behind_label<'s>(statements: &'s [Statement], label: &str) -> Option<&'s [Statement]> {
    statements.iter().enumerate().find_map(|(number, statement)| match &statement.kind {
        S::Label(name) if name == label => Some(&statements[number + 1..]),
        S::If { then, otherwise, .. } => behind_label(then, label).or_else(|| behind_label(otherwise, label)),
        S::Loop { body, .. } | S::Block(body) => behind_label(body, label),
        S::Switch { arms, .. } => arms.iter().find_map(|arm| behind_label(&arm.body, label)),
        _ => None,
    })
}

/// Target and value of the last assignment to a variable.
fn last_assigned(arm: &[Statement]) -> Option<(&str, &Expression)> {
    arm.iter().rev().find_map(|statement| match &statement.kind {
        S::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
            target.name().map(|name| (name, value.as_ref()))
        }
        _ => None,
    })
}

/// Whether no path runs through both places: they lie in different arms of one statement.
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
        Some(S::Switch { arms, .. }) => among(&arms.iter().map(|arm| arm.body.as_slice()).collect::<Vec<_>>()),
        Some(S::Loop { body, .. } | S::Block(body)) => exclusive(body, one, other),
        _ => false,
    }
}

fn lies_in(place: Span, around: Span) -> bool {
    around.start <= place.start && place.end <= around.end
}

/// Whether a value is an error: `-EINVAL`, `ERR_PTR(-EINVAL)`, `dev_err_probe(dev, -EINVAL, ...)`, `false`.
pub fn is_error(value: &Expression) -> bool {
    match &value.bare().kind {
        E::Name(name) => name == "false",
        _ => has_error(value),
    }
}

fn has_error(value: &Expression) -> bool {
    let mut found = false;
    visit::expression(value, &mut |part| {
        found |= part.is_error_number();
    });
    found
}
