//! Flags of the mapping: their names, masks, and questions about them.

use std::collections::BTreeSet;

use super::arithmetic::operation;
use super::decide::Answers;
use super::state::State;
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::Walk;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Arithmetic;
use crate::vma::lower::flags::{flag_of, named_mask};

impl Walk<'_, '_> {
    /// The flags that a name stands for.
    pub(super) fn flags_named(&self, name: &str) -> Option<BTreeSet<String>> {
        let context = &self.functions.context;
        match flag_of(name).filter(|_| context.rules.mask(name).is_none()) {
            Some(flag) => Some(BTreeSet::from([flag])),
            None => Some(named_mask(context, name, self.frame().file)?.into_iter().collect()),
        }
    }

    /// The flags that an expression names, or that its variables hold.
    pub(super) fn flags_in(&self, expression: &Expression, state: &State) -> BTreeSet<String> {
        let mut flags = BTreeSet::new();
        crate::source::visit::expression(expression, &mut |part| {
            if let E::Name(name) = &part.kind {
                let held = state.locals.get(name).and_then(|value| flags_of(value).cloned());
                flags.extend(held.or_else(|| self.flags_named(name)).unwrap_or_default());
            }
        });
        flags
    }

    pub(super) fn change_flags(&self, flags: &BTreeSet<String>, set: bool, state: &mut State) {
        state.mapping.flags.extend(flags.iter().map(|flag| (flag.clone(), set)));
        state.trace.push(Event::Flags(flags.clone(), set));
    }
}

/// The flags that a term names.
pub(super) fn flags_of(term: &Term) -> Option<&BTreeSet<String>> {
    match term.as_part() {
        Some(Part::Flags(flags)) => Some(flags),
        _ => None,
    }
}

/// The mask, if a term is the VMA's flags under a mask.
pub(super) fn masked(term: &Term) -> Option<&BTreeSet<String>> {
    let Some(Part::Operation(Operation::Arithmetic(Arithmetic::And), operands)) = term.as_part() else { return None };
    let [left, right] = operands.as_slice() else { return None };
    let is_flags = |term: &Term| matches!(term.as_part(), Some(Part::Field(name)) if name == "vm_flags");
    match (is_flags(left), is_flags(right)) {
        (true, _) => flags_of(right),
        (_, true) => flags_of(left),
        _ => None,
    }
}

/// Whether any of some flags is set.
pub(super) fn any_flag(flags: &BTreeSet<String>, state: State) -> Answers {
    state.any_of(flags, |state, flag| state.flag(flag))
}

/// Whether all flags are as wanted.
pub(super) fn all_flags(wanted: &[(String, bool)], state: State) -> Answers {
    let differs = state.any_of(wanted, |state, (flag, wanted)| {
        state.flag(flag).into_iter().map(|(state, set)| (state, set != *wanted)).collect()
    });
    differs.into_iter().map(|(state, differs)| (state, !differs)).collect()
}

/// Flags with some of them set or cleared.
pub(super) fn with_flags(old: Term, named: BTreeSet<String>, set: bool) -> Term {
    let mask = Term::from(Part::Flags(named));
    match set {
        true => operation(Arithmetic::Or, &old, &mask),
        false => operation(Arithmetic::And, &old, &Part::Operation(Operation::Complement, vec![mask]).into()),
    }
}
