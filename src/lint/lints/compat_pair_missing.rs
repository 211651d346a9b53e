//! A caller with a VMA that passes its own desc to a converted hook without both compat helpers, or drops the error of the hook.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::CallEffect;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Vma) {
        for (body, variant) in handler.variants() {
            let mut hooks = Vec::new();
            variant.expressions(&mut |expression| {
                if let E::Call { callee, arguments } = &expression.kind
                    && let E::Field { name, .. } = &callee.bare().kind
                    && arguments.iter().any(|argument| variant.is_desc(argument))
                {
                    hooks.push((name.clone(), expression.span));
                }
            });
            if hooks.is_empty() {
                continue;
            }
            // One function may build the desc, and another call the hook.
            let related = handler.related(body).flat_map(|other| &other.variants);
            let mut bridges: Vec<&str> =
                related.flat_map(|other| other.calls()).map(|(name, _, _)| name).collect();
            bridges.retain(|name| facts.rules().call(name).is_some_and(|rule| rule.does == CallEffect::Bridge));
            bridges.sort_unstable();
            bridges.dedup();
            let is_hook = |value: &Expression| hooks.iter().any(|(_, span)| *span == value.span);
            let mut dropped = Vec::new();
            errors_dropped(&variant.function.body, &is_hook, &mut dropped);
            for span in dropped {
                let message = format!("{} drops the error of the hook: a mapping that the hook refuses is accepted", variant.function.name);
                found.at(body.file(), span, message);
            }
            // One call builds the desc, another applies the requests of the hook to the VMA.
            if bridges.len() >= 2 {
                continue;
            }
            for (name, span) in hooks {
                let message = format!(
                    "{} calls {name} with its own desc, but not both compat_set_desc_from_vma() before and \
                     __compat_vma_mmap() after it: actions and vm_ops->mapped are lost",
                    variant.function.name
                );
                found.at(body.file(), span, message);
            }
        }
    }
}

/// Collects the calls of a hook whose result the next statement overwrites, or that nothing keeps.
fn errors_dropped(statements: &[Statement], is_hook: &dyn Fn(&Expression) -> bool, dropped: &mut Vec<Span>) {
    for (number, statement) in statements.iter().enumerate() {
        match &statement.kind {
            S::Expression(call) if is_hook(call) => dropped.push(call.span),
            S::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_hook(value) => {
                let next = statements.get(number + 1).and_then(Statement::assignment);
                let is_lost = next.is_some_and(|(next, value)| {
                    let mut is_used = false;
                    visit::expression(value, &mut |part| is_used |= part.name().is_some() && part.name() == target.name());
                    next.name().is_some() && next.name() == target.name() && !is_used
                });
                dropped.extend(is_lost.then_some(value.span));
            }
            S::If { then, otherwise, .. } => {
                errors_dropped(then, is_hook, dropped);
                errors_dropped(otherwise, is_hook, dropped);
            }
            S::Loop { body, .. } | S::Block(body) => errors_dropped(body, is_hook, dropped),
            S::Switch { arms, .. } => arms.iter().for_each(|arm| errors_dropped(arm, is_hook, dropped)),
            _ => {}
        }
    }
}
