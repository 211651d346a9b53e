//! A caller with a VMA that passes its own desc to a converted hook without both compat helpers, or drops the error of the hook.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::CallEffect;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, each_block};

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
            for span in errors_dropped(&variant.function.body, &is_hook) {
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

/// The calls of a hook whose result the next statement overwrites, or that nothing keeps.
fn errors_dropped(body: &[Statement], is_hook: &dyn Fn(&Expression) -> bool) -> Vec<Span> {
    let mut dropped = Vec::new();
    each_block(body, &mut |block| {
        for (number, statement) in block.iter().enumerate() {
            let (target, call) = match &statement.kind {
                S::Expression(call) if is_hook(call) => {
                    dropped.push(call.span);
                    continue;
                }
                S::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if is_hook(value) => (target, value),
                _ => continue,
            };
            let overwrites = |(next, value): (&Expression, &Expression)| {
                let mut is_used = false;
                visit::expression(value, &mut |part| is_used |= part.name().is_some() && part.name() == target.name());
                next.name().is_some() && next.name() == target.name() && !is_used
            };
            let is_lost = block.get(number + 1).and_then(Statement::assignment).is_some_and(overwrites);
            dropped.extend(is_lost.then_some(call.span));
        }
    });
    dropped
}
