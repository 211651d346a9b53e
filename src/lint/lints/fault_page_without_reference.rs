//! A fault handler that hands out a page without a reference.

use std::collections::BTreeSet;

use crate::behaviour::{EffectKind, Outcome, Part, Returned, Term};
use crate::lint::vm_ops::is_page_of_fault;
use crate::lint::{Facts, Found};
use crate::rules::{CallValue, Rules};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen: BTreeSet<Place> = BTreeSet::new();
    for handler in &facts.handlers {
        for hook in facts.fault_hooks(handler, "fault").iter() {
            let behaviours = facts.behaviours(&hook.key);
            let known = behaviours.iter().filter(|behaviour| behaviour.gap.is_none());
            for outcome in known.flat_map(|behaviour| &behaviour.outcomes) {
                if let Some(place) = unreferenced(facts.rules(), outcome).filter(|place| seen.insert(*place)) {
                    let message = "the fault handler hands out a page without a reference: munmap() drops one, and the page is freed while it is in use";
                    found.at(place.file, place.span, message.to_owned());
                }
            }
        }
    }
}

/// Where a path that returns 0 stores a page in `vmf->page` that it takes no reference to.
fn unreferenced(rules: &Rules, outcome: &Outcome) -> Option<Place> {
    if outcome.result != Returned::Success {
        return None;
    }
    let stored = outcome.effects.iter().rev().find_map(|effect| match &effect.kind {
        EffectKind::Store(place, value) if is_page_of_fault(place) => Some((value, effect.place)),
        _ => None,
    });
    let (page, place) = stored.filter(|(page, _)| is_existing(rules, page))?;
    // Any call that gets the page may take the reference.
    let gets = |kind: &EffectKind| match kind {
        EffectKind::Call(_, arguments) => {
            arguments.iter().any(|argument| argument == page || holds(rules, argument, page))
        }
        _ => false,
    };
    (!outcome.effects.iter().any(|effect| gets(&effect.kind))).then_some(place)
}

/// Whether a value is another form of a page's address.
fn holds(rules: &Rules, value: &Term, page: &Term) -> bool {
    match value.as_part() {
        Some(Part::Call(name, arguments)) if rules.value(name) == Some(CallValue::Address) => {
            arguments.iter().any(|argument| argument == page || holds(rules, argument, page))
        }
        _ => false,
    }
}

/// Whether a page is found by its address, or in an array or a member, where no call has taken a reference.
fn is_existing(rules: &Rules, page: &Term) -> bool {
    let is_other_call =
        |part: &Part| matches!(part, Part::Call(name, _) if rules.value(name) != Some(CallValue::Address));
    let is_known = matches!(page.as_part(), Some(Part::Call(..) | Part::Index(..) | Part::Member(..)))
        || page.parts().any(|(part, _)| matches!(part, Part::Index(..) | Part::Member(..)));
    is_known && !page.any(&is_other_call)
}
