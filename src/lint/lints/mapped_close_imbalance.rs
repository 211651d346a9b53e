//! `vm_ops->close` runs although `vm_ops->mapped` failed, or did not run; or no close gives back what mapped takes.

use crate::lint::branches::is_error;
use crate::lint::{Facts, Found, FunctionView, HandlerView};
use crate::rules::{CallEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen, each_block};
use crate::vma::flow::Key;
use crate::vma::{Event, EventKind};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let hooks = || handler.lowered().flat_map(|lowered| &lowered.vm_hooks);
        for mapped in hooks().filter(|hook| hook.member == "mapped") {
            let close = hooks().find(|hook| hook.member == "close" && hook.table == mapped.table);
            if close.is_none() {
                never_given_back(facts, &mapped.key, found);
            }
            let Some(close) = close.filter(|close| gives_back(facts, &close.key)) else { continue };
            let close = facts.lowered(&close.key).map_or("its close", |close| close.name.as_str());
            failures_of_mapped(facts, &mapped.key, close, found);
            failures_of_actions(facts, handler, close, found);
        }
    }
}

/// Reports what a mapped hook takes for each mapping, where the table has no close.
fn never_given_back(facts: &Facts, mapped: &Key, found: &mut Found) {
    let Some(lowered) = facts.lowered(mapped) else { return };
    let is_undone = |wanted: StateKind| {
        let undone = |event: &Event| matches!(&event.kind, EventKind::Undo { kind, .. } if *kind == wanted);
        lowered.events.iter().any(undone)
    };
    for event in &lowered.events {
        let EventKind::Take { kind: kind @ (StateKind::Ref | StateKind::Counter), object, .. } = &event.kind else {
            continue;
        };
        if !is_undone(*kind) {
            let message =
                format!("{} takes {object} for each mapping, and vm_ops has no close that gives it back", lowered.name);
            found.at(mapped.id.file, event.span, message);
        }
    }
}

/// Whether a close hook releases something without a check that it was taken.
fn gives_back(facts: &Facts, close: &Key) -> bool {
    // Before mapped has run, the private data is NULL, which may be freed.
    let is_undo = |event: &Event| match &event.kind {
        EventKind::Undo { kind: StateKind::Alloc, object, .. } => !object.ends_with("->vm_private_data"),
        EventKind::Undo { kind, .. } => *kind != StateKind::Lock,
        _ => false,
    };
    facts.lowered(close).is_some_and(|close| close.events.iter().any(is_undo))
        && !facts.syntax(close.id).variants.iter().any(|function| looks(&function.body))
}

fn failures_of_mapped(facts: &Facts, mapped: &Key, close: &str, found: &mut Found) {
    for function in facts.syntax(mapped.id).variants.iter() {
        for value in errors(function) {
            let message = format!(
                "if {} fails here, the mapping is unmapped and {close} drops what was never taken",
                function.name
            );
            found.at(mapped.id.file, value.span, message);
        }
    }
}

/// Reports actions: if one fails, the mapping is unmapped before `mapped` has run.
fn failures_of_actions(facts: &Facts, handler: &HandlerView, close: &str, found: &mut Found) {
    let is_header = |body: &&FunctionView| facts.context.index.file(body.file()).is_header();
    for body in handler.bodies.iter().filter(|body| !is_header(body)) {
        for call in &body.lowered.calls {
            if facts.rules().call(&call.name).is_some_and(|rule| rule.does == CallEffect::Action) {
                let message = format!(
                    "if the action of {} fails, the mapping is unmapped and {close} drops what was never taken",
                    call.name
                );
                found.at(body.file(), call.span, message);
            }
        }
    }
}

/// Whether statements check that something was taken: `if (!priv) return;`, `if (priv) ...`.
fn looks(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        S::If { condition: Expression { kind: E::Unary { operator, .. }, .. }, then, .. } => {
            *operator == Prefix::Not
                && matches!(then.last().map(|last| &last.kind), Some(S::Return(None)))
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

/// Whether the condition of an `if` calls something: `if (!refcount_dec_and_test(...))` releases in its check.
fn condition_calls(kind: &S) -> bool {
    let S::If { condition, .. } = kind else { return false };
    let mut found = false;
    visit::expression(condition, &mut |part| found |= matches!(part.kind, E::Call { .. }));
    found
}

/// The errors that a function returns.
fn errors(function: &Function) -> Vec<&Expression> {
    let mut found = Vec::new();
    each_block(&function.body, &mut |block| {
        for statement in block {
            match &statement.kind {
                S::Return(Some(value)) if is_error(value) => found.push(value),
                // `if (ret) return ret;`
                S::If { condition, then, .. } => {
                    let value = match then.as_slice() {
                        [only] => only.returned(),
                        _ => None,
                    };
                    found.extend(value.filter(|value| value.name().is_some() && condition.root() == value.name()));
                }
                _ => {}
            }
        }
    });
    found
}
