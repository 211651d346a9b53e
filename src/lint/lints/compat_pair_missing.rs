//! A caller with a VMA that passes its own desc to a converted hook without both compat helpers.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::CallEffect;
use crate::source::ast::ExpressionKind as E;

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
