//! Assignments: to variables, to fields of the mapping, to objects.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::arithmetic::operation;
use super::evaluate::Values;
use super::flags::flags_of;
use super::outcome::{EffectKind, Gap};
use super::state::State;
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::{Walk, narrowed};
use crate::rules::{CallValue, Idiom};
use crate::source::Span;
use crate::source::ast::{Entry, Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::{Arithmetic, Prefix};

impl Walk<'_, '_> {
    /// `&place`. A helper that is given the address of a field of the mapping reads that field.
    pub(super) fn address_of(&self, place: Term) -> Term {
        if let Some(Part::Member(base, name)) = place.as_part()
            && let Some(field) = self.mapping_field(base, name)
        {
            return Part::Field(field).into();
        }
        self.contained(&place).unwrap_or_else(|| address_of(place))
    }

    /// The pointer that `&container(pointer)->member` is: `container_of()`, or a function of the driver, goes from a member to the struct
    /// around it, and this goes back.
    fn contained(&self, place: &Term) -> Option<Term> {
        let rules = self.functions.context.rules;
        let Part::Member(container, member) = place.as_part()? else { return None };
        let Part::Call(name, arguments) = container.as_part()? else { return None };
        let pointer = match arguments.as_slice() {
            [pointer] => pointer,
            [pointer, _, of] if rules.idiom(name) == Some(Idiom::Container) => {
                return (of.as_name() == Some(member)).then(|| pointer.clone());
            }
            _ => return None,
        };
        let (function, _) = self.functions.own(name, self.frame().file)?;
        let ([parameter], [Statement { kind: S::Return(Some(value)), .. }]) =
            (function.parameters.as_slice(), function.body.as_slice())
        else {
            return None;
        };
        let E::Call { callee, arguments } = &value.bare().kind else { return None };
        let is_container = rules.idiom(callee.name()?) == Some(Idiom::Container);
        let [from, _, of] = arguments.as_slice() else { return None };
        let goes_back = is_container && from.name() == Some(&parameter.name) && of.name() == Some(member);
        goes_back.then(|| pointer.clone())
    }

    /// The place that an expression denotes, as a term: what `&` takes the address of and what is assigned to.
    pub(super) fn place(&mut self, expression: &Expression, state: State) -> Values {
        match &expression.bare().kind {
            E::Name(name) => {
                let is_mapping =
                    state.locals.get(name).is_some_and(|value| matches!(value.as_part(), Some(Part::Mapping)));
                let place = if is_mapping { Part::Mapping } else { Part::Name(name.clone()) };
                vec![(state, place.into())]
            }
            E::Field { base, name, .. } => {
                let values = self.value(base, state).into_iter();
                values
                    .map(|(state, base)| {
                        let place = member_of(&base, name);
                        (state, place)
                    })
                    .collect()
            }
            E::Unary { operator: Prefix::Target, operand } => {
                self.value(operand, state).into_iter().map(|(state, pointer)| (state, target_of(pointer))).collect()
            }
            E::Index { base, index } => self.both(base, index, state, |base, index| {
                Part::Index(Arc::new(base.clone()), Arc::new(index.clone())).into()
            }),
            _ => self.value(expression, state),
        }
    }

    /// The states in which a variable has the values of its initialiser.
    pub(super) fn initialized(
        &mut self,
        variable: &Term,
        is_array: bool,
        entries: &[Entry],
        state: State,
    ) -> Vec<State> {
        let mut states = vec![state];
        for (number, entry) in entries.iter().enumerate() {
            let is_positional = entry.span == entry.value.span;
            let place = match entry.members.as_slice() {
                [] if is_array && is_positional => {
                    let number = Arc::new(Term::constant(number as i128));
                    Part::Index(Arc::new(variable.clone()), number).into()
                }
                // The rest of it is 0, too.
                [] if entry.value.is_zero() => continue,
                [] => {
                    self.miss(Gap::NotEvaluated);
                    continue;
                }
                members => members.iter().fold(variable.clone(), |place, member| member_of(&place, member)),
            };
            let mut next = Vec::new();
            for state in states {
                if let E::Initializer { ty: None, entries } = &entry.value.kind {
                    next.extend(self.initialized(&place, false, entries, state));
                    continue;
                }
                for (mut state, value) in self.value(&entry.value, state) {
                    state.memory.insert(place.clone(), value);
                    next.push(state);
                }
            }
            states = next;
        }
        states
    }

    /// Whether a call is its argument, in another type.
    fn is_argument(&self, callee: &Expression) -> bool {
        let value = callee.name().and_then(|name| self.functions.context.rules.value(name));
        value == Some(CallValue::Argument)
    }

    pub(super) fn assign(
        &mut self,
        operator: Option<Arithmetic>,
        target: &Expression,
        value: &Expression,
        span: Span,
        state: State,
    ) -> Values {
        let mut values = Vec::new();
        for (state, value) in self.value(value, state) {
            let Some(operator) = operator else {
                values.extend(self.store(target, value, span, state));
                continue;
            };
            for (state, old) in self.value(target, state) {
                values.extend(self.store(target, operation(operator, &old, &value), span, state));
            }
        }
        values
    }

    /// `++x`, whose value is the new one, or `x++`.
    pub(super) fn step(&mut self, up: bool, is_prefix: bool, operand: &Expression, span: Span, state: State) -> Values {
        let by = if up { 1 } else { -1 };
        let mut values = Vec::new();
        for (state, old) in self.value(operand, state) {
            let new = old.plus(&Term::constant(by)).unwrap_or_default();
            let stored = self.store(operand, new, span, state).into_iter();
            values.extend(stored.map(|(state, new)| (state, if is_prefix { new } else { old.clone() })));
        }
        values
    }

    /// Assigns a value to a variable, a field of the VMA, or an object.
    pub(super) fn store(&mut self, target: &Expression, value: Term, span: Span, mut state: State) -> Values {
        // `pgprot_val(prot) |= x`
        if let E::Call { callee, arguments } = &target.bare().kind
            && let [inner] = arguments.as_slice()
            && self.is_argument(callee)
        {
            return self.store(inner, value, span, state);
        }
        let value = value.bounded();
        if let Some(name) = target.name() {
            let value = self.frame().types.get(name).map_or_else(|| value.clone(), |ty| narrowed(ty, value.clone()));
            if self.frame().types.contains_key(name) || state.locals.contains_key(name) {
                state.locals.insert(name.to_owned(), value.clone());
                return vec![(state, value)];
            }
        }
        let is_own = self.is_own(target);
        let mut values = Vec::new();
        let is_behind = target.bare().prefixed(Prefix::Target).is_some();
        let is_result = matches!(value.as_part(), Some(Part::Populated(_)));
        for (mut state, place) in self.place(target, state) {
            let is_lent = place.as_name().is_some_and(|name| self.lent.iter().any(|lent| lent == name));
            // What a function leaves for its caller is 0 if the call has populated. An action fails later, with an error of its own.
            let value = if is_behind && is_result && !is_lent { Term::default() } else { value.clone() };
            if let Some(Part::Member(base, name)) = place.as_part() {
                if let Some(field) = self.mapping_field(base, name) {
                    self.write_field(&field, value.clone(), span, &mut state);
                    values.push((state, value.clone()));
                    continue;
                }
                if name == "error_override" {
                    state.error_override = Some(value.clone());
                    values.push((state, value.clone()));
                    continue;
                }
            }
            if matches!(place.as_part(), Some(Part::Mapping)) {
                self.miss(Gap::WritesWhole);
            }
            if requests_action(&place) {
                self.miss(Gap::FillsAction);
            }
            // A store of the present value changes nothing.
            if value == state.memory.get(&place).cloned().unwrap_or_else(|| place.clone()) {
                values.push((state, value.clone()));
                continue;
            }
            state.memory.insert(place.clone(), value.clone());
            if !is_own && !is_lent {
                self.add_effect(EffectKind::Store(place, value.clone()), span, &mut state);
            }
            values.push((state, value.clone()));
        }
        values
    }

    /// Whether a place is a part of a variable of the running function.
    pub(super) fn is_own(&self, target: &Expression) -> bool {
        let mut part = target.bare();
        loop {
            part = match &part.kind {
                E::Field { base, arrow: false, .. } | E::Index { base, .. } => base,
                E::Name(name) => {
                    return self.frame().types.get(name).is_some_and(|ty| ty.pointers == 0);
                }
                _ => return false,
            };
        }
    }

    pub(super) fn write_field(&mut self, field: &str, value: Term, span: Span, state: &mut State) {
        state.left.remove(field);
        if field != "vm_flags" {
            state.trace.push(Event::Writes(field.to_owned(), value.clone()));
            state.mapping.fields.insert(field.to_owned(), value);
            return;
        }
        let mut changes = Vec::new();
        if flag_changes(&value, &mut changes) {
            for (flags, set) in changes {
                self.change_flags(&flags, set, state);
            }
            return;
        }
        self.add_effect(EffectKind::Store(Part::Field("vm_flags".to_owned()).into(), value), span, state);
    }
}

/// Whether a place is what asks for an action, `desc->action` or a part of it, and not what adjusts one.
fn requests_action(place: &Term) -> bool {
    /// Members of `struct mmap_action` that drivers set themselves (include/linux/mm_types.h).
    const ADJUSTING: &[&str] = &["error_override", "hide_from_rmap_until_complete", "success_hook", "error_hook"];
    let is_action = |part: &Part| matches!(part, Part::Member(base, name) if name == "action" && matches!(base.as_part(), Some(Part::Mapping)));
    let adjusts = matches!(place.as_part(), Some(Part::Member(_, name)) if ADJUSTING.contains(&name.as_str()));
    !adjusts && place.any(&is_action)
}

/// Collects what `vm_flags | SET` and `vm_flags & ~CLEARED` change, the innermost first. Returns whether the value is made of such steps
/// alone.
pub(super) fn flag_changes(value: &Term, changes: &mut Vec<(BTreeSet<String>, bool)>) -> bool {
    let (operator, operands) = match value.as_part() {
        Some(Part::Field(name)) => return name == "vm_flags",
        Some(Part::Operation(Operation::Arithmetic(operator), operands)) => (*operator, operands),
        _ => return false,
    };
    let [left, right] = operands.as_slice() else { return false };
    let complement = |term: &Term| match term.as_part() {
        Some(Part::Operation(Operation::Complement, inner)) => inner.first().and_then(flags_of).cloned(),
        _ => None,
    };
    for (rest, mask) in [(left, right), (right, left)] {
        let change = match operator {
            Arithmetic::Or => flags_of(mask).cloned().map(|flags| (flags, true)),
            Arithmetic::And => complement(mask).map(|flags| (flags, false)),
            _ => None,
        };
        if let Some(change) = change {
            let is_known = flag_changes(rest, changes);
            changes.push(change);
            return is_known;
        }
    }
    false
}

/// The place `base->name` in one normal form: `(&a)->b` and `a.b` give the same place, and so do `(*p).b` and `p->b`.
pub(super) fn member_of(base: &Term, name: &str) -> Term {
    let base = match base.as_part() {
        Some(Part::Address(value)) | Some(Part::Target(value)) => value.clone(),
        _ => Arc::new(base.clone()),
    };
    Part::Member(base, name.to_owned()).into()
}

pub(super) fn target_of(pointer: Term) -> Term {
    match pointer.as_part() {
        Some(Part::Address(value)) => value.as_ref().clone(),
        Some(Part::Mapping) => pointer,
        _ => Part::Target(Arc::new(pointer)).into(),
    }
}

pub(super) fn address_of(place: Term) -> Term {
    match place.as_part() {
        Some(Part::Mapping) => place,
        Some(Part::Target(pointer)) => pointer.as_ref().clone(),
        _ => Part::Address(Arc::new(place)).into(),
    }
}
