//! A fault handler whose insertion needs a flag that the hook did not set.

use std::collections::BTreeSet;

use crate::behaviour::{Outcome, Part};
use crate::lint::{Facts, Found};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        // Another function may set the flags: the caller of a subsystem's hook, or one that gets the VMA.
        let callers = facts.callers(handler);
        if callers.is_empty() && !facts.rules().is_migrating(&handler.finding.registration.hook.record) {
            continue;
        }
        for hook in facts.fault_hooks(handler, "fault").iter() {
            let behaviours = facts.behaviours(&hook.key);
            let known = behaviours.iter().filter(|behaviour| behaviour.gap.is_none());
            for (populate, effect) in
                known.flat_map(|behaviour| &behaviour.outcomes).flat_map(|outcome| outcome.populates())
            {
                let needs = facts.rules().call(&populate.name).map(|rule| rule.needs.as_slice()).unwrap_or_default();
                let is_set_before = needs.iter().any(|flag| callers.iter().any(|caller| caller.sets(flag)));
                let has_one = |accepted: &Outcome| {
                    is_set_before
                        || facts.passes_on(accepted)
                        || needs.iter().any(|flag| facts.has_flag(accepted, flag))
                };
                // Until v6.16 a PFN could say so itself: PFN_DEV | PFN_MAP of include/linux/pfn_t.h.
                let is_of_device = populate
                    .page
                    .iter()
                    .chain(populate.terms())
                    .any(|term| term.any(&|part| matches!(part, Part::Name(name) if name == "PFN_MAP")));
                if needs.is_empty() || is_of_device || hook.accepted.iter().all(has_one) || !seen.insert(effect.place) {
                    continue;
                }
                let message = format!(
                    "{}() in a fault needs {}, which {} does not set",
                    populate.name,
                    needs.join(" or "),
                    handler.name()
                );
                found.at(effect.place.file, effect.place.span, message);
            }
        }
    }
}
