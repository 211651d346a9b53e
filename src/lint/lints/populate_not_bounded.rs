//! A populate whose range no condition bounds.

use std::collections::BTreeMap;

use crate::behaviour::{EffectKind, Literal, Outcome, Part, Populate, Returned, Term, Unbounded, unbounded};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::Call;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        let name = handler.name();
        for (place, Populated { range, call, .. }) in places {
            let message = match range {
                Unbounded::Size => format!("{name} maps by {call}, and no condition bounds the size of the mapping"),
                Unbounded::Offset => format!(
                    "{name} maps by {call} from vm_pgoff on, and no condition bounds vm_pgoff together with the size"
                ),
                Unbounded::BeyondMapping => format!("{name} maps by {call} a length that may exceed the mapping"),
            };
            found.at(place.file, place.span, message);
        }
    }
}

/// A populate that a path leaves unbounded.
struct Populated {
    range: Unbounded,
    call: String,
    is_looped: bool,
}

impl Populated {
    /// Whether it runs past the mapping in a loop. Callers have no part in that.
    fn overruns_in_loop(&self) -> bool {
        self.is_looped && self.range == Unbounded::BeyondMapping
    }
}

/// The unbounded populates of a handler.
fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Populated> {
    let mut places = BTreeMap::new();
    let has_range = |rule: &Call| {
        let positions = [rule.object_size, rule.frame, rule.page, rule.pages];
        positions.iter().any(Option::is_some)
    };
    if !handler.ruled_calls(facts.rules()).any(|(_, rule)| has_range(rule)) {
        return places;
    }
    let callers = facts.caller_conditions(handler);
    let conditions = callers.clone().unwrap_or_else(|| vec![Vec::new()]);
    for behaviour in facts.behaviours(&handler.key).iter().filter(|behaviour| behaviour.gap.is_none()) {
        for outcome in &behaviour.outcomes {
            add_unbounded(facts, outcome, &conditions, &mut places);
        }
    }
    // What a hook of a subsystem is given beside the VMA is its caller's.
    let is_own = facts.rules().is_migrating(&handler.finding.registration.hook.record);
    places.retain(|_, populated| {
        populated.overruns_in_loop() || callers.is_some() && (is_own || populated.range != Unbounded::BeyondMapping)
    });
    places
}

/// Whether the object comes from a call that was given the VMA, and may have compared its size.
fn is_found_for_mapping(outcome: &Outcome, populate: &Populate) -> bool {
    let gets_mapping = |name: &str| {
        let mut calls = outcome.effects.iter().filter(|effect| effect.gets_mapping);
        calls.any(|effect| matches!(&effect.kind, EffectKind::Call(called, _) if called == name))
    };
    let comes_from = |term: &Term| term.any(&|part| matches!(part, Part::Call(name, _) if gets_mapping(name)));
    populate.page.iter().chain(populate.terms()).any(comes_from)
}

/// Adds the populates of an outcome that no caller bounds.
fn add_unbounded(facts: &Facts, outcome: &Outcome, callers: &[Vec<Literal>], places: &mut BTreeMap<Place, Populated>) {
    for (populate, effect) in outcome.populates() {
        if is_found_for_mapping(outcome, populate) {
            continue;
        }
        let is_looped = effect.is_looped;
        let with = |caller: &Vec<Literal>| {
            let condition: Vec<Literal> = outcome.condition.iter().chain(caller).cloned().collect();
            unbounded(facts.rules(), &condition, populate, is_looped)
        };
        let own = with(&Vec::new()).filter(|range| is_looped && *range == Unbounded::BeyondMapping);
        let Some(range) = own.or_else(|| callers.iter().map(with).min().flatten()) else { continue };
        let new = Populated { range, call: populate.name.clone(), is_looped };
        // An error may end a loop before its end.
        if new.overruns_in_loop() && outcome.result != Returned::Success {
            continue;
        }
        let known = places.entry(effect.place).or_insert(new);
        known.range = known.range.min(range);
    }
}
