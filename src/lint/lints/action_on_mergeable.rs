//! An action on a mapping that may merge.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::CallEffect;

pub fn check(facts: &Facts, found: &mut Found) {
    let rules = facts.rules();
    if !facts.chosen.target.refuses_mergeable {
        return;
    }
    for handler in facts.taking(Takes::Desc) {
        if handler.final_flags(rules).iter().any(|flag| rules.is_never_merged(flag)) {
            continue;
        }
        // Action helpers in headers call one another.
        for body in handler.bodies.iter().filter(|body| !facts.context.index.file(body.file()).is_header()) {
            for call in &body.lowered.calls {
                if rules.call(&call.name).is_some_and(|rule| rule.does == CallEffect::Action) {
                    let message = format!(
                        "{} calls {} and sets none of VMA_IO_BIT, VMA_PFNMAP_BIT, VMA_MIXEDMAP_BIT and VMA_DONTEXPAND_BIT: \
                         {} refuses an action on a mapping that may merge",
                        handler.name(),
                        call.name,
                        facts.chosen.target.name
                    );
                    found.at(body.file(), call.span, message);
                }
            }
        }
    }
}
