//! An offset that is checked, but not added to what is mapped.

use std::collections::BTreeMap;

use crate::behaviour::{Outcome, Part, Populate, Term};
use crate::lint::{Facts, Found, HandlerView};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, call) in places {
            let message = format!(
                "{} checks vm_pgoff together with the size, but {call} maps from the start of the object: each offset shows the same pages",
                handler.name()
            );
            found.at(place.file, place.span, message);
        }
    }
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let reads_offset = handler.lowered().any(|lowered| lowered.reads.iter().any(|read| read.name == "vm_pgoff"));
    if !reads_offset {
        return BTreeMap::new();
    }
    let accepted = facts.accepting(handler);
    let mut places = BTreeMap::new();
    for outcome in accepted.iter().filter(|outcome| checks_range(outcome) && !uses_offset(facts, outcome)) {
        let single = outcome.populates().next().filter(|_| outcome.populates().count() == 1);
        places.extend(single.map(|(populate, effect)| (effect.place, populate.name.clone())));
    }
    places
}

/// Whether a path compares the sum of offset and size with something, and accepts any offset below that.
fn checks_range(outcome: &Outcome) -> bool {
    outcome.condition.iter().any(|literal| literal.adds(&Part::PageOffset, &Part::Pages))
}

/// Whether anything that a path does depends on the offset, or may.
fn uses_offset(facts: &Facts, outcome: &Outcome) -> bool {
    let depends = |term: &Term| term.any(&|part| matches!(part, Part::PageOffset | Part::Mapping | Part::Changed(_)));
    let populate_depends = |populate: &Populate| {
        let adds = facts.rules().call(&populate.name).is_none_or(|rule| rule.adds_offset || rule.vma.is_none());
        // Nothing is known of the pages in an array that the hook fills.
        let is_filled = |term: &Term| matches!(term.as_part(), Some(Part::Call(..)));
        adds || populate.terms().any(|term| depends(term) || is_filled(term))
    };
    outcome.mapping.fields.contains_key("vm_pgoff")
        || outcome.populates().any(|(populate, _)| populate_depends(populate))
}
