//! Two actions on one path, or one in a loop.

use std::collections::BTreeMap;

use crate::behaviour::Returned;
use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::CallEffect;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    let is_action = |name: &str| facts.rules().call(name).is_some_and(|rule| rule.does == CallEffect::Action);
    for handler in facts.taking(Takes::Desc) {
        let calls = handler.lowered().flat_map(|lowered| &lowered.calls);
        if !calls.into_iter().any(|call| is_action(&call.name)) {
            continue;
        }
        let mut places: BTreeMap<Place, (String, String)> = BTreeMap::new();
        let behaviours = facts.behaviours(&handler.key);
        let outcomes = behaviours.iter().flat_map(|behaviour| &behaviour.outcomes);
        for outcome in outcomes.filter(|outcome| outcome.result == Returned::Success) {
            let actions: Vec<_> = outcome.populates().filter(|(populate, _)| is_action(&populate.name)).collect();
            for (action, effect) in actions.iter().filter(|(_, effect)| effect.is_looped) {
                places.entry(effect.place).or_insert((action.name.clone(), action.name.clone()));
            }
            for pair in actions.windows(2) {
                let [(first, _), (second, effect)] = pair else { continue };
                places.entry(effect.place).or_insert((first.name.clone(), second.name.clone()));
            }
        }
        for (place, (first, second)) in places {
            let message = if first == second {
                format!(
                    "{} calls {first} more than once: the desc holds one action, and only the last counts",
                    handler.name()
                )
            } else {
                format!(
                    "{} calls {second} after {first}: the desc holds one action, and the first is lost",
                    handler.name()
                )
            };
            found.at(place.file, place.span, message);
        }
    }
}
