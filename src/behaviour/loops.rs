//! Loops: followed once, with unknown values for the variables that a round hands on to the next.

use super::state::State;
use super::term::{Part, Term};
use super::walk::{Exits, Walk};
use crate::source::ast::{Expression, ExpressionKind as E, Statement};
use crate::source::visit::{self, Seen};

impl Walk<'_, '_> {
    /// A loop is followed once, with unknown values for the variables that it changes.
    pub(super) fn repeated(
        &mut self,
        condition: Option<&Expression>,
        body: &[Statement],
        head: Option<&str>,
        states: Vec<State>,
    ) -> Exits {
        if head.is_some_and(|head| head.starts_with("scoped_")) {
            let inner = self.statements(body, states);
            let next = inner.next.into_iter().chain(inner.breaks).chain(inner.continues).collect();
            return Exits { next, returns: inner.returns, ..Exits::default() };
        }
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
        let inner = match carried.len() == changed.len() {
            true => trial,
            false => self.round(condition, body, &carried, states),
        };
        let mut next: Vec<State> = inner.next.into_iter().chain(inner.continues).collect();
        next.iter_mut().for_each(|state| forget(state, &carried));
        // A loop that is left by `break` leaves the values of its last round.
        next.extend(inner.breaks);
        Exits { next: distinct(next), returns: inner.returns, ..Exits::default() }
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
                    let answers = self.condition(condition, state).into_iter();
                    entry.extend(answers.filter(|(_, holds)| *holds).map(|(state, _)| state));
                }
                None => entry.push(state),
            }
        }
        self.frame_mut().loops += 1;
        let exits = self.statements(body, entry);
        self.frame_mut().loops -= 1;
        exits
    }
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

/// The names in an expression.
fn names(expression: &Expression) -> Vec<String> {
    let mut names = Vec::new();
    visit::expression(expression, &mut |part| names.extend(part.name().map(str::to_owned)));
    names
}

/// The variables that a loop assigns to.
fn assigned(body: &[Statement], condition: Option<&Expression>) -> Vec<String> {
    let mut names = Vec::new();
    let mut see = |expression: &Expression| {
        let target = match &expression.kind {
            E::Assign { target, .. } => target.name(),
            E::Step { operand, .. } => operand.name(),
            E::Unary { operator, operand } if operator == "&" => operand.name(),
            _ => None,
        };
        names.extend(target.map(str::to_owned));
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
