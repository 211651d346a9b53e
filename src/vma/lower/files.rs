//! Replacements of `vm_file`.

use super::Lowerer;
use super::conditions::is_zero;
use crate::rules::{StateEffect, StateKind};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::vma::event::EventKind;
use crate::vma::flow::FieldUse;

impl Lowerer<'_> {
    /// Lowers `vma->vm_file = value`.
    pub(super) fn write_file(&mut self, value: &Expression, span: Span) {
        self.out.writes.push(FieldUse { name: "vm_file".to_owned(), span });
        if self.has_reference(value) {
            // From here on the mapping owns the reference, and the core drops it.
            let object = match &value.bare().kind {
                E::Call { arguments, .. } => arguments.first(),
                _ => Some(value),
            };
            let object = object.map(|object| self.written(object)).unwrap_or_default();
            self.event(EventKind::Undo { kind: StateKind::Ref, object, is_callers: false }, span);
            self.event(EventKind::SwapFile, span);
        } else {
            self.event(EventKind::DropFile { value: self.written(value) }, span);
        }
    }

    /// Whether the function holds a reference to a file. The value is the result or the argument of a call that takes one.
    fn has_reference(&self, value: &Expression) -> bool {
        match &value.bare().kind {
            E::Call { callee, .. } => callee.name().is_some_and(|name| self.takes_reference(name)),
            E::Conditional { then, otherwise, .. } => {
                then.as_deref().is_none_or(|then| self.has_reference(then)) && self.has_reference(otherwise)
            }
            E::Name(name) if self.scope.get(name).is_some() => {
                let values = self.locals.pointers.get(name).map_or(&[][..], Vec::as_slice);
                let is_same = |other: &Expression| other.name() == Some(name);
                self.ownership.referenced.contains(name)
                    || (!values.is_empty()
                        && values.iter().all(|value| !is_same(value) && !is_zero(value) && self.has_reference(value)))
            }
            _ => self.ownership.referenced.contains(&self.written(value.bare())),
        }
    }

    fn takes_reference(&self, name: &str) -> bool {
        let effect = self.context.rules.state(name);
        matches!(effect, Some(StateEffect::Takes(taking)) if matches!(taking.kind, StateKind::Ref | StateKind::Alloc))
    }

    /// Records the object to which a call takes a reference, wherever the call is.
    pub(super) fn note_reference(&mut self, name: &str, arguments: &[Expression]) {
        let effect = self.context.rules.state(name);
        if matches!(effect, Some(StateEffect::Takes(taking)) if taking.kind == StateKind::Ref) {
            self.ownership.referenced.extend(arguments.first().map(|argument| self.written(argument.bare())));
        }
    }
}
