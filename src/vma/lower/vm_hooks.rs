//! State that the vm_ops of a handler show: what `open` takes too, and what `close` gives back.

use rustc_hash::FxHashSet;

use super::Lowerer;
use super::state::stem;
use crate::rules::{Bracket, Object, StateEffect, StateKind, Taking};
use crate::source::{
    Span, begins_assignment, begins_call, find_word, identifier_before, identifier_end, identifiers, line_start, words,
};
use crate::vma::flow::Key;

impl<'a> Lowerer<'a> {
    /// Effect of a call whose counterpart by name the `close` of the vm_ops makes: `x_claim()` and `x_unclaim()`, `disable_irq()` and
    /// `enable_irq()`.
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

    /// Whether a `close` of a table that the function names releases state of this kind.
    pub(super) fn close_undoes(&self, kind: StateKind) -> bool {
        self.vm_hooks("close").into_iter().any(|close| identifiers(close).any(|name| self.undoes(name, kind)))
    }

    /// Whether the vm_ops of a table that the function names repeat a call of this name: `open` calls it too, as each mapping and each copy
    /// of one needs it, or `close` does, for its effect alone: `writel(0, lamp->enable)`.
    pub(super) fn vm_hooks_repeat(&self, name: &str) -> bool {
        let in_open = |text: &[u8]| words(text, name.as_bytes()).any(|at| begins_call(&text[at + name.len()..]));
        self.vm_hooks("open").into_iter().any(in_open) || self.close_repeats(name)
    }

    /// Whether a `close` of a table that the function names makes a call of this name for its effect alone.
    fn close_repeats(&self, name: &str) -> bool {
        let is_statement = |text: &[u8], at: usize| {
            begins_call(&text[at + name.len()..])
                && matches!(text[..at].trim_ascii_end().last(), Some(b';' | b'{' | b'}' | b')'))
        };
        self.vm_hooks("close").into_iter().any(|text| words(text, name.as_bytes()).any(|at| is_statement(text, at)))
    }

    /// Whether a function of the driver writes a member that the vm_ops of a table which the caller names write back: `close` writes it, or
    /// calls the function too, with other arguments.
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
}

/// The members that a text writes through pointers: `lamp->users += count`, `WRITE_ONCE(lamp->users, count)`, `*users += count`. Also
/// whether the value is a mark or a count, and not one from elsewhere, which each mapping may write anew.
fn written_members(text: &[u8]) -> Vec<(&str, bool)> {
    let mut members = Vec::new();
    for arrow in memchr::memmem::find_iter(text, b"->") {
        let (start, end) = (arrow + 2, identifier_end(text, arrow + 2));
        let rest = text[end..].trim_ascii_start();
        let line = &text[line_start(text, arrow)..arrow];
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

/// Whether the member of `length` bytes at `at` is written: `->member = x`, `->member++`.
fn is_written(text: &[u8], at: usize, length: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    let rest = text[at + length..].trim_ascii_start();
    let is_member = before.ends_with(b"->") || before.ends_with(b".");
    is_member && (begins_assignment(rest) || counts(rest))
}

/// Whether the code behind a name changes its value by an operator: `+= value`, `++`.
fn counts(rest: &[u8]) -> bool {
    [b"+=", b"-=", b"|=", b"&=", b"++", b"--"].iter().any(|operator| rest.starts_with(*operator))
}
