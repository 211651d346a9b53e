//! Calls that take state, and give it back.

use super::Lowerer;
use crate::rules::{Named, Object, StateEffect, StateKind};
use crate::source::{Span, identifiers};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::vma::event::{EventKind, Fails};
use crate::vma::flow::Value;

impl<'a> Lowerer<'a> {
    /// `guard(mutex)(&lock)`: held until the scope ends, which here is until the function does.
    pub(super) fn guard(&mut self, names: &[Expression], arguments: &[Expression], span: Span) -> Value {
        let object = arguments.first().map(|lock| lock.text(self.text)).unwrap_or_default();
        let is_lock = names.first().and_then(Expression::name) != Some("rcu");
        if is_lock {
            self.event(EventKind::Take { kind: StateKind::Lock, object, fails: Fails::Error }, span);
        }
        Value::Unknown
    }

    /// `x_get_y()` takes a reference where the same function calls `x_put_y()` too.
    pub(super) fn paired(&self, name: &str) -> Option<StateEffect<'static>> {
        let has = |from: &str, to: &str| name.contains(from) && self.called.contains(&name.replace(from, to));
        if has("_get_", "_put_") {
            Some(StateEffect::Takes(StateKind::Ref, &Object::Result))
        } else {
            has("_put_", "_get_").then_some(StateEffect::Undoes(StateKind::Ref, &Object::Argument(0)))
        }
    }

    /// `x_lookup()` takes a reference where the function, or the close of the vm_ops that it installs, gives one back.
    pub(super) fn paired_by_rule(&self, name: &str) -> Option<StateEffect<'a>> {
        let rules = self.context.rules;
        let (kind, object) = rules.state_if_paired(name)?;
        let undoes = |name: &str| matches!(rules.state(name), Some(StateEffect::Undoes(undone, _)) if undone == kind);
        let is_given_back = self.called.iter().any(|name| undoes(name)) || self.closes_name(&undoes);
        is_given_back.then_some(StateEffect::Takes(kind, object))
    }

    /// Whether a `close` of a table that the function names calls something.
    fn closes_name(&self, is_it: &dyn Fn(&str) -> bool) -> bool {
        let index = self.context.index;
        self.tables.iter().any(|table| {
            let close = index.table_member(table, "close", self.file);
            let ids = close.map(|close| index.functions(&close, self.file)).unwrap_or_default();
            ids.into_iter().any(|id| identifiers(index.item(id).span.of(&index.file(id.file).text)).any(is_it))
        })
    }

    pub(super) fn state_call(
        &mut self,
        name: &str,
        effect: StateEffect<'_>,
        arguments: &[Expression],
        span: Span,
    ) -> Value {
        match effect {
            StateEffect::Takes(kind, object) => {
                let object = match object {
                    Object::Named(Named::Made) => arguments.first().filter(|first| is_address(first)),
                    object => argument_of(object, arguments),
                };
                let fails = if object.is_none()
                    || name.contains("try")
                    || name.contains("unless_zero")
                    || name.contains("not_zero")
                {
                    Fails::Zero
                } else {
                    Fails::Error
                };
                let text = object.map(|object| object.text(self.text)).unwrap_or_default();
                if object.is_some_and(|object| self.is_own(object)) {
                    return Value::Unknown;
                }
                Value::Slot(self.event(EventKind::Take { kind, object: text, fails }, span))
            }
            StateEffect::Undoes(kind, object) => {
                let object = argument_of(object, arguments).or(arguments.first());
                if object.is_some_and(|object| self.is_own(object)) {
                    return Value::Unknown;
                }
                let object = object.map(|object| object.text(self.text)).unwrap_or_default();
                self.event(EventKind::Undo { kind, object }, span);
                Value::Unknown
            }
        }
    }

    /// Whether an expression names an object on the function's own stack, whose counts and lists nobody else sees.
    pub(super) fn is_own(&self, object: &Expression) -> bool {
        match &object.bare().kind {
            E::Unary { operator, operand } if operator == "&" => {
                let local = operand.root().and_then(|root| self.scope.get(root));
                local.is_some_and(|ty| ty.pointers == 0 && !self.is_shared(operand))
            }
            _ => false,
        }
    }
}

/// The argument that names the object of a call, where one does by its place.
fn argument_of<'e>(object: &Object, arguments: &'e [Expression]) -> Option<&'e Expression> {
    match object {
        Object::Argument(position) => arguments.get(*position),
        Object::Named(Named::Last) => arguments.last(),
        Object::Named(Named::Made) | Object::Result => None,
    }
}

/// Whether an expression is the address of something.
fn is_address(expression: &Expression) -> bool {
    matches!(&expression.bare().kind, E::Unary { operator, .. } if operator == "&")
}
