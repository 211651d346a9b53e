//! A page protection that is set after the pages are mapped.

use std::collections::BTreeSet;

use crate::behaviour::{Part, Populate, Term};
use crate::lint::{Facts, Found, HandlerView};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, call) in places {
            let message = format!(
                "{} changes vm_page_prot after {call}: the pages are mapped with the protection from before",
                handler.name()
            );
            found.at(place.file, place.span, message);
        }
    }
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeSet<(Place, String)> {
    if !handler.lowered().any(|lowered| lowered.writes.iter().any(|write| write.name == "vm_page_prot")) {
        return BTreeSet::new();
    }
    let at_entry = Term::from(Part::Field("vm_page_prot".to_owned()));
    let accepted = facts.accepting(handler);
    let mut places = BTreeSet::new();
    for outcome in accepted.iter() {
        let is_changed = outcome.mapping.fields.get("vm_page_prot").is_some_and(|value| *value != at_entry);
        let takes_late = |name: &str| facts.rules().call(name).is_some_and(|rule| rule.takes_late_prot);
        let is_early = |populate: &Populate| is_changed && populate.prot == at_entry && !takes_late(&populate.name);
        let early = outcome.populates().filter(|(populate, _)| is_early(populate));
        places.extend(early.map(|(populate, effect)| (effect.place, populate.name.clone())));
    }
    places
}
