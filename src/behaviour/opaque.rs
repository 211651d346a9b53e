//! Calls that are not looked into: opaque values of their arguments, and effects.

use super::call::Called;
use super::evaluate::Values;
use super::outcome::{Effect, EffectKind};
use super::state::State;
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::Walk;
use crate::rules::{CallEffect, Rules, StateKind};
use crate::source::ast::ExpressionKind as E;

impl Walk<'_, '_> {
    /// A call that is not looked into.
    pub(super) fn opaque(&mut self, call: &Called, mut state: State) -> Values {
        let rules = self.functions.context.rules;
        let gets_mapping = call.arguments.iter().any(|term| matches!(term.as_part(), Some(Part::Mapping)));
        let shared = self.functions.canonical(&call.name, gets_mapping);
        let name = if self.reading.is_shown { call.name.clone() } else { shared };
        let own: Vec<Option<String>> = call.expressions.iter().map(|argument| self.own_variable(argument)).collect();
        let is_lock = rules.state(&call.name).is_some_and(|effect| effect.kind() == StateKind::Lock);
        let mut arguments = self.shown_arguments(call, &own, gets_mapping || name != call.name, &state);
        // `guard(spinlock_irqsave)(&lock)` names no variable for the flags of the processor.
        if is_lock && !self.reading.is_shown {
            arguments.truncate(1);
        }
        let mut value = Term::from(Part::Call(name.clone(), arguments.clone())).bounded();
        // A second call may answer otherwise. In a comparison both sides make the same calls.
        let is_same = |effect: &Effect| matches!(&effect.kind, EffectKind::Call(known, given) if *known == name && *given == arguments);
        if self.reading.is_shown && state.effects.iter().any(is_same) {
            value = Part::Operation(Operation::Again, vec![value]).into();
        }
        let has_text = call.expressions.iter().any(|argument| matches!(argument.kind, E::Literal));
        let is_message = has_text && rules.is_silent(&call.name);
        let gives_out = own.iter().any(Option::is_some);
        for (number, variable) in own.into_iter().enumerate() {
            if let Some(variable) = variable.filter(|_| !is_message) {
                let out = Part::Operation(Operation::ArgumentAfter(number), vec![value.clone()]);
                state.locals.insert(variable, out.into());
            }
        }
        let is_silent = is_silent(rules, &call.name);
        let is_effect = gets_mapping || call.is_dropped || rules.state(&call.name).is_some();
        if is_effect && !is_silent {
            self.add_effect(EffectKind::Call(name, arguments), call.span, &mut state);
            if let Some(effect) = state.effects.last_mut() {
                effect.gets_mapping = gets_mapping;
            }
        } else if call.is_dropped && !is_message {
            state.trace.push(Event::Calls(value.clone()));
        } else if !is_silent || gives_out && !is_message {
            state.trace.push(Event::Evaluates(value.clone()));
        }
        if is_lock {
            state.lock_changes();
        }
        if self.reading.is_shown && gets_mapping && !is_silent {
            state.left_by(&value);
        }
        vec![(state, value)]
    }

    /// The arguments that stand for a call. `own` has the variables whose addresses it gets.
    fn shown_arguments(&self, call: &Called, own: &[Option<String>], has_twin: bool, state: &State) -> Vec<Term> {
        // What a desc twin is not given, the arguments of its helper do not say either.
        let has_twin = has_twin || self.functions.has_twin(&call.name);
        let is_file = |term: &Term| match term.as_part() {
            Some(Part::Mapping | Part::File) => true,
            Some(Part::Call(name, arguments)) => {
                name == "file_inode" && arguments.iter().any(|argument| matches!(argument.as_part(), Some(Part::File)))
            }
            _ => false,
        };
        // A twin may get the flags instead of the mapping.
        let is_flags = |term: &Term| matches!(term.as_part(), Some(Part::Field(field)) if field == "vm_flags");
        let is_implied = |term: &Term| !self.reading.is_shown && has_twin && (is_file(term) || is_flags(term));
        let flags = self.reading.is_shown.then(|| state.flags()).flatten();
        let given = call.arguments.iter().zip(own).filter(|(value, _)| !is_implied(value));
        given
            .map(|(value, own)| match &flags {
                _ if own.is_some() || self.is_of_frame(value) => Part::Name("&local".to_owned()).into(),
                Some(flags) if is_flags(value) => flags.clone(),
                _ => value.clone(),
            })
            .collect()
    }

    /// Whether a value is the address of a variable of a running function.
    fn is_of_frame(&self, value: &Term) -> bool {
        let Some(Part::Address(place)) = value.as_part() else { return false };
        place.as_name().is_some_and(|name| self.frames.iter().any(|frame| frame.types.contains_key(name)))
    }
}

/// Whether a call has no effect. Calls that set or clear flags were looked at before.
fn is_silent(rules: &Rules, name: &str) -> bool {
    let is_ruled_silent = rules.call(name).is_some_and(|rule| match rule.does {
        CallEffect::Silent | CallEffect::Access => true,
        CallEffect::Helper => rule.only_reads(),
        _ => false,
    });
    is_ruled_silent || !rules.is_compared(name)
}
