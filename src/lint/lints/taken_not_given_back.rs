//! State that a hook takes and does not give back before it returns an error, and locks that it still holds when it returns at all.

use std::collections::BTreeMap;

use crate::behaviour::{Effect, EffectKind, Literal, Outcome, Part, Returned, Term};
use crate::index::Takes;
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::{CallEffect, Idiom, Object, ObjectRule, Rules, StateEffect, StateKind};
use crate::source::{find_word, identifiers, spans_of_identifiers};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    let line = |place: Place| facts.context.index.file(place.file).position(place.span.start).line;
    let kept = facts.of_each(|handler| (of_handler(facts, handler), locks_of_hooks(facts, handler)));
    for (handler, (places, locks)) in kept {
        for (place, Kept { kind, call, error }) in places {
            let (name, line) = (handler.name(), line(error));
            let message = match kind {
                StateKind::Lock => {
                    format!("{name} returns an error on line {line} and still holds the lock of {call}()")
                }
                _ => format!(
                    "{name} returns an error on line {line} without giving back what {call}() took: nobody calls vm_ops->close then"
                ),
            };
            found.at(place.file, place.span, message);
        }
        for (place, Held { name, call, result }) in locks {
            let line = line(result);
            found.at(
                place.file,
                place.span,
                format!("{name} returns on line {line} and still holds the lock of {call}()"),
            );
        }
    }
}

/// A lock that a hook still holds when it returns.
struct Held {
    /// The hook.
    name: String,
    call: String,
    /// Its `return`.
    result: Place,
}

/// The locks that `.mmap_prepare` holds when it accepts the mapping, and those that `vm_ops->mapped` holds when it returns. The verdict
/// speaks of those of `.mmap`.
fn locks_of_hooks(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Held> {
    let mut held = BTreeMap::new();
    if handler.takes != Takes::Desc {
        return held;
    }
    let mapped = handler.lowered().flat_map(|lowered| &lowered.vm_hooks).filter(|hook| hook.member == "mapped");
    for (key, is_own) in std::iter::once((&handler.key, true)).chain(mapped.map(|hook| (&hook.key, false))) {
        let Some(lowered) = facts.lowered(key) else { continue };
        let known = facts.behaviours(key);
        let outcomes =
            known.iter().filter(|behaviour| behaviour.gap.is_none()).flat_map(|behaviour| &behaviour.outcomes);
        for outcome in outcomes.filter(|outcome| !is_own || outcome.result == Returned::Success) {
            for (place, call) in locks_left(facts.rules(), outcome) {
                held.entry(place).or_insert_with(|| Held { name: lowered.name.clone(), call, result: outcome.place });
            }
        }
    }
    held
}

/// The locks that an outcome takes by a call with a rule and does not drop, with their places.
fn locks_left(rules: &Rules, outcome: &Outcome) -> Vec<(Place, String)> {
    let mut left = Vec::new();
    for taken in all_taken(rules, outcome).filter(|taken| taken.kind == StateKind::Lock && !taken.effect.is_looped) {
        let Part::Call(name, _) = &taken.call else { continue };
        // `mutex_trylock()` may not have taken it.
        let is_success = |literal: &Literal| literal.is_zero(&taken.call.clone().into()) && !rules.tells_by_truth(name);
        let mut asked = outcome.condition.iter().filter(|literal| literal.asks(&|asked| *asked == taken.call));
        if rules.has_state_rule(name) && asked.all(is_success) && !taken.is_given_back() {
            left.push((taken.effect.place, name.clone()));
        }
    }
    left
}

/// State that an error leaves taken.
struct Kept {
    kind: StateKind,
    call: String,
    /// The `return` of the error.
    error: Place,
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Kept> {
    let rules = facts.rules();
    let takes = |name: &str| matches!(rules.state(name), Some(StateEffect::Takes(_)));
    let calls_one = handler.variants().any(|(_, variant)| variant.calls().iter().any(|(name, _, _)| takes(name)));
    let mut places = BTreeMap::new();
    if !calls_one {
        return places;
    }
    for behaviour in facts.behaviours(&handler.key).iter().filter(|behaviour| behaviour.gap.is_none()) {
        let accepted: Vec<&Outcome> =
            behaviour.outcomes.iter().filter(|outcome| outcome.result == Returned::Success).collect();
        let fails = |outcome: &&Outcome| is_own_error(rules, outcome) && !is_first_use(outcome);
        for outcome in behaviour.outcomes.iter().filter(fails) {
            for taken in all_taken(rules, outcome) {
                let Taken { kind, object, call, effect, .. } = &taken;
                let is_known = is_taken(outcome, &accepted, call, effect)
                    && !effect.is_looped
                    && has_counterpart(facts, handler, call)
                    && !outcome.condition.iter().any(|literal| is_absent(rules, literal, object));
                let is_stored = outcome.effects.iter().any(|effect| stores_owner(effect, object));
                // The last question reads the files of the driver.
                let is_state = || *kind != StateKind::Counter || is_counted_down(facts, handler, object);
                if is_known && !is_stored && !taken.is_given_back() && !taken.is_kept() && is_state() {
                    let Part::Call(name, _) = call else { continue };
                    places.entry(effect.place).or_insert(Kept {
                        kind: *kind,
                        call: name.clone(),
                        error: outcome.place,
                    });
                }
            }
        }
    }
    places
}

/// Whether an outcome is an error of the hook itself. If an action fails behind it, `vm_ops->close` runs.
pub(super) fn is_own_error(rules: &Rules, outcome: &Outcome) -> bool {
    let is_action = |name: &str| rules.call(name).is_some_and(|rule| rule.does == CallEffect::Action);
    outcome.result != Returned::Success && !outcome.populates().any(|(populate, _)| is_action(&populate.name))
}

/// Whether a path marks what it has made: `if (!lamp->is_on) { ...; lamp->is_on = true; }`. A later call finds it.
fn is_first_use(outcome: &Outcome) -> bool {
    outcome.effects.iter().any(|effect| match &effect.kind {
        EffectKind::Store(target, value) => {
            value.as_constant() != Some(0) && outcome.condition.iter().any(|literal| literal.is_zero(target))
        }
        _ => false,
    })
}

/// The state that an effect takes: its kind, its object, and the value of the call.
fn taken(rules: &Rules, effect: &Effect) -> Option<(StateKind, Term, Part)> {
    let EffectKind::Call(name, arguments) = &effect.kind else { return None };
    let Some(StateEffect::Takes(taking)) = rules.state(name) else { return None };
    let call = Part::Call(name.clone(), arguments.clone());
    let object = object_of(taking.object, &call, arguments)?;
    taking.same_again.is_none().then_some((taking.kind, object, call))
}

/// The object that a call takes or gives back.
fn object_of(object: &Object, call: &Part, arguments: &[Term]) -> Option<Term> {
    match object {
        Object::Argument(number) => arguments.get(*number).cloned(),
        Object::Rule(ObjectRule::Last) => arguments.last().cloned(),
        Object::Rule(ObjectRule::Made) => {
            let first = arguments.first().filter(|first| matches!(first.as_part(), Some(Part::Address(_))));
            Some(first.cloned().unwrap_or_else(|| call.clone().into()))
        }
        Object::Result => Some(call.clone().into()),
    }
}

/// Whether a call succeeded on the path: a path that accepts the mapping makes it too, and knows the same of its result.
fn is_taken(outcome: &Outcome, accepted: &[&Outcome], call: &Part, effect: &Effect) -> bool {
    let mut known = outcome.condition.iter().filter(|literal| literal.asks(&|part| part == call));
    let is_made = accepted.iter().any(|accepted| accepted.effects.iter().any(|other| other.place == effect.place));
    is_made && known.all(|literal| accepted.iter().any(|accepted| accepted.condition.contains(literal)))
}

/// Whether a call has a rule of its own, or the driver's file names the call that would undo it: `x_get` may just read something.
fn has_counterpart(facts: &Facts, handler: &HandlerView, call: &Part) -> bool {
    let Part::Call(name, _) = call else { return false };
    if facts.rules().has_state_rule(name) {
        return true;
    }
    let undoing = [("_get", "_put"), ("_lock", "_unlock"), ("_add", "_del"), ("_add", "_remove"), ("_alloc", "_free")];
    let mut names = undoing.iter().filter(|(take, _)| name.ends_with(take)).map(|(take, undo)| {
        let stem = &name[..name.len() - take.len()];
        format!("{stem}{undo}")
    });
    let text = &facts.context.index.file(handler.key.id.file).text;
    names.any(|undo| {
        find_word(text, undo.as_bytes(), 0).is_some()
            || !facts.context.index.functions(&undo, handler.key.id.file).is_empty()
    })
}

/// Whether a file of the driver counts an object down, by the name of its member. A counter that only grows is a statistic.
fn is_counted_down(facts: &Facts, handler: &HandlerView, object: &Term) -> bool {
    let index = facts.context.index;
    let text = object.to_string();
    let Some(member) = identifiers(text.as_bytes()).last() else { return true };
    let folder = index.file(handler.key.id.file).folder();
    let counts_down = |text: &[u8]| {
        spans_of_identifiers(text).any(|span| {
            let name = std::str::from_utf8(span.of(text)).unwrap_or_default();
            let statement = &text[span.end as usize..];
            let end = memchr::memchr(b';', statement).unwrap_or(statement.len());
            matches!(facts.rules().state(name), Some(StateEffect::Undoes(StateKind::Counter | StateKind::Ref, _)))
                && find_word(&statement[..end], member.as_bytes(), 0).is_some()
        })
    };
    index.files().iter().filter(|file| file.folder() == folder).any(|file| counts_down(&file.text))
}

/// Whether a path knows that an object from which another one is reached is absent or an error. It does not take anything of that one then.
fn is_absent(rules: &Rules, literal: &Literal, object: &Term) -> bool {
    let owner = owner_of(object);
    let is_error = |part: &Part| match part {
        Part::Call(name, arguments) => {
            rules.idiom(name) == Some(Idiom::IsError) && owner.as_ref().is_some_and(|owner| arguments.contains(owner))
        }
        _ => false,
    };
    let leads_from_null = object.any(&|part| literal.is_zero(&part.clone().into()));
    leads_from_null || !literal.holds && literal.asks(&is_error)
}

/// The object whose member another one is: `encl` of `&encl->refcount`.
fn owner_of(object: &Term) -> Option<Term> {
    let Part::Address(place) = object.as_part()? else { return None };
    match place.as_part()? {
        Part::Member(base, _) => Some(base.as_ref().clone()),
        _ => None,
    }
}

/// Whether an effect stores the owner of an object in another object, which holds the reference then.
fn stores_owner(effect: &Effect, object: &Term) -> bool {
    matches!((&effect.kind, owner_of(object)), (EffectKind::Store(_, value), Some(owner)) if *value == owner)
}

/// A call that took something, and the effects behind it.
struct Taken<'o> {
    rules: &'o Rules,
    kind: StateKind,
    object: Term,
    /// The value of the call.
    call: Part,
    effect: &'o Effect,
    later: &'o [Effect],
}

/// The calls of an outcome that take something.
fn all_taken<'o>(rules: &'o Rules, outcome: &'o Outcome) -> impl Iterator<Item = Taken<'o>> {
    outcome.effects.iter().enumerate().filter_map(move |(number, effect)| {
        let (kind, object, call) = taken(rules, effect)?;
        Some(Taken { rules, kind, object, call, effect, later: &outcome.effects[number + 1..] })
    })
}

impl Taken<'_> {
    /// Whether a later effect gives the object back. A release of another name may be that of the object.
    fn is_given_back(&self) -> bool {
        // What later calls take of the same object, later releases give back first.
        let mut others: Vec<Term> =
            self.later.iter().filter_map(|effect| taken(self.rules, effect)).map(|(_, object, _)| object).collect();
        self.later.iter().any(|effect| {
            let EffectKind::Call(name, arguments) = &effect.kind else { return false };
            let undone = match self.rules.state(name) {
                Some(StateEffect::Undoes(undone, released)) => Some((undone, released)),
                _ => None,
            };
            let released = match undone {
                Some((undone, released)) if undone == self.kind => {
                    object_of(released, &Part::Call(name.clone(), arguments.clone()), arguments)
                }
                None if self.rules.brackets().iter().any(|bracket| name.contains(bracket.close.as_str())) => {
                    arguments.first().cloned()
                }
                _ => None,
            };
            let is_meant = arguments.contains(&self.object);
            let is_released = released.is_some_and(|released| {
                let other = others.iter().position(|other| *other == released && released != self.object);
                other.map(|other| others.swap_remove(other)).is_none()
            });
            is_released
                // `atomic_set(&count, 0)`, and the close hook of the VMA.
                || is_meant && (undone.is_some() || self.kind == StateKind::Counter)
                || name.ends_with("->close")
        })
    }

    /// Whether a later effect stores the object in another one, or hands it on, which may keep or free it. The owner of a list may remove
    /// its entries by calls that do not name them.
    fn is_kept(&self) -> bool {
        let Some(part) = self.object.as_part() else { return false };
        let holds = |term: &Term| term.any(&|other| other == part);
        let is_result = matches!(part, Part::Call(..));
        self.later.iter().any(|effect| match &effect.kind {
            EffectKind::Store(_, value) => is_result && holds(value),
            EffectKind::Call(name, arguments) => {
                let is_lock = matches!(self.rules.state(name), Some(StateEffect::Undoes(StateKind::Lock, _)));
                (is_result || self.kind == StateKind::Alloc) && arguments.iter().any(holds)
                    || self.kind == StateKind::List && !is_lock
            }
            EffectKind::Populate(_) => false,
        })
    }
}
