//! Lowers calls: by a rule, as a followed helper, as a hook, or as not understood.

use super::Lowerer;
use super::expressions::kept_in;
use crate::rules::{Call, CallEffect, Idiom, StateEffect, StateKind};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Prefix;
use crate::source::{Span, visit};
use crate::vma::event::{EventKind, Populate};
use crate::vma::flow::{FieldUse, Value, VmaAccess};

impl Lowerer<'_> {
    pub(super) fn call(&mut self, callee: &Expression, arguments: &[Expression], whole: &Expression) -> Value {
        let gets_vma = self.passed(arguments).is_some();
        if self.macro_depth == 0 && arguments.iter().any(|argument| self.is_passed_on(argument)) {
            self.out.calls.push(FieldUse { name: self.written(callee), span: whole.span });
        }
        match &callee.bare().kind {
            E::Name(name) => self.named_call(name, arguments, whole, gets_vma),
            E::Field { base, name, .. } => self.hook_call(base, name, callee, arguments, whole, gets_vma),
            E::Unary { operator: Prefix::Target, operand } => self.call(operand, arguments, whole),
            E::Index { base, .. } if !gets_vma => self.array_call(base, callee, arguments, whole),
            E::Call { callee: inner, arguments: names } if matches!(inner.name(), Some("guard" | "ACQUIRE")) => {
                self.guard(names, arguments, whole.span)
            }
            E::Call { callee: inner, arguments: names } if inner.name() == Some("CLASS") => {
                self.class(names, arguments, whole.span)
            }
            _ => self.unresolved_call(callee, arguments, whole, gets_vma),
        }
    }

    /// Lowers a call through an array of functions: `steps[i](lamp)`.
    fn array_call(
        &mut self,
        array: &Expression,
        callee: &Expression,
        arguments: &[Expression],
        whole: &Expression,
    ) -> Value {
        let functions = self.table_functions(array);
        if functions.is_empty() {
            return self.unresolved_call(callee, arguments, whole, false);
        }
        self.expression(callee);
        self.arguments(arguments);
        let keys = self.keys_without_vma(functions, arguments);
        self.call_key(keys, &self.written(callee))
    }

    fn unresolved_call(
        &mut self,
        callee: &Expression,
        arguments: &[Expression],
        whole: &Expression,
        gets_vma: bool,
    ) -> Value {
        self.expression(callee);
        self.arguments(arguments);
        if gets_vma {
            let why = format!("passed to {}, a callee that cannot be resolved", self.written(callee));
            self.event(EventKind::Unknown { why }, whole.span);
        }
        Value::Unknown
    }

    /// Whether an argument is or holds the VMA or desc that the function received. A local desc does not count.
    pub(super) fn is_passed_on(&self, argument: &Expression) -> bool {
        self.root_of(argument, 0).is_some() && !self.aliases.is_own_desc(argument)
    }

    /// Access of a callee to the VMA through an argument.
    pub(super) fn root_of(&self, argument: &Expression, position: usize) -> Option<VmaAccess> {
        if self.aliases.is_vma(argument) {
            Some(VmaAccess::Vma(position))
        } else if self.aliases.is_desc(argument) {
            Some(VmaAccess::Desc(position))
        } else {
            self.aliases.holder(argument).map(|member| VmaAccess::Holder(position, member.to_owned()))
        }
    }

    pub(super) fn arguments(&mut self, arguments: &[Expression]) {
        for argument in arguments {
            if self.root_of(argument, 0).is_none() {
                self.expression(argument);
            }
        }
    }

    pub(super) fn named_call(
        &mut self,
        name: &str,
        arguments: &[Expression],
        whole: &Expression,
        gets_vma: bool,
    ) -> Value {
        if let Some(value) = self.error_value(name, arguments) {
            return value;
        }
        let rules = self.context.rules;
        if let Some((target, value)) = self.stored(name, arguments) {
            return self.assign(None, target, value, whole.span);
        }
        self.kept_address(name, arguments, whole.span);
        // A call that requests an action is a small header function, and is followed as such if the tree has it.
        let is_there = || !self.context.index.functions(name, self.file).is_empty();
        let is_followed =
            |rule: &&Call| rule.does == CallEffect::Action && is_there() || gets_vma && self.shows_how(rule, name);
        if let Some(rule) = rules.call(name).filter(|rule| !is_followed(rule)) {
            if self.rule_applies(rule, arguments) {
                return self.ruled_call(rule, name, arguments, whole.span);
            }
            self.other_vma(rule, name, arguments, whole.span);
        }
        if gets_vma && self.scope.get(name).is_some() {
            return self.pointer_call(name, arguments, whole.span);
        }
        self.said_arguments(name, arguments);
        if gets_vma {
            return self.call_with_mapping(name, arguments, whole.span);
        }
        let effect = rules.state(name).or_else(|| self.bracket(name));
        let effect = effect.or_else(|| self.paired_by_rule(name)).or_else(|| self.closed_by_name(name));
        if let Some(effect) = effect.filter(|_| !self.only_locks(name)) {
            return self.state_call(name, effect, arguments, whole.span);
        }
        if rules.is_silent(name) && !self.is_own_function(name) {
            return Value::Unknown;
        }
        if self.scope.get(name).is_some() {
            let targets = self.pointed_functions(name);
            if !targets.is_empty() {
                return self.call_key(self.keys_without_vma(targets, arguments), name);
            }
        }
        self.driver_call(name, arguments, whole)
    }

    /// The target and the value of a call that stores: `WRITE_ONCE(vma->vm_ops, &lamp_vm_ops)`, `smp_store_release(&lamp->users, 1)`.
    fn stored<'e>(&self, name: &str, arguments: &'e [Expression]) -> Option<(&'e Expression, &'e Expression)> {
        let [target, .., value] = arguments else { return None };
        let rules = self.context.rules;
        let is_store = rules.stores(name)
            && !self.aliases.is_vma(value)
            && (!rules.has_state_rule(name) || self.is_member_of_mapping(target));
        let target = match &target.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => operand,
            _ => target,
        };
        is_store.then_some((target, value))
    }

    /// Notes a call that keeps the address of a field of the VMA.
    fn kept_address(&mut self, name: &str, arguments: &[Expression], span: Span) {
        let keeping = self.context.rules.call(name).filter(|rule| rule.does == CallEffect::Keep);
        let kept = keeping.and_then(|rule| arguments.get(rule.vma?));
        if kept.is_some_and(|argument| self.is_address_in_vma(argument)) {
            let why = format!("reachable through the address of one of its fields, which {name} keeps");
            self.event(EventKind::Unknown { why }, span);
        }
    }

    /// Lowers the arguments of a call that is not ruled. What stands behind the text of a message is said, and does nothing.
    fn said_arguments(&mut self, name: &str, arguments: &[Expression]) {
        let is_silent = self.context.rules.is_silent(name);
        let is_outer_said = self.is_said;
        for (position, argument) in arguments.iter().enumerate() {
            if self.root_of(argument, 0).is_none() && !self.field_argument(name, position, argument) {
                self.expression(argument);
            }
            self.is_said |=
                is_silent && matches!(argument.kind, E::Literal) && argument.span.of(self.text).starts_with(b"\"");
        }
        self.is_said = is_outer_said;
    }

    /// A call without a rule that gets the VMA.
    fn call_with_mapping(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
        let rules = self.context.rules;
        let is_known = !self.context.index.functions(name, self.file).is_empty();
        if let Some(StateEffect::Takes(taking)) = rules.state(name)
            && matches!(taking.kind, StateKind::List | StateKind::Counter)
            && !is_known
        {
            // `xa_store(&lamp->mappings, id, vma, GFP_KERNEL)`, `cmpxchg(&lamp->vma, NULL, vma)`
            self.event(kept_in(&arguments[0], self.text), span);
            return Value::Unknown;
        }
        if rules.is_silent(name) && !is_known { Value::Unknown } else { self.follow(name, arguments, span) }
    }

    fn is_member_of_mapping(&self, target: &Expression) -> bool {
        matches!(&target.bare().kind, E::Field { base, .. } if self.aliases.is_vma(base) || self.aliases.is_desc(base))
    }

    /// Whether a call that populates by others is followed into its body.
    fn shows_how(&self, rule: &Call, name: &str) -> bool {
        let index = self.context.index;
        let is_defined =
            || !index.functions(name, self.file).is_empty() || !index.expanded_call(name, self.file, &[]).is_empty();
        self.context.follows_modules && rule.composed && is_defined()
    }

    /// Value of `ERR_PTR(-EINVAL)` and similar idioms.
    pub(super) fn error_value(&mut self, name: &str, arguments: &[Expression]) -> Option<Value> {
        match (self.context.rules.idiom(name)?, arguments) {
            (Idiom::ErrorPointer, [.., argument]) => Some(self.expression(argument)),
            (Idiom::PointerError, [argument]) => {
                let value = self.expression(argument);
                Some(if value == Value::Zero { value } else { Value::Errno })
            }
            (Idiom::PointerErrorOrZero, [argument]) => match self.expression(argument) {
                value @ (Value::Zero | Value::Errno) => Some(value),
                _ => Some(Value::Unknown),
            },
            (idiom, [argument]) if idiom.is_value() => Some(self.expression(argument)),
            _ => None,
        }
    }

    pub(super) fn rule_applies(&self, rule: &Call, arguments: &[Expression]) -> bool {
        match rule.vma {
            Some(position) => arguments.get(position).is_some_and(|argument| self.root_of(argument, 0).is_some()),
            // A copy of flags is the function's own.
            None if rule.does == CallEffect::Access && rule.needs_vma_value => {
                arguments.iter().any(|argument| self.mentions_vma(argument) || self.mentions_desc(argument))
            }
            None if rule.needs_vma_value => arguments.iter().any(|argument| {
                self.mentions_vma(argument) || self.made_from(argument).iter().any(|name| self.aliases.is_alias(name))
            }),
            None => true,
        }
    }

    /// Reports a relevant call whose VMA argument may be this VMA under an unknown name. A VMA known to be another is not reported.
    fn other_vma(&mut self, rule: &Call, name: &str, arguments: &[Expression], span: Span) {
        let matters =
            !matches!(rule.does, CallEffect::Access | CallEffect::Bridge | CallEffect::Action | CallEffect::Silent);
        let Some(argument) = rule.vma.and_then(|position| arguments.get(position)).filter(|_| matters) else { return };
        let is_looked_up = |name: &str| {
            let values = self.locals.pointers.get(name).map_or(&[][..], Vec::as_slice);
            !values.is_empty() && values.iter().all(|value| matches!(value.kind, E::Call { .. } | E::Field { .. }))
        };
        let is_other = match &argument.bare().kind {
            E::Name(name) => {
                self.scope.get(name).is_none_or(|ty| ty.pointers == 0 && !ty.is_array)
                    || is_looked_up(name)
                    || !self.has_vma()
            }
            E::Call { .. } => !self.mentions_vma(argument),
            _ => true,
        };
        if !is_other {
            let why = format!("perhaps passed to {name} under an unknown name");
            self.event(EventKind::Unknown { why }, span);
        }
    }

    /// Whether the function has access to a VMA.
    fn has_vma(&self) -> bool {
        self.aliases.has_vma()
    }

    fn mentions_desc(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |part| found |= self.aliases.is_desc(part));
        found
    }

    pub(super) fn mentions_vma(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |part| found |= self.aliases.is_vma(part));
        found
    }

    pub(super) fn ruled_call(&mut self, rule: &Call, name: &str, arguments: &[Expression], span: Span) -> Value {
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
            if Some(position) != rule.vma && !is_flag_argument(position) && self.root_of(argument, 0).is_none() {
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
        self.out.tests.extend(rule.tests.iter().map(|flag| FieldUse { name: flag.clone(), span }));
        for field in &rule.reads {
            self.read(field, span);
        }
        for field in rule.writes.iter().filter(|field| rule.does == CallEffect::Access || field.as_str() != "vm_file") {
            self.write(field, span);
        }
        if rule.does != CallEffect::Access && rule.writes.iter().any(|field| field == "vm_file") {
            self.out.writes.push(FieldUse { name: "vm_file".to_owned(), span });
        }
        for kind in &rule.also {
            self.event(EventKind::Also { kind: kind.clone() }, span);
        }
        let kind = match rule.does {
            CallEffect::Access | CallEffect::Bridge | CallEffect::Action | CallEffect::Silent => return Value::Unknown,
            CallEffect::Populate => EventKind::Populate(self.populate(rule, name, arguments)),
            CallEffect::Finish => EventKind::Finish { name: name.to_owned() },
            CallEffect::Helper => EventKind::Helper { name: name.to_owned(), populates: self.helper_populates(name) },
            CallEffect::SwapFile => EventKind::SwapFile,
            CallEffect::Keep => kept_in(&arguments[0], self.text),
            CallEffect::Redispatch => EventKind::Redispatch { text: name.to_owned() },
        };
        Value::Slot(self.event(kind, span))
    }

    pub(super) fn flag_arguments(&mut self, arguments: &[Expression], set: bool) {
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

    pub(super) fn populate(&self, rule: &Call, name: &str, arguments: &[Expression]) -> Populate {
        let argument = |position: Option<usize>| position.and_then(|position| arguments.get(position));
        let others = arguments.iter().enumerate().filter(|(position, _)| Some(*position) != rule.vma);
        let source = others.flat_map(|(_, argument)| self.made_from(argument)).collect();
        let overrides_prot = argument(rule.prot).is_some_and(|prot| !self.is_vma_prot(prot));
        // An array of the caller's frame is as short-lived as one of the function's own.
        let is_lent = |pages: &Expression| self.made_from(pages).iter().any(|name| self.ownership.own.contains(name));
        let pages_are_local = argument(rule.pages).is_some_and(|pages| self.is_made_of_frame(pages) || is_lent(pages));
        let (name, action, action_by_page) = (name.to_owned(), rule.action.clone(), rule.action_by_page.clone());
        let only_if = rule.populates_if;
        let by_macro = self.macro_name.clone();
        Populate { name, by_macro, action, action_by_page, source, overrides_prot, pages_are_local, only_if }
    }

    pub(super) fn passed(&self, arguments: &[Expression]) -> Option<VmaAccess> {
        arguments.iter().enumerate().find_map(|(position, argument)| self.root_of(argument, position))
    }

    /// Whether the arguments are a string and fields of the VMA. An undefined function with such arguments prints them.
    pub(super) fn is_message(&self, arguments: &[Expression]) -> bool {
        let is_text = |argument: &Expression| {
            matches!(argument.kind, E::Literal) && argument.span.of(self.text).first() == Some(&b'"')
        };
        let is_field = |part: &Expression| matches!(&part.kind, E::Field { base, .. } if self.aliases.is_vma(base));
        let mut has_field = false;
        for argument in arguments {
            visit::expression(argument, &mut |part| has_field |= is_field(part));
        }
        has_field && arguments.iter().any(is_text)
    }
}
