//! Calls that take or release state.

use super::Lowerer;
use rustc_hash::FxHashSet;

use crate::rules::{Bracket, Object, ObjectRule, StateEffect, StateKind, Taking};
use crate::source::ast::{Expression, ExpressionKind as E, Type};
use crate::source::{Span, find_word, identifier_before, identifier_end, identifiers, words};
use crate::vma::event::{EventKind, Fails, Write};
use crate::vma::flow::{Key, Value};

impl<'a> Lowerer<'a> {
    /// Lowers `guard(mutex)(&lock)`. The lock counts as held until the end of the function, not of the scope.
    pub(super) fn guard(&mut self, names: &[Expression], arguments: &[Expression], span: Span) -> Value {
        let object = arguments.first().map(|lock| lock.text(self.text)).unwrap_or_default();
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
        let object = names.get(1).map(|object| object.text(self.text)).unwrap_or_default();
        self.ownership.cleanups.push((object.clone(), StateKind::Ref));
        self.event(EventKind::Take { kind: StateKind::Ref, object, fails: Fails::Zero, is_shared: false }, span);
        Value::Unknown
    }

    /// Effect of paired names: `x_get_y()` takes a reference if the function also calls `x_put_y()`, `x_lock_y()` a lock if it calls
    /// `x_unlock()`.
    pub(super) fn bracket(&self, name: &str) -> Option<StateEffect<'a>> {
        let has = |from: &str, to: &str| {
            let Some(at) = stem(name, from) else { return false };
            self.locals.called.iter().any(|other| stem(other, to) == Some(at) && other[..at] == name[..at])
        };
        self.context.rules.brackets().iter().filter(|bracket| !bracket.with_close).find_map(|bracket| {
            if has(&bracket.open, &bracket.close) && !self.returns_number(name) {
                Some(StateEffect::Takes(Taking { kind: bracket.kind, ..Taking::default() }))
            } else {
                has(&bracket.close, &bracket.open).then_some(StateEffect::Undoes(bracket.kind, &Object::Argument(0)))
            }
        })
    }

    /// Effect of a call whose counterpart by name the `close` of the vm_ops makes: `x_claim()` and `x_unclaim()`, `disable_irq()` and `enable_irq()`.
    pub(super) fn closed_by_name(&self, name: &str) -> Option<StateEffect<'a>> {
        // The body of a function of the driver says more than its name.
        let closes = self.vm_hooks("close");
        if closes.is_empty() || !self.driver_functions(name).is_empty() {
            return None;
        }
        let called = closes.iter().flat_map(|text| identifiers(text)).collect::<FxHashSet<&str>>();
        let is_pair = |bracket: &&Bracket| {
            let Some(at) = stem(name, &bracket.open) else { return false };
            let rest = &name[at + bracket.open.len()..];
            called.iter().any(|other| {
                let is_there = stem(other, &bracket.close) == Some(at) && other[..at] == name[..at];
                // Without a common beginning, the ends have to agree.
                is_there && (at > 0 || other[bracket.close.len()..].starts_with(rest))
            })
        };
        let bracket = self.context.rules.brackets().iter().find(is_pair)?;
        let kind = if bracket.kind == StateKind::Lock { StateKind::Counter } else { bracket.kind };
        Some(StateEffect::Takes(Taking { kind, object: &Object::Argument(0), ..Taking::default() }))
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

    fn undoes(&self, name: &str, kind: StateKind) -> bool {
        matches!(self.context.rules.state(name), Some(StateEffect::Undoes(undone, _)) if undone == kind)
    }

    /// Whether a `close` of a table that the function names releases state of this kind.
    fn close_undoes(&self, kind: StateKind) -> bool {
        self.vm_hooks("close").into_iter().any(|close| identifiers(close).any(|name| self.undoes(name, kind)))
    }

    /// Whether the vm_ops of a table that the function names repeat a call of this name: `open` calls it too, as each mapping and each copy of one needs
    /// it, or `close` does, for its effect alone: `writel(0, lamp->enable)`.
    pub(super) fn vm_hooks_repeat(&self, name: &str) -> bool {
        let is_call = |text: &[u8], at: usize| text[at + name.len()..].trim_ascii_start().starts_with(b"(");
        let in_open = |text: &[u8]| words(text, name.as_bytes()).any(|at| is_call(text, at));
        self.vm_hooks("open").into_iter().any(in_open) || self.close_repeats(name)
    }

    /// Whether a `close` of a table that the function names makes a call of this name for its effect alone.
    fn close_repeats(&self, name: &str) -> bool {
        let is_statement = |text: &[u8], at: usize| {
            text[at + name.len()..].trim_ascii_start().starts_with(b"(")
                && matches!(text[..at].trim_ascii_end().last(), Some(b';' | b'{' | b'}' | b')'))
        };
        self.vm_hooks("close").into_iter().any(|text| words(text, name.as_bytes()).any(|at| is_statement(text, at)))
    }

    /// Whether a function of the driver writes a member that the vm_ops of a table which the caller names write back: `close` writes it, or calls the
    /// function too, with other arguments.
    pub(super) fn vm_hooks_undo(&self, name: &str, keys: &[Key]) -> bool {
        if self.vm_hooks("close").is_empty() {
            return false;
        }
        let index = self.context.index;
        let is_repeated = self.close_repeats(name);
        keys.iter().any(|key| {
            let item = index.item(key.id);
            let body = Span { start: item.body, end: item.span.end }.of(&index.file(key.id.file).text);
            let written = written_members(body);
            let is_undone = |(member, is_mark): &(&str, bool)| *is_mark && self.close_writes(member);
            (is_repeated && !written.is_empty()) || written.iter().any(is_undone)
        })
    }

    /// Whether a `close` of a table that the function names writes a member of this name.
    pub(super) fn close_writes(&self, member: &str) -> bool {
        let is_stored = |close: &[u8], at: usize| {
            let open = memchr::memrchr(b'(', &close[..at]).and_then(|open| identifier_before(close, open));
            let name = open.and_then(|(start, end)| std::str::from_utf8(&close[start..end]).ok());
            let rest = close[at + member.len()..].trim_ascii_start();
            rest.starts_with(b",") && name.is_some_and(|name| self.context.rules.stores(name))
        };
        let is_changed = |close: &[u8], at| is_written(close, at, member.len()) || is_stored(close, at);
        self.vm_hooks("close").into_iter().any(|close| words(close, member.as_bytes()).any(|at| is_changed(close, at)))
    }

    /// Source texts of a member of the vm_ops that the function names: `open`, `close`.
    fn vm_hooks(&self, member: &str) -> Vec<&'a [u8]> {
        let index = self.context.index;
        let names = self.locals.tables.iter().filter_map(|table| index.table_member(table, member, self.file));
        let ids = names.flat_map(|hook| index.functions(&hook.name, hook.file));
        let texts = ids.map(|id| (index.item(id), &index.file(id.file).text));
        // Tables of other structs have such members too.
        let texts = texts.filter(|(item, text)| find_word(item.head().of(text), b"vm_area_struct", 0).is_some());
        texts.map(|(item, text)| item.span.of(text)).collect()
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
                let is_tried = ["try", "unless_zero", "not_zero"].iter().any(|word| name.contains(word));
                let fails =
                    if object.is_none() || (is_tried && !taking.zero_takes) { Fails::Zero } else { Fails::Error };
                let text = object.map(|object| object.text(self.text)).unwrap_or_default();
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
                if is_same_again.is_some_and(|argument| self.is_constant(argument)) && !self.close_undoes(kind) {
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
                let object = object.map(|object| object.text(self.text)).unwrap_or_default();
                self.event(EventKind::Undo { kind, object, is_callers }, span);
                Value::Unknown
            }
        }
    }
}

/// The members that a text writes through pointers: `lamp->users += count`, `WRITE_ONCE(lamp->users, count)`, `*users += count`. Also whether the value
/// is a mark or a count, and not one from elsewhere, which each mapping may write anew.
fn written_members(text: &[u8]) -> Vec<(&str, bool)> {
    const COUNTS: [&[u8]; 6] = [b"+=", b"-=", b"|=", b"&=", b"++", b"--"];
    let counts = |rest: &[u8]| COUNTS.iter().any(|operator| rest.starts_with(operator));
    let mut members = Vec::new();
    for arrow in memchr::memmem::find_iter(text, b"->") {
        let (start, end) = (arrow + 2, identifier_end(text, arrow + 2));
        let rest = text[end..].trim_ascii_start();
        let line = &text[crate::source::line_start(text, arrow)..arrow];
        let is_once = rest.starts_with(b",") && find_word(line, b"WRITE_ONCE", 0).is_some();
        if is_written(text, start, end - start) || is_once {
            let value = rest.get(1..).unwrap_or_default().trim_ascii_start();
            let value = &value[..value.iter().position(|byte| matches!(byte, b';' | b')')).unwrap_or(value.len())];
            let is_constant = matches!(value, b"true" | b"false") || !value.iter().any(u8::is_ascii_lowercase);
            members.extend(std::str::from_utf8(&text[start..end]).ok().map(|name| (name, counts(rest) || is_constant)));
        }
    }
    let is_counted = |at: usize| {
        let end = identifier_end(text, at + 1);
        end > at + 1 && counts(text[end..].trim_ascii_start())
    };
    members.extend(memchr::memchr_iter(b'*', text).any(is_counted).then_some(("", false)));
    members
}

/// Offset of the last word of a name that is this one.
fn stem(name: &str, word: &str) -> Option<usize> {
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

/// Whether the member of `length` bytes at `at` is written: `->member = x`, `->member++`.
fn is_written(text: &[u8], at: usize, length: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    let rest = text[at + length..].trim_ascii_start();
    let is_member = before.ends_with(b"->") || before.ends_with(b".");
    is_member
        && (matches!(rest, [b'=', next, ..] if *next != b'=')
            || [b"--".as_slice(), b"++", b"-=", b"+=", b"&=", b"|="].iter().any(|operator| rest.starts_with(operator)))
}

/// Whether an expression is the address of something.
fn is_address(expression: &Expression) -> bool {
    matches!(&expression.bare().kind, E::Unary { operator, .. } if operator == "&")
}
