//! Lowers expressions: reads, writes, state, values.

use memchr::memmem;

use super::Lowerer;
use crate::rules::StateKind;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Prefix};
use crate::source::{Span, begins_assignment, find_word, is_error_number};
use crate::vma::event::{EventKind, Fails, Write};
use crate::vma::flow::{FieldUse, Step, Value};

impl Lowerer<'_> {
    pub(super) fn expression(&mut self, expression: &Expression) -> Value {
        match &expression.kind {
            E::Name(name) => match name.as_str() {
                "NULL" | "false" => Value::Zero,
                "true" => Value::NonZero,
                _ if self.aliases.is_alias(name) || self.aliases.is_holder(name) => {
                    // Uses of the VMA that are understood do not get here.
                    let why = "used in an unsupported expression".to_owned();
                    self.event(EventKind::Unknown { why }, expression.span);
                    Value::NonZero
                }
                _ => Value::Slot(self.variable(name)),
            },
            E::Number(_) if expression.is_zero() => Value::Zero,
            E::Number(_) => Value::NonZero,
            E::Literal => Value::NonZero,
            E::Field { base, name, .. } => self.field(base, name, expression.span),
            E::Call { callee, arguments } => self.call(callee, arguments, expression),
            // `(void)vma;`
            E::Cast { ty, value } if ty.name == "void" && ty.pointers == 0 && value.name().is_some() => Value::Unknown,
            E::Cast { value, .. } => self.expression(value),
            E::Unary { operator, operand } => self.unary(*operator, operand, expression.span),
            E::Step { operand, up, .. } => self.step(*up, operand, expression.span),
            E::Index { base, index } => {
                self.expression(base);
                self.expression(index);
                Value::Unknown
            }
            E::Binary { operator, left, right } => self.binary(*operator, left, right),
            E::Assign { operator, target, value } => self.assign(*operator, target, value, expression.span),
            E::Conditional { condition, then, otherwise } => self.choice(condition, then.as_deref(), otherwise),
            E::Initializer { entries, .. } => {
                for entry in entries {
                    self.expression(&entry.value);
                }
                Value::NonZero
            }
            E::Statements(inner) => self.expanded(inner),
            E::Other(parts) => {
                for part in parts {
                    self.expression(part);
                }
                Value::Unknown
            }
        }
    }

    pub(super) fn field(&mut self, base: &Expression, name: &str, span: Span) -> Value {
        if self.aliases.is_vma(base) {
            self.read(name, span);
        } else if self.aliases.is_desc(base) {
            if let Some(field) = self.context.rules.desc_field(name) {
                self.read(field, span);
            }
        } else if let Some(member) = self.aliases.holder(base) {
            let is_union =
                base.name().and_then(|name| self.scope.get(name)).is_some_and(|ty| ty.name.starts_with("union"));
            if is_union && member != name {
                let why = format!("read as {name} of a union");
                self.event(EventKind::Unknown { why }, span);
            }
        } else {
            self.expression(base);
        }
        Value::Unknown
    }

    pub(super) fn unary(&mut self, operator: Prefix, operand: &Expression, span: Span) -> Value {
        match operator {
            Prefix::Minus => match &operand.kind {
                E::Name(name) if is_error_number(name) => return Value::Errno,
                _ => {}
            },
            Prefix::Address => {
                if let E::Field { base, name, .. } = &operand.kind
                    && self.aliases.is_vma(base)
                {
                    self.read(name, span);
                    if !self.context.rules.is_in_desc(self.context.rules.vma_field(name)) {
                        // A write: code takes the address of a lock or a list only to change it.
                        self.write(name, span);
                    } else if !matches!(name.as_str(), "vm_page_prot" | "flags" | "vm_flags") {
                        self.event(
                            EventKind::Unknown { why: format!("reachable through the address of its field {name}") },
                            span,
                        );
                    }
                    return Value::NonZero;
                }
                if let E::Field { base, .. } = &operand.kind
                    && self.aliases.holder(base).is_some()
                {
                    let why = "reachable through the address of a member of the struct that holds it".to_owned();
                    self.event(EventKind::Unknown { why }, span);
                }
            }
            _ => {}
        }
        self.expression(operand);
        Value::Unknown
    }

    pub(super) fn step(&mut self, up: bool, operand: &Expression, span: Span) -> Value {
        if let E::Field { base, name, .. } = &operand.kind
            && self.aliases.is_vma(base)
        {
            self.read(name, span);
            self.write(name, span);
        } else if up && self.is_computed_above(operand, span) {
            // `lamp->parts = size / PART; if (size % PART) lamp->parts++;`
        } else if self.is_shared(operand) {
            self.count(up, operand, span);
        } else if let Some(name) = operand.name() {
            let slot = self.variable(name);
            self.steps.push(Step::Assign { slot, value: Value::Unknown });
        }
        Value::Unknown
    }

    /// Lowers an assigned value. A counter incremented for its value is a unique number, not a count of mappings.
    pub(super) fn assigned_value(&mut self, value: &Expression) -> Value {
        match &value.bare().kind {
            E::Step { operand, .. } if self.is_shared(operand) => {
                let object = self.written(operand);
                self.event(EventKind::SharedWrite { object, write: Write::Value }, value.span);
                Value::Unknown
            }
            _ if self.is_address_in_vma(value) => {
                let why = "reachable through the address of one of its fields".to_owned();
                self.event(EventKind::Unknown { why }, value.span);
                Value::NonZero
            }
            _ => self.expression(value),
        }
    }

    fn is_member_of_vma(&self, operand: &Expression) -> bool {
        matches!(&operand.kind, E::Field { base, .. } if self.aliases.is_vma(base) || self.is_member_of_vma(base))
    }

    /// Whether an expression is the address of a member of the VMA.
    pub(super) fn is_address_in_vma(&self, value: &Expression) -> bool {
        matches!(&value.bare().kind, E::Unary { operator: Prefix::Address, operand } if self.is_member_of_vma(operand))
    }

    pub(super) fn count(&mut self, up: bool, counter: &Expression, span: Span) {
        let object = self.written(counter);
        let kind = StateKind::Counter;
        let event = if up {
            EventKind::Take { kind, object, fails: Fails::Error, is_shared: false }
        } else if self.is_spent(counter) {
            EventKind::SharedWrite { object, write: Write::Refuses }
        } else {
            EventKind::Undo { kind, object, is_callers: self.is_callers(counter) }
        };
        self.event(event, span);
    }

    /// Whether the statement above, which always runs, sets an object anew that is then changed: that is a computation, not a count.
    fn is_computed_above(&self, object: &Expression, change: Span) -> bool {
        let name = self.written(object);
        let above = &self.text[..change.start as usize];
        let Some(set) = memmem::rfind(above, name.as_bytes()) else { return false };
        let behind = &above[set + name.len()..];
        let is_set = begins_assignment(behind);
        let is_alone = matches!(above[..set].trim_ascii_end().last(), Some(b';' | b'{' | b'}'));
        let one_statement = memchr::memchr_iter(b';', behind).count() == 1 && !behind.contains(&b'}');
        is_set && is_alone && one_statement && find_word(behind, b"else", 0).is_none()
    }

    pub(super) fn binary(&mut self, operator: Binary, left: &Expression, right: &Expression) -> Value {
        if operator == Arithmetic::And.into() {
            if self.is_flags(left) {
                self.tested_flags(right);
            } else if self.is_flags(right) {
                self.tested_flags(left);
            }
        }
        let compares = matches!(operator, Binary::Comparison(_));
        for (side, other) in [(left, right), (right, left)] {
            if !(compares && self.aliases.is_vma(side)) {
                self.expression(side);
            } else if !other.is_zero() && other.name() != Some("NULL") && !self.aliases.is_vma(other) {
                let why = format!("compared with {}; a desc has no VMA to compare", self.written(other));
                self.event(EventKind::Unknown { why }, side.span);
            }
        }
        Value::Unknown
    }

    pub(super) fn choice(
        &mut self,
        condition: &Expression,
        then: Option<&Expression>,
        otherwise: &Expression,
    ) -> Value {
        let test = self.condition(condition);
        let slot = self.slot();
        let outer = std::mem::take(&mut self.steps);
        let value = then.map_or(Value::NonZero, |then| self.expression(then));
        self.steps.push(Step::Assign { slot, value });
        let then = std::mem::take(&mut self.steps);
        let value = self.expression(otherwise);
        self.steps.push(Step::Assign { slot, value });
        let otherwise = std::mem::replace(&mut self.steps, outer);
        self.steps.push(Step::If { condition: test, then, otherwise, absent: None });
        Value::Slot(slot)
    }

    pub(super) fn assign(
        &mut self,
        operator: Option<Arithmetic>,
        target: &Expression,
        value: &Expression,
        span: Span,
    ) -> Value {
        if let Some(field) = self.field_of_mapping(target) {
            return self.assign_field(operator, &field, value, span);
        }
        if let Some(field) = self.field_around(target) {
            self.read(&field, span);
            return self.assign_field(None, &field, value, span);
        }
        if let E::Call { callee, arguments } = &target.kind
            && self.passed(arguments).is_some()
        {
            // `VMA_PRIVATE(vma) = x`
            return match self.expanded_target(callee, arguments, target.span) {
                Some(field) => self.assign(operator, &field, value, span),
                None => {
                    let why = format!("assigned to through {}", self.written(callee));
                    self.event(EventKind::Unknown { why }, span);
                    self.expression(value)
                }
            };
        }
        if self.aliases.is_vma(value) {
            let is_local =
                target.name().is_some_and(|name| self.scope.get(name).is_some() && !self.locals.statics.contains(name));
            if !is_local && !self.aliases.holds(target) {
                self.event(kept_in(target, self.text), span);
            }
            return Value::NonZero;
        }
        let before = self.out.events.len();
        let result = self.assigned_value(value);
        let object = self.written(target);
        self.name_result(before, &object);
        if let E::Name(name) = &target.kind
            && self.scope.get(name).is_some()
        {
            let result = if operator.is_none() { result } else { Value::Unknown };
            let slot = self.variable(name);
            self.steps.push(Step::Assign { slot, value: result.clone() });
            return result;
        }
        if !matches!(target.kind, E::Name(_)) {
            self.expression_of_target(target);
        }
        if self.is_shared(target) {
            self.shared_write(operator, target, value, object, span);
        }
        result
    }

    /// The field that `vma->field` or `desc->field` is, by its name in the VMA.
    fn field_of_mapping(&self, target: &Expression) -> Option<String> {
        let E::Field { base, name, .. } = &target.kind else { return None };
        let rules = self.context.rules;
        let field = match () {
            () if self.aliases.is_vma(base) => Some(rules.vma_field(name)),
            () if self.aliases.is_desc(base) => rules.desc_field(name),
            () => None,
        };
        field.map(str::to_owned)
    }

    /// The field of the VMA that an assignment changes in part.
    fn field_around(&self, target: &Expression) -> Option<String> {
        let whole = match &target.kind {
            // `pgprot_val(vma->vm_page_prot) |= x`
            E::Call { arguments, .. } if arguments.len() == 1 => arguments.first()?,
            // `vma->vm_page_prot.pgprot |= x`
            E::Field { base, arrow: false, .. } => base.as_ref(),
            _ => return None,
        };
        match &whole.kind {
            E::Field { base, name, .. } if self.aliases.is_vma(base) => Some(name.clone()),
            _ => None,
        }
    }

    /// A write to an object that others see: a count, or another value.
    fn shared_write(
        &mut self,
        operator: Option<Arithmetic>,
        target: &Expression,
        value: &Expression,
        object: String,
        span: Span,
    ) {
        match operator {
            Some(Arithmetic::Plus) if self.is_computed_above(target, span) => {}
            Some(Arithmetic::Plus) => self.count(true, target, span),
            Some(Arithmetic::Minus) => self.count(false, target, span),
            // `lamp->users = lamp->users + 1`
            None if let Some(up) = stepped(target, value, self.text) => self.count(up, target, span),
            None if self.is_computed_from(value, &object) => self.count(true, target, span),
            _ => {
                let member = match &target.kind {
                    E::Field { name, .. } => Some(name.as_str()),
                    _ => None,
                };
                let write = self.write_of(operator, target, member, value);
                self.event(EventKind::SharedWrite { object, write }, span);
            }
        }
    }

    /// Lowers the reads in an assignment target: `a[vma->vm_pgoff] = x`.
    pub(super) fn expression_of_target(&mut self, target: &Expression) {
        match &target.kind {
            E::Field { base, .. } if self.aliases.holder(base).is_some() => {}
            E::Field { base, .. } => drop(self.expression(base)),
            E::Index { base, index } => {
                self.expression(base);
                self.expression(index);
            }
            E::Unary { operand, .. } => drop(self.expression(operand)),
            _ => {}
        }
    }

    pub(super) fn assign_field(
        &mut self,
        operator: Option<Arithmetic>,
        field: &str,
        value: &Expression,
        span: Span,
    ) -> Value {
        match (field, operator) {
            ("vm_flags", Some(Arithmetic::Or)) => {
                let found = self.flag_sets(value);
                self.out.sets.extend(found.sets);
            }
            ("vm_flags", Some(Arithmetic::And)) => {
                let found = self.flag_sets(value);
                self.out.clears.extend(found.clears);
            }
            ("vm_flags", _) => {
                let found = self.flag_sets(value);
                self.out.sets.extend(found.sets);
                self.out.clears.extend(found.clears);
                if let Some(mentioned) = self.mentions_vma_field(value, "vm_flags").then_some(value) {
                    self.read("vm_flags", mentioned.span);
                }
            }
            (_, None) if self.aliases.is_vma(value) => {
                // `vma->vm_private_data = vma`: a later reader of the field gets the VMA.
                self.event(EventKind::Escape { into: field.to_owned(), place: field.to_owned() }, span);
            }
            (_, None) => drop(self.expression(value)),
            _ => {
                self.read(field, span);
                self.expression(value);
            }
        }
        if field == "vm_ops" {
            self.note_possible_closes(value);
            for name in self.tables_of(value) {
                self.note_missing_table(&name, span);
                self.note_vm_hooks(&name);
                self.out.vm_ops.push(FieldUse { name, span });
            }
        }
        if field == "vm_file" {
            self.write_file(value, span);
        } else {
            self.write(field, span);
        }
        Value::Unknown
    }
}

/// The last two names of the destination of a stored pointer: `task_ref.vma`.
pub(super) fn kept_in(target: &Expression, text: &[u8]) -> EventKind {
    let target = target.address_of().unwrap_or(target);
    let into = match &target.kind {
        E::Field { base, name, .. } => match &base.kind {
            E::Field { name: outer, .. } => format!("{outer}.{name}"),
            _ => name.clone(),
        },
        _ => target.text(text),
    };
    EventKind::Escape { into, place: target.text(text) }
}

/// Whether a value is that of the target and more, or less: `x + 1` for `x`.
fn stepped(target: &Expression, value: &Expression, text: &[u8]) -> Option<bool> {
    let E::Binary { operator: Binary::Arithmetic(operator), left, .. } = &value.bare().kind else { return None };
    // `READ_ONCE(x) + 1`
    let read = match &left.bare().kind {
        E::Call { callee, arguments } if callee.name() == Some("READ_ONCE") => arguments.first().unwrap_or(left),
        _ => left,
    };
    let is_same = read.bare().text(text) == target.bare().text(text);
    match operator {
        Arithmetic::Plus if is_same => Some(true),
        Arithmetic::Minus if is_same => Some(false),
        _ => None,
    }
}
