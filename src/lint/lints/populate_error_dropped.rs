//! A hook that accepts the mapping although a populating call failed.

use std::collections::BTreeMap;

use crate::behaviour::{Outcome, Part};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::CallEffect;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, call) in places {
            let message =
                format!("{} returns 0 if {call}() fails: user space gets a mapping that lacks pages", handler.name());
            found.at(place.file, place.span, message);
        }
    }
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let populates = |name: &str| {
        let rule = facts.rules().call(name);
        // What user space touches later, a fault can still map; and a call that may do nothing has its own meaning of 0.
        rule.is_some_and(|rule| rule.does == CallEffect::Populate && rule.populates_if.is_none() && rule.needs.is_empty())
    };
    let mut places = BTreeMap::new();
    if !handler.lowered().flat_map(|lowered| &lowered.calls).any(|call| populates(&call.name)) {
        return places;
    }
    for outcome in facts.accepting(handler).iter() {
        if installs_fault(facts, handler, outcome) {
            continue;
        }
        let count = outcome.populates().count();
        let says = |number: usize| outcome.condition.iter().any(|literal| literal.says_populated(number));
        for (number, (populate, effect)) in outcome.populates().enumerate() {
            // A loop that ends when its call fails leaves the result in a variable.
            let is_kept = || effect.is_looped && outcome.condition.iter().any(|literal| literal.asks(&is_of_round));
            // Where one call fails, a later one may populate in its place.
            if populates(&populate.name) && !(number..count).any(says) && !is_kept() {
                places.insert(effect.place, populate.name.clone());
            }
        }
    }
    places
}

/// Whether a value is that of a variable which the rounds of a loop change.
fn is_of_round(part: &Part) -> bool {
    matches!(part, Part::Changed(_))
}

/// Whether the mapping has a table of vm_ops, whose fault handler may map what is missing.
fn installs_fault(facts: &Facts, handler: &HandlerView, outcome: &Outcome) -> bool {
    let has_fault = |(table, file): (String, u32)| facts.context.index.table_member(&table, "fault", file).is_some();
    outcome.mapping.fields.contains_key("vm_ops") && facts.vm_ops_tables(handler).into_iter().any(has_fault)
}
