//! The value of an expression, and what a condition says of a state.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::atom::Compared;
use super::outcome::{Effect, EffectKind};
use super::state::State;
use super::term::{Part, Term};
use super::walk::{Walk, narrowed};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::vma::lower::flags::flag_of;

/// States with the value that an expression has in each.
pub(super) type Values = Vec<(State, Term)>;

/// States with the answer that a condition has in each.
pub(super) type Answers = Vec<(State, bool)>;

impl Walk<'_, '_> {
    /// Evaluates a condition.
    pub(super) fn condition(&mut self, condition: &Expression, state: State) -> Answers {
        match &condition.bare().kind {
            E::Unary { operator, operand } if operator == "!" => {
                self.condition(operand, state).into_iter().map(|(state, holds)| (state, !holds)).collect()
            }
            E::Binary { operator, left, right } if operator == "&&" || operator == "||" => {
                let decided = operator == "||";
                let mut answers = Vec::new();
                for (state, holds) in self.condition(left, state) {
                    if holds == decided {
                        answers.push((state, holds));
                    } else {
                        answers.extend(self.condition(right, state));
                    }
                }
                answers
            }
            E::Binary { operator, left, right } if is_comparison(operator) => {
                let mut answers = Vec::new();
                for (state, left) in self.value(left, state) {
                    for (state, right) in self.value(right, state) {
                        answers.extend(self.compared(operator, &left, &right, state));
                    }
                }
                answers
            }
            E::Call { callee, arguments } => match callee.name() {
                Some(name) => self.asked(name, arguments, condition, state),
                None => self.truth_of(condition, state),
            },
            _ => self.truth_of(condition, state),
        }
    }

    /// Evaluates a call whose result decides.
    fn asked(&mut self, name: &str, arguments: &[Expression], whole: &Expression, state: State) -> Answers {
        let rules = self.functions.context.rules;
        if rules.idiom(name).is_some_and(crate::rules::Idiom::is_truth)
            && let Some(first) = arguments.first()
        {
            return self.condition(first, state);
        }
        if let Some(rule) = rules.flag_test(name) {
            let wanted = rule.set.iter().map(|flag| (flag, true)).chain(rule.clear.iter().map(|flag| (flag, false)));
            let wanted: Vec<(String, bool)> = wanted.map(|(flag, set)| (flag.clone(), set)).collect();
            return all_flags(&wanted, state);
        }
        if let Some(first) = rules.call(name).and_then(|rule| rule.test) {
            let mut flags = BTreeSet::new();
            for argument in arguments.iter().skip(first) {
                flags.extend(self.flags_in(argument));
            }
            let is_all = name.ends_with("_all");
            return if is_all {
                all_flags(&flags.into_iter().map(|flag| (flag, true)).collect::<Vec<_>>(), state)
            } else {
                any_flag(&flags, state)
            };
        }
        self.truth_of(whole, state)
    }

    fn truth_of(&mut self, condition: &Expression, state: State) -> Answers {
        let mut answers = Vec::new();
        for (state, value) in self.value(condition, state) {
            answers.extend(self.truth(&value, state));
        }
        answers
    }

    /// Whether a value is not 0.
    pub(super) fn truth(&self, value: &Term, state: State) -> Answers {
        if let Some(flags) = masked(value) {
            return any_flag(flags, state);
        }
        if let Some(Part::Populated(number)) = value.as_part() {
            let number = *number;
            return state
                .decide(Compared::If(super::atom::Literal { atom: super::atom::Atom::Fails(number), holds: true }));
        }
        state.decide(Compared::zero(value).negated())
    }

    /// Compares two values.
    fn compared(&self, operator: &str, left: &Term, right: &Term, state: State) -> Answers {
        let equal = operator == "==";
        if operator == "==" || operator == "!=" {
            for (value, other) in [(left, right), (right, left)] {
                // `(vm_flags & MASK) == WANTED`
                if let Some(mask) = masked(value) {
                    let wanted = match other.as_part() {
                        Some(Part::Flags(wanted)) => Some(wanted.clone()),
                        _ => (other.as_constant() == Some(0)).then(BTreeSet::new),
                    };
                    if let Some(wanted) = wanted {
                        let all: Vec<(String, bool)> =
                            mask.iter().map(|flag| (flag.clone(), wanted.contains(flag))).collect();
                        return all_flags(&all, state)
                            .into_iter()
                            .map(|(state, holds)| (state, holds == equal))
                            .collect();
                    }
                }
                if other.as_constant() == Some(0) {
                    let answers = self.truth(value, state);
                    return answers.into_iter().map(|(state, holds)| (state, holds != equal)).collect();
                }
            }
        }
        // `remap_pfn_range(...) < 0` asks whether it fails.
        if let (Some(Part::Populated(_)), "<", Some(0)) = (left.as_part(), operator, right.as_constant()) {
            return self.truth(left, state);
        }
        let difference = left.minus(right).filter(|_| masked(left).is_none());
        let Some(difference) = difference else {
            let opaque = Part::Operation(operator.to_owned(), vec![left.clone(), right.clone()]).into();
            return state.decide(Compared::zero(&opaque).negated());
        };
        let opposite = difference.times(-1).unwrap_or_default();
        let compared = match operator {
            ">" => Compared::positive(&difference),
            "<" => Compared::positive(&opposite),
            ">=" => Compared::positive(&opposite).negated(),
            "<=" => Compared::positive(&difference).negated(),
            "==" => Compared::zero(&difference),
            _ => Compared::zero(&difference).negated(),
        };
        // `offset + size < offset` asks whether the sum wraps, which a sum of integers never does.
        let is_wrap = matches!(compared, Compared::Always(_))
            && left.as_constant().is_none()
            && right.as_constant().is_none()
            && left != right;
        if is_wrap {
            let opaque = Part::Operation(operator.to_owned(), vec![left.clone(), right.clone()]).into();
            return state.decide(Compared::zero(&opaque).negated());
        }
        state.decide(compared)
    }

    /// Evaluates an expression.
    pub(super) fn value(&mut self, expression: &Expression, state: State) -> Values {
        match &expression.kind {
            E::Name(name) => {
                let value = self.named(name, &state);
                vec![(state, value)]
            }
            E::Number(number) => {
                let value = number_of(number).map_or_else(|| Part::Name(number.clone()).into(), Term::constant);
                vec![(state, value)]
            }
            E::Literal | E::Initializer { .. } => {
                let text = expression.text(&self.functions.context.index.file(self.frame().file).text);
                vec![(state, Part::Name(text).into())]
            }
            E::Call { .. } => self.call(expression, state),
            E::Field { base, name, .. } => {
                let values = self.value(base, state).into_iter();
                values
                    .map(|(state, base)| {
                        let value = self.member(&base, name, &state);
                        (state, value)
                    })
                    .collect()
            }
            E::Index { base, index } => self.both(base, index, state, |base, index| {
                Part::Index(Arc::new(base.clone()), Arc::new(index.clone())).into()
            }),
            E::Unary { operator, operand } => self.unary(operator, operand, expression, state),
            E::Binary { operator, .. } if is_comparison(operator) || operator == "&&" || operator == "||" => {
                self.as_number(expression, state)
            }
            E::Binary { operator, left, right } => {
                self.both(left, right, state, |left, right| operation(operator, left, right))
            }
            E::Assign { operator, target, value } => self.assign(operator, target, value, expression.span, state),
            E::Step { operator, operand } => self.step(operator, operand, expression.span, state),
            E::Conditional { condition, then, otherwise } => {
                let mut values = Vec::new();
                for (state, holds) in self.condition(condition, state) {
                    let arm = if holds { then.as_deref().unwrap_or(condition) } else { otherwise };
                    values.extend(self.value(arm, state));
                }
                values
            }
            E::Cast { ty, value } => {
                self.value(value, state).into_iter().map(|(state, value)| (state, narrowed(ty, value))).collect()
            }
            E::Statements(_) | E::Other(_) => {
                let text = expression.text(&self.functions.context.index.file(self.frame().file).text);
                vec![(state, Part::Name(text).into())]
            }
        }
    }

    /// Evaluates two operands, left before right.
    fn both(
        &mut self,
        left: &Expression,
        right: &Expression,
        state: State,
        join: impl Fn(&Term, &Term) -> Term,
    ) -> Values {
        let mut values = Vec::new();
        for (state, left) in self.value(left, state) {
            values.extend(self.value(right, state).into_iter().map(|(state, right)| {
                let value = join(&left, &right);
                (state, value)
            }));
        }
        values
    }

    /// A condition whose value is used: 1 or 0.
    fn as_number(&mut self, condition: &Expression, state: State) -> Values {
        let answers = self.condition(condition, state).into_iter();
        answers.map(|(state, holds)| (state, Term::constant(holds.into()))).collect()
    }

    fn named(&self, name: &str, state: &State) -> Term {
        if let Some(value) = state.locals.get(name) {
            return value.clone();
        }
        match name {
            "NULL" | "false" => return Term::default(),
            "true" => return Term::constant(1),
            "PAGE_SIZE" => return Term::page_size(),
            _ => {}
        }
        if let Some(flags) = self.flags_named(name) {
            return Part::Flags(flags).into();
        }
        Part::Name(name.to_owned()).into()
    }

    /// The flags that a name stands for.
    fn flags_named(&self, name: &str) -> Option<BTreeSet<String>> {
        let rules = self.functions.context.rules;
        match rules.mask(name) {
            Some(all) => Some(all.iter().cloned().collect()),
            None => flag_of(name).map(|flag| BTreeSet::from([flag])),
        }
    }

    /// The flags that an expression names.
    pub(super) fn flags_in(&self, expression: &Expression) -> BTreeSet<String> {
        let mut flags = BTreeSet::new();
        crate::source::visit::expression(expression, &mut |part| {
            if let E::Name(name) = &part.kind {
                flags.extend(self.flags_named(name).unwrap_or_default());
            }
        });
        flags
    }

    /// The value of a member.
    pub(super) fn member(&self, base: &Term, name: &str, state: &State) -> Term {
        if let Some(field) = self.mapping_field(base, name) {
            return state.field(&field);
        }
        let place = member_of(base, name);
        state.memory.get(&place).cloned().unwrap_or(place)
    }

    /// The field of the VMA that `base->name` is.
    fn mapping_field(&self, base: &Term, name: &str) -> Option<String> {
        if !matches!(base.as_part(), Some(Part::Mapping)) || name == "action" {
            return None;
        }
        let rules = self.functions.context.rules;
        Some(rules.desc_field(name).unwrap_or_else(|| rules.vma_field(name)).to_owned())
    }

    fn unary(&mut self, operator: &str, operand: &Expression, whole: &Expression, state: State) -> Values {
        match operator {
            "!" => self.as_number(whole, state),
            "&" => {
                let places = self.place(operand, state).into_iter();
                places
                    .map(|(state, place)| {
                        let address = self.address_of(place);
                        (state, address)
                    })
                    .collect()
            }
            "sizeof" => {
                let text = whole.text(&self.functions.context.index.file(self.frame().file).text);
                vec![(state, Part::Name(text).into())]
            }
            _ => {
                let values = self.value(operand, state).into_iter();
                let applied = |value: Term| match operator {
                    "-" => value.times(-1).unwrap_or_default(),
                    "+" => value,
                    "*" => target_of(value),
                    _ => Part::Operation(operator.to_owned(), vec![value]).into(),
                };
                values
                    .map(|(state, value)| {
                        let value = applied(value);
                        let value = state.memory.get(&value).cloned().unwrap_or(value);
                        (state, value)
                    })
                    .collect()
            }
        }
    }

    /// `&place`. A helper that is given the address of a field of the mapping reads that field.
    fn address_of(&self, place: Term) -> Term {
        if let Some(Part::Member(base, name)) = place.as_part()
            && let Some(field) = self.mapping_field(base, name)
        {
            return Part::Field(field).into();
        }
        address_of(place)
    }

    /// The place that an expression denotes, as a term: what `&` takes the address of and what is assigned to.
    fn place(&mut self, expression: &Expression, state: State) -> Values {
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
            E::Index { base, index } => self.both(base, index, state, |base, index| {
                Part::Index(Arc::new(base.clone()), Arc::new(index.clone())).into()
            }),
            E::Unary { operator, operand } if operator == "*" => {
                self.value(operand, state).into_iter().map(|(state, pointer)| (state, target_of(pointer))).collect()
            }
            _ => self.value(expression, state),
        }
    }

    fn assign(&mut self, operator: &str, target: &Expression, value: &Expression, span: Span, state: State) -> Values {
        let mut values = Vec::new();
        for (state, value) in self.value(value, state) {
            if operator == "=" {
                values.extend(self.store(target, value, span, state));
                continue;
            }
            let operator = operator.trim_end_matches('=');
            for (state, old) in self.value(target, state) {
                values.extend(self.store(target, operation(operator, &old, &value), span, state));
            }
        }
        values
    }

    fn step(&mut self, operator: &str, operand: &Expression, span: Span, state: State) -> Values {
        let by = if operator == "++" { 1 } else { -1 };
        let mut values = Vec::new();
        for (state, old) in self.value(operand, state) {
            let new = old.plus(&Term::constant(by)).unwrap_or_default();
            // Whether the old value or the new one counts, its text does not tell here; the old one is the common case.
            values.extend(self.store(operand, new, span, state).into_iter().map(|(state, _)| (state, old.clone())));
        }
        values
    }

    /// Assigns a value to a variable, a field of the VMA, or an object.
    fn store(&mut self, target: &Expression, value: Term, span: Span, mut state: State) -> Values {
        if let Some(name) = target.name() {
            let value = self.frame().types.get(name).map_or_else(|| value.clone(), |ty| narrowed(ty, value.clone()));
            if self.frame().types.contains_key(name) || state.locals.contains_key(name) {
                state.locals.insert(name.to_owned(), value.clone());
                return vec![(state, value)];
            }
        }
        let is_own = self.is_own(target);
        let mut values = Vec::new();
        for (mut state, place) in self.place(target, state) {
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
            state.memory.insert(place.clone(), value.clone());
            if !is_own {
                self.add_effect(EffectKind::Store(place, value.clone()), span, &mut state);
            }
            values.push((state, value.clone()));
        }
        values
    }

    /// Whether a place is a part of a variable of the running function.
    fn is_own(&self, target: &Expression) -> bool {
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

    fn write_field(&mut self, field: &str, value: Term, span: Span, state: &mut State) {
        if field != "vm_flags" {
            state.mapping.fields.insert(field.to_owned(), value);
            return;
        }
        match value.as_part() {
            Some(Part::Operation(operator, operands)) if operator == "|" && operands.len() == 2 => {
                if let Some(flags) = operands.iter().find_map(flags_of) {
                    self.change_flags(flags, true, state);
                    return;
                }
            }
            Some(Part::Operation(operator, operands)) if operator == "&" => {
                let complement = operands.iter().find_map(|operand| match operand.as_part() {
                    Some(Part::Operation(operator, inner)) if operator == "~" => inner.first().and_then(flags_of),
                    _ => None,
                });
                if let Some(flags) = complement {
                    self.change_flags(flags, false, state);
                    return;
                }
            }
            _ => {}
        }
        self.add_effect(EffectKind::Store(Part::Field("vm_flags".to_owned()).into(), value), span, state);
    }

    pub(super) fn change_flags(&self, flags: &BTreeSet<String>, set: bool, state: &mut State) {
        state.mapping.flags.extend(flags.iter().map(|flag| (flag.clone(), set)));
    }

    pub(super) fn add_effect(&self, kind: EffectKind, span: Span, state: &mut State) {
        let is_looped = self.frames.iter().any(|frame| frame.loops > 0);
        state.effects.push(Effect { kind, is_looped, place: self.at(span) });
    }
}

fn is_comparison(operator: &str) -> bool {
    matches!(operator, "<" | ">" | "<=" | ">=" | "==" | "!=")
}

/// The flags that a term names.
fn flags_of(term: &Term) -> Option<&BTreeSet<String>> {
    match term.as_part() {
        Some(Part::Flags(flags)) => Some(flags),
        _ => None,
    }
}

/// The mask, if a term is the VMA's flags under a mask.
fn masked(term: &Term) -> Option<&BTreeSet<String>> {
    let Some(Part::Operation(operator, operands)) = term.as_part() else { return None };
    let [left, right] = operands.as_slice() else { return None };
    let is_flags = |term: &Term| matches!(term.as_part(), Some(Part::Field(name)) if name == "vm_flags");
    match operator.as_str() {
        "&" if is_flags(left) => flags_of(right),
        "&" if is_flags(right) => flags_of(left),
        _ => None,
    }
}

/// Whether any of some flags is set.
fn any_flag(flags: &BTreeSet<String>, state: State) -> Answers {
    let (mut answers, mut left) = (Vec::new(), vec![state]);
    for flag in flags {
        let mut clear = Vec::new();
        for state in left {
            for (state, set) in state.flag(flag) {
                if set { answers.push((state, true)) } else { clear.push(state) }
            }
        }
        left = clear;
    }
    answers.extend(left.into_iter().map(|state| (state, false)));
    answers
}

/// Whether all flags are as wanted.
fn all_flags(wanted: &[(String, bool)], state: State) -> Answers {
    let (mut answers, mut left) = (Vec::new(), vec![state]);
    for (flag, wanted) in wanted {
        let mut met = Vec::new();
        for state in left {
            for (state, set) in state.flag(flag) {
                if set == *wanted { met.push(state) } else { answers.push((state, false)) }
            }
        }
        left = met;
    }
    answers.extend(left.into_iter().map(|state| (state, true)));
    answers
}

/// The place `base->name` in one normal form: `(&a)->b` and `a.b` give the same place, and so do `(*p).b` and `p->b`.
fn member_of(base: &Term, name: &str) -> Term {
    let base = match base.as_part() {
        Some(Part::Address(value)) | Some(Part::Target(value)) => value.clone(),
        _ => Arc::new(base.clone()),
    };
    Part::Member(base, name.to_owned()).into()
}

fn target_of(pointer: Term) -> Term {
    match pointer.as_part() {
        Some(Part::Address(value)) => value.as_ref().clone(),
        Some(Part::Mapping) => pointer,
        _ => Part::Target(Arc::new(pointer)).into(),
    }
}

fn address_of(place: Term) -> Term {
    match place.as_part() {
        Some(Part::Mapping) => place,
        Some(Part::Target(pointer)) => pointer.as_ref().clone(),
        _ => Part::Address(Arc::new(place)).into(),
    }
}

/// The value of a number as C writes it.
fn number_of(text: &str) -> Option<i128> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => i128::from_str_radix(hexadecimal, 16).ok(),
        None if digits.len() > 1 && digits.starts_with('0') => i128::from_str_radix(digits, 8).ok(),
        None => digits.parse().ok(),
    }
}

/// The value of a binary operation.
fn operation(operator: &str, left: &Term, right: &Term) -> Term {
    let is_shift = right.as_name() == Some("PAGE_SHIFT");
    let sum = match operator {
        "+" => left.plus(right),
        "-" => left.minus(right),
        "*" => left.product(right),
        "<<" if is_shift => Some(left.times_pages(1)),
        ">>" if is_shift => Some(left.times_pages(-1)),
        "/" if *right == Term::page_size() => Some(left.times_pages(-1)),
        "<<" => right.as_constant().filter(|by| (0..64).contains(by)).and_then(|by| left.times(1 << by)),
        "&" if right.as_name() == Some("PAGE_MASK") && left.is_whole_pages() => Some(left.clone()),
        "|" => match (flags_of(left), flags_of(right)) {
            (Some(left), Some(right)) => Some(Part::Flags(left.union(right).cloned().collect()).into()),
            _ => None,
        },
        _ => None,
    };
    sum.unwrap_or_else(|| {
        let mut operands = vec![left.clone(), right.clone()];
        if matches!(operator, "&" | "|" | "^" | "*") {
            operands.sort();
        }
        Part::Operation(operator.to_owned(), operands).into()
    })
}
