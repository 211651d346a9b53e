//! Conditions, as far as they choose paths.

use super::Lowerer;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::vma::flow::Condition;

impl Lowerer<'_> {
    pub(super) fn condition(&mut self, expression: &Expression) -> Condition {
        match &expression.kind {
            E::Unary { operator, operand } if operator == "!" => Condition::Not(Box::new(self.condition(operand))),
            E::Binary { operator, left, right } => match operator.as_str() {
                "&&" => Condition::All(vec![self.condition(left), self.condition(right)]),
                "||" => Condition::Any(vec![self.condition(left), self.condition(right)]),
                "==" | "!=" => self.comparison(operator == "==", left, right, expression),
                "<" if is_zero(right) => {
                    let value = self.expression(left);
                    Condition::Error(value)
                }
                _ => {
                    self.expression(expression);
                    Condition::Unknown
                }
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some("likely" | "unlikely" | "WARN_ON" | "WARN_ON_ONCE"), [argument, ..]) => self.condition(argument),
                (Some("IS_ERR" | "IS_ERR_VALUE"), [argument]) => {
                    let value = self.expression(argument);
                    Condition::Error(value)
                }
                (Some("IS_ERR_OR_NULL"), [argument]) => {
                    let value = self.expression(argument);
                    Condition::Any(vec![
                        Condition::Error(value.clone()),
                        Condition::Not(Box::new(Condition::True(value))),
                    ])
                }
                _ => {
                    let value = self.expression(expression);
                    Condition::True(value)
                }
            },
            _ => {
                let value = self.expression(expression);
                Condition::True(value)
            }
        }
    }

    /// Whether a condition holds where a member of a shared object is null: `!dev->buffer`, `dev->buffer == NULL`.
    pub(super) fn is_absence(&self, condition: &Expression) -> bool {
        let member = match &condition.kind {
            E::Unary { operator, operand } if operator == "!" => operand,
            E::Binary { operator, left, right } if operator == "==" && is_zero(right) => left,
            _ => return false,
        };
        self.is_presence(member)
    }

    /// Whether a condition holds where a member of a shared object is not null: `dev->buffer`.
    pub(super) fn is_presence(&self, condition: &Expression) -> bool {
        match &condition.kind {
            E::Field { .. } => self.is_shared(condition),
            E::Call { callee, .. } => callee.name().is_some_and(|name| self.context.rules.tests_presence(name)),
            _ => false,
        }
    }

    pub(super) fn comparison(
        &mut self,
        equal: bool,
        left: &Expression,
        right: &Expression,
        whole: &Expression,
    ) -> Condition {
        if !is_zero(right) {
            self.expression(whole);
            return Condition::Unknown;
        }
        let value = self.expression(left);
        let holds = Condition::True(value);
        if equal { Condition::Not(Box::new(holds)) } else { holds }
    }
}

pub(super) fn is_zero(expression: &Expression) -> bool {
    match &expression.kind {
        E::Number(number) => is_zero_number(number),
        E::Name(name) => name == "NULL" || name == "false",
        _ => false,
    }
}

pub(super) fn is_zero_number(number: &str) -> bool {
    matches!(number.trim_end_matches(['u', 'U', 'l', 'L']), "0" | "0x0")
}
