//! What a path does while it holds a lock.

use super::difference::{Difference, DifferenceKind};
use super::outcome::{Effect, EffectKind, Outcome};
use super::pair::Pair;
use super::term::Term;
use crate::rules::{Rules, StateEffect, StateKind};

/// A store or a call, and the locks that are held then.
struct Done<'o> {
    effect: &'o Effect,
    held: Vec<&'o Term>,
}

impl Pair<'_> {
    /// Reports the first thing that the new side does without the lock under which the old one did it, although it takes that lock.
    pub(super) fn locks(&self, found: &mut Vec<Difference>) {
        let rules = self.sides.rules;
        let locks = self.new.effects.iter().filter_map(|effect| lock_of(rules, effect));
        let taken: Vec<&Term> = locks.map(|(_, lock)| lock).collect();
        let mut left = done(rules, self.new);
        for was in done(rules, self.old) {
            let Some(at) = left.iter().position(|is| is.effect.kind == was.effect.kind) else { continue };
            let is = left.remove(at);
            let Some(lock) = was.held.iter().find(|lock| taken.contains(lock) && !is.held.contains(lock)) else {
                continue;
            };
            let what = match &is.effect.kind {
                EffectKind::Call(name, _) => format!("calls {name}()"),
                EffectKind::Store(place, _) => format!("sets {place}"),
                EffectKind::Populate(populate) => format!("populates by {}", populate.name),
            };
            let (old, new) = (format!("held {lock}"), format!("{what} without {lock}"));
            found.push(self.difference_at([was.effect.place, is.effect.place], DifferenceKind::Call, old, new));
            return;
        }
    }
}

/// The stores and calls of an outcome, in order.
fn done<'o>(rules: &Rules, outcome: &'o Outcome) -> Vec<Done<'o>> {
    let (mut held, mut found): (Vec<&Term>, Vec<Done>) = Default::default();
    for (number, effect) in outcome.effects.iter().enumerate() {
        match lock_of(rules, effect) {
            Some((StateEffect::Takes(_), lock)) => held.push(lock),
            Some((StateEffect::Undoes(..), lock)) => {
                // `guard(mutex)(&lock)` gives the lock back where it takes it, and holds it until its scope ends.
                let is_scoped = number > 0 && outcome.effects[number - 1].place == effect.place;
                held.retain(|known| is_scoped || *known != lock);
            }
            None if matches!(effect.kind, EffectKind::Populate(_)) => {}
            None => found.push(Done { effect, held: held.clone() }),
        }
    }
    found
}

/// The lock that an effect takes or gives back.
fn lock_of<'r, 'o>(rules: &'r Rules, effect: &'o Effect) -> Option<(StateEffect<'r>, &'o Term)> {
    let EffectKind::Call(name, arguments) = &effect.kind else { return None };
    let known = rules.state(name).filter(|known| known.kind() == StateKind::Lock)?;
    Some((known, arguments.first()?))
}
