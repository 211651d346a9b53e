//! Actions for a range that may be longer than the mapping. A remap accepts it (mm/memory.c: remap_pfn_range()), the core refuses the
//! action (remap_pfn_range_prepare()).

use super::Behaviour;
use super::bound::may_reach_beyond;
use super::difference::{Difference, DifferenceKind};
use super::outcome::{Outcome, Returned};
use crate::rules::{CallEffect, Rules};

/// The actions of a conversion that the core refuses for mappings which the old handler accepted.
pub(super) fn refused_by_core(rules: &Rules, pairs: &[(&Behaviour, &Behaviour)]) -> Vec<Difference> {
    let is_action = |name: &str| rules.call(name).is_some_and(|rule| rule.does == CallEffect::Action);
    let mut found: Vec<Difference> = Vec::new();
    for (old, new) in pairs {
        for is in new.outcomes.iter().filter(|outcome| outcome.result == Returned::Success) {
            let Some((action, _)) = is.populates().find(|(populate, effect)| {
                is_action(&populate.name) && !effect.is_looped && may_reach_beyond(&is.condition, populate)
            }) else {
                continue;
            };
            let accepted = |was: &&Outcome| was.result == Returned::Success && was.is_compatible(&is.condition);
            let Some(was) = old.outcomes.iter().find(accepted) else { continue };
            let new = format!(
                "requests {} for a range that may be longer than the mapping, which the core refuses",
                action.name
            );
            let texts = ["accepted this".to_owned(), new];
            let difference = Difference::always(DifferenceKind::RefusalAdded, texts, [was.place, is.place]);
            if !found.iter().any(|known| known.is_same(&difference)) {
                found.push(difference);
            }
        }
    }
    found
}
