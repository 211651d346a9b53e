//! `desc->private_data` that depends on one call, on a mapping that may merge.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit;
use crate::verdict::Merge;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        // The hook of another struct is called for a VMA that exists.
        let is_nested = !facts.rules().is_migrating(&handler.finding.registration.hook.record);
        if is_nested || matches!(handler.finding.merge, Some(Merge::Never(_))) {
            continue;
        }
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Assign { target, value, .. } = &expression.kind else { return };
                if variant.field(target) != Some("vm_private_data") {
                    return;
                }
                let made_from = variant.made_from(value);
                let of_this_call = ["vm_start", "vm_end", "vm_pgoff", "vm_flags"].iter().any(|field| made_from.contains(*field));
                let made_here = variant.names(value).iter().any(|name| variant.values(name).iter().any(calls)) || calls(value);
                let of_the_file = made_from.contains("vm_file");
                if of_this_call || (made_here && !of_the_file) {
                    let message = format!(
                        "{} sets desc->private_data to a value of this call, but the mapping may merge with one that has another value",
                        handler.name()
                    );
                    found.at(body.file(), expression.span, message);
                }
            });
        }
    }
}

fn calls(value: &Expression) -> bool {
    let mut found = false;
    visit::expression(value, &mut |part| found |= matches!(part.kind, E::Call { .. }));
    found
}
