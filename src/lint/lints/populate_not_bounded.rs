//! A populate whose range no condition bounds.

use std::collections::BTreeMap;

use rayon::prelude::*;

use crate::behaviour::{EffectKind, Literal, Outcome, Unbounded, unbounded};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::Call;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    let unbounded: Vec<(&HandlerView, Place, Unbounded, String)> =
        facts.handlers.par_iter().flat_map_iter(|handler| of_handler(facts, handler)).collect();
    for (handler, place, range, call) in unbounded {
        let name = handler.name();
        let message = match range {
            Unbounded::Size => format!("{name} maps by {call}, and no condition bounds the size of the mapping"),
            Unbounded::Offset => {
                format!("{name} maps by {call} from vm_pgoff on, and no condition bounds vm_pgoff together with the size")
            }
            Unbounded::BeyondMapping => format!("{name} maps by {call} a length that may exceed the mapping"),
        };
        found.at(place.file, place.span, message);
    }
}

/// The unbounded populates of a handler.
fn of_handler<'f>(facts: &'f Facts, handler: &'f HandlerView) -> Vec<(&'f HandlerView<'f>, Place, Unbounded, String)> {
    let has_range = |rule: &Call| rule.object_size.is_some() || rule.frame.is_some();
    if !handler.ruled_calls(facts.rules()).any(|(_, rule)| has_range(rule)) {
        return Vec::new();
    }
    let Some(callers) = caller_conditions(facts, handler) else { return Vec::new() };
    let mut places: BTreeMap<Place, (Unbounded, String)> = BTreeMap::new();
    for behaviour in facts.behaviours(handler).iter().filter(|behaviour| behaviour.gap.is_none()) {
        for outcome in &behaviour.outcomes {
            add_unbounded(outcome, &callers, &mut places);
        }
    }
    // What a hook of a subsystem is given beside the VMA is its caller's.
    let is_own = facts.rules().is_migrating(&handler.finding.registration.hook.record);
    let places = places.into_iter().filter(|(_, (range, _))| is_own || *range != Unbounded::BeyondMapping);
    places.map(|(place, (range, call))| (handler, place, range, call)).collect()
}

/// Adds the populates of an outcome that no caller bounds.
fn add_unbounded(outcome: &Outcome, callers: &[Vec<Literal>], places: &mut BTreeMap<Place, (Unbounded, String)>) {
    for effect in outcome.effects.iter().filter(|effect| !effect.is_looped) {
        let EffectKind::Populate(populate) = &effect.kind else { continue };
        let ranges = callers.iter().map(|caller| {
            let condition: Vec<Literal> = outcome.condition.iter().chain(caller).cloned().collect();
            unbounded(&condition, populate)
        });
        if let Some(Some(range)) = ranges.min() {
            let known = places.entry(effect.place).or_insert((range, populate.name.clone()));
            known.0 = known.0.min(range);
        }
    }
}

/// The conditions under which callers of a handler's hook call it, one list for each path; one empty list if no handler calls it, and `None` if
/// the conditions are not known.
fn caller_conditions(facts: &Facts, handler: &HandlerView) -> Option<Vec<Vec<Literal>>> {
    let callers = facts.callers(handler);
    if callers.is_empty() {
        // Not all callers of a subsystem's hook are found.
        let is_of_core = facts.rules().is_migrating(&handler.finding.registration.hook.record);
        return is_of_core.then(|| vec![Vec::new()]);
    }
    let member = format!("->{}", handler.finding.registration.hook.member);
    let is_call = |kind: &EffectKind| matches!(kind, EffectKind::Call(name, _) if name.ends_with(&member));
    let mut conditions = Vec::new();
    for caller in callers {
        for behaviour in facts.behaviours(caller).iter().filter(|behaviour| behaviour.gap.is_none()) {
            let calls = |outcome: &&Outcome| outcome.effects.iter().any(|effect| is_call(&effect.kind));
            conditions.extend(behaviour.outcomes.iter().filter(calls).map(|outcome| outcome.condition.clone()));
        }
    }
    (!conditions.is_empty()).then_some(conditions)
}
