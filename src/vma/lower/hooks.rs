//! Calls through pointers: hooks of ops tables, local pointers to functions, the driver's own vm_ops.

use super::Lowerer;
use crate::index::{Handler, Hook, Takes};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::vma::event::EventKind;
use crate::vma::flow::{Key, Root, Value, VmHook};

impl Lowerer<'_> {
    /// A call through a local pointer to a function.
    pub(super) fn pointer_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
        self.arguments(arguments);
        let Some(root) = self.passed(arguments) else { return Value::Unknown };
        let targets = self.pointers.get(name).cloned().unwrap_or_default();
        if targets.is_empty() {
            let why = format!("handed to {name}, a pointer to a function that nothing here sets");
            self.event(EventKind::Unknown { why }, span);
            return Value::Unknown;
        }
        let mut keys = Vec::new();
        for target in &targets {
            match &target.kind {
                E::Name(function) => match self.followable(function, &root) {
                    Some(found) => keys.extend(found),
                    None => drop(self.event(EventKind::Helper { name: function.clone() }, span)),
                },
                E::Field { base, name: member, .. } => {
                    let hook = self.hook_of(base, member);
                    self.dispatch(hook, target.text(self.text), root.clone(), span);
                }
                _ => {
                    let why = format!("handed to {name}, a pointer that may point at {}", target.text(self.text));
                    self.event(EventKind::Unknown { why }, span);
                }
            }
        }
        self.call_key(keys, name)
    }

    /// Whether a `vm_operations_struct` of the file has this function as its `open`.
    pub(super) fn is_open_hook(&self, name: &str) -> bool {
        crate::source::words(self.text, name.as_bytes()).any(|at| {
            let before = self.text[..at].trim_ascii_end();
            before.strip_suffix(b"=").is_some_and(|before| before.trim_ascii_end().ends_with(b".open"))
        })
    }

    pub(super) fn hook_call(
        &mut self,
        base: &Expression,
        member: &str,
        callee: &Expression,
        arguments: &[Expression],
        whole: &Expression,
        gets_vma: bool,
    ) -> Value {
        self.expression(base);
        self.arguments(arguments);
        let text = callee.text(self.text);
        let Some(root) = self.passed(arguments).filter(|_| gets_vma) else {
            self.event(EventKind::Work { text }, whole.span);
            return Value::Unknown;
        };
        let ty = self.context.types.of(base, &self.scope, self.file);
        let tag = ty.as_ref().and_then(|ty| ty.tag());
        if tag == Some("vm_operations_struct") || self.is_vm_ops(base) {
            if member == "open" {
                self.event(EventKind::OpenCall { name: text }, whole.span);
                self.installed_open(&root);
            } else {
                self.event(EventKind::Unknown { why: format!("calls {text}") }, whole.span);
            }
            return Value::Unknown;
        }
        let hook = self.hook_of(base, member);
        self.dispatch(hook, text, root, whole.span)
    }

    /// Notes what a `vm_operations_struct` that the function installs does where a mapping comes and goes.
    pub(super) fn note_vm_hooks(&mut self, table: &str) {
        for (member, root) in [("close", Root::Vma(0)), ("open", Root::Vma(0)), ("mapped", Root::None)] {
            let name = self.context.index.table_member(table, member, self.file);
            let keys = name.and_then(|name| self.followable(&name, &root)).into_iter().flatten();
            let table = table.to_owned();
            self.out.vm_hooks.extend(keys.map(|key| VmHook { table: table.clone(), member, key }));
        }
    }

    /// What the `open` of the vm_ops that the function has installed does.
    pub(super) fn installed_open(&mut self, root: &Root) {
        let tables: Vec<String> = self.out.vm_ops.iter().map(|table| table.name.clone()).collect();
        for table in tables {
            let open = self.context.index.table_member(&table, "open", self.file);
            if let Some(keys) = open.as_ref().and_then(|open| self.followable(open, root)) {
                self.call_key(keys, "vm_ops->open");
            }
        }
    }

    pub(super) fn is_vm_ops(&self, base: &Expression) -> bool {
        self.is_field_of_vma(base, "vm_ops")
    }

    /// The hook that a member of an expression is. Where its type is not known, the one hook of that name.
    pub(super) fn hook_of(&self, base: &Expression, member: &str) -> Option<Hook> {
        match self.context.types.of(base, &self.scope, self.file).as_ref().and_then(|ty| ty.tag()) {
            Some(tag) => self.context.index.hooks().find(tag, member).cloned(),
            None => self.only_hook(member),
        }
    }

    /// The hook of that name, where the tree has one alone.
    pub(super) fn only_hook(&self, member: &str) -> Option<Hook> {
        match self.context.index.hooks().with_member(member) {
            [hook] => Some(hook.clone()),
            _ => None,
        }
    }

    pub(super) fn dispatch(&mut self, hook: Option<Hook>, text: String, root: Root, span: Span) -> Value {
        if matches!(root, Root::Desc(_)) {
            return Value::Unknown;
        }
        let Some(hook) = hook else { return Value::Slot(self.event(EventKind::Hook { hook: None, text }, span)) };
        if hook.takes == Takes::Desc {
            // A hook that is converted already: nothing of it is in the way.
            return Value::Unknown;
        }
        if self.context.rules.redispatches(&hook.record) {
            return Value::Slot(self.event(EventKind::Redispatch { text }, span));
        }
        let hook = Hook { is_private: hook.is_private || self.is_filled_here(&hook), ..hook };
        if !hook.is_private {
            return Value::Slot(self.event(EventKind::Hook { hook: Some(hook), text }, span));
        }
        let keys = self.implementers(&hook, &root, span);
        let name = text.clone();
        let is_known = !keys.is_empty();
        let slot = self.event(EventKind::Hook { hook: Some(hook), text }, span);
        if is_known { self.call_key(keys, &name) } else { Value::Slot(slot) }
    }

    /// Whether all that implement a hook lie in the folder of its caller: then it is that driver's own, wherever it is declared.
    fn is_filled_here(&self, hook: &Hook) -> bool {
        let index = self.context.index;
        let folder = index.file(self.file).folder();
        let mut all = index.registrations().iter().filter(|registration| registration.hook == *hook).peekable();
        all.peek().is_some() && all.all(|registration| index.file(registration.file).folder() == folder)
    }

    /// The handlers that one driver registers for a hook of its own.
    fn implementers(&mut self, hook: &Hook, root: &Root, span: Span) -> Vec<Key> {
        let index = self.context.index;
        let is_it = |other: &Hook| other.record == hook.record && other.member == hook.member;
        let (mut keys, mut unknown): (Vec<Key>, Vec<String>) = (Vec::new(), Vec::new());
        for registration in index.registrations().iter().filter(|registration| is_it(&registration.hook)) {
            match &registration.handler {
                Handler::Null => {}
                Handler::Other(text) => unknown.push(text.clone()),
                Handler::Function(name) => {
                    let found = index.functions(name, registration.file);
                    if found.is_empty() && index.constant(name, registration.file).is_none() {
                        unknown.push(name.clone());
                    }
                    keys.extend(found.into_iter().map(|id| Key { id, root: root.clone() }));
                }
            }
        }
        for name in unknown {
            let why = format!("perhaps handed to {name}, which is not found in the tree");
            self.event(EventKind::Unknown { why }, span);
        }
        keys.sort();
        keys.dedup();
        keys
    }
}
