//! A pointer that a hook stores before a step that fails: to the VMA, or to memory that the hook then frees.

use std::collections::BTreeMap;

use super::taken_not_given_back::is_own_error;
use crate::behaviour::{EffectKind, Part, Term};
use crate::lint::{Facts, Found, FunctionView, HandlerView, Variant};
use crate::rules::{Rules, StateEffect, StateKind};
use crate::verdict::Place;
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, Dangling { pointer, target, error }) in places {
            let line = facts.context.index.file(error.file).position(error.span.start).line;
            let name = handler.name();
            let message = format!("{name} returns an error on line {line} and leaves {pointer} pointing to {target}");
            found.at(place.file, place.span, message);
        }
    }
}

/// A pointer that outlives its target.
struct Dangling {
    /// The place that holds it.
    pointer: String,
    /// The target, as a message names it.
    target: String,
    /// The `return` of the error.
    error: Place,
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Dangling> {
    let rules = facts.rules();
    let mut places = BTreeMap::new();
    let keeps =
        |body: &FunctionView| body.lowered.events.iter().any(|event| matches!(event.kind, EventKind::Escape { .. }));
    let frees = |(_, variant): (_, &Variant)| variant.calls().iter().any(|(name, _, _)| is_free(rules, name));
    if !handler.bodies.iter().any(keeps) && !handler.variants().any(frees) {
        return places;
    }
    for behaviour in facts.behaviours(&handler.key).iter().filter(|behaviour| behaviour.gap.is_none()) {
        for outcome in behaviour.outcomes.iter().filter(|outcome| is_own_error(rules, outcome)) {
            for (number, effect) in outcome.effects.iter().enumerate() {
                let EffectKind::Store(pointer, value) = &effect.kind else { continue };
                let later = || outcome.effects[number + 1..].iter().map(|effect| &effect.kind);
                let is_set_again = later().any(|kind| matches!(kind, EffectKind::Store(other, _) if other == pointer));
                let target = match value.as_part() {
                    _ if is_set_again || !is_shared(pointer) => None,
                    Some(Part::Mapping) => Some("the VMA, which is freed then".to_owned()),
                    Some(Part::Call(..)) => later()
                        .find_map(|kind| freed_by(rules, kind, value))
                        .map(|call| format!("what {call}() has freed")),
                    _ => None,
                };
                if let Some(target) = target {
                    let dangling = Dangling { pointer: pointer.to_string(), target, error: outcome.place };
                    places.entry(effect.place).or_insert(dangling);
                }
            }
        }
    }
    places
}

/// Whether a place is a member of an object that the hook did not make.
fn is_shared(pointer: &Term) -> bool {
    let is_made = |part: &Part| matches!(part, Part::Call(..));
    matches!(pointer.as_part(), Some(Part::Member(base, _)) if !base.any(&is_made))
}

/// The call that frees a value.
fn freed_by(rules: &Rules, kind: &EffectKind, value: &Term) -> Option<String> {
    let EffectKind::Call(name, arguments) = kind else { return None };
    (is_free(rules, name) && arguments.contains(value)).then(|| name.clone())
}

fn is_free(rules: &Rules, name: &str) -> bool {
    matches!(rules.state(name), Some(StateEffect::Undoes(StateKind::Alloc, _)))
}
