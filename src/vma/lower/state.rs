//! Calls that take or release state.

use super::Lowerer;
use super::refusals::named;
use crate::rules::{Object, ObjectRule, StateEffect, StateKind, Taking};
use crate::source::ast::{Expression, ExpressionKind as E, Type};
use crate::source::operator::Prefix;
use crate::source::{Span, identifiers};
use crate::vma::event::{EventKind, Fails, Write};
use crate::vma::flow::Value;

impl<'a> Lowerer<'a> {
    /// Lowers `guard(mutex)(&lock)`. The lock counts as held until the end of the function, not of the scope.
    pub(super) fn guard(&mut self, names: &[Expression], arguments: &[Expression], span: Span) -> Value {
        let object = arguments.first().map(|lock| self.written(lock)).unwrap_or_default();
        let name = names.first().and_then(Expression::name);
        if name != Some("rcu") {
            let is_shared = name.and_then(|name| self.context.rules.guard(name)).is_some_and(|guard| guard.shared);
            self.ownership.cleanups.push((object.clone(), StateKind::Lock));
            self.event(EventKind::Take { kind: StateKind::Lock, object, fails: Fails::Error, is_shared }, span);
        }
        Value::Unknown
    }

    /// Lowers `CLASS(fd, f)(number)`, which declares `f` and releases it at the end of the scope.
    pub(super) fn class(&mut self, names: &[Expression], arguments: &[Expression], span: Span) -> Value {
        self.arguments(arguments);
        let object = names.get(1).map(|object| self.written(object)).unwrap_or_default();
        self.ownership.cleanups.push((object.clone(), StateKind::Ref));
        self.event(EventKind::Take { kind: StateKind::Ref, object, fails: Fails::Zero, is_shared: false }, span);
        Value::Unknown
    }

    /// Lowers a call that takes state of the mapping in its first argument, whatever that is. Returns its result.
    pub(super) fn counts_for_mapping(&mut self, arguments: &[Expression], span: Span) -> Value {
        let object = arguments.first().map(|object| self.written(object)).unwrap_or_default();
        let take = EventKind::Take { kind: StateKind::Counter, object, fails: Fails::Error, is_shared: false };
        Value::Slot(self.event(take, span))
    }

    /// Effect of paired names: `x_get_y()` takes a reference if the function also calls `x_put_y()`, `x_lock_y()` a lock if it calls
    /// `x_unlock()`.
    pub(super) fn bracket(&self, name: &str) -> Option<StateEffect<'a>> {
        let has = |from: &str, to: &str| self.calls_counterpart(name, from, to);
        self.context.rules.brackets().iter().filter(|bracket| !bracket.with_close).find_map(|bracket| {
            if has(&bracket.open, &bracket.close) && !self.returns_number(name) {
                Some(StateEffect::Takes(Taking { kind: bracket.kind, ..Taking::default() }))
            } else {
                has(&bracket.close, &bracket.open).then_some(StateEffect::Undoes(bracket.kind, &Object::Argument(0)))
            }
        })
    }

    /// Whether the function also calls what `name` is called with one word in place of another: `x_put_y()` for `x_get_y()`.
    fn calls_counterpart(&self, name: &str, from: &str, to: &str) -> bool {
        let Some(at) = stem(name, from) else { return false };
        self.locals.called.iter().any(|other| stem(other, to) == Some(at) && other[..at] == name[..at])
    }

    /// Whether a function of the driver only locks, or only unlocks, and its counterpart by name is not called: `x_drop()` that calls
    /// `mutex_unlock()`.
    pub(super) fn only_locks(&self, name: &str) -> bool {
        let index = self.context.index;
        let is_pair = |from: &str, to: &str| self.calls_counterpart(name, from, to);
        let brackets = self.context.rules.brackets();
        if brackets.iter().any(|pair| is_pair(&pair.open, &pair.close) || is_pair(&pair.close, &pair.open)) {
            return false;
        }
        self.driver_functions(name).iter().any(|id| {
            let item = index.item(*id);
            let body = Span { start: item.body, end: item.span.end }.of(&index.file(id.file).text);
            let mut effects = identifiers(body).filter_map(|name| match self.context.rules.state(name)? {
                StateEffect::Takes(taking) => Some((taking.kind, true)),
                StateEffect::Undoes(kind, _) => Some((kind, false)),
            });
            let first = effects.next();
            first.is_some_and(|first| first.0 == StateKind::Lock && effects.all(|other| other == first))
        })
    }

    /// Whether a function of the driver returns a number, and so no object: `x_get_size()`. An `int` may also say whether it failed.
    fn returns_number(&self, name: &str) -> bool {
        let ids = self.driver_functions(name);
        let mut returned = ids.iter().flat_map(|id| self.context.function(*id).variants.clone());
        let is_number = |ty: &Type| ty.is_wide_integer() || (ty.is_narrow_integer() && ty.name != "int");
        returned
            .next()
            .is_some_and(|first| is_number(&first.returns) && returned.all(|other| is_number(&other.returns)))
    }

    /// Effect of `x_lookup()`: it takes a reference if the function, or the `close` of its vm_ops, releases one.
    pub(super) fn paired_by_rule(&self, name: &str) -> Option<StateEffect<'a>> {
        let rules = self.context.rules;
        let taking = rules.state_if_paired(name)?;
        let is_given_back =
            self.locals.called.iter().any(|name| self.undoes(name, taking.kind)) || self.close_undoes(taking.kind);
        is_given_back.then_some(StateEffect::Takes(taking))
    }

    /// Whether a call drops a reference, by a rule or by its name.
    pub(super) fn drops_reference(&self, name: &str) -> bool {
        let rules = self.context.rules;
        let mut closes = rules.brackets().iter().filter(|pair| pair.kind == StateKind::Ref);
        self.undoes(name, StateKind::Ref) || closes.any(|pair| stem(name, &pair.close).is_some())
    }

    pub(super) fn undoes(&self, name: &str, kind: StateKind) -> bool {
        matches!(self.context.rules.state(name), Some(StateEffect::Undoes(undone, _)) if undone == kind)
    }

    pub(super) fn state_call(
        &mut self,
        name: &str,
        effect: StateEffect<'_>,
        arguments: &[Expression],
        span: Span,
    ) -> Value {
        match effect {
            StateEffect::Takes(taking) => {
                let object = match taking.object {
                    Object::Rule(ObjectRule::Made) => arguments.first().filter(|first| is_address(first)),
                    object => argument_of(object, arguments),
                };
                let is_tried = self.context.rules.tells_by_truth(name);
                let fails = if object.is_none() || is_tried { Fails::Zero } else { Fails::Error };
                let text = object.map(|object| self.written(object)).unwrap_or_default();
                if object.is_some_and(|object| self.is_own(object)) {
                    return Value::Unknown;
                }
                // A lock that only the `close` of the mapping gives back is a claim for as long as it lives.
                let is_claim = taking.kind == StateKind::Lock
                    && !self.locals.called.iter().any(|name| self.undoes(name, StateKind::Lock))
                    && self.close_undoes(StateKind::Lock);
                let kind = if is_claim { StateKind::Counter } else { taking.kind };
                // Setting a bit again changes nothing, unless the `close` of each mapping clears it.
                let is_same_again = taking.same_again.and_then(|position| arguments.get(position));
                if is_same_again.is_some_and(|bit| {
                    self.is_constant(bit) && !object.is_some_and(|object| self.is_claimed_bit(bit, object))
                }) && !self.close_undoes(kind)
                {
                    self.event(EventKind::SharedWrite { object: text, write: Write::Value }, span);
                    return Value::Unknown;
                }
                let is_shared = taking.is_shared;
                Value::Slot(self.event(EventKind::Take { kind, object: text, fails, is_shared }, span))
            }
            StateEffect::Undoes(kind, object) => {
                let object = argument_of(object, arguments).or(arguments.first());
                if object.is_some_and(|object| self.is_own(object)) {
                    return Value::Unknown;
                }
                let is_callers = object.is_some_and(|object| self.is_callers(object));
                let is_spent = kind == StateKind::Counter && object.is_some_and(|object| self.is_spent(object));
                let object = object.map(|object| self.written(object)).unwrap_or_default();
                if is_spent {
                    self.event(EventKind::SharedWrite { object, write: Write::Refuses }, span);
                    return Value::Unknown;
                }
                if let [first, value] = arguments
                    && self.written(first) == object
                {
                    // `users = atomic_read(&lamp->users); atomic_set(&lamp->users, users + 1);`
                    if named(first).is_some_and(|name| self.is_computed_from(value, &name)) {
                        let kind = StateKind::Counter;
                        let take = EventKind::Take { kind, object, fails: Fails::Error, is_shared: false };
                        return Value::Slot(self.event(take, span));
                    }
                    // `if (atomic_read(&lamp->busy)) return -EBUSY; atomic_set(&lamp->busy, 1);`
                    if self.is_claim(None, first, value) {
                        self.event(EventKind::SharedWrite { object, write: Write::Refuses }, span);
                        return Value::Unknown;
                    }
                }
                self.event(EventKind::Undo { kind, object, is_callers }, span);
                Value::Unknown
            }
        }
    }
}

/// Offset of the last word of a name that is this one.
pub(super) fn stem(name: &str, word: &str) -> Option<usize> {
    let (mut at, mut found) = (0, None);
    for part in name.split('_') {
        if part == word {
            found = Some(at);
        }
        at += part.len() + 1;
    }
    found
}

/// The argument that names the object of a call, if its position is known.
fn argument_of<'e>(object: &Object, arguments: &'e [Expression]) -> Option<&'e Expression> {
    match object {
        Object::Argument(position) => arguments.get(*position),
        Object::Rule(ObjectRule::Last) => arguments.last(),
        Object::Rule(ObjectRule::Made) | Object::Result => None,
    }
}

/// Whether an expression is the address of something.
fn is_address(expression: &Expression) -> bool {
    matches!(&expression.bare().kind, E::Unary { operator: Prefix::Address, .. })
}
