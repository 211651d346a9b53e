//! Handlers passed to a function that stores them in a hook.

use super::registrations::{Collector, places};
use super::tables::{Found, Handler};
use super::{Hook, Scope};
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::visit::{self, Seen};
use crate::source::{ItemKind, Span, parse};
use memchr::memmem::find;
impl Collector<'_> {
    /// Functions that pass a VMA-taking function of this file to another one as an argument.
    pub(super) fn items_with_handlers_as_arguments(&self) -> Vec<u32> {
        let source = self.index.file(self.file);
        let takers = source.definitions.functions.iter().map(|(_, item)| source.items[*item as usize]);
        let names = takers.filter(|item| {
            // Only the same file can pass it by name if it is static, and a hook returns an int.
            let head = item.head().of(&source.text);
            [b"static".as_slice(), b"int"].iter().all(|word| find(head, word).is_some())
        });
        let names: Vec<&[u8]> = names.map(|item| item.name.of(&source.text)).collect();
        let is_argument = |span: &Span| {
            let before = source.text[..span.start as usize].trim_ascii_end().last();
            let after = source.text[span.end as usize..].trim_ascii_start().first();
            matches!(before, Some(b'(' | b',')) && matches!(after, Some(b',' | b')'))
        };
        let passed = places(&source.text, &names).into_iter().filter(is_argument);
        let items = passed.filter_map(|span| source.item_at(span.start));
        items.filter(|item| source.items[*item as usize].kind == ItemKind::Function).collect()
    }

    /// Adds a handler that is passed to a function storing it in a hook: `hv_create_ring_sysfs(channel, f)`.
    pub(super) fn argument(&mut self, callee: Option<&str>, number: usize, argument: &Expression) {
        let Some(name) = argument.name() else { return };
        let source = self.index.file(self.file);
        if source.named(ItemKind::Function, name).next().is_none() || self.takes(name).is_none() {
            return;
        }
        let Some(callee) = callee else { return };
        for id in self.index.functions(callee, self.file) {
            let definition = self.index.file(id.file);
            let span = self.index.item(id).span;
            let text = span.of(&definition.text);
            for function in parse::in_first_variant(text, span.start).syntax {
                let Some(parameter) =
                    function.parameters.get(number).filter(|parameter| parameter.ty.function.is_some())
                else {
                    continue;
                };
                if let Some(hook) = self.stored_in(&function, &parameter.name, id.file) {
                    self.add(
                        Found { hook, handler: Handler::Function(name.to_owned()), span: argument.span },
                        None,
                        None,
                        None,
                    );
                    return;
                }
            }
        }
    }

    /// Hook in which a function stores one of its parameters.
    pub(super) fn stored_in(&self, function: &Function, parameter: &str, file: u32) -> Option<Hook> {
        let scope = Scope::of(function);
        let mut hook = None;
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) = seen
                && value.name() == Some(parameter)
                && let E::Field { base, name, .. } = &target.kind
                && let Some(ty) = self.types.of(base, &scope, file)
            {
                hook = ty.tag().and_then(|tag| self.index.hooks.find(tag, name)).cloned().or(hook.take());
            }
        });
        hook
    }
}
