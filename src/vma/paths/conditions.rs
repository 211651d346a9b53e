//! Refines states by conditions.

use super::state::{Known, State};
use super::walk::Walk;
use crate::rules::StateKind;
use crate::vma::event::{EventKind, Fails};
use crate::vma::flow::{Condition, Value};
impl Walk<'_, '_> {
    /// The state if a condition holds, or if it does not; `None` if that is impossible.
    pub(super) fn refined(&self, state: &State, condition: &Condition, holds: bool) -> Option<State> {
        match condition {
            Condition::Unknown => Some(state.clone()),
            Condition::Not(inner) => self.refined(state, inner, !holds),
            Condition::All(parts) if holds => {
                parts.iter().try_fold(state.clone(), |state, part| self.refined(&state, part, true))
            }
            Condition::Any(parts) if !holds => {
                parts.iter().try_fold(state.clone(), |state, part| self.refined(&state, part, false))
            }
            // One of the parts fails, or holds. Which one is unknown, unless there is only one part.
            Condition::All(parts) => self.one_of(state, parts, false),
            Condition::Any(parts) => self.one_of(state, parts, true),
            Condition::True(value) => self.known(state, value, holds, if holds { Known::NonZero } else { Known::Zero }),
            Condition::Error(value) => match (state.value(value), holds) {
                (Known::Zero, true) | (Known::Errno, false) => None,
                _ => self.known(state, value, holds, if holds { Known::Errno } else { Known::Unknown }),
            },
        }
    }

    pub(super) fn one_of(&self, state: &State, parts: &[Condition], holds: bool) -> Option<State> {
        let mut possible = parts.iter().filter_map(|part| self.refined(state, part, holds));
        let first = possible.next()?;
        match possible.next() {
            None if parts.len() == 1 => Some(first),
            _ => Some(state.clone()),
        }
    }

    /// The state if a value is found to be `result`; `None` if that is impossible.
    pub(super) fn known(&self, state: &State, value: &Value, holds: bool, result: Known) -> Option<State> {
        let mut state = state.clone();
        match state.value(value) {
            Known::Zero if holds => return None,
            Known::NonZero | Known::Errno if !holds && result == Known::Zero => return None,
            Known::Of(item) => {
                let asks_for_error = matches!(result, Known::Errno | Known::Unknown);
                let event = state.items.get(item).map(|item| self.event(item));
                let says_so = matches!(event, Some(EventKind::Populate(populate)) if populate.only_if.is_some());
                let fails = match event {
                    // A result that means "not populated" is not a failure.
                    _ if says_so => !holds && !asks_for_error,
                    Some(EventKind::Take { fails: Fails::Zero, .. }) if !asks_for_error => !holds,
                    Some(EventKind::Take { fails: Fails::Zero, .. }) => holds,
                    Some(EventKind::Take { kind: StateKind::Lock, .. } | EventKind::Populate(_)) => holds,
                    // The result of a helper, a hook or a getter, and a count, may mean either.
                    _ => false,
                };
                if fails {
                    state.fail(item, self.event_is_populate(&state, item) && !says_so);
                }
                let error = if fails { Known::Errno } else { result };
                let otherwise = if asks_for_error { Known::Unknown } else { Known::Zero };
                state.set_value(value, if holds { error } else { otherwise });
                return Some(state);
            }
            _ => {}
        }
        state.set_value(value, result);
        Some(state)
    }

    pub(super) fn event_is_populate(&self, state: &State, item: usize) -> bool {
        state.items.get(item).is_some_and(|item| matches!(self.event(item), EventKind::Populate(_)))
    }
}
