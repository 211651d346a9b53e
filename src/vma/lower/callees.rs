//! Calls of the driver's own functions and macros: definitions of a name, and effects on arguments.

use super::Lowerer;
use super::conditions::is_zero;
use crate::index::ItemId;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::Prefix;
use crate::source::{ItemKind, Span, identifiers, parse, visit};
use crate::vma::event::EventKind;
use crate::vma::flow::{Arguments, Key, Value, VmaAccess};

impl Lowerer<'_> {
    /// Lowers a call by name that passes the VMA.
    pub(super) fn follow(&mut self, name: &str, arguments: &[Expression], span: Span) -> Value {
        let Some(root) = self.passed(arguments) else { return Value::Unknown };
        // A macro beside a function of that name is the stub for configurations without the function.
        let known = self.context.index.functions(name, self.file);
        if known.iter().all(|id| self.context.index.file(id.file).is_header())
            && let Some(value) = self.macro_call(name, arguments, span)
        {
            return value;
        }
        if known.is_empty() && !self.context.index.is_declared_by_kernel(name) {
            let searched = self.context.index.searched();
            let why = format!("passed to {name}, whose definition was not found{searched}");
            self.event(EventKind::Unknown { why }, span);
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
            // A helper that takes a desc blocks nothing.
            None if matches!(root, VmaAccess::Desc(_)) => Value::Unknown,
            None => {
                let populates = self.helper_populates(name);
                Value::Slot(self.event(EventKind::Helper { name: name.to_owned(), populates }, span))
            }
        }
    }

    /// Lowers a macro call by its expansion. `None` if there is no usable expansion.
    pub(super) fn macro_call(&mut self, name: &str, arguments: &[Expression], span: Span) -> Option<Value> {
        const NESTING_LIMIT: usize = 6;
        /// Maximum number of expansions in one function. Macros may name many others.
        const COUNT_LIMIT: usize = 2000;
        if self.macro_depth >= NESTING_LIMIT {
            return None;
        }
        if self.macro_count == COUNT_LIMIT {
            self.macro_count += 1;
            self.out.trouble.push((span, "macros name too many others".to_owned()));
        }
        if self.macro_count > COUNT_LIMIT {
            return None;
        }
        let expansions = self.expansions(name, arguments)?;
        if expansions.is_empty() {
            return None;
        }
        let parsed: Vec<_> = expansions.iter().map(|expansion| parse::statements(expansion, span)).collect();
        // A macro that does not parse, does not receive the VMA and does not name it counts as an unknown function.
        let names_vma = || {
            let own_text = self.context.index.expanded_call(name, self.file, &[]);
            self.passed(arguments).is_some()
                || own_text.iter().flat_map(|text| identifiers(text)).any(|word| self.aliases.is_alias(word))
        };
        if parsed.iter().any(|parsed| parsed.trouble.is_some()) && !names_vma() {
            return None;
        }
        if self.macro_depth == 0 {
            self.macro_name = Some(name.to_owned());
        }
        self.macro_depth += 1;
        self.macro_count += 1;
        let mut value = Value::Unknown;
        for parsed in parsed {
            self.out.trouble.extend(parsed.trouble.map(|(span, reason)| (span, format!("macro {name}: {reason}"))));
            self.scope.declare(&parsed.syntax);
            self.aliases.extend(&parsed.syntax, &self.scope);
            self.read_locals(&parsed.syntax);
            value = self.expanded(&parsed.syntax);
        }
        self.macro_depth -= 1;
        if self.macro_depth == 0 {
            self.macro_name = None;
        }
        Some(value)
    }

    /// The field that a macro stands for in the target of an assignment.
    pub(super) fn expanded_target(
        &self,
        callee: &Expression,
        arguments: &[Expression],
        span: Span,
    ) -> Option<Expression> {
        let [expansion] = self.expansions(callee.name()?, arguments)?.try_into().ok()?;
        parse::expression(&expansion, span).filter(|field| matches!(field.kind, E::Field { .. }))
    }

    /// Texts of a macro call, one for each definition that the file can mean. `None` if the text of an argument cannot be rebuilt.
    fn expansions(&self, name: &str, arguments: &[Expression]) -> Option<Vec<Vec<u8>>> {
        self.context.index.expansions(name, self.file, arguments, self.macro_depth > 0)
    }

    /// The definitions of a function in the driver or in headers; `None` if another module defines it, or nothing does.
    pub(super) fn followable(&self, name: &str, root: &VmaAccess) -> Option<Vec<Key>> {
        self.followable_from(self.file, name, root)
    }

    /// Like [`Self::followable`], but resolves the name from another file.
    pub(super) fn followable_from(&self, file: u32, name: &str, root: &VmaAccess) -> Option<Vec<Key>> {
        let index = self.context.index;
        let ids = index.functions(name, file);
        let own = |id: &ItemId| {
            self.context.follows_modules || index.file(id.file).is_header() || index.same_driver(self.file, *id)
        };
        // A stub in a header says nothing about a real definition elsewhere.
        let real: Vec<ItemId> = ids.iter().copied().filter(|id| !index.file(id.file).is_header()).collect();
        if ids.is_empty() || real.iter().any(|id| !own(id)) {
            return None;
        }
        Some(ids.into_iter().map(|id| Key::new(id, root.clone())).collect())
    }

    /// Lowers a call that does not pass the VMA. The callee is followed within the driver for the state that it takes.
    pub(super) fn driver_call(&mut self, name: &str, arguments: &[Expression], whole: &Expression) -> Value {
        let keys = self.keys_without_vma(self.driver_functions(name), arguments);
        if !keys.is_empty() {
            self.claims_of_callee(name, arguments, whole.span);
            if self.vm_hooks_undo(name, &keys) {
                self.counts_for_mapping(arguments, whole.span);
            }
            return self.call_key(keys, name);
        }
        if let Some(value) = self.own_macro(name, arguments, whole.span) {
            return value;
        }
        let mut result = Value::Unknown;
        if self.vm_hooks_repeat(name) && !self.context.rules.wakes(name) {
            result = self.counts_for_mapping(arguments, whole.span);
        }
        if !self.is_said && !self.is_message(arguments) {
            self.event(EventKind::Work { text: name.to_owned() }, whole.span);
        }
        // An unknown function may be a macro that sets its arguments.
        arguments
            .iter()
            .filter(|argument| argument.name().is_some())
            .for_each(|argument| self.forget_arguments(Some(argument)));
        result
    }

    /// Keys of functions of the driver that are called without the VMA.
    pub(super) fn keys_without_vma(&self, ids: Vec<ItemId>, arguments: &[Expression]) -> Vec<Key> {
        let flags = arguments.iter().position(|argument| self.is_flags(argument));
        let root = flags.map_or(VmaAccess::None, VmaAccess::Flags);
        let key = |id: ItemId| {
            let known = self.known_arguments(id, arguments);
            let is_far = known.is_far || id.file != self.file;
            Key { arguments: Arguments { is_far, ..known }, ..Key::new(id, root.clone()) }
        };
        ids.into_iter().map(key).collect()
    }

    /// Records the read, and perhaps the write, of a field by a callee: `f(&vma->vm_pgoff)`. Returns whether its body shows which.
    pub(super) fn field_argument(&mut self, name: &str, position: usize, argument: &Expression) -> bool {
        let Some(operand) = argument.bare().address_of() else { return false };
        let E::Field { base, name: field, .. } = &operand.bare().kind else { return false };
        if !self.aliases.is_vma(base) {
            return false;
        }
        if field == "vm_flags"
            && !self.driver_functions(name).is_empty()
            && self.writes_behind(name, position) != Some(false)
        {
            let why = format!("perhaps changed by {name}, which gets the address of its vm_flags");
            self.event(EventKind::Unknown { why }, argument.span);
        }
        if matches!(field.as_str(), "vm_page_prot" | "flags" | "vm_flags") {
            return false;
        }
        let Some(is_written) = self.writes_behind(name, position) else { return false };
        self.read(field, argument.span);
        if is_written {
            self.write(field, argument.span);
        }
        true
    }

    /// Whether a driver function writes through a pointer parameter; `None` if it passes the pointer on, or is not found.
    pub(super) fn writes_behind(&self, name: &str, position: usize) -> Option<bool> {
        let ids = self.driver_functions(name);
        let mut written = false;
        for id in &ids {
            for function in &self.context.function(*id).variants {
                let parameter = &function.parameters.get(position)?.name;
                let is_behind = |part: &Expression| matches!(&part.bare().kind, E::Unary { operator: Prefix::Target, operand } if operand.name() == Some(parameter));
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
                // Any other use may store it or pass it on.
                if named != behind {
                    return None;
                }
            }
        }
        (!ids.is_empty()).then_some(written)
    }

    /// Known facts about the arguments of a call. Constants are kept only for short functions, which mostly pass them on.
    pub(super) fn known_arguments(&self, id: ItemId, arguments: &[Expression]) -> Arguments {
        const SHORT: u32 = 512;
        let item = self.context.index.item(id);
        let is_short = item.span.end - item.span.start <= SHORT;
        Arguments {
            own: Arguments::positions(arguments, |argument| self.points_to_own(argument)),
            zero: Arguments::positions(arguments, |argument| {
                is_zero(argument) || argument.name().is_some_and(|name| self.ownership.zeros.contains(name))
            }),
            handed_on: Arguments::positions(arguments, |argument| {
                argument.name().is_some_and(|name| self.ownership.callers.contains(name))
            }),
            shared: Arguments::positions(arguments, |argument| self.is_shared_member(argument)),
            is_far: self.is_far,
            constant: if is_short { Arguments::positions(arguments, |argument| self.is_constant(argument)) } else { 0 },
        }
    }

    /// Whether an argument is the address of a member of a shared object.
    fn is_shared_member(&self, argument: &Expression) -> bool {
        match &argument.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => {
                matches!(operand.kind, E::Field { .. }) && self.is_shared(operand)
            }
            // `int *users = &lamp->users;`
            E::Name(name) => {
                let is_scalar = self.scope.get(name).is_some_and(|ty| ty.pointers == 1 && ty.tag().is_none());
                let values = self.locals.pointers.get(name).map(Vec::as_slice);
                is_scalar
                    && matches!(values, Some([only @ Expression { kind: E::Field { .. }, .. }]) if self.is_shared(only))
            }
            _ => false,
        }
    }

    /// Whether the file defines a function of that name.
    pub(super) fn is_own_function(&self, name: &str) -> bool {
        self.context.index.file(self.file).named(ItemKind::Function, name).next().is_some()
    }

    /// Lowers a call of a macro that the driver itself defines, with or without the VMA.
    pub(super) fn own_macro(&mut self, name: &str, arguments: &[Expression], span: Span) -> Option<Value> {
        let is_own = self.context.index.file(self.file).named(ItemKind::Macro, name).next().is_some();
        if !is_own && self.elsewhere(name, ItemKind::Macro).is_empty() {
            return None;
        }
        self.macro_call(name, arguments, span)
    }

    /// The functions of that name in the file, else in other files of the driver.
    pub(super) fn driver_functions(&self, name: &str) -> Vec<ItemId> {
        let own = self.context.index.file(self.file).named(ItemKind::Function, name);
        let own: Vec<ItemId> = own.map(|item| ItemId { file: self.file, item }).collect();
        if own.is_empty() { self.elsewhere(name, ItemKind::Function) } else { own }
    }

    /// The definitions of a name and kind in other files of the driver.
    pub(super) fn elsewhere(&self, name: &str, kind: ItemKind) -> Vec<ItemId> {
        let index = self.context.index;
        let meant = index.meant_elsewhere(name, self.file).iter().copied();
        meant.filter(|id| index.item(*id).kind == kind).collect()
    }
}
