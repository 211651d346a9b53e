//! An action with an array that is gone, or may have changed, when the action runs: after the hook has returned.

use std::collections::BTreeMap;

use crate::behaviour::{EffectKind, Populate, Term};
use crate::index::{Scope, Takes};
use crate::lint::{Facts, Found, HandlerView, Variant};
use crate::rules::{CallEffect, Level, StateEffect, StateKind};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Prefix};
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        let mut places: BTreeMap<Place, (String, Level)> = BTreeMap::new();
        for (body, variant) in handler.variants() {
            let gone = [
                (arrays_on_stack(facts, variant), "it is on the stack of the hook"),
                (arrays_of_cleanup(facts, variant), "its variable frees it on return"),
            ];
            for (spans, why) in gone {
                let place = |span: Span| (Place { file: body.file(), span }, (why.to_owned(), Level::Error));
                places.extend(spans.into_iter().map(place));
            }
        }
        places.extend(given_up(facts, handler));
        for (place, (why, level)) in places {
            let message = format!(
                "the action that {} requests reads its page array after the hook has returned: {why}",
                handler.name()
            );
            found.at(place.file, place.span, message).level = level;
        }
    }
}

/// The number of the argument that is the page array of an action.
fn page_array(facts: &Facts, action: &str) -> Option<usize> {
    facts.rules().call(action).filter(|rule| rule.does == CallEffect::Action)?.pages
}

/// The array of which an argument is a part: `pages` of `pages + desc->pgoff` and of `&pages[first]`.
fn array_of(argument: &Expression) -> &Expression {
    match &argument.bare().kind {
        E::Binary { operator: Binary::Arithmetic(Arithmetic::Plus), left, .. } => array_of(left),
        E::Unary { operator: Prefix::Address, operand } => match &operand.bare().kind {
            E::Index { base, .. } => array_of(base),
            _ => argument,
        },
        _ => argument,
    }
}

/// The calls of a function that pass such an array, or a part of it, to an action.
fn calls_with(facts: &Facts, variant: &Variant, is_such: impl Fn(&Expression) -> bool) -> Vec<Span> {
    let calls = variant.calls().into_iter().filter(|(name, arguments, _)| {
        page_array(facts, name).and_then(|pages| arguments.get(pages)).is_some_and(|pages| is_such(array_of(pages)))
    });
    calls.map(|(_, _, call)| call.span).collect()
}

/// The calls of a function that pass an array of its own frame to an action.
fn arrays_on_stack(facts: &Facts, variant: &Variant) -> Vec<Span> {
    let scope = Scope::of(&variant.function);
    let mut statics = Vec::new();
    visit::statements(&variant.function.body, &mut |seen| {
        if let Seen::Declared(declared) = seen
            && declared.is_static
        {
            statics.push(declared.name.clone());
        }
    });
    let is_local = |name: &str| scope.get(name).is_some() && !statics.iter().any(|known| known == name);
    let is_array = |name: &str| is_local(name) && scope.get(name).is_some_and(|ty| ty.is_array);
    let is_of_frame = |value: &Expression| match &value.bare().kind {
        E::Unary { operator: Prefix::Address, operand } => operand.name().is_some_and(is_local),
        E::Initializer { .. } => true,
        E::Name(name) => is_array(name) || variant.values(name).iter().any(|value| value.name().is_some_and(is_array)),
        _ => false,
    };
    calls_with(facts, variant, is_of_frame)
}

/// The calls of a function that pass an array to an action which `__free()` of its variable frees on return.
fn arrays_of_cleanup(facts: &Facts, variant: &Variant) -> Vec<Span> {
    let frees = |name: &str| matches!(facts.rules().state(name), Some(StateEffect::Undoes(StateKind::Alloc, _)));
    let mut freed = Vec::new();
    visit::statements(&variant.function.body, &mut |seen| match seen {
        Seen::Declared(declared) if declared.cleanup.as_deref().is_some_and(frees) => freed.push(declared.name.clone()),
        _ => {}
    });
    let is_freed = |value: &Expression| value.name().is_some_and(|name| freed.iter().any(|known| known == name));
    calls_with(facts, variant, is_freed)
}

/// The places at which a handler frees the array of an action, unlocks what protects it, or drops what holds it, on a path that accepts the
/// mapping.
fn given_up(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, (String, Level)> {
    let mut places = BTreeMap::new();
    if !handler.lowered().flat_map(|lowered| &lowered.calls).any(|call| page_array(facts, &call.name).is_some()) {
        return places;
    }
    for outcome in facts.accepting(handler).iter() {
        let mut before = Vec::new();
        let mut array: Option<&Populate> = None;
        for effect in &outcome.effects {
            match &effect.kind {
                EffectKind::Populate(populate) => array = page_array(facts, &populate.name).map(|_| populate),
                EffectKind::Call(name, arguments) => {
                    let Some(populate) = array else {
                        before.push((name, arguments.first()));
                        continue;
                    };
                    let Some(StateEffect::Undoes(kind, _)) = facts.rules().state(name) else { continue };
                    let is_array = arguments.first().is_some_and(|freed| {
                        populate.others.iter().any(|array| array.any(&|part| Term::from(part.clone()) == *freed))
                    });
                    let was_taken = before.iter().any(|(taken, object)| {
                        *object == arguments.first() && matches!(facts.rules().state(taken), Some(StateEffect::Takes(taking)) if taking.kind == kind)
                    });
                    // The lock or the reference may protect something else.
                    let (why, level) = match kind {
                        StateKind::Alloc if is_array => ("it frees the array", Level::Error),
                        StateKind::Lock if was_taken => ("it unlocks before that", Level::Warning),
                        StateKind::Ref if was_taken => ("it drops its reference before that", Level::Warning),
                        _ => continue,
                    };
                    places.insert(effect.place, (format!("{why} ({name})"), level));
                }
                EffectKind::Store(..) => {}
            }
        }
    }
    places
}
