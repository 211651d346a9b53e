//! Loops: followed once, in any of their rounds. A variable that each round changes by the same amount has its value in terms of the rounds
//! before; other variables that a round hands on to the next are unknown.

use std::collections::{BTreeMap, BTreeSet};

use super::atom::{Atom, Literal};
use super::outcome::Round;
use super::state::State;
use super::term::{Part, Term};
use super::trace::{Event, Trace};
use super::walk::{Exit, Exits, Walk};
use crate::source::ast::{Expression, ExpressionKind as E, Statement};
use crate::source::operator::{Binary, Prefix};
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

/// A loop of the source.
pub(super) struct Loop<'s> {
    pub(super) condition: Option<&'s Expression>,
    pub(super) body: &'s [Statement],
    /// Whether the condition stands behind the body.
    pub(super) is_do: bool,
    /// The macro that heads it. Its arguments stand for the condition.
    pub(super) head: Option<&'s str>,
}

impl<'s> Loop<'s> {
    /// What decides before a round whether there is one.
    fn entry(&self) -> Option<&'s Expression> {
        self.condition.filter(|_| self.head.is_none() && !self.is_do)
    }

    /// The variables that the macro is given.
    fn iterators(&self) -> Vec<String> {
        self.condition.filter(|_| self.head.is_some()).map(names).unwrap_or_default()
    }

    /// What decides behind a round whether another follows.
    fn end(&self) -> Option<&'s Expression> {
        self.condition.filter(|_| self.is_do)
    }
}

/// Any round of a loop.
struct AnyRound {
    exits: Exits,
    /// Variables that a round hands on to the next.
    carried: Vec<String>,
    /// Whether each round leaves the function.
    leaves: bool,
    /// That the macro that heads the loop leads to a round, if that matters.
    has_round: Option<Literal>,
}

impl Walk<'_, '_> {
    /// Follows a loop once.
    pub(super) fn repeated(&mut self, source: &Loop, states: Vec<State>) -> Exits {
        if source.head.is_some_and(|head| head.starts_with("scoped_")) {
            let states = self.locked(source.condition, states);
            return self.once(source.body, states);
        }
        self.loops += 1;
        let number = self.loops;
        let mut states = states;
        for state in &mut states {
            state.trace.push(Event::Loops(source.head.map(str::to_owned)));
        }
        let before = states.clone();
        for state in &mut states {
            let over = self.walked(source, state);
            state.rounds.push(Round { number, over, conditions: Vec::new(), goes_on: false });
        }
        let waiting = std::mem::take(&mut self.frame_mut().waiting);
        let AnyRound { exits: mut inner, carried, leaves, has_round } = self.any_round(source, number, states, &before);
        self.happen_once(&mut inner);
        let jumping = std::mem::replace(&mut self.frame_mut().waiting, waiting);
        for (label, states) in jumping {
            self.frame_mut().waiting.entry(label).or_default().extend(states.into_iter().map(left));
        }
        // What a handler returns in a loop ends its steps anyway.
        if self.frames.len() > 1 {
            inner.returns = inner.returns.into_iter().map(|exit| Exit { state: left(exit.state), ..exit }).collect();
        }
        let last: Vec<State> = inner.next.into_iter().chain(inner.continues).collect();
        let mut next = self.behind(source, number, last);
        next.iter_mut().for_each(|state| forget(state, &carried, &before));
        // A loop that is left by `break` leaves the values of its last round.
        next.extend(inner.breaks.into_iter().map(left));
        if leaves {
            next = self.without_round(source, has_round, before);
        }
        Exits { next: distinct(next), returns: inner.returns, ..Exits::default() }
    }

    /// Follows any round of a loop from the states before it.
    fn any_round(&mut self, source: &Loop, number: usize, mut states: Vec<State>, before: &[State]) -> AnyRound {
        let mut changed = assigned(source.body, source.condition);
        // The macro that heads a loop changes the variables that it is given.
        let mut iterators = source.iterators();
        iterators.retain(|name| !is_given(source, name, before));
        changed.extend(iterators.iter().filter(|name| self.frame().types.contains_key(*name)).cloned());
        let trial = self.round(source, number, &changed, states.clone());
        let leaves = trial.next.is_empty() && trial.continues.is_empty() && trial.breaks.is_empty();
        let has_round = self.has_round(source).filter(|_| leaves);
        if let Some(literal) = &has_round {
            states = states.iter().filter_map(|state| state.assume(literal.clone())).collect();
        }
        // A variable that no round hands on to the next has its old value in each round.
        let is_handed_on = |name: &String| {
            let unknown = Term::from(Part::Changed(name.clone()));
            iterators.contains(name)
                || trial.next.iter().chain(&trial.continues).any(|state| state.locals.get(name) != Some(&unknown))
        };
        let carried: Vec<String> = changed.iter().filter(|name| is_handed_on(name)).cloned().collect();
        let mut steps: BTreeMap<String, Term> = BTreeMap::new();
        let repeating: Vec<&State> = trial.next.iter().filter(|state| self.may_repeat(source.entry(), state)).collect();
        for name in carried.iter().filter(|name| !iterators.contains(name)) {
            steps.extend(step_of(name, &repeating).map(|step| (name.clone(), step)));
        }
        let exits = match carried.len() == changed.len() && steps.is_empty() && has_round.is_none() {
            true => trial,
            false => {
                let unknown: Vec<String> = carried.iter().filter(|name| !steps.contains_key(*name)).cloned().collect();
                let states = self.by_round(&steps, states);
                self.frame_mut().waiting.clear();
                self.round(source, number, &unknown, states)
            }
        };
        AnyRound { exits, carried, leaves, has_round }
    }

    /// The values that the macro that heads a loop is given, without the variables that it sets.
    fn walked(&mut self, source: &Loop, state: &State) -> Vec<Term> {
        let arguments = source.condition.filter(|_| source.head.is_some()).map(listed).unwrap_or_default();
        let mut values = Vec::new();
        for argument in arguments {
            let value = self.value(argument, state.clone()).into_iter().next().map(|(_, value)| value);
            // An iterator has no value yet.
            let is_iterator = |value: &Term| {
                value
                    .as_name()
                    .is_some_and(|name| argument.name() == Some(name) && self.frame().types.contains_key(name))
            };
            values.extend(value.filter(|value| !is_iterator(value)));
        }
        values
    }

    /// The states with the values of variables in any round that a step leads to.
    fn by_round(&mut self, steps: &BTreeMap<String, Term>, mut states: Vec<State>) -> Vec<State> {
        self.counted_loops += 1;
        let rounds = Term::from(Part::Rounds(self.counted_loops));
        for state in &mut states {
            for (name, step) in steps {
                let known = state.locals.get(name).zip(step.product(&rounds));
                let value = known.and_then(|(first, grown)| first.plus(&grown));
                state.locals.insert(name.clone(), value.unwrap_or_else(|| Part::Changed(name.clone()).into()));
            }
        }
        states
    }

    /// The states behind a loop whose last round ends in these: what stands behind its body asks for no other.
    fn behind(&mut self, source: &Loop, number: usize, last: Vec<State>) -> Vec<State> {
        let mut next = Vec::new();
        for mut state in last {
            state.in_round(number, |round| round.goes_on = true);
            let Some(condition) = source.end() else {
                next.push(state);
                continue;
            };
            let known = state.condition.len();
            let answers = self.condition(condition, state).into_iter();
            next.extend(
                answers.filter(|(_, holds)| !holds).map(|(state, _)| asked_by_loop(number, state, known, false)),
            );
        }
        next.iter_mut().for_each(|state| state.trace.push(Event::RoundEnds));
        next
    }

    /// That a macro leads to a round; `None` if conditions decide.
    fn has_round(&self, source: &Loop) -> Option<Literal> {
        let (head, arguments) = source.head.zip(source.condition)?;
        let text = &self.functions.context.index.file(self.frame().file).text;
        let arguments = listed(arguments).into_iter().map(|argument| Part::Name(argument.text(text)).into());
        let entries = Part::Call(head.to_owned(), arguments.collect());
        Some(Literal { atom: Atom::Zero(entries.into()), holds: false })
    }

    /// The states behind a loop without any round. They matter where each round leaves the function.
    fn without_round(&mut self, source: &Loop, has_round: Option<Literal>, states: Vec<State>) -> Vec<State> {
        let mut skipped: Vec<State> = match (source.entry(), has_round) {
            (Some(condition), _) => {
                let answers = states.into_iter().flat_map(|state| self.condition(condition, state));
                answers.filter(|(_, holds)| !holds).map(|(state, _)| state).collect()
            }
            (None, Some(literal)) => states.iter().filter_map(|state| state.assume(literal.negated())).collect(),
            (None, None) => Vec::new(),
        };
        skipped.iter_mut().for_each(|state| state.trace.push(Event::NoRound));
        skipped
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
    fn round(&mut self, source: &Loop, number: usize, unknown: &[String], states: Vec<State>) -> Exits {
        let mut entry = Vec::new();
        // `list_for_each_entry(lamp, ...)` has an object for each round.
        let entries =
            if source.head.is_some_and(|head| head.contains("for_each")) { source.iterators() } else { Vec::new() };
        let is_pointer = |name: &String| self.frame().types.get(name).is_some_and(|ty| ty.pointers > 0);
        let entries: Vec<String> = entries.into_iter().filter(is_pointer).collect();
        for mut state in states {
            for name in unknown {
                let value = if entries.contains(name) { Part::Entry } else { Part::Changed };
                state.locals.insert(name.clone(), value(name.clone()).into());
            }
            match source.entry() {
                Some(condition) => {
                    let (before, known) = (state.trace.clone(), state.condition.len());
                    let answers = self.condition(condition, state).into_iter();
                    let held = answers.filter(|(_, holds)| *holds);
                    let held = held.map(|(state, _)| asked_by_loop(number, state, known, true));
                    entry.extend(repeating(held.collect(), &before));
                }
                None => entry.push(state),
            }
        }
        self.frame_mut().loops += 1;
        let exits = self.block(source.body, entry);
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
                && known.rounds == state.rounds
        };
        if !kept.iter().any(is_same) {
            kept.push(state);
        }
    }
    kept
}

/// A state behind a loop that its round has left.
fn left(mut state: State) -> State {
    state.trace.push(Event::LoopLeft);
    state
}

/// Forgets the values of variables behind a loop, unless a round leaves the value that they had before it.
fn forget(state: &mut State, names: &[String], before: &[State]) {
    for name in names {
        let last = state.locals.get(name).map(|value| state.settled(value));
        let is_old = |last: &Term| before.iter().all(|state| state.locals.get(name) == Some(last));
        let value = last.filter(is_old).unwrap_or_else(|| Part::Changed(name.clone()).into());
        state.locals.insert(name.clone(), value);
    }
}

/// Notes that the questions of a state, from a number on, are those of the loop that it is in. They are noted as they hold in the round.
fn asked_by_loop(number: usize, mut state: State, known: usize, holds: bool) -> State {
    let asked = state.condition[known..].iter();
    let asked: Vec<Literal> = asked.map(|literal| if holds { literal.clone() } else { literal.negated() }).collect();
    state.in_round(number, |round| round.conditions.extend(asked));
    state
}

/// Whether a variable of a macro's arguments is read by the macro, and not set: it has a value that is no first value of an iterator.
fn is_given(source: &Loop, name: &str, before: &[State]) -> bool {
    let goes_on = source.head.is_some_and(|head| head.contains("continue") || head.contains("from"));
    let is_value = |value: &Term| {
        value.as_constant().is_none()
            && !matches!(value.as_part(), Some(Part::Name(_) | Part::Changed(_) | Part::Entry(_)))
    };
    !goes_on && before.iter().all(|state| state.locals.get(name).is_some_and(is_value))
}

/// The arguments of a macro, which the syntax has as operands of commas.
fn listed(arguments: &Expression) -> Vec<&Expression> {
    match &arguments.bare().kind {
        E::Binary { operator: Binary::Comma, left, right } => [listed(left), listed(right)].concat(),
        _ => vec![arguments],
    }
}

/// The variables that the arguments of a macro name; not the objects whose members they read.
fn names(arguments: &Expression) -> Vec<String> {
    match &arguments.kind {
        E::Name(name) => vec![name.clone()],
        E::Call { arguments, .. } => arguments.iter().flat_map(names).collect(),
        E::Binary { operator: Binary::Comma, .. } => listed(arguments).into_iter().flat_map(names).collect(),
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
