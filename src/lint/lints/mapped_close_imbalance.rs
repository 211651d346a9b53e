//! `vm_ops->close` runs although `vm_ops->mapped` has failed.

use std::collections::BTreeSet;

use crate::lint::shape::is_error;
use crate::lint::{Facts, Found};
use crate::rules::StateKind;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::vma::EventKind;
use crate::vma::flow::{Key, VmHook};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen: BTreeSet<Key> = BTreeSet::new();
    let hooks: Vec<&VmHook> =
        facts.handlers.iter().flat_map(|handler| handler.lowered()).flat_map(|lowered| &lowered.vm_hooks).collect();
    for mapped in hooks.iter().filter(|hook| hook.member == "mapped") {
        let close = hooks.iter().find(|hook| hook.member == "close" && hook.table == mapped.table);
        let Some(close) = close.filter(|_| seen.insert(mapped.key.clone())) else { continue };
        let undoes = facts.lowered(&close.key).is_some_and(|close| {
            let is_undo = |event: &crate::vma::Event| {
                matches!(&event.kind, EventKind::Undo { kind, .. } if *kind != StateKind::Lock)
            };
            close.events.iter().any(is_undo)
        });
        // A close that looks whether there is anything to give back copes.
        let copes = facts.syntax(close.key.id).iter().any(|function| looks(&function.body));
        if !undoes || copes {
            continue;
        }
        for function in facts.syntax(mapped.key.id) {
            let mut failures = Vec::new();
            errors(&function.body, &mut failures);
            for value in failures {
                let close = facts.lowered(&close.key).map_or("its close", |close| close.name.as_str());
                let message = format!(
                    "{} fails here, the mapping is unmapped, and {close} gives back what was not taken",
                    function.name
                );
                found.at(mapped.key.id.file, value.span, message);
            }
        }
    }
}

/// Whether statements begin by leaving where something is absent: `if (!priv) return;`
fn looks(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        S::If { condition: Expression { kind: E::Unary { operator, .. }, .. }, then, .. } => {
            operator == "!" && matches!(then.last().map(|last| &last.kind), Some(S::Return(None)))
                && !calls(then)
                && !condition_calls(&statement.kind)
        }
        S::If { condition, .. } => condition.name().is_some(),
        _ => false,
    })
}

fn calls(statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        found |= matches!(seen, Seen::Expression(Expression { kind: E::Call { .. }, .. }));
    });
    found
}

/// `if (!refcount_dec_and_test(...))` gives back by looking.
fn condition_calls(kind: &S) -> bool {
    let S::If { condition, .. } = kind else { return false };
    let mut found = false;
    visit::expression(condition, &mut |part| found |= matches!(part.kind, E::Call { .. }));
    found
}

/// The errors that statements return.
fn errors<'s>(statements: &'s [Statement], found: &mut Vec<&'s Expression>) {
    for statement in statements {
        match &statement.kind {
            S::Return(Some(value)) if is_error(value) => found.push(value),
            S::If { then, otherwise, .. } => {
                errors(then, found);
                errors(otherwise, found);
            }
            S::Loop { body, .. } | S::Block(body) => errors(body, found),
            S::Switch { arms, .. } => arms.iter().for_each(|arm| errors(arm, found)),
            _ => {}
        }
    }
}
