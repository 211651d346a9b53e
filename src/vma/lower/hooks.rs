//! Calls through pointers: hooks of ops tables, local function pointers, the driver's own vm_ops.

use super::Lowerer;
use crate::index::{Handler, Hook, ItemId, Takes};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Prefix;
use crate::source::{Span, identifiers, is_identifier_byte, words};
use crate::vma::event::EventKind;
use crate::vma::flow::{Key, Value, VmHook, VmaAccess};

impl Lowerer<'_> {
    /// Lowers a call through a local function pointer.
    pub(super) fn pointer_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
        self.arguments(arguments);
        let Some(root) = self.passed(arguments) else { return Value::Unknown };
        let targets = self.locals.pointers.get(name).cloned().unwrap_or_default();
        if targets.is_empty() {
            let why = format!("passed to {name}, a function pointer without a known target");
            self.event(EventKind::Unknown { why }, span);
            return Value::Unknown;
        }
        let mut keys = Vec::new();
        for target in &targets {
            match &target.kind {
                E::Name(function) => match self.followable(function, &root) {
                    Some(found) => keys.extend(found),
                    None => {
                        let populates = self.helper_populates(function);
                        self.event(EventKind::Helper { name: function.clone(), populates }, span);
                    }
                },
                E::Field { base, name: member, .. } => {
                    let hook = self.hook_of(base, member);
                    self.dispatch(hook, self.written(target), root.clone(), span);
                }
                _ => {
                    let why = format!(
                        "passed to {name}, a function pointer with the unresolved target {}",
                        self.written(target)
                    );
                    self.event(EventKind::Unknown { why }, span);
                }
            }
        }
        self.call_key(keys, name)
    }

    /// The driver's own functions to which a local function pointer may point.
    pub(super) fn pointed_functions(&self, name: &str) -> Vec<ItemId> {
        let targets = self.locals.pointers.get(name).into_iter().flatten();
        targets.filter_map(Expression::name).flat_map(|target| self.driver_functions(target)).collect()
    }

    /// The functions that an array of function pointers holds: `lamp_steps[i](lamp)`.
    pub(super) fn table_functions(&self, array: &Expression) -> Vec<ItemId> {
        let name = array.name().filter(|name| self.scope.get(name).is_none());
        name.map(|name| self.context.index.functions_in(name, self.file)).unwrap_or_default()
    }

    /// Whether the file contains `.open = name`. The type of the table is not checked.
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
        let text = self.written(callee);
        let Some(root) = self.passed(arguments).filter(|_| gets_vma) else {
            let ids = self.own_implementers(base, member);
            if ids.is_empty() {
                self.event(EventKind::Work { text }, whole.span);
                return Value::Unknown;
            }
            return self.call_key(self.keys_without_vma(ids, arguments), &text);
        };
        let ty = self.context.types.of(base, &self.scope, self.file);
        let tag = ty.as_ref().and_then(|ty| ty.tag());
        if tag == Some("vm_operations_struct") || self.is_vm_ops(base) {
            if member == "open" {
                self.event(EventKind::OpenCall { name: text }, whole.span);
                self.installed_open(&root);
            } else {
                self.event(
                    EventKind::Unknown { why: format!("passed to {text}, a vm_ops hook other than open") },
                    whole.span,
                );
            }
            return Value::Unknown;
        }
        let hook = self.hook_of(base, member);
        self.dispatch(hook, text, root, whole.span)
    }

    /// The functions that the driver gives to a member that gets no VMA: `lamp->ops->get(lamp)`.
    fn own_implementers(&self, base: &Expression, member: &str) -> Vec<ItemId> {
        let types = &self.context.types;
        let tag = || types.of(base, &self.scope, self.file).and_then(|ty| types.tag_of(&ty, self.file));
        self.context.index.given_to(member, tag, self.file)
    }

    /// Records the `close`, `open` and `mapped` hooks of a `vm_operations_struct` that the function installs.
    pub(super) fn note_vm_hooks(&mut self, table: &str) {
        for (member, root) in [("close", VmaAccess::Vma(0)), ("open", VmaAccess::Vma(0)), ("mapped", VmaAccess::None)] {
            let keys = self.hooks_of(table, member, &root);
            let table = table.to_owned();
            self.out.vm_hooks.extend(keys.into_iter().map(|key| VmHook { table: table.clone(), member, key }));
        }
    }

    /// Records the functions that may be `close` of a table that a value of `vm_ops` points to, if that table or its members are not known.
    pub(super) fn note_possible_closes(&mut self, value: &Expression) {
        if !self.may_be_unknown_table(value) {
            return;
        }
        let ids = self.context.index.possible_closes(self.file);
        let new = ids.into_iter().map(|id| Key::new(id, VmaAccess::Vma(0)));
        self.out.possible_closes.extend(new);
        self.out.possible_closes.sort();
        self.out.possible_closes.dedup();
    }

    /// Records that the code of a table is not in the tree. Its `close` may release what the handler takes.
    pub(super) fn note_missing_table(&mut self, table: &str, span: Span) {
        let is_name = table.bytes().all(is_identifier_byte) && table != "NULL";
        let index = self.context.index;
        if is_name && self.scope.get(table).is_none() && index.lacks_table(table, self.file) {
            let why = format!(
                "given the vm_ops {table}, whose definition was not found; their close may release what the hook takes"
            );
            self.event(EventKind::Unknown { why }, span);
        }
    }

    /// Whether a value of `vm_ops` can point to a table that is not known by name, or has members beyond its initialiser.
    fn may_be_unknown_table(&self, value: &Expression) -> bool {
        let is_known = |name: &str| name == "NULL" || self.context.index.is_whole_table(name, self.file);
        match &value.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => self.may_be_unknown_table(operand),
            E::Conditional { then, otherwise, .. } => {
                then.as_deref().is_some_and(|then| self.may_be_unknown_table(then))
                    || self.may_be_unknown_table(otherwise)
            }
            E::Number(_) => false,
            E::Name(name) if self.scope.get(name).is_some() => {
                let values = self.locals.pointers.get(name);
                values.is_none_or(|values| !values.iter().all(|value| value.name().is_some_and(is_known)))
            }
            E::Name(name) => !is_known(name),
            _ => true,
        }
    }

    /// The driver's own functions in a member of a table.
    fn hooks_of(&self, table: &str, member: &str, root: &VmaAccess) -> Vec<Key> {
        let hook = self.context.index.table_member(table, member, self.file);
        hook.and_then(|hook| self.followable_from(hook.file, &hook.name, root)).unwrap_or_default()
    }

    /// Follows the `open` hooks of the vm_ops that the function, or else a followed callee, has installed.
    pub(super) fn installed_open(&mut self, root: &VmaAccess) {
        let mut tables: Vec<String> = self.out.vm_ops.iter().map(|table| table.name.clone()).collect();
        if tables.is_empty() {
            tables = self.out.callees.iter().flat_map(|callee| self.installed_by(callee)).collect();
        }
        for table in tables {
            let keys = self.hooks_of(&table, "open", root);
            if !keys.is_empty() {
                self.call_key(keys, "vm_ops->open");
            }
        }
    }

    /// The tables whose address a function stores in `vm_ops`, by the words of its body.
    fn installed_by(&self, callee: &Key) -> Vec<String> {
        let index = self.context.index;
        let body = index.item(callee.id).span.of(&index.file(callee.id.file).text);
        let assigned = words(body, b"vm_ops").filter_map(|at| {
            let value = body[at + b"vm_ops".len()..].trim_ascii_start().strip_prefix(b"=")?;
            identifiers(value.trim_ascii_start().strip_prefix(b"&")?).next().map(str::to_owned)
        });
        assigned.collect()
    }

    /// Names of the tables to which a value of `vm_ops` can point.
    pub(super) fn tables_of(&self, value: &Expression) -> Vec<String> {
        match &value.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => self.tables_of(operand),
            E::Index { base, .. } => self.tables_of(base),
            E::Conditional { then, otherwise, .. } => {
                let then = then.as_deref().map(|then| self.tables_of(then)).unwrap_or_default();
                [then, self.tables_of(otherwise)].concat()
            }
            E::Name(name) => match self.locals.pointers.get(name).filter(|_| self.scope.get(name).is_some()) {
                Some(values) => values.iter().flat_map(|value| value.root()).map(str::to_owned).collect(),
                None => vec![name.clone()],
            },
            _ => vec![self.written(value)],
        }
    }

    pub(super) fn is_vm_ops(&self, base: &Expression) -> bool {
        self.is_field_of_vma(base, "vm_ops")
    }

    /// The hook for a member of an expression. If its type is unknown: the only hook of that name.
    pub(super) fn hook_of(&self, base: &Expression, member: &str) -> Option<Hook> {
        let types = &self.context.types;
        let ty = types.of(base, &self.scope, self.file);
        match ty.and_then(|ty| types.tag_of(&ty, self.file)) {
            Some(tag) => self.context.index.hooks().find(&tag, member).cloned(),
            None => self.only_hook(member),
        }
    }

    /// The hook of that name, if the tree has only one.
    pub(super) fn only_hook(&self, member: &str) -> Option<Hook> {
        match self.context.index.hooks().with_member(member) {
            [hook] => Some(hook.clone()),
            _ => None,
        }
    }

    pub(super) fn dispatch(&mut self, hook: Option<Hook>, text: String, root: VmaAccess, span: Span) -> Value {
        if matches!(root, VmaAccess::Desc(_)) {
            self.out.desc_hooks.extend(hook);
            return Value::Unknown;
        }
        let Some(hook) = hook else {
            return Value::Slot(self.event(EventKind::Hook { hook: None, text, populates: true }, span));
        };
        if hook.takes == Takes::Desc {
            // A converted hook blocks nothing.
            return Value::Unknown;
        }
        if self.context.rules.redispatches(&hook.record) {
            return Value::Slot(self.event(EventKind::Redispatch { text }, span));
        }
        if !self.context.index.is_implemented(&hook) {
            self.event(EventKind::DeadHook { hook }, span);
            return Value::Unknown;
        }
        let hook = Hook { is_private: hook.is_private || self.is_filled_here(&hook), ..hook };
        if !hook.is_private {
            let populates = self.hook_populates(&hook);
            return Value::Slot(self.event(EventKind::Hook { hook: Some(hook), text, populates }, span));
        }
        let keys = self.implementers(&hook, &root, span);
        let name = text.clone();
        let is_known = !keys.is_empty();
        // Its implementers are followed, so this event itself does not populate.
        let slot = self.event(EventKind::Hook { hook: Some(hook), text, populates: false }, span);
        if is_known { self.call_key(keys, &name) } else { Value::Slot(slot) }
    }

    /// Whether all implementers of a hook are in the folder of its caller. The hook is then the driver's own, wherever it is declared.
    fn is_filled_here(&self, hook: &Hook) -> bool {
        let index = self.context.index;
        let folder = index.file(self.file).folder();
        let mut all = index.registrations().iter().filter(|registration| registration.hook == *hook).peekable();
        all.peek().is_some() && all.all(|registration| index.file(registration.file).folder() == folder)
    }

    /// The handlers that a driver registers for its own hook.
    fn implementers(&mut self, hook: &Hook, root: &VmaAccess, span: Span) -> Vec<Key> {
        let index = self.context.index;
        let (mut keys, mut unknown): (Vec<Key>, Vec<String>) = (Vec::new(), Vec::new());
        for registration in index.registrations().iter().filter(|registration| registration.hook.is_same(hook)) {
            match &registration.handler {
                Handler::Null => {}
                Handler::OfTable { table, member } => unknown.push(format!("{table}.{member}")),
                Handler::Other(text) => unknown.push(text.clone()),
                Handler::Function(name) => {
                    let found = index.functions(name, registration.file);
                    if found.is_empty() && index.constant(name, registration.file).is_none() {
                        unknown.push(name.clone());
                    }
                    keys.extend(found.into_iter().map(|id| Key::new(id, root.clone())));
                }
            }
        }
        for name in unknown {
            let why = format!("perhaps passed to {name}, whose definition was not found");
            self.event(EventKind::Unknown { why }, span);
        }
        keys.sort();
        keys.dedup();
        keys
    }
}
