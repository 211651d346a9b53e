//! What a path does while it holds a lock.

use super::outcome::{Effect, EffectKind, Outcome};
use super::term::Term;
use crate::rules::{Rules, StateEffect, StateKind};

/// A store or a call, and the locks that are held then.
struct Done<'o> {
    effect: &'o Effect,
    held: Vec<&'o Term>,
}

/// Something that an outcome does under a lock, and another, which takes the lock too, without it.
pub(super) struct Unlocked<'o> {
    pub(super) lock: &'o Term,
    pub(super) old: &'o Effect,
    pub(super) new: &'o Effect,
}

/// The first thing that the new outcome does without the lock under which the old one did it.
pub(super) fn unlocked<'o>(rules: &Rules, old: &'o Outcome, new: &'o Outcome) -> Option<Unlocked<'o>> {
    let (was, mut is) = (done(rules, old), done(rules, new));
    was.into_iter().find_map(|was| {
        let at = is.iter().position(|is| is.effect.kind == was.effect.kind)?;
        let is = is.remove(at);
        let takes = |lock: &&&Term| new.effects.iter().any(|effect| takes(rules, effect) == Some(**lock));
        let lock = was.held.iter().filter(takes).find(|lock| !is.held.contains(lock))?;
        Some(Unlocked { lock, old: was.effect, new: is.effect })
    })
}

/// The stores and calls of an outcome, in order.
fn done<'o>(rules: &Rules, outcome: &'o Outcome) -> Vec<Done<'o>> {
    let (mut held, mut found): (Vec<&Term>, Vec<Done>) = Default::default();
    for (number, effect) in outcome.effects.iter().enumerate() {
        if let Some(lock) = takes(rules, effect) {
            held.push(lock);
        } else if let Some(lock) = gives_back(rules, effect) {
            // `guard(mutex)(&lock)` gives the lock back where it takes it, and holds it until its scope ends.
            let is_scoped = number > 0 && outcome.effects[number - 1].place == effect.place;
            held.retain(|known| is_scoped || *known != lock);
        } else if !matches!(effect.kind, EffectKind::Populate(_)) {
            found.push(Done { effect, held: held.clone() });
        }
    }
    found
}

/// The lock that an effect takes.
fn takes<'o>(rules: &Rules, effect: &'o Effect) -> Option<&'o Term> {
    let EffectKind::Call(name, arguments) = &effect.kind else { return None };
    match rules.state(name)? {
        StateEffect::Takes(taking) if taking.kind == StateKind::Lock => arguments.first(),
        _ => None,
    }
}

/// The lock that an effect gives back.
fn gives_back<'o>(rules: &Rules, effect: &'o Effect) -> Option<&'o Term> {
    let EffectKind::Call(name, arguments) = &effect.kind else { return None };
    match rules.state(name)? {
        StateEffect::Undoes(StateKind::Lock, _) => arguments.first(),
        _ => None,
    }
}
