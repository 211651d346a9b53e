//! What a call means: by a rule, as a helper to follow, as a hook, or not at all.

use super::Lowerer;
use super::conditions::is_zero;
use super::expressions::kept_in;
use crate::index::ItemId;
use crate::rules::{Call, Does, Idiom};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::{ItemKind, Span, identifiers, parse, visit};
use crate::vma::event::{EventKind, Populate};
use crate::vma::flow::{Arguments, Key, Named, Root, Value};

impl Lowerer<'_> {
    pub(super) fn call(&mut self, callee: &Expression, arguments: &[Expression], whole: &Expression) -> Value {
        let gets_vma = self.passed(arguments).is_some();
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
    pub(super) fn is_passed_on(&self, argument: &Expression) -> bool {
        self.root_of(argument, 0).is_some() && !self.aliases.is_own_desc(argument)
    }

    /// How a callee gets at the VMA by an argument.
    pub(super) fn root_of(&self, argument: &Expression, position: usize) -> Option<Root> {
        if self.aliases.is_vma(argument) {
            Some(Root::Vma(position))
        } else if self.aliases.is_desc(argument) {
            Some(Root::Desc(position))
        } else {
            self.aliases.holder(argument).map(|member| Root::Holder(position, member.to_owned()))
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
        // What asks for an action is a small function of a header, and followed as such.
        if let Some(rule) = rules.call(name).filter(|rule| rule.does != Does::Action) {
            if self.rule_applies(rule, arguments) {
                return self.ruled_call(rule, name, arguments, whole.span);
            }
            self.other_vma(rule, name, arguments, whole.span);
        }
        if gets_vma && self.scope.get(name).is_some() {
            return self.pointer_call(name, arguments, whole.span);
        }
        for (position, argument) in arguments.iter().enumerate() {
            if self.root_of(argument, 0).is_none() && !self.field_argument(name, position, argument) {
                self.expression(argument);
            }
        }
        if let Some(effect) = rules.state(name).or_else(|| self.bracket(name)).or_else(|| self.paired_by_rule(name))
            && !gets_vma
        {
            return self.state_call(name, effect, arguments, whole.span);
        }
        let is_silent = rules.is_silent(name);
        if gets_vma {
            let is_known = !self.context.index.functions(name, self.file).is_empty();
            return if is_silent && !is_known { Value::Unknown } else { self.follow(name, arguments, whole.span) };
        }
        if is_silent && !self.is_own_function(name) {
            return Value::Unknown;
        }
        self.driver_call(name, arguments, whole)
    }

    /// `ERR_PTR(-EINVAL)` and its kin.
    pub(super) fn error_value(&mut self, name: &str, arguments: &[Expression]) -> Option<Value> {
        match (self.context.rules.idiom(name)?, arguments) {
            (Idiom::ErrorPointer, [.., argument]) => Some(self.expression(argument)),
            (Idiom::PointerError, [argument]) => {
                let value = self.expression(argument);
                Some(if value == Value::Zero { value } else { Value::Errno })
            }
            (idiom, [argument]) if idiom.is_value() => Some(self.expression(argument)),
            _ => None,
        }
    }

    pub(super) fn rule_applies(&self, rule: &Call, arguments: &[Expression]) -> bool {
        match rule.vma {
            Some(position) => arguments.get(position).is_some_and(|argument| self.root_of(argument, 0).is_some()),
            // A copy of flags is nobody's but the function's own.
            None if rule.does == Does::Access && rule.needs_vma_value => {
                arguments.iter().any(|argument| self.mentions_vma(argument) || self.mentions_desc(argument))
            }
            None if rule.needs_vma_value => arguments.iter().any(|argument| {
                self.mentions_vma(argument) || self.made_from(argument).iter().any(|name| self.aliases.is_alias(name))
            }),
            None => true,
        }
    }

    /// A call that matters, with something in the place of the VMA that is not known to be it: unless it is known to be another.
    fn other_vma(&mut self, rule: &Call, name: &str, arguments: &[Expression], span: Span) {
        let matters = !matches!(rule.does, Does::Access | Does::Bridge | Does::Action | Does::Silent);
        let Some(argument) = rule.vma.and_then(|position| arguments.get(position)).filter(|_| matters) else { return };
        let is_looked_up = |name: &str| {
            let values = self.pointers.get(name).map_or(&[][..], Vec::as_slice);
            !values.is_empty() && values.iter().all(|value| matches!(value.kind, E::Call { .. } | E::Field { .. }))
        };
        let is_other = match &argument.bare().kind {
            E::Name(name) => self.scope.get(name).is_none() || is_looked_up(name) || !self.has_vma(),
            E::Call { .. } => !self.mentions_vma(argument),
            _ => true,
        };
        if !is_other {
            let why = format!("perhaps what {name} is handed");
            self.event(EventKind::Unknown { why }, span);
        }
    }

    /// Whether the function gets at a VMA at all.
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
            Does::Access | Does::Bridge | Does::Action | Does::Silent => return Value::Unknown,
            Does::Populate => EventKind::Populate(self.populate(rule, name, arguments)),
            Does::Finish => EventKind::Finish { name: name.to_owned() },
            Does::Helper => EventKind::Helper { name: name.to_owned(), populates: self.helper_populates(name) },
            Does::SwapFile => EventKind::SwapFile,
            Does::Keep => EventKind::Escape { into: kept_in(&arguments[0], self.text) },
            Does::Redispatch => EventKind::Redispatch { text: name.to_owned() },
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
        let pages_are_local = argument(rule.pages).is_some_and(|pages| self.is_made_of_frame(pages));
        let (name, action, only_if) = (name.to_owned(), rule.action.clone(), rule.populates_if);
        Populate { name, action, source, overrides_prot, pages_are_local, only_if }
    }

    pub(super) fn passed(&self, arguments: &[Expression]) -> Option<Root> {
        arguments.iter().enumerate().find_map(|(position, argument)| self.root_of(argument, position))
    }

    /// A call that hands the VMA to a function by name.
    pub(super) fn follow(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
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
            Some(mut keys) => {
                keys.iter_mut().for_each(|key| key.arguments = self.known_arguments(key.id, arguments));
                if self.is_open_hook(name) {
                    self.event(EventKind::OpenCall { name: name.to_owned() }, span);
                }
                self.call_key(keys, name)
            }
            // A helper that takes a desc is in nobody's way.
            None if matches!(root, Root::Desc(_)) => Value::Unknown,
            None => {
                let populates = self.helper_populates(name);
                Value::Slot(self.event(EventKind::Helper { name: name.to_owned(), populates }, span))
            }
        }
    }

    /// A call of a macro: what it stands for, read in the place of the call.
    pub(super) fn macro_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Option<Value> {
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
        let parsed: Vec<_> = expansions.iter().map(|expansion| parse::statements(expansion, span)).collect();
        // A macro that cannot be read, is not handed the VMA and does not name it is as good as an unknown function.
        let names_vma = || {
            let own_text = self.context.index.expanded_call(name, self.file, &[]);
            self.passed(arguments).is_some()
                || own_text.iter().flat_map(|text| identifiers(text)).any(|word| self.aliases.is_alias(word))
        };
        if parsed.iter().any(|parsed| parsed.trouble.is_some()) && !names_vma() {
            return None;
        }
        self.macro_depth += 1;
        let mut value = Value::Unknown;
        for parsed in parsed {
            self.out.trouble.extend(parsed.trouble.map(|(span, reason)| (span, format!("{name}, a macro, {reason}"))));
            self.scope.declare(&parsed.syntax);
            self.aliases.extend(&parsed.syntax, &self.scope);
            self.read_locals(&parsed.syntax);
            value = self.expanded(&parsed.syntax);
        }
        self.macro_depth -= 1;
        Some(value)
    }

    /// The definitions of a function that belong to the driver, or that every caller compiles in; `None` where it is another's.
    pub(super) fn followable(&self, name: &str, root: &Root) -> Option<Vec<Key>> {
        self.followable_from(self.file, name, root)
    }

    /// The same for a name as another file means it.
    pub(super) fn followable_from(&self, file: u32, name: &str, root: &Root) -> Option<Vec<Key>> {
        let index = self.context.index;
        let ids = index.functions(name, file);
        let own = |id: &ItemId| index.file(id.file).is_header() || index.same_driver(self.file, *id);
        // A stub in a header beside a real definition elsewhere says nothing about the real one.
        let real: Vec<ItemId> = ids.iter().copied().filter(|id| !index.file(id.file).is_header()).collect();
        if ids.is_empty() || real.iter().any(|id| !own(id)) {
            return None;
        }
        Some(ids.into_iter().map(|id| Key::new(id, root.clone())).collect())
    }

    /// A call without the VMA: followed within the driver for the state it takes.
    pub(super) fn driver_call(&mut self, name: &str, arguments: &[Expression], whole: &Expression) -> Value {
        let flags = arguments.iter().position(|argument| self.is_flags(argument));
        let root = flags.map_or(Root::None, Root::Flags);
        let keys: Vec<Key> = self
            .driver_functions(name)
            .into_iter()
            .map(|id| {
                let known = self.known_arguments(id, arguments);
                let is_far = known.is_far || id.file != self.file;
                Key { arguments: Arguments { is_far, ..known }, ..Key::new(id, root.clone()) }
            })
            .collect();
        if !keys.is_empty() {
            return self.call_key(keys, name);
        }
        if let Some(value) = self.own_macro(name, arguments, whole.span) {
            return value;
        }
        if !self.is_message(arguments) {
            self.event(EventKind::Work { text: name.to_owned() }, whole.span);
        }
        // What is no function that is known may be a macro, which sets what it is given.
        arguments
            .iter()
            .filter(|argument| argument.name().is_some())
            .for_each(|argument| self.forget_arguments(Some(argument)));
        Value::Unknown
    }

    /// `f(&vma->vm_pgoff)`: the callee reads the field, and perhaps writes it. Whether that could be found out.
    fn field_argument(&mut self, name: &str, position: usize, argument: &Expression) -> bool {
        let E::Unary { operator, operand } = &argument.bare().kind else { return false };
        let E::Field { base, name: field, .. } = &operand.bare().kind else { return false };
        if operator != "&"
            || !self.aliases.is_vma(base)
            || matches!(field.as_str(), "vm_page_prot" | "flags" | "vm_flags")
        {
            return false;
        }
        let Some(is_written) = self.writes_behind(name, position) else { return false };
        self.read(field, argument.span);
        if is_written {
            self.write(field, argument.span);
        }
        true
    }

    /// Whether a function of the driver writes what one of its parameters points to; `None` where it hands the pointer on, or is not found.
    fn writes_behind(&self, name: &str, position: usize) -> Option<bool> {
        let index = self.context.index;
        let ids = self.driver_functions(name);
        let mut written = false;
        for id in &ids {
            let (source, item) = (index.file(id.file), index.item(*id));
            for function in parse::in_every_variant(item.span.of(&source.text), item.span.start) {
                let parameter = &function.parameters.get(position)?.name;
                let is_behind = |part: &Expression| matches!(&part.bare().kind, E::Unary { operator, operand } if operator == "*" && operand.name() == Some(parameter));
                let (mut named, mut behind) = (0, 0);
                visit::statements(&function.body, &mut |seen| {
                    let visit::Seen::Expression(expression) = seen else { return };
                    named += usize::from(matches!(&expression.kind, E::Name(name) if name == parameter));
                    behind += usize::from(matches!(expression.kind, E::Unary { .. }) && is_behind(expression));
                    written |= match &expression.kind {
                        E::Assign { target, .. } => is_behind(target),
                        E::Step { operand, .. } => is_behind(operand),
                        _ => false,
                    };
                });
                // Wherever else it is named, it may be kept or handed on.
                if named != behind {
                    return None;
                }
            }
        }
        (!ids.is_empty()).then_some(written)
    }

    /// Whether what nobody defines is given a text and fields of the VMA: then it prints them.
    fn is_message(&self, arguments: &[Expression]) -> bool {
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

    /// What a function may know of what it is handed. Constants matter to short ones alone, which only pass them on.
    fn known_arguments(&self, id: ItemId, arguments: &[Expression]) -> Arguments {
        const SHORT: u32 = 512;
        let item = self.context.index.item(id);
        let is_short = item.span.end - item.span.start <= SHORT;
        Arguments {
            own: Arguments::positions(arguments, |argument| self.points_to_own(argument)),
            zero: Arguments::positions(arguments, is_zero),
            is_far: self.is_far,
            constant: if is_short { Arguments::positions(arguments, |argument| self.is_constant(argument)) } else { 0 },
        }
    }

    /// Whether the file defines a function of that name.
    fn is_own_function(&self, name: &str) -> bool {
        self.context.index.file(self.file).named(ItemKind::Function, name).next().is_some()
    }

    /// A call of a macro that the file itself defines, whether or not it is handed the VMA.
    fn own_macro(&mut self, name: &str, arguments: &[Expression], span: Span) -> Option<Value> {
        let is_own = self.context.index.file(self.file).named(ItemKind::Macro, name).next().is_some();
        if !is_own && self.elsewhere(name, ItemKind::Macro).is_empty() {
            return None;
        }
        self.macro_call(name, arguments, span)
    }

    /// The functions of that name of the file, else of other files of the driver.
    fn driver_functions(&self, name: &str) -> Vec<ItemId> {
        let own = self.context.index.file(self.file).named(ItemKind::Function, name);
        let own: Vec<ItemId> = own.map(|item| ItemId { file: self.file, item }).collect();
        if own.is_empty() { self.elsewhere(name, ItemKind::Function) } else { own }
    }

    /// The definitions of a name in other files of the driver, of a kind.
    fn elsewhere(&self, name: &str, kind: ItemKind) -> Vec<ItemId> {
        let index = self.context.index;
        let meant = index.meant_elsewhere(name, self.file).iter().copied();
        meant.filter(|id| index.item(*id).kind == kind).collect()
    }
}
