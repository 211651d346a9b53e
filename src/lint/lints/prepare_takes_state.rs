//! State taken in `.mmap_prepare`.

use crate::index::Takes;
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::{Confidence, RequirementKind as K, StateEffect, StateKind};
use crate::source::Span;
use crate::source::ast::{Declared, Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for requirement in &handler.finding.judgement.requirements {
            let is_state = matches!(requirement.kind, K::State(kind) if kind != StateKind::Lock);
            if !is_state || is_given_back(facts, handler, requirement.span) {
                continue;
            }
            let message = format!(
                "{} {}, in .mmap_prepare: if the mapping is merged, or fails later, nothing undoes that; take it in vm_ops->mapped",
                handler.name(),
                requirement.text
            );
            let hazard = found.at(requirement.file, requirement.span, message);
            if matches!(requirement.kind, K::State(StateKind::Counter | StateKind::Alloc)) {
                // A counter or an allocation may belong to the file, once for all mappings.
                hazard.confidence = Confidence::Medium;
            }
        }
    }
}

/// Whether the function releases the variable that holds the result of a call, directly or by `__free(...)`.
fn is_given_back(facts: &Facts, handler: &HandlerView, taken: Span) -> bool {
    handler.variants().any(|(_, variant)| {
        let mut kept: Option<String> = None;
        let mut has_cleanup = false;
        visit::statements(&variant.function.body, &mut |seen| match seen {
            Seen::Declared(Declared { name, value: Some(value), cleanup, .. }) if value.span == taken => {
                kept = Some(name.clone());
                has_cleanup = cleanup.is_some();
            }
            Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) if value.span == taken => {
                kept = target.name().map(str::to_owned);
            }
            _ => {}
        });
        let Some(kept) = kept else { return false };
        let undoes = |name: &str| matches!(facts.rules().state(name), Some(StateEffect::Undoes(..)));
        let is_undone = |(name, arguments, _): (&str, &[Expression], &Expression)| {
            undoes(name) && arguments.iter().any(|argument| argument.name() == Some(&kept))
        };
        has_cleanup || variant.calls().into_iter().any(is_undone)
    })
}
