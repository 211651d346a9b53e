//! Scopes: variables that hide others, and statements that `break` leaves.

use super::state::State;
use super::walk::{Exits, Walk};
use crate::source::ast::{Statement, StatementKind as S, Type};

impl Walk<'_, '_> {
    /// Follows the statements of a scope. A variable that it declares hides one of the same name around it, until it ends.
    pub(super) fn block(&mut self, list: &[Statement], mut states: Vec<State>) -> Exits {
        let declared = list.iter().filter_map(|statement| match &statement.kind {
            S::Declaration(variables) => Some(variables.iter().map(|variable| variable.name.clone())),
            _ => None,
        });
        let mut hidden: Vec<(String, Type)> = Vec::new();
        for name in declared.flatten() {
            hidden.extend(self.frame().types.get(&name).map(|ty| (name.clone(), ty.clone())));
        }
        let depth = self.frame().scopes;
        // No name of C has a space.
        let aside = |name: &str| format!("{name} {depth}");
        for (name, _) in &hidden {
            for state in &mut states {
                let value = state.locals.get(name).cloned();
                state.locals.extend(value.map(|value| (aside(name), value)));
            }
        }
        self.frame_mut().scopes += 1;
        let mut exits = self.statements(list, states);
        let frame = self.frame_mut();
        frame.scopes = depth;
        for (name, ty) in hidden {
            let jumping = frame.waiting.values_mut().flatten();
            let leaving = exits.next.iter_mut().chain(&mut exits.breaks).chain(&mut exits.continues).chain(jumping);
            for state in leaving {
                // What has jumped out of a scope before has its variables back.
                if !state.locals.contains_key(&aside(&name)) {
                    continue;
                }
                let value = state.locals.remove(&aside(&name));
                state.locals.extend(value.map(|value| (name.clone(), value)));
            }
            frame.types.insert(name, ty);
        }
        exits
    }

    /// Follows statements that `break` leaves.
    pub(super) fn once(&mut self, body: &[Statement], states: Vec<State>) -> Exits {
        let inner = self.block(body, states);
        let next = inner.next.into_iter().chain(inner.breaks).chain(inner.continues).collect();
        Exits { next, returns: inner.returns, ..Exits::default() }
    }
}
