//! Loops: followed once, in any of their rounds. A variable that each round changes by the same amount has its value in terms of the rounds
//! before; other variables that a round hands on to the next are unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::atom::Literal;
use super::state::State;
use super::term::{Part, Term};
use super::trace::{Event, Trace};
use super::walk::{Exits, Walk};
use crate::source::ast::{Expression, ExpressionKind as E, Statement};
use crate::source::operator::{Binary, Prefix};
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

impl Walk<'_, '_> {
    /// Follows a loop once.
    pub(super) fn repeated(
        &mut self,
        condition: Option<&Expression>,
        body: &[Statement],
        head: Option<&str>,
        states: Vec<State>,
    ) -> Exits {
        if head.is_some_and(|head| head.starts_with("scoped_")) {
            let states = self.locked(condition, states);
            return self.once(body, states);
        }
        let mut states = states;
        states.iter_mut().for_each(|state| state.trace.push(Event::Loops(head.map(str::to_owned))));
        let mut changed = assigned(body, condition);
        // The macro that heads a loop changes the variables that it is given.
        let iterators = if head.is_some() { condition.map(names).unwrap_or_default() } else { Vec::new() };
        changed.extend(iterators.iter().filter(|name| self.frame().types.contains_key(*name)).cloned());
        let condition = condition.filter(|_| head.is_none());
        // A variable that no round hands on to the next has its old value in each round.
        let trial = self.round(condition, body, &changed, states.clone());
        let is_handed_on = |name: &String| {
            let unknown = Term::from(Part::Changed(name.clone()));
            iterators.contains(name)
                || trial.next.iter().chain(&trial.continues).any(|state| state.locals.get(name) != Some(&unknown))
        };
        let carried: Vec<String> = changed.iter().filter(|name| is_handed_on(name)).cloned().collect();
        let mut steps: BTreeMap<String, Term> = BTreeMap::new();
        let repeating: Vec<&State> = trial.next.iter().filter(|state| self.may_repeat(condition, state)).collect();
        for name in carried.iter().filter(|name| !iterators.contains(name)) {
            steps.extend(step_of(name, &repeating).map(|step| (name.clone(), step)));
        }
        let inner = match carried.len() == changed.len() && steps.is_empty() {
            true => trial,
            false => {
                let unknown: Vec<String> = carried.iter().filter(|name| !steps.contains_key(*name)).cloned().collect();
                self.loops += 1;
                let rounds = Term::from(Part::Rounds(self.loops));
                let mut entry = states;
                for state in &mut entry {
                    for (name, step) in &steps {
                        let known = state.locals.get(name).zip(step.product(&rounds));
                        let value = known.and_then(|(first, grown)| first.plus(&grown));
                        state.locals.insert(name.clone(), value.unwrap_or_else(|| Part::Changed(name.clone()).into()));
                    }
                }
                self.round(condition, body, &unknown, entry)
            }
        };
        let mut inner = inner;
        self.happen_once(&mut inner);
        let mut next: Vec<State> = inner.next.into_iter().chain(inner.continues).collect();
        next.iter_mut().for_each(|state| forget(state, &carried));
        // A loop that is left by `break` leaves the values of its last round.
        next.extend(inner.breaks);
        next.iter_mut().for_each(|state| state.trace.push(Event::LoopEnds));
        Exits { next: distinct(next), returns: inner.returns, ..Exits::default() }
    }

    /// Marks the effects of a loop that only ways out of it have: no other round repeats them.
    fn happen_once(&self, round: &mut Exits) {
        if self.frames.iter().any(|frame| frame.loops > 0) {
            return;
        }
        let going_on = round.next.iter().chain(&round.continues).flat_map(|state| &state.effects);
        let repeated: BTreeSet<Place> = going_on.filter(|effect| effect.is_looped).map(|effect| effect.place).collect();
        let leaving = round.breaks.iter_mut().chain(round.returns.iter_mut().map(|exit| &mut exit.state));
        for effect in leaving.flat_map(|state| &mut state.effects) {
            effect.is_looped &= repeated.contains(&effect.place);
        }
    }

    /// `scoped_guard(mutex, &lock)`: takes a lock before its body.
    fn locked(&mut self, arguments: Option<&Expression>, states: Vec<State>) -> Vec<State> {
        let Some(E::Binary { left, right, .. }) = arguments.map(|arguments| &arguments.bare().kind) else {
            return states;
        };
        let Some(guard) = left.name().and_then(|name| self.functions.context.rules.guard(name)) else { return states };
        let lock = std::slice::from_ref(right.as_ref());
        let locked = states.into_iter().flat_map(|state| self.guard(guard, lock, left.span, state));
        locked.map(|(state, _)| state).collect()
    }

    /// Whether another round may follow a round that ends in a state.
    fn may_repeat(&mut self, condition: Option<&Expression>, end: &State) -> bool {
        condition.is_none_or(|condition| self.condition(condition, end.clone()).iter().any(|(_, holds)| *holds))
    }

    /// One round of a loop, with unknown values for some variables.
    fn round(
        &mut self,
        condition: Option<&Expression>,
        body: &[Statement],
        unknown: &[String],
        states: Vec<State>,
    ) -> Exits {
        let mut entry = Vec::new();
        for mut state in states {
            forget(&mut state, unknown);
            match condition {
                Some(condition) => {
                    let before = state.trace.clone();
                    let answers = self.condition(condition, state).into_iter();
                    let held = answers.filter(|(_, holds)| *holds).map(|(state, _)| state);
                    entry.extend(repeating(held.collect(), &before));
                }
                None => entry.push(state),
            }
        }
        self.frame_mut().loops += 1;
        let exits = self.block(body, entry);
        self.frame_mut().loops -= 1;
        exits
    }
}

/// Makes conditions of a loop of the questions that decided whether there is a round. A question that leads to a round either way stays
/// one.
fn repeating(mut states: Vec<State>, before: &Trace) -> Vec<State> {
    let asked: Vec<Vec<Event>> = states.iter_mut().map(|state| state.trace.since(before)).collect();
    let is_choice = |literal: &Literal| {
        let other = Event::Asks(literal.negated());
        asked.iter().any(|events| events.contains(&other))
    };
    for (state, events) in states.iter_mut().zip(&asked) {
        for event in events {
            state.trace.push(match event {
                Event::Asks(literal) if !is_choice(literal) => Event::Repeats(literal.clone()),
                other => other.clone(),
            });
        }
    }
    states
}

/// What each round adds to a variable, if it is the same number, or the same number of pages, on all paths.
fn step_of(name: &str, ends: &[&State]) -> Option<Term> {
    let old = Term::from(Part::Changed(name.to_owned()));
    let mut steps = ends.iter().map(|end| end.locals.get(name)?.minus(&old));
    let step = steps.next()??;
    let is_number = step.as_constant().is_some() || step.page_sizes().is_some();
    (is_number && steps.all(|other| other.as_ref() == Some(&step))).then_some(step)
}

/// States of which no two differ only in what cannot be seen any more.
fn distinct(states: Vec<State>) -> Vec<State> {
    let mut kept: Vec<State> = Vec::new();
    for state in states {
        let is_same = |known: &State| {
            known.condition == state.condition
                && known.effects == state.effects
                && known.mapping == state.mapping
                && known.locals == state.locals
                && known.memory == state.memory
                && known.action == state.action
        };
        if !kept.iter().any(is_same) {
            kept.push(state);
        }
    }
    kept
}

/// Forgets the values of variables.
fn forget(state: &mut State, names: &[String]) {
    for name in names {
        state.locals.insert(name.clone(), Part::Changed(name.clone()).into());
    }
}

/// The variables that the arguments of a macro name; not the objects whose members they read.
fn names(arguments: &Expression) -> Vec<String> {
    match &arguments.kind {
        E::Name(name) => vec![name.clone()],
        E::Call { arguments, .. } => arguments.iter().flat_map(names).collect(),
        E::Binary { operator: Binary::Comma, left, right } => {
            [left, right].into_iter().flat_map(|side| names(side)).collect()
        }
        E::Unary { operator: Prefix::Address, operand } => names(operand),
        _ => Vec::new(),
    }
}

/// The variables that a loop assigns to.
fn assigned(body: &[Statement], condition: Option<&Expression>) -> Vec<String> {
    let mut names = Vec::new();
    let mut see = |expression: &Expression| {
        names.extend(expression.changed_variable().map(str::to_owned));
    };
    visit::statements(body, &mut |seen| {
        if let Seen::Expression(expression) = seen {
            see(expression);
        }
    });
    if let Some(condition) = condition {
        visit::expression(condition, &mut see);
    }
    names.sort();
    names.dedup();
    names
}
