//! The value of an expression, and what a condition says of a state.

use std::collections::BTreeSet;

use super::arithmetic::{is_long_zero, masks, number_of, operation};
use super::atom::Compared;
use super::flags::{all_flags, any_flag, masked};
use super::outcome::{Effect, EffectKind, Gap};
use super::state::State;
use super::store::{member_of, target_of};
use super::term::{Operation, Part, Term};
use super::trace::Event;
use super::walk::{Walk, cut, narrowed};
use crate::index::{Hook, Scope, Takes};
use crate::rules::{Idiom, unprepared};
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind, Type};
use crate::source::operator::{Arithmetic, Binary, Comparison, Prefix};
use crate::source::visit;
use crate::source::{Span, words};
use crate::vma::lower::flags::tests_all;

/// States with the value that an expression has in each.
pub(super) type Values = Vec<(State, Term)>;

/// States with the answer that a condition has in each.
pub(super) type Answers = Vec<(State, bool)>;

impl Walk<'_, '_> {
    /// Evaluates a condition.
    pub(super) fn condition(&mut self, condition: &Expression, state: State) -> Answers {
        let answers = self.answers(condition, state);
        self.bounded(answers)
    }

    fn answers(&mut self, condition: &Expression, state: State) -> Answers {
        match &condition.bare().kind {
            E::Unary { operator: Prefix::Not, operand } => {
                self.condition(operand, state).into_iter().map(|(state, holds)| (state, !holds)).collect()
            }
            E::Binary { operator: operator @ (Binary::Both | Binary::Either), left, right } => {
                let decided = *operator == Binary::Either;
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
            E::Binary { operator: Binary::Comma, left, right } => {
                let before = self.call(left, state, true).into_iter();
                before.flat_map(|(state, _)| self.condition(right, state)).collect()
            }
            E::Binary { operator: Binary::Comparison(comparison), left, right } => {
                let mut answers = Vec::new();
                for (state, left) in self.value(left, state) {
                    for (state, right) in self.value(right, state) {
                        if comparison.is_order() {
                            self.note_wraps([&left, &right], condition.span, &state);
                        }
                        answers.extend(self.compared(*comparison, &left, &right, state));
                    }
                }
                answers
            }
            E::Call { callee, arguments } => match callee.name() {
                Some(name) => match self.own_macro(name, arguments, condition.span) {
                    Some(expanded) => self.expand(|walk| walk.condition(&expanded, state)),
                    None => self.asked(name, arguments, condition, state),
                },
                None => self.truth_of(condition, state),
            },
            _ => self.truth_of(condition, state),
        }
    }

    /// Evaluates a call whose result decides.
    fn asked(&mut self, name: &str, arguments: &[Expression], whole: &Expression, state: State) -> Answers {
        let rules = self.functions.context.rules;
        if rules.idiom(name).is_some_and(Idiom::is_truth)
            && let Some(first) = arguments.first()
        {
            return self.condition(first, state);
        }
        if rules.idiom(name) == Some(Idiom::IsError)
            && let Some(first) = arguments.first()
        {
            let mut answers = Vec::new();
            for (state, value) in self.value(first, state) {
                match value.as_part() {
                    _ if value.is_errno() => answers.push((state, true)),
                    Some(Part::Address(_)) => answers.push((state, false)),
                    // A path that computes the address of an object has found it.
                    Some(Part::Call(name, _)) if rules.idiom(name) == Some(Idiom::Container) => {
                        answers.push((state, false));
                    }
                    _ if value.as_constant() == Some(0) => answers.push((state, false)),
                    _ => answers.extend(self.truth(&Part::Call(name.to_owned(), vec![value.clone()]).into(), state)),
                }
            }
            return answers;
        }
        if let Some(rule) = rules.flag_test(name) {
            let wanted = rule.set.iter().map(|flag| (flag, true)).chain(rule.clear.iter().map(|flag| (flag, false)));
            let wanted: Vec<(String, bool)> = wanted.map(|(flag, set)| (flag.clone(), set)).collect();
            return all_flags(&wanted, state);
        }
        if let Some(first) = rules.call(name).and_then(|rule| rule.test) {
            let mut flags = BTreeSet::new();
            for argument in arguments.iter().skip(first) {
                flags.extend(self.flags_in(argument, &state));
            }
            let is_all = tests_all(name);
            return if is_all {
                all_flags(&flags.into_iter().map(|flag| (flag, true)).collect::<Vec<_>>(), state)
            } else {
                any_flag(&flags, state)
            };
        }
        self.truth_of(whole, state)
    }

    /// The value of an expression in a variable of type `bool`: flags under a mask are 0 or 1 there.
    pub(super) fn truth_as_value(&mut self, expression: &Expression, state: State) -> Values {
        let mut values = Vec::new();
        for (state, value) in self.value(expression, state) {
            if masked(&value).is_none() && !value.is_of_mapping() {
                values.push((state, value));
                continue;
            }
            let answers = self.truth(&value, state).into_iter();
            values.extend(answers.map(|(state, holds)| (state, Term::constant(holds.into()))));
        }
        values
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
        // `flags & (A | B)` asks for each of the bits.
        let bits = masks(value);
        if bits.len() > 1 {
            return state.any_of(bits, |state, bit| state.decide(Compared::zero(bit).negated()));
        }
        match value.as_part() {
            Some(Part::Populated(number)) => state.decide(Compared::fails(*number)),
            // The address of an object is no question of its own: what it was found by is there, or not.
            Some(Part::Call(name, arguments))
                if self.functions.context.rules.idiom(name) == Some(Idiom::Container) && !arguments.is_empty() =>
            {
                state.decide(Compared::zero(&arguments[0]).negated())
            }
            _ => state.decide(Compared::zero(value).negated()),
        }
    }

    /// Compares two values.
    pub(super) fn compared(&self, comparison: Comparison, left: &Term, right: &Term, state: State) -> Answers {
        let equal = comparison == Comparison::Equal;
        if !comparison.is_order() {
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
                // `(flags & BIT) == BIT`
                if is_masked_by(value, other) && self.is_one_bit(other) {
                    let answers = self.truth(value, state);
                    return answers.into_iter().map(|(state, holds)| (state, holds == equal)).collect();
                }
                if other.as_constant() == Some(0) {
                    let answers = self.truth(value, state);
                    return answers.into_iter().map(|(state, holds)| (state, holds != equal)).collect();
                }
            }
        }
        // `remap_pfn_range(...) < 0` asks whether it fails.
        if let (Some(Part::Populated(_)), Comparison::Less, Some(0)) = (left.as_part(), comparison, right.as_constant())
        {
            return self.truth(left, state);
        }
        if !comparison.is_order()
            && left.as_name().zip(right.as_name()).is_some_and(|names| self.are_enumerators(names))
        {
            return vec![(state, !equal)];
        }
        let difference = left.minus(right).filter(|_| masked(left).is_none());
        let Some(difference) = difference else { return state.decide(unsummed(comparison, left, right)) };
        let opposite = difference.times(-1).unwrap_or_default();
        let compared = match comparison {
            Comparison::Greater => Compared::positive(&difference),
            Comparison::Less => Compared::positive(&opposite),
            Comparison::AtLeast => Compared::positive(&opposite).negated(),
            Comparison::AtMost => Compared::positive(&difference).negated(),
            Comparison::Equal => Compared::zero(&difference),
            Comparison::Different => Compared::zero(&difference).negated(),
        };
        // `offset + size < offset` asks whether the sum wraps, which a sum of integers never does.
        let is_wrap = (matches!(compared, Compared::Always(_))
            || comparison.is_order() && (left.has_all_of(right) || right.has_all_of(left)))
            && !(left.never_wraps() && right.never_wraps())
            && left.as_constant().is_none()
            && right.as_constant().is_none()
            && left != right;
        if is_wrap {
            return state.decide(unsummed(comparison, left, right));
        }
        state.decide(compared)
    }

    /// Whether two names are different enumerators of one type, which the file declares without values.
    fn are_enumerators(&self, (one, other): (&str, &str)) -> bool {
        let text = &self.functions.context.index.file(self.frame().file).text;
        let mut lists = words(text, b"enum").filter_map(|at| {
            let open = at + memchr::memchr2(b'{', b';', &text[at..])?;
            let length = memchr::memchr(b'}', &text[open..])?;
            Some(&text[open..open + length]).filter(|list| list.first() == Some(&b'{') && !list.contains(&b'='))
        });
        let has = |list: &[u8], name: &str| words(list, name.as_bytes()).next().is_some();
        one != other && lists.any(|list| has(list, one) && has(list, other))
    }

    /// Evaluates an expression.
    pub(super) fn value(&mut self, expression: &Expression, state: State) -> Values {
        let values = self.values(expression, state);
        self.bounded(values)
    }

    fn values(&mut self, expression: &Expression, state: State) -> Values {
        match &expression.kind {
            E::Name(name) => match self.reading.constants.values.get(name) {
                Some(constant)
                    if self.may_expand() && !state.locals.contains_key(name) && self.flags_named(name).is_none() =>
                {
                    self.expand(|walk| walk.value(constant, state))
                }
                _ => {
                    let value = self.named(name, &state);
                    vec![(state, value)]
                }
            },
            E::Number(number) => {
                let value = number_of(number).map_or_else(|| Part::Name(number.clone()).into(), Term::constant);
                vec![(state, value)]
            }
            E::Literal => {
                let text = self.text_of(expression);
                vec![(state, Part::Name(self.sized(&text).unwrap_or(text)).into())]
            }
            E::Initializer { .. } => vec![(state, Part::Name(self.text_of(expression)).into())],
            E::Call { .. } => self.call(expression, state, false),
            E::Field { base, name, .. } if self.is_dead_hook(base, name) => vec![(state, Term::constant(0))],
            E::Field { base, name, .. } => {
                let values = self.value(base, state).into_iter();
                values
                    .map(|(mut state, base)| {
                        let value = self.member(&base, name, &state);
                        if state.stale.contains(&value) {
                            state.read_again.insert(value.clone());
                        }
                        (state, value)
                    })
                    .collect()
            }
            E::Index { .. } => {
                let places = self.place(expression, state).into_iter();
                places
                    .map(|(state, place)| (state.clone(), state.memory.get(&place).cloned().unwrap_or(place)))
                    .collect()
            }
            E::Unary { operator, operand } => self.unary(*operator, operand, expression, state),
            E::Binary { operator: Binary::Comma, left, right } => {
                let before = self.call(left, state, true).into_iter();
                before.flat_map(|(state, _)| self.value(right, state)).collect()
            }
            E::Binary { operator: Binary::Arithmetic(operator), left, right } => {
                self.both(left, right, state, |left, right| operation(*operator, left, right))
            }
            E::Binary { operator: Binary::Comparison(_) | Binary::Both | Binary::Either, .. } => {
                self.as_number(expression, state)
            }
            E::Assign { operator, target, value } => self.assign(*operator, target, value, expression.span, state),
            E::Step { up, is_prefix, operand } => self.step(*up, *is_prefix, operand, expression.span, state),
            E::Conditional { condition, then: Some(then), otherwise } => {
                let mut values = Vec::new();
                for (state, holds) in self.condition(condition, state) {
                    values.extend(self.value(if holds { then } else { otherwise }, state));
                }
                values
            }
            E::Conditional { condition, then: None, otherwise } => self.value_or(condition, otherwise, state),
            E::Cast { ty, value } => {
                let is_cut = self.cuts_off(ty, value);
                let values = self.value(value, state).into_iter();
                values
                    .map(|(state, value)| (state, if is_cut { cut(ty, value) } else { narrowed(ty, value) }))
                    .collect()
            }
            E::Statements(statements) => self.last_value(statements, state),
            E::Other(parts) => {
                let mut has_local = false;
                for part in parts {
                    visit::expression(part, &mut |part| {
                        has_local |= part.name().is_some_and(|name| state.locals.contains_key(name));
                    });
                }
                if has_local {
                    self.miss(Gap::NotEvaluated);
                }
                vec![(state, Part::Name(self.text_of(expression)).into())]
            }
        }
    }

    /// `({ ...; value; })`
    fn last_value(&mut self, statements: &[Statement], state: State) -> Values {
        let Some((Statement { kind: StatementKind::Expression(value), .. }, before)) = statements.split_last() else {
            self.miss(Gap::NotEvaluated);
            return vec![(state, Term::default())];
        };
        let exits = self.statements(before, vec![state]);
        if !(exits.returns.is_empty() && exits.breaks.is_empty() && exits.continues.is_empty()) {
            self.miss(Gap::NotEvaluated);
        }
        exits.next.into_iter().flat_map(|state| self.value(value, state)).collect()
    }

    /// `sizeof(struct lamp)` for the size of a variable of that type, or of what it points to.
    fn sized(&self, text: &str) -> Option<String> {
        let operand = text.strip_prefix("sizeof")?.trim_matches([' ', '(', ')']);
        let name = operand.trim_start_matches('*');
        let ty = self.frame().types.get(name).filter(|ty| !ty.is_array && ty.function.is_none())?;
        let pointers = usize::from(ty.pointers).checked_sub(operand.len() - name.len())?;
        Some(format!("sizeof({}{}{})", ty.name, if pointers > 0 { " " } else { "" }, "*".repeat(pointers)))
    }

    /// The text of an expression.
    pub(super) fn text_of(&self, expression: &Expression) -> String {
        expression.text(&self.functions.context.index.file(self.frame().file).text)
    }

    /// `value ?: otherwise`, which evaluates the first once.
    fn value_or(&mut self, value: &Expression, otherwise: &Expression, state: State) -> Values {
        let mut values = Vec::new();
        for (state, value) in self.value(value, state) {
            for (state, holds) in self.truth(&value, state) {
                match holds {
                    true => values.push((state, value.clone())),
                    false => values.extend(self.value(otherwise, state)),
                }
            }
        }
        values
    }

    /// Whether a cast cuts off bits of a member of a wider type: `(u32)lamp->base`.
    fn cuts_off(&self, ty: &Type, value: &Expression) -> bool {
        if !ty.is_narrow_integer() || !matches!(value.bare().kind, E::Field { .. }) {
            return false;
        }
        let frame = self.frame();
        let held = self.functions.context.types.of(value, &Scope::from(frame.types.clone()), frame.file);
        held.is_some_and(|held| held.is_wide_integer())
    }

    /// Whether a member is a hook that nothing implements: it is NULL in every table.
    fn is_dead_hook(&self, base: &Expression, member: &str) -> bool {
        let context = &self.functions.context;
        let hooks = context.index.hooks().with_member(member);
        let is_dead = |hook: &Hook| hook.takes == Takes::Vma && !context.index.is_implemented(hook);
        if !hooks.iter().any(is_dead) {
            return false;
        }
        let frame = self.frame();
        let ty = context.types.of(base, &Scope::from(frame.types.clone()), frame.file);
        let record = ty.as_ref().and_then(|ty| ty.tag());
        record.and_then(|record| context.index.hooks().find(record, member)).is_some_and(is_dead)
    }

    /// Evaluates two operands, left before right.
    pub(super) fn both(
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
        // A macro may get the name of a hook.
        Part::Name(self.shared_name(name)).into()
    }

    /// The value of a member.
    pub(super) fn member(&self, base: &Term, name: &str, state: &State) -> Term {
        if let Some(field) = self.mapping_field(base, name) {
            // mm/vma.c: __mmap_region() maps in the address space of the running process.
            if field == "vm_mm" && self.is_in_mmap {
                return member_of(&Part::Name("current".to_owned()).into(), "mm");
            }
            return state.field(&field);
        }
        // A hook and the one that takes a desc instead are read alike.
        let place = member_of(base, &self.shared_name(name));
        if let Some(value) = state.memory.get(&place) {
            return value.clone();
        }
        // A struct that was written as a whole, behind its address.
        let whole = match base.as_part() {
            Some(Part::Address(whole)) => state.memory.get(whole.as_ref()),
            _ => None,
        };
        whole.map_or(place, |whole| member_of(whole, name))
    }

    /// The name that a hook shares with the one that takes a desc instead.
    fn shared_name(&self, name: &str) -> String {
        if self.reading.is_shown { name.to_owned() } else { unprepared(name) }
    }

    /// The field of the VMA that `base->name` is.
    pub(super) fn mapping_field(&self, base: &Term, name: &str) -> Option<String> {
        if !matches!(base.as_part(), Some(Part::Mapping)) || name == "action" {
            return None;
        }
        let rules = self.functions.context.rules;
        Some(rules.desc_field(name).unwrap_or_else(|| rules.vma_field(name)).to_owned())
    }

    fn unary(&mut self, operator: Prefix, operand: &Expression, whole: &Expression, state: State) -> Values {
        match operator {
            Prefix::Not => self.as_number(whole, state),
            Prefix::Address => {
                let places = self.place(operand, state).into_iter();
                places
                    .map(|(state, place)| {
                        let address = self.address_of(place);
                        (state, address)
                    })
                    .collect()
            }
            Prefix::Complement if matches!(&operand.bare().kind, E::Number(number) if is_long_zero(number)) => {
                vec![(state, Part::Name("ULONG_MAX".to_owned()).into())]
            }
            Prefix::Minus | Prefix::Plus | Prefix::Target | Prefix::Complement => {
                let values = self.value(operand, state).into_iter();
                let applied = |value: Term| match operator {
                    Prefix::Minus => value.times(-1).unwrap_or_default(),
                    Prefix::Target => target_of(value),
                    Prefix::Complement => Part::Operation(Operation::Complement, vec![value]).into(),
                    _ => value,
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

    pub(super) fn add_effect(&self, kind: EffectKind, span: Span, state: &mut State) {
        let is_looped = self.frames.iter().any(|frame| frame.loops > 0);
        let effect = Effect { kind, is_looped, gets_mapping: false, place: self.at(span) };
        state.trace.push(Event::Does(effect.clone()));
        state.effects.push(effect);
    }
}

/// A comparison that is no question about a difference. `a > b` is `b < a`, and `a >= b` its opposite.
fn unsummed(comparison: Comparison, left: &Term, right: &Term) -> Compared {
    let (of, one, other, holds) = match comparison {
        Comparison::Greater => (Comparison::Less, right, left, true),
        Comparison::AtLeast => (Comparison::Less, left, right, false),
        Comparison::AtMost => (Comparison::Less, right, left, false),
        Comparison::Different => (Comparison::Equal, left, right, false),
        Comparison::Less | Comparison::Equal => (comparison, left, right, true),
    };
    let opaque = Compared::zero(&Part::Operation(of.into(), vec![one.clone(), other.clone()]).into());
    if holds { opaque.negated() } else { opaque }
}

/// Whether a value is that of others under a mask: `x & mask`.
fn is_masked_by(value: &Term, mask: &Term) -> bool {
    matches!(value.as_part(), Some(Part::Operation(operator, operands)) if *operator == Arithmetic::And.into() && operands.contains(mask))
}
