//! What a call means: by a rule, as a helper to follow, as a hook, or not at all.

use super::event::{EventKind, Fails, Populate};
use super::flow::{Key, Named, Root, Value};
use super::lower::Lowerer;
use crate::index::{Hook, ItemId, Takes};
use crate::rules::{Call, Does, Object, StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::{ItemKind, Span, parse, visit};

impl Lowerer<'_> {
    pub(super) fn call(&mut self, callee: &Expression, arguments: &[Expression], whole: &Expression) -> Value {
        let gets_vma = arguments.iter().any(|argument| self.root_of(argument, 0).is_some());
        if self.macro_depth == 0 && arguments.iter().any(|argument| self.is_passed_on(argument)) {
            self.out.calls.push(Named { name: callee.text(self.text), span: whole.span });
        }
        match &callee.bare().kind {
            E::Name(name) => self.named_call(name, arguments, whole, gets_vma),
            E::Field { base, name, .. } => self.hook_call(base, name, callee, arguments, whole, gets_vma),
            E::Unary { operator, operand } if operator == "*" => self.call(operand, arguments, whole),
            E::Call { callee: inner, arguments: names } if inner.name() == Some("guard") => {
                self.guard(names, arguments, whole.span)
            }
            _ => {
                self.expression(callee);
                self.arguments(arguments);
                if gets_vma {
                    let why = format!("handed to {}, which is not understood", callee.text(self.text));
                    self.event(EventKind::Unknown { why }, whole.span);
                }
                Value::Unknown
            }
        }
    }

    /// Whether an argument is what the function itself was handed, or holds it. A desc of its own is not.
    fn is_passed_on(&self, argument: &Expression) -> bool {
        self.root_of(argument, 0).is_some() && !self.aliases.is_own_desc(argument)
    }

    /// How a callee gets at the VMA by an argument.
    fn root_of(&self, argument: &Expression, position: usize) -> Option<Root> {
        if self.aliases.is_vma(argument) {
            Some(Root::Vma(position))
        } else if self.aliases.is_desc(argument) {
            Some(Root::Desc(position))
        } else {
            self.aliases.holder(argument).map(|member| Root::Holder(position, member.to_owned()))
        }
    }

    fn arguments(&mut self, arguments: &[Expression]) {
        for argument in arguments {
            if !self.aliases.is_vma(argument) && !self.aliases.is_desc(argument) {
                self.expression(argument);
            }
        }
    }

    /// `guard(mutex)(&lock)`: held until the scope ends, which here is until the function does.
    fn guard(&mut self, names: &[Expression], arguments: &[Expression], span: Span) -> Value {
        let object = arguments.first().map(|lock| lock.text(self.text)).unwrap_or_default();
        let is_lock = names.first().and_then(Expression::name) != Some("rcu");
        if is_lock {
            self.event(EventKind::Take { kind: StateKind::Lock, object, fails: Fails::Error }, span);
        }
        Value::Unknown
    }

    fn named_call(&mut self, name: &str, arguments: &[Expression], whole: &Expression, gets_vma: bool) -> Value {
        if let Some(value) = self.error_value(name, arguments) {
            return value;
        }
        let rules = self.context.rules;
        if let Some(rule) = rules.call(name)
            && self.rule_applies(rule, arguments)
        {
            return self.ruled_call(rule, name, arguments, whole.span);
        }
        if gets_vma && self.scope.get(name).is_some() {
            return self.pointer_call(name, arguments, whole.span);
        }
        self.arguments(arguments);
        if let Some(effect) = rules.state(name).or_else(|| self.paired(name))
            && !gets_vma
        {
            return self.state_call(name, effect, arguments, whole.span);
        }
        if gets_vma {
            return self.follow(name, arguments, whole.span);
        }
        if rules.is_silent(name) {
            return Value::Unknown;
        }
        self.driver_call(name, arguments, whole)
    }

    /// `ERR_PTR(-EINVAL)` and its kin.
    fn error_value(&mut self, name: &str, arguments: &[Expression]) -> Option<Value> {
        match (name, arguments) {
            ("ERR_PTR" | "dev_err_probe" | "ERR_CAST", [.., argument])
            | ("PTR_ERR" | "PTR_ERR_OR_ZERO", [argument]) => {
                let value = self.expression(argument);
                Some(if name.starts_with("PTR_ERR") && value != Value::Zero { Value::Errno } else { value })
            }
            ("likely" | "unlikely" | "READ_ONCE", [argument]) => Some(self.expression(argument)),
            _ => None,
        }
    }

    fn rule_applies(&self, rule: &Call, arguments: &[Expression]) -> bool {
        match rule.vma {
            Some(position) => arguments.get(position).is_some_and(|argument| self.root_of(argument, 0).is_some()),
            None if rule.needs_vma_value => arguments.iter().any(|argument| self.mentions_vma(argument)),
            None => true,
        }
    }

    fn mentions_vma(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |part| found |= self.aliases.is_vma(part));
        found
    }

    fn ruled_call(&mut self, rule: &Call, name: &str, arguments: &[Expression], span: Span) -> Value {
        let last = |first: usize, next: Option<usize>| {
            if rule.variadic { arguments.len() } else { next.unwrap_or(first + 1).min(arguments.len()) }
        };
        let is_flag_argument = |position: usize| {
            [rule.set, rule.clear, rule.test]
                .iter()
                .flatten()
                .any(|first| position == *first || (rule.variadic && position > *first))
        };
        for (position, argument) in arguments.iter().enumerate() {
            if Some(position) != rule.vma && !is_flag_argument(position) && !self.aliases.is_desc(argument) {
                self.expression(argument);
            }
        }
        if let Some(first) = rule.set {
            self.flag_arguments(&arguments[first.min(arguments.len())..last(first, Some(first + 1))], true);
        }
        if let Some(first) = rule.clear {
            self.flag_arguments(&arguments[first.min(arguments.len())..last(first, None)], false);
        }
        if let Some(first) = rule.test {
            for argument in &arguments[first.min(arguments.len())..] {
                let flags = self.flag_sets(argument).sets;
                self.out.tests.extend(flags);
            }
        }
        self.out.tests.extend(rule.tests.iter().map(|flag| Named { name: flag.clone(), span }));
        for field in &rule.reads {
            self.read(field, span);
        }
        for field in rule.writes.iter().filter(|field| rule.does == Does::Access || field.as_str() != "vm_file") {
            self.write(field, span);
        }
        if rule.does != Does::Access && rule.writes.iter().any(|field| field == "vm_file") {
            self.out.writes.push(Named { name: "vm_file".to_owned(), span });
        }
        for kind in &rule.also {
            self.event(EventKind::Also { kind: kind.clone() }, span);
        }
        let kind = match rule.does {
            Does::Access | Does::Bridge | Does::Silent => return Value::Unknown,
            Does::Populate => EventKind::Populate(self.populate(rule, name, arguments)),
            Does::Finish => EventKind::Finish { name: name.to_owned() },
            Does::Helper => EventKind::Helper { name: name.to_owned() },
            Does::SwapFile => EventKind::SwapFile,
            Does::Redispatch => EventKind::Redispatch { text: name.to_owned() },
        };
        Value::Slot(self.event(kind, span))
    }

    fn flag_arguments(&mut self, arguments: &[Expression], set: bool) {
        for argument in arguments {
            let found = self.flag_sets(argument);
            if self.mentions_vma_field(argument, "vm_flags") {
                self.read("vm_flags", argument.span);
            }
            if set {
                self.out.sets.extend(found.sets);
                self.out.clears.extend(found.clears);
            } else {
                self.out.clears.extend(found.sets);
            }
        }
    }

    fn populate(&self, rule: &Call, name: &str, arguments: &[Expression]) -> Populate {
        let argument = |position: Option<usize>| position.and_then(|position| arguments.get(position));
        let pages = argument(rule.pages);
        let others = arguments.iter().enumerate().filter(|(position, _)| Some(*position) != rule.vma);
        let source = others.flat_map(|(_, argument)| self.made_from(argument)).collect();
        let pages_are_local =
            pages.is_some_and(|pages| matches!(&pages.bare().kind, E::Name(name) if self.scope.get(name).is_some()));
        let overrides_prot = argument(rule.prot).is_some_and(|prot| !self.is_vma_prot(prot));
        Populate { name: name.to_owned(), action: rule.action.clone(), source, pages_are_local, overrides_prot }
    }

    /// `x_get_y()` takes a reference where the same function calls `x_put_y()` too.
    fn paired(&self, name: &str) -> Option<StateEffect<'static>> {
        const FIRST: Object = Object::Argument(0);
        let has = |from: &str, to: &str| name.contains(from) && self.called.contains(&name.replace(from, to));
        if has("_get_", "_put_") {
            Some(StateEffect::Takes(StateKind::Ref, &FIRST))
        } else {
            has("_put_", "_get_").then_some(StateEffect::Undoes(StateKind::Ref))
        }
    }

    fn state_call(&mut self, name: &str, effect: StateEffect<'_>, arguments: &[Expression], span: Span) -> Value {
        match effect {
            StateEffect::Takes(kind, object) => {
                let object = match object {
                    Object::Argument(position) => arguments.get(*position),
                    Object::Named(_) => arguments.last(),
                    Object::Result => None,
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
            StateEffect::Undoes(kind) => {
                let object = arguments.first().map(|object| object.text(self.text)).unwrap_or_default();
                self.event(EventKind::Undo { kind, object }, span);
                Value::Unknown
            }
        }
    }

    /// Whether an expression names an object on the function's own stack, whose counts and lists nobody else sees.
    fn is_own(&self, object: &Expression) -> bool {
        match &object.bare().kind {
            E::Unary { operator, operand } if operator == "&" => {
                let local = operand.root().and_then(|root| self.scope.get(root));
                local.is_some_and(|ty| ty.pointers == 0 && !self.is_shared(operand))
            }
            _ => false,
        }
    }

    /// A call through a local pointer to a function.
    fn pointer_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
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
                _ => {}
            }
        }
        self.call_key(keys, name)
    }

    fn passed(&self, arguments: &[Expression]) -> Option<Root> {
        arguments.iter().enumerate().find_map(|(position, argument)| self.root_of(argument, position))
    }

    /// A call that hands the VMA to a function by name.
    fn follow(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
        let Some(root) = self.passed(arguments) else { return Value::Unknown };
        // A macro beside a function of that name is the stub of those who have no such function.
        let known = self.context.index.functions(name, self.file);
        if known.iter().all(|id| self.context.index.file(id.file).is_header())
            && let Some(value) = self.macro_call(name, arguments, span)
        {
            return value;
        }
        if known.is_empty() {
            self.event(EventKind::Unknown { why: format!("handed to {name}, which is not found in the tree") }, span);
            return Value::Unknown;
        }
        match self.followable(name, &root) {
            Some(keys) => {
                if self.is_open_hook(name) {
                    self.event(EventKind::OpenCall { name: name.to_owned() }, span);
                }
                self.call_key(keys, name)
            }
            None => Value::Slot(self.event(EventKind::Helper { name: name.to_owned() }, span)),
        }
    }

    /// A call of a macro: what it stands for, read in the place of the call.
    fn macro_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Option<Value> {
        const NESTING_LIMIT: usize = 6;
        let texts: Vec<&[u8]> = arguments.iter().map(|argument| argument.span.of(self.text)).collect();
        let expansions = self.context.index.expanded_call(name, self.file, &texts);
        // Within an expansion all arguments are said to stand where the call does; their own text is lost.
        if expansions.is_empty()
            || self.macro_depth >= NESTING_LIMIT
            || texts.iter().any(|text| span.of(self.text) == *text)
        {
            return None;
        }
        self.macro_depth += 1;
        let mut value = Value::Unknown;
        for expansion in expansions {
            let parsed = parse::statements(&expansion, span);
            self.out.trouble.extend(parsed.trouble.map(|(span, reason)| (span, format!("{name}, a macro, {reason}"))));
            value = self.expanded(&parsed.syntax);
        }
        self.macro_depth -= 1;
        Some(value)
    }

    /// The definitions of a function that belong to the driver, or that every caller compiles in; `None` where it is another's.
    fn followable(&self, name: &str, root: &Root) -> Option<Vec<Key>> {
        let index = self.context.index;
        let ids = index.functions(name, self.file);
        let own = |id: &ItemId| index.file(id.file).is_header() || index.same_driver(self.file, *id);
        // A stub in a header beside a real definition elsewhere says nothing about the real one.
        let real: Vec<ItemId> = ids.iter().copied().filter(|id| !index.file(id.file).is_header()).collect();
        if ids.is_empty() || real.iter().any(|id| !own(id)) {
            return None;
        }
        Some(ids.into_iter().map(|id| Key { id, root: root.clone() }).collect())
    }

    /// Whether a `vm_operations_struct` of the file has this function as its `open`.
    fn is_open_hook(&self, name: &str) -> bool {
        crate::source::words(self.text, name.as_bytes()).any(|at| {
            let before = self.text[..at].trim_ascii_end();
            before.strip_suffix(b"=").is_some_and(|before| before.trim_ascii_end().ends_with(b".open"))
        })
    }

    /// A call without the VMA: followed within the file for the state it takes.
    fn driver_call(&mut self, name: &str, arguments: &[Expression], whole: &Expression) -> Value {
        let source = self.context.index.file(self.file);
        let flags = arguments.iter().position(|argument| self.is_flags(argument));
        let root = flags.map_or(Root::None, Root::Flags);
        let own = source.named(ItemKind::Function, name).map(|item| ItemId { file: self.file, item });
        let keys: Vec<Key> = own.map(|id| Key { id, root: root.clone() }).collect();
        if keys.is_empty() {
            self.event(EventKind::Work { text: name.to_owned() }, whole.span);
            return Value::Unknown;
        }
        self.call_key(keys, name)
    }

    // ---- hooks ----

    fn hook_call(
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

    /// What the `open` of the vm_ops that the function has installed does.
    fn installed_open(&mut self, root: &Root) {
        let tables: Vec<String> = self.out.vm_ops.iter().map(|table| table.name.clone()).collect();
        for table in tables {
            let open = self.context.index.table_member(&table, "open", self.file);
            if let Some(keys) = open.as_ref().and_then(|open| self.followable(open, root)) {
                self.call_key(keys, "vm_ops->open");
            }
        }
    }

    fn is_vm_ops(&self, base: &Expression) -> bool {
        self.is_field_of_vma(base, "vm_ops")
    }

    /// The hook that a member of an expression is. Where its type is not known, the one hook of that name.
    fn hook_of(&self, base: &Expression, member: &str) -> Option<Hook> {
        match self.context.types.of(base, &self.scope, self.file).as_ref().and_then(|ty| ty.tag()) {
            Some(tag) => self.context.index.hooks().find(tag, member).cloned(),
            None => self.only_hook(member),
        }
    }

    /// The hook of that name, where the tree has one alone.
    fn only_hook(&self, member: &str) -> Option<Hook> {
        match self.context.index.hooks().with_member(member) {
            [hook] => Some(hook.clone()),
            _ => None,
        }
    }

    fn dispatch(&mut self, hook: Option<Hook>, text: String, root: Root, span: Span) -> Value {
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
        if !hook.is_private {
            return Value::Slot(self.event(EventKind::Hook { hook: Some(hook), text }, span));
        }
        let keys = self.implementers(&hook, &root);
        let name = text.clone();
        let is_known = !keys.is_empty();
        let slot = self.event(EventKind::Hook { hook: Some(hook), text }, span);
        if is_known { self.call_key(keys, &name) } else { Value::Slot(slot) }
    }

    /// The handlers that one driver registers for a hook of its own.
    fn implementers(&self, hook: &Hook, root: &Root) -> Vec<Key> {
        let index = self.context.index;
        let mut keys: Vec<Key> = Vec::new();
        for registration in index.registrations().iter().filter(|registration| registration.hook == *hook) {
            if let crate::index::Handler::Function(name) = &registration.handler {
                for id in index.functions(name, registration.file) {
                    let key = Key { id, root: root.clone() };
                    if !keys.contains(&key) {
                        keys.push(key);
                    }
                }
            }
        }
        keys
    }
}
