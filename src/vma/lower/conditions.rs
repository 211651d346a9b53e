//! Lowers conditions, reduced to the cases that select paths.

use super::Lowerer;
use crate::rules::{Asked, Idiom, StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E, Statement};
use crate::source::operator::{Binary, Comparison, Prefix};
use crate::source::visit::{self, Seen};
use crate::vma::flow::{Condition, Step, Value};

/// Object whose presence a condition tests.
pub(super) enum Member {
    /// A member, as written.
    Named(String),
    /// The object of a predicate.
    Asked,
    /// An object that a predicate looks up in a list or a tree.
    Sought,
}

impl Lowerer<'_> {
    pub(super) fn condition(&mut self, expression: &Expression) -> Condition {
        if self.aliases.is_vma(expression) {
            // A test for the presence of the VMA always holds.
            return Condition::True(Value::NonZero);
        }
        match &expression.kind {
            E::Unary { operator: Prefix::Not, operand } => Condition::Not(Box::new(self.condition(operand))),
            E::Binary { operator, left, right } => match operator {
                Binary::Both | Binary::Either => self.both(*operator == Binary::Both, left, right),
                Binary::Comparison(Comparison::Equal) => self.comparison(true, left, right, expression),
                Binary::Comparison(Comparison::Different) => self.comparison(false, left, right, expression),
                Binary::Comparison(Comparison::Less) if is_zero(right) => {
                    let value = self.expression(left);
                    Condition::Error(value)
                }
                _ => {
                    self.expression(expression);
                    Condition::Unknown
                }
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some(name), [argument, ..]) if self.context.rules.idiom(name).is_some_and(Idiom::is_truth) => {
                    self.condition(argument)
                }
                (Some(name), [argument]) if self.context.rules.idiom(name) == Some(Idiom::IsError) => {
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

    /// Lowers `a && b()` and `a || b()`. The right side runs only if the left one does not decide.
    fn both(&mut self, and: bool, left: &Expression, right: &Expression) -> Condition {
        let left = self.condition(left);
        let outer = std::mem::take(&mut self.steps);
        let right = self.condition(right);
        let steps = std::mem::replace(&mut self.steps, outer);
        if !steps.is_empty() {
            let (then, otherwise) = if and { (steps, Vec::new()) } else { (Vec::new(), steps) };
            self.steps.push(Step::If { condition: left.clone(), then, otherwise, absent: None });
        }
        if and { Condition::All(vec![left, right]) } else { Condition::Any(vec![left, right]) }
    }

    /// The member of a shared object that is absent if a condition holds: `!dev->buffer`, `dev->buffer == NULL`.
    pub(super) fn absent_member(&self, condition: &Expression) -> Option<Member> {
        match &condition.kind {
            E::Unary { operator: Prefix::Not, operand } => self.present_member(operand),
            E::Binary { operator: Binary::Comparison(Comparison::Equal), left, right } if is_zero(right) => {
                self.present_member(left)
            }
            // `if (file->mode == NONE) file->mode = MAPPED;`
            E::Binary { operator: Binary::Comparison(Comparison::Equal), left, right } if self.is_constant(right) => {
                self.present_member(left)
            }
            E::Binary { operator: Binary::Both, left, right } => {
                self.absent_member(left).or_else(|| self.absent_member(right))
            }
            E::Call { callee, .. } => {
                let asked = callee.name().and_then(|name| self.context.rules.presence(name));
                asked.filter(|asked| *asked == Asked::WhetherAbsent).map(|_| Member::Sought)
            }
            _ => None,
        }
    }

    /// The member of a shared object that is present if a condition holds: `dev->buffer`, or the object of a predicate.
    pub(super) fn present_member(&self, condition: &Expression) -> Option<Member> {
        match &condition.kind {
            E::Field { .. } => self.shared_member(condition),
            // `made = dev->buffer; if (!made) dev->buffer = made = make();`
            E::Name(name) => {
                let values = self.locals.pointers.get(name)?;
                values.iter().find_map(|value| self.shared_member(self.load_of(value).unwrap_or(value).bare()))
            }
            E::Call { callee, .. } => match callee.name().and_then(|name| self.context.rules.presence(name))? {
                Asked::WhetherMade => Some(Member::Asked),
                Asked::WhetherFound => Some(Member::Sought),
                Asked::WhetherAbsent => None,
            },
            _ => None,
        }
    }

    fn shared_member(&self, object: &Expression) -> Option<Member> {
        let E::Field { base, .. } = &object.kind else { return None };
        let is_shared = !self.aliases.is_vma(base) && !self.aliases.is_desc(base) && self.is_shared(object);
        is_shared.then(|| Member::Named(self.written(object).trim_matches(['(', ')']).to_owned()))
    }

    /// The object that a call reads: `dev->buffer` of `READ_ONCE(dev->buffer)`.
    pub(super) fn load_of<'e>(&self, call: &'e Expression) -> Option<&'e Expression> {
        let E::Call { callee, arguments } = &call.bare().kind else { return None };
        let [object] = arguments.as_slice() else { return None };
        let idiom = callee.name().and_then(|name| self.context.rules.idiom(name));
        idiom.is_some_and(Idiom::is_load).then_some(object)
    }

    /// Whether statements make a member: assign it, take its address to fill it, or link an object where it is looked up.
    pub(super) fn makes(&self, statements: &[Statement], member: &Member) -> bool {
        let member = match member {
            Member::Named(member) => member,
            Member::Asked => return true,
            Member::Sought => return self.links(statements),
        };
        let mut makes = false;
        visit::statements(statements, &mut |seen| {
            if let Seen::Expression(expression) = seen {
                makes |= match &expression.kind {
                    E::Assign { target, .. } => self.written(target) == *member,
                    E::Unary { operator: Prefix::Address, operand } => self.written(operand) == *member,
                    E::Call { callee, arguments } => {
                        let stores = callee.name().is_some_and(|name| self.context.rules.stores(name));
                        stores && arguments.first().is_some_and(|target| self.written(target) == *member)
                    }
                    _ => false,
                };
            }
        });
        makes
    }

    /// Whether statements link an object into a list or a tree.
    fn links(&self, statements: &[Statement]) -> bool {
        let rules = self.context.rules;
        let links = |name: &str| matches!(rules.state(name), Some(StateEffect::Takes(taking)) if taking.kind == StateKind::List);
        let mut found = false;
        visit::statements(statements, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Call { callee, .. }, .. }) = seen {
                found |= callee.name().is_some_and(links);
            }
        });
        found
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
        E::Name(name) => name == "NULL" || name == "false",
        _ => expression.is_zero(),
    }
}
