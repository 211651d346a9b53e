//! Reads the refusals of one function.

use super::failing::clears_error;
use super::{Refusal, Refused, constant, in_words_of_caller, named};
use crate::index::Scope;
use crate::rules::{Idiom, StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Label, Statement, StatementKind as S};
use crate::source::operator::{Arithmetic, Binary, Comparison, Prefix};
use crate::source::visit::{self, Seen, values_of};
use crate::vma::lower::Lowerer;
use crate::vma::lower::conditions::is_zero;

/// A function in which refusals are read.
pub(super) struct Reader<'r> {
    pub(super) lowerer: &'r Lowerer<'r>,
    /// The variables of the function.
    pub(super) scope: &'r Scope,
    pub(super) body: &'r [Statement],
    /// Whether the function that is lowered calls it.
    pub(super) is_called: bool,
}

impl Reader<'_> {
    pub(super) fn refusals(&self) -> Vec<Refusal> {
        let mut found = Vec::new();
        visit::each_block(self.body, &mut |block| {
            for (number, statement) in block.iter().enumerate() {
                match &statement.kind {
                    S::If { condition, then, otherwise } => {
                        found.extend(self.refused_by(condition, [then, otherwise], &block[number + 1..]));
                    }
                    S::Switch { value, arms } => {
                        // `case LAMP_LIT: case LAMP_LENT: return -EBUSY;`
                        let runs_into = |number: &usize| arms[*number..].iter().find(|arm| !arm.body.is_empty());
                        let fails = |number: &usize| runs_into(number).is_some_and(|arm| self.fails(&arm.body));
                        for label in (0..arms.len()).filter(fails).map(|number| &arms[number].label) {
                            let others = arms.iter().flat_map(|arm| arm.label.values()).map(constant);
                            let refused = match label {
                                Label::Case(value) => Refused::Equal(constant(value)),
                                Label::Range(..) | Label::Default | Label::Missing => Refused::Other(others.collect()),
                            };
                            found.extend(self.object_of(value).map(|object| Refusal { object, refused, by: None }));
                        }
                    }
                    _ => {}
                }
            }
        });
        // `return lamp->busy ? -EBUSY : 0;`
        visit::statements(self.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Conditional { condition, then, otherwise }, .. }) = seen {
                if then.as_deref().is_some_and(Expression::is_error_number) {
                    self.tested(condition, true, &mut found);
                } else if otherwise.is_error_number() {
                    self.tested(condition, false, &mut found);
                }
            }
        });
        found
    }

    /// The refusals of an `if` with its two arms, and with what stands behind it.
    fn refused_by(
        &self,
        condition: &Expression,
        [then, otherwise]: [&[Statement]; 2],
        behind: &[Statement],
    ) -> Vec<Refusal> {
        let mut refused = Vec::new();
        let succeeds = || matches!(then.last().map(|last| &last.kind), Some(S::Return(_)));
        let only_fails = || behind.len() == 1 && self.fails(behind);
        if self.fails(then) {
            self.tested(condition, true, &mut refused);
        } else if self.fails(otherwise)
            || (otherwise.is_empty()
                && (clears_error(then, self.body) || self.tells_success(then) || succeeds() && only_fails()))
        {
            self.tested(condition, false, &mut refused);
        }
        refused.retain(|refusal| !(refusal.refused == Refused::Zero && self.is_made_above(&refusal.object, condition)));
        let compared: Vec<String> =
            refused.iter().filter(|refusal| is_compared(refusal)).map(|refusal| refusal.object.clone()).collect();
        refused.retain(|refusal| is_compared(refusal) || !compared.contains(&refusal.object));
        united(refused)
    }

    /// Collects the values of objects that a condition needs in order to hold, or not to hold.
    fn tested(&self, condition: &Expression, holds: bool, found: &mut Vec<Refusal>) {
        let condition = condition.bare();
        let mut add = |object: &Expression, refused: Refused| {
            let refused = if holds { refused } else { refused.opposite() };
            if let Some(object) = self.object_of(object) {
                found.push(Refusal { object, refused, by: None });
            }
        };
        match &condition.kind {
            E::Unary { operator: Prefix::Not, operand } => self.tested(operand, !holds, found),
            E::Binary { operator, left, right } => match operator {
                Binary::Both | Binary::Either => {
                    let mut both = Vec::new();
                    self.tested(left, holds, &mut both);
                    self.tested(right, holds, &mut both);
                    if (*operator == Binary::Both) == holds {
                        decided_together([left, right], &mut both);
                    }
                    found.extend(both);
                }
                Binary::Comparison(comparison) => match comparison {
                    Comparison::Equal if is_zero(right) => self.tested(left, !holds, found),
                    Comparison::Different if is_zero(right) => self.tested(left, holds, found),
                    Comparison::Greater if is_zero(right) => add(left, Refused::NonZero),
                    Comparison::Equal if self.is_fixed(right) => add(left, Refused::Equal(constant(right))),
                    Comparison::Different if self.is_fixed(right) => add(left, Refused::Other(vec![constant(right)])),
                    _ => {
                        add(left, Refused::Compared);
                        add(right, Refused::Compared);
                    }
                },
                Binary::Arithmetic(Arithmetic::And) if self.is_fixed(right) => add(left, Refused::Bit(constant(right))),
                Binary::Arithmetic(_) | Binary::Comma => {}
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some(name), [argument, ..]) if self.idiom(name).is_some_and(Idiom::is_truth) => {
                    self.tested(argument, holds, found);
                }
                (Some("test_bit"), [bit, object]) => add(object, Refused::Bit(constant(bit))),
                (Some(name), _) if self.idiom(name).is_none() && !self.is_called => {
                    self.asked(name, arguments, holds, found);
                }
                _ => add(condition, Refused::NonZero),
            },
            // `bool ok = lamp_is_idle(lamp); if (!ok) return -EBUSY;`
            E::Name(name) => match self.answer(name) {
                Some(answer) => self.tested(answer, holds, found),
                None => add(condition, Refused::NonZero),
            },
            _ => add(condition, Refused::NonZero),
        }
    }

    /// The one value of a local, if that is a question or its answer. A copy of an object has the name of the object.
    fn answer(&self, local: &str) -> Option<&Expression> {
        let values = self.lowerer.locals.pointers.get(local).filter(|_| !self.is_called)?;
        let [value] = values.as_slice() else { return None };
        let is_question = match &value.kind {
            E::Unary { operator, .. } => *operator == Prefix::Not,
            E::Binary { operator, .. } => match operator {
                Binary::Comparison(comparison) => !comparison.is_order(),
                Binary::Arithmetic(operator) => *operator == Arithmetic::And,
                Binary::Both | Binary::Either => true,
                Binary::Comma => false,
            },
            E::Call { .. } => true,
            _ => false,
        };
        is_question.then_some(value)
    }

    /// Collects the values that a function of the driver asks for, if all that it does is answer: `return lamp->busy;`.
    fn asked(&self, name: &str, arguments: &[Expression], holds: bool, found: &mut Vec<Refusal>) {
        self.lowerer.each_callee(
            name,
            |_| true,
            |callee, scope| {
                let reader = Reader { lowerer: self.lowerer, scope, body: &callee.body, is_called: true };
                let mut refused = Vec::new();
                if let Some(answer) = only_result(callee) {
                    reader.tested(answer, holds, &mut refused);
                }
                found.extend(refused.into_iter().filter_map(|refusal| in_words_of_caller(refusal, callee, arguments)));
            },
        );
    }

    /// Name of the object that an expression reads: `lamp->owner` for itself, `READ_ONCE(lamp->owner)` and `atomic_read(&lamp->owner)`.
    fn object_of(&self, value: &Expression) -> Option<String> {
        let value = value.bare();
        match &value.kind {
            E::Name(_) | E::Field { .. } | E::Index { .. } => named(value),
            E::Unary { operator: Prefix::Address | Prefix::Target, operand } => self.object_of(operand),
            // `atomic_dec_if_positive(&lamp->left) < 0`
            E::Call { callee, arguments }
                if matches!(
                    callee.name().and_then(|name| self.lowerer.context.rules.state(name)),
                    Some(StateEffect::Undoes(StateKind::Counter, _))
                ) =>
            {
                self.object_of(arguments.last()?)
            }
            E::Call { .. } => self.object_of(self.lowerer.load_of(value)?),
            _ => None,
        }
    }

    fn idiom(&self, name: &str) -> Option<Idiom> {
        self.lowerer.context.rules.idiom(name)
    }

    /// Whether a value is a constant, or a name that is no local. Parameters of a called function are none of the caller's constants.
    fn is_fixed(&self, value: &Expression) -> bool {
        match value.name().filter(|_| self.is_called) {
            Some(name) => self.scope.get(name).is_none(),
            None => self.lowerer.is_fixed(value),
        }
    }
}

/// Reduces the refusals of two conditions that have to hold together.
fn decided_together(conditions: [&Expression; 2], refusals: &mut Vec<Refusal>) {
    // `lamp->is_mapped && lamp->mode != mode`: the comparison of a member decides.
    let is_comparison = |condition: &&Expression| match &condition.bare().kind {
        E::Binary { operator: Binary::Comparison(comparison), left, right } => {
            let is_member = |side: &Expression| matches!(side.bare().kind, E::Field { .. });
            !comparison.is_order() && (is_member(left) || is_member(right))
        }
        _ => false,
    };
    if conditions.iter().any(is_comparison) && refusals.iter().any(is_compared) {
        refusals.retain(is_compared);
    }
    // `lamp->mode && lamp->mode != LAMP_ON`: neither nothing nor that one.
    let none = ["0", "NULL", "false"].map(str::to_owned);
    let set: Vec<String> =
        refusals.iter().filter(|one| one.refused == Refused::NonZero).map(|one| one.object.clone()).collect();
    let mut narrowed = Vec::new();
    for refusal in refusals.iter_mut() {
        if let Refused::Other(values) = &mut refusal.refused
            && set.contains(&refusal.object)
        {
            values.extend(none.clone());
            narrowed.push(refusal.object.clone());
        }
    }
    refusals.retain(|refusal| refusal.refused != Refused::NonZero || !narrowed.contains(&refusal.object));
}

fn is_compared(refusal: &Refusal) -> bool {
    refusal.refused == Refused::Compared
}

/// The one value that a function returns: that of its only `return`, or of the variable there.
fn only_result(function: &Function) -> Option<&Expression> {
    let mut returned = Vec::new();
    visit::each_block(&function.body, &mut |block| returned.extend(block.iter().filter_map(Statement::returned)));
    let [result] = returned.as_slice() else { return None };
    let Some(name) = result.name() else { return Some(result) };
    let values = values_of(name, &function.body);
    match values.as_slice() {
        [] => Some(result),
        [value] => Some(value),
        _ => None,
    }
}

/// Refusals in which all values that one object may have stand together: `mode != OFF && mode != ON`.
fn united(refusals: Vec<Refusal>) -> Vec<Refusal> {
    let mut united: Vec<Refusal> = Vec::new();
    for refusal in refusals {
        let known = united.iter_mut().find(|known| known.object == refusal.object);
        match (known.map(|known| &mut known.refused), refusal.refused) {
            (Some(Refused::Other(known)), Refused::Other(more)) => known.extend(more),
            (_, refused) => united.push(Refusal { refused, ..refusal }),
        }
    }
    united
}
