//! `vma->vm_flags` written directly, without the lock that its accessors take.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::source::Condition;
use crate::source::ast::ExpressionKind as E;
use crate::source::operator::Arithmetic;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Vma) {
        // Kernels before 6.3 have no accessors.
        if facts.context.index.functions("vm_flags_set", handler.key.id.file).is_empty() {
            continue;
        }
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Assign { target, operator, .. } = &expression.kind else { return };
                if variant.field(target) != Some("vm_flags") {
                    return;
                }
                let file = facts.context.index.file(body.file());
                // Code for several kernels has both forms.
                let condition = file.condition_at(expression.span.start);
                let questions = condition.iter().flat_map(Condition::questions);
                if questions.into_iter().any(|question| question.contains("LINUX_VERSION_CODE")) {
                    return;
                }
                let accessor = match operator {
                    Some(Arithmetic::Or) => "vm_flags_set()",
                    Some(Arithmetic::And) => "vm_flags_clear()",
                    _ => "vm_flags_reset()",
                };
                found.at(body.file(), expression.span, format!("writes vm_flags without its lock: use {accessor}"));
            });
        }
    }
}
