//! An object that starts at vm_pgoff, given to a call that adds vm_pgoff.

use std::collections::BTreeMap;

use crate::behaviour::{Outcome, Part, Term};
use crate::lint::{Facts, Found, HandlerView};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (place, call) in facts.of_each(|handler| of_handler(facts, handler)).flat_map(|(_, places)| places) {
        let message = format!("the object starts at vm_pgoff, which {call} adds once more: each offset but 0 is wrong");
        found.at(place.file, place.span, message);
    }
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let adds = |name: &str| facts.rules().call(name).is_some_and(|rule| rule.adds_offset);
    if !handler.lowered().flat_map(|lowered| &lowered.calls).any(|call| adds(&call.name)) {
        return BTreeMap::new();
    }
    let behaviours = facts.behaviours(&handler.key);
    let mut places = BTreeMap::new();
    for outcome in behaviours.iter().flat_map(|behaviour| &behaviour.outcomes) {
        for (populate, effect) in outcome.populates().filter(|(populate, _)| adds(&populate.name)) {
            let starts_there = |term: &Term| term.parts().any(|(part, value)| *part == Part::PageOffset && value > 0);
            if populate.frame.iter().any(starts_there) && !has_no_offset(outcome) {
                places.insert(effect.place, populate.name.clone());
            }
        }
    }
    places
}

/// Whether vm_pgoff is known to be 0, or was set to something else.
fn has_no_offset(outcome: &Outcome) -> bool {
    outcome.mapping.fields.contains_key("vm_pgoff")
        || outcome.condition.iter().any(|literal| literal.is_zero(&Part::PageOffset.into()))
}
