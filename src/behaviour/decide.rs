//! What a condition says of a state.

use std::collections::BTreeSet;

use super::arithmetic::masks;
use super::atom::Compared;
use super::evaluate::Values;
use super::flags::{all_flags, any_flag, masked};
use super::state::State;
use super::term::{Part, Term};
use super::walk::Walk;
use crate::rules::Idiom;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Comparison, Prefix};
use crate::source::words;
use crate::vma::lower::flags::tests_all;

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
