//! A caller with a VMA that passes its own desc to a converted hook without both compat helpers, in the wrong order, or drops an error.

use std::collections::BTreeSet;

use crate::index::Takes;
use crate::lint::{Facts, Found, Variant};
use crate::rules::CallEffect;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::Prefix;
use crate::source::visit::{self, each_block};

pub fn check(facts: &Facts, found: &mut Found) {
    let converted: BTreeSet<&str> = facts.taking(Takes::Desc).map(|handler| handler.finding.handler_name()).collect();
    for handler in facts.taking(Takes::Vma) {
        for (body, variant) in handler.variants() {
            let hooks = hook_calls(facts, variant, &converted);
            if hooks.is_empty() {
                continue;
            }
            report_errors(facts, (body.file(), variant), &hooks, found);
            // One function may build the desc, and another call the hook.
            let related = handler.related(body).flat_map(|other| &other.variants);
            let names: BTreeSet<&str> = related.flat_map(Variant::calls).map(|(name, _, _)| name).collect();
            let bridges = names.into_iter().filter(|name| bridge(facts, name).is_some()).count();
            // One call builds the desc, another applies the requests of the hook to the VMA.
            match bridges {
                0 | 1 => report_missing((body.file(), variant), hooks, found),
                _ => report_order(facts, (body.file(), variant), hooks, found),
            }
        }
    }
}

/// Reports errors of the hook, and of the action that it requests, that a function drops.
fn report_errors(facts: &Facts, (file, variant): (u32, &Variant), hooks: &[(String, Span)], found: &mut Found) {
    let name = &variant.function.name;
    let is_hook = |value: &Expression| hooks.iter().any(|(_, span)| *span == value.span);
    for span in errors_dropped(&variant.function.body, &is_hook) {
        let message = format!("{name} drops the error of the hook: a mapping that the hook refuses is accepted");
        found.at(file, span, message);
    }
    let applies = |value: &Expression| match &value.kind {
        E::Call { callee, .. } => callee.name().and_then(|name| bridge(facts, name)) == Some(Bridge::Applies),
        _ => false,
    };
    for span in errors_dropped(&variant.function.body, &applies) {
        let message = format!("{name} drops the error of the action: the mapping stays, and is not populated");
        found.at(file, span, message);
    }
}

fn report_missing((file, variant): (u32, &Variant), hooks: Vec<(String, Span)>, found: &mut Found) {
    for (hook, span) in hooks {
        let message = format!(
            "{} calls {hook} with its own desc, but not both compat_set_desc_from_vma() before and __compat_vma_mmap() after it: \
             actions and vm_ops->mapped are lost",
            variant.function.name
        );
        found.at(file, span, message);
    }
}

/// Reports calls of a hook before its desc is built.
fn report_order(facts: &Facts, (file, variant): (u32, &Variant), hooks: Vec<(String, Span)>, found: &mut Found) {
    let builds = variant.calls().into_iter().filter(|(name, ..)| bridge(facts, name) == Some(Bridge::Builds));
    let Some(first) = builds.map(|(_, _, call)| call.span).min() else { return };
    for (hook, span) in hooks.into_iter().filter(|(_, span)| *span < first) {
        let message = format!(
            "{} calls {hook} before its desc is built: compat_set_desc_from_vma() then overwrites what the hook has set",
            variant.function.name
        );
        found.at(file, span, message);
    }
}

/// The part of a call between a VMA and a hook that takes a desc.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Bridge {
    Builds,
    Applies,
}

fn bridge(facts: &Facts, name: &str) -> Option<Bridge> {
    let rule = facts.rules().call(name).filter(|rule| rule.does == CallEffect::Bridge)?;
    // `__compat_vma_mmap(desc, vma)`; the other gets the file as well.
    Some(if rule.vma == Some(1) { Bridge::Applies } else { Bridge::Builds })
}

/// Calls of converted hooks with a desc: through a member, or by the name of a handler. Each with the hook.
fn hook_calls(facts: &Facts, variant: &Variant, converted: &BTreeSet<&str>) -> Vec<(String, Span)> {
    let mut hooks = Vec::new();
    variant.expressions(&mut |expression| {
        let E::Call { callee, arguments } = &expression.kind else { return };
        let hook = match &callee.bare().kind {
            E::Field { name, .. } => Some(name),
            // `vfs_mmap_prepare(file, desc)` calls the hook of a file.
            E::Name(name) => {
                let is_hook = converted.contains(name.as_str()) || name.ends_with("_mmap_prepare");
                Some(name).filter(|name| is_hook && bridge(facts, name).is_none())
            }
            _ => None,
        };
        if let Some(hook) = hook
            && arguments.iter().any(|argument| variant.is_desc(argument))
        {
            hooks.push((hook.clone(), expression.span));
        }
    });
    hooks
}

/// The calls whose result nothing keeps or asks for, or of which only success returns.
fn errors_dropped(body: &[Statement], is_call: &dyn Fn(&Expression) -> bool) -> Vec<Span> {
    let mut dropped = Vec::new();
    each_block(body, &mut |block| {
        for (number, statement) in block.iter().enumerate() {
            let (target, call) = match &statement.kind {
                S::Expression(call) if is_call(call) => {
                    dropped.push(call.span);
                    continue;
                }
                S::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_call(value) => {
                    (target.name(), value)
                }
                _ => continue,
            };
            if target.is_some_and(|target| is_lost(&block[number + 1..], target)) {
                dropped.push(call.span);
            }
        }
    });
    dropped
}

/// Whether the statements behind an assignment leave without the variable, set it anew, or return it only if it is zero.
fn is_lost(rest: &[Statement], variable: &str) -> bool {
    let names = |value: &Expression| {
        let mut found = false;
        visit::expression(value, &mut |part| found |= part.name() == Some(variable));
        found
    };
    for statement in rest {
        match &statement.kind {
            S::If { condition, then, otherwise } if names(condition) => {
                let is_negated = matches!(&condition.bare().kind, E::Unary { operator: Prefix::Not, operand } if operand.name() == Some(variable));
                let returns_it =
                    then.iter().filter_map(Statement::returned).any(|value| value.name() == Some(variable));
                return is_negated && returns_it && otherwise.is_empty();
            }
            S::Return(value) => return !value.as_ref().is_some_and(names),
            _ => {}
        }
        if let Some((target, value)) = statement.assignment()
            && target.name() == Some(variable)
        {
            return !names(value);
        }
        let mut is_used = false;
        visit::statements(std::slice::from_ref(statement), &mut |seen| {
            is_used |= matches!(seen, visit::Seen::Expression(value) if value.name() == Some(variable));
        });
        if is_used {
            return false;
        }
    }
    false
}
