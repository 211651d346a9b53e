//! From the syntax of a function to its facts and its flow.

use rustc_hash::{FxHashMap, FxHashSet};

use super::aliases::Aliases;
use super::event::{Event, EventKind, Fails};
use super::flow::{Arm, Condition, Key, Lowered, Named, Root, Step, Value};
use crate::index::{Index, Scope, Types};
use crate::rules::{Rules, StateEffect, StateKind};
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::source::{Span, is_identifier_byte};

/// What lowering asks.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Who defines what.
    pub index: &'a Index,
    /// What type an expression has.
    pub types: &'a Types<'a>,
    /// What calls do.
    pub rules: &'a Rules,
}

/// Names of a desc's fields, with those of the VMA that they stand for.
const DESC_FIELDS: &[(&str, &str)] = &[
    ("start", "vm_start"),
    ("end", "vm_end"),
    ("pgoff", "vm_pgoff"),
    ("file", "vm_file"),
    ("vm_file", "vm_file"),
    ("mm", "vm_mm"),
    ("vm_flags", "vm_flags"),
    ("vma_flags", "vm_flags"),
    ("page_prot", "vm_page_prot"),
    ("vm_ops", "vm_ops"),
    ("private_data", "vm_private_data"),
];

/// Flags that an expression sets and clears relative to the flags it starts from.
#[derive(Clone, Debug, Default)]
pub(super) struct FlagSets {
    pub sets: Vec<Named>,
    pub clears: Vec<Named>,
}

pub(super) struct Lowerer<'a> {
    pub context: Context<'a>,
    pub file: u32,
    pub text: &'a [u8],
    pub scope: Scope,
    pub aliases: Aliases,
    /// Locals that hold the VMA's flags, or flags for it, with what they set and clear.
    pub flag_locals: FxHashMap<String, FlagSets>,
    /// Locals that hold the VMA's protection.
    prot_locals: FxHashSet<String>,
    /// Locals with what is assigned to them: a local that is called points to a function.
    pub pointers: FxHashMap<String, Vec<Expression>>,
    /// Variables that are given back where their scope ends, with what sort of state they hold.
    cleanups: Vec<(String, StateKind)>,
    pub out: Lowered,
    pub steps: Vec<Step>,
    slots: u32,
    /// How many macros deep the text that is read lies.
    pub macro_depth: usize,
    /// The names of all functions that are called by name.
    pub called: FxHashSet<String>,
    /// Locals with the names that their values are made from.
    origins: FxHashMap<String, Vec<String>>,
}

/// Lowers one variant of a function.
pub fn lower(context: Context<'_>, file: u32, function: &Function, root: &Root) -> Lowered {
    let scope = Scope::of(function);
    let aliases = Aliases::of(function, root, &scope);
    let text = &context.index.file(file).text;
    let mut lowerer = Lowerer {
        context,
        file,
        text,
        scope,
        aliases,
        flag_locals: FxHashMap::default(),
        prot_locals: FxHashSet::default(),
        pointers: FxHashMap::default(),
        cleanups: Vec::new(),
        out: Lowered { name: function.name.clone(), ..Lowered::default() },
        steps: Vec::new(),
        slots: 0,
        macro_depth: 0,
        called: FxHashSet::default(),
        origins: FxHashMap::default(),
    };
    if let Root::Flags(number) = root
        && let Some(parameter) = function.parameters.get(*number)
    {
        lowerer.flag_locals.insert(parameter.name.clone(), FlagSets::default());
    }
    lowerer.read_locals(function);
    lowerer.block(&function.body);
    let flow = std::mem::take(&mut lowerer.steps);
    lowerer.out.flows.push(flow);
    lowerer.out
}

impl Lowerer<'_> {
    // ---- what locals hold, wherever they are assigned ----

    fn read_locals(&mut self, function: &Function) {
        let mut assigned: Vec<(String, &Expression)> = Vec::new();
        visit::statements(&function.body, &mut |seen| match seen {
            Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                if let E::Name(name) = &target.kind {
                    assigned.push((name.clone(), value));
                }
            }
            Seen::Expression(Expression { kind: E::Call { callee, .. }, .. }) => {
                self.called.extend(callee.name().map(str::to_owned));
            }
            Seen::Declared(Declared { name, value: Some(value), .. }) => assigned.push((name.clone(), value)),
            _ => {}
        });
        for (name, value) in &assigned {
            if self.is_field_of_vma(value, "vm_flags")
                || self.scope.get(name).is_some_and(|ty| ty.name == "vm_flags_t")
                || self.names_flags(value)
            {
                let found = self.flag_sets(value);
                let entry = self.flag_locals.entry(name.clone()).or_default();
                entry.sets.extend(found.sets);
                entry.clears.extend(found.clears);
            }
            if self.is_field_of_vma(value, "vm_page_prot") {
                self.prot_locals.insert(name.clone());
            }
            self.pointers.entry(name.clone()).or_default().extend(pointed_at(value));
            self.origins.entry(name.clone()).or_default().extend(names(value));
        }
    }

    /// The names that a value is made from, those of locals followed to theirs.
    pub(super) fn made_from(&self, value: &Expression) -> Vec<String> {
        let mut found = names(value);
        let mut next = 0;
        while let Some(name) = found.get(next) {
            let more: Vec<String> =
                self.origins.get(name).into_iter().flatten().filter(|name| !found.contains(name)).cloned().collect();
            found.extend(more);
            next += 1;
        }
        found
    }

    fn names_flags(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |expression| found |= flag_name(expression).is_some());
        // `bool writable = vma->vm_flags & VM_WRITE` is a test, no set of flags.
        found && !self.mentions_vma_field(value, "vm_flags")
    }

    pub(super) fn is_field_of_vma(&self, expression: &Expression, field: &str) -> bool {
        matches!(&expression.bare().kind, E::Field { base, name, .. }
            if (self.aliases.is_vma(base) && name == field) || (self.aliases.is_desc(base) && vma_field(name) == Some(field)))
    }

    pub(super) fn mentions_vma_field(&self, value: &Expression, field: &str) -> bool {
        let mut found = false;
        visit::expression(value, &mut |expression| found |= self.is_field_of_vma(expression, field));
        found
    }

    /// Whether an expression is the VMA's flags, or a local copy.
    pub(super) fn is_flags(&self, expression: &Expression) -> bool {
        self.is_field_of_vma(expression, "vm_flags")
            || expression.name().is_some_and(|name| self.flag_locals.contains_key(name))
    }

    // ---- flags ----

    /// The flags that an expression holds: those it adds, and those it takes away by `& ~X`.
    pub(super) fn flag_sets(&self, value: &Expression) -> FlagSets {
        let mut found = FlagSets::default();
        self.add_flag_sets(value, false, &mut found);
        found
    }

    fn add_flag_sets(&self, value: &Expression, negated: bool, found: &mut FlagSets) {
        match &value.bare().kind {
            E::Unary { operator, operand } if operator == "~" => self.add_flag_sets(operand, !negated, found),
            E::Binary { left, right, .. } => {
                self.add_flag_sets(left, negated, found);
                self.add_flag_sets(right, negated, found);
            }
            E::Conditional { then, otherwise, .. } => {
                if let Some(then) = then {
                    self.add_flag_sets(then, negated, found);
                }
                self.add_flag_sets(otherwise, negated, found);
            }
            E::Call { arguments, .. } => {
                arguments.iter().for_each(|argument| self.add_flag_sets(argument, negated, found))
            }
            E::Name(name) => {
                if let Some(flag) = flag_name(value).filter(|_| self.context.rules.mask(name).is_none()) {
                    let named = Named { name: flag, span: value.span };
                    if negated { found.clears.push(named) } else { found.sets.push(named) }
                } else if let Some(flags) = self.named_mask(name) {
                    let named = flags.into_iter().map(|name| Named { name, span: value.span });
                    if negated { found.clears.extend(named) } else { found.sets.extend(named) }
                } else if let Some(local) = self.flag_locals.get(name) {
                    found.sets.extend(local.sets.iter().cloned());
                    found.clears.extend(local.clears.iter().cloned());
                }
            }
            _ => {}
        }
    }

    /// The flags that a constant of the driver's own stands for: `#define MY_FLAGS (VM_IO | VM_PFNMAP)`.
    fn named_mask(&self, name: &str) -> Option<Vec<String>> {
        if name.bytes().any(|byte| byte.is_ascii_lowercase()) {
            return None;
        }
        if let Some(flags) = self.context.rules.mask(name) {
            return Some(flags.to_vec());
        }
        let body = self.context.index.constant(name, self.file)?;
        let words =
            body.split(|byte| !is_identifier_byte(*byte)).filter_map(|word| flag_of(std::str::from_utf8(word).ok()?));
        let flags: Vec<String> = words.collect();
        (!flags.is_empty()).then_some(flags)
    }

    /// The flags that a mask names, for a test.
    fn tested_flags(&mut self, mask: &Expression) {
        let found = self.flag_sets(mask);
        self.out.tests.extend(found.sets);
        self.out.tests.extend(found.clears);
    }

    // ---- facts ----

    pub(super) fn event(&mut self, kind: EventKind, span: Span) -> u32 {
        let slot = self.slot();
        self.steps.push(Step::Do { event: self.out.events.len(), slot });
        self.out.events.push(Event { kind, span });
        slot
    }

    pub(super) fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots
    }

    pub(super) fn read(&mut self, field: &str, span: Span) {
        let field = if matches!(field, "flags" | "__vm_flags") { "vm_flags" } else { field };
        self.out.reads.push(Named { name: field.to_owned(), span });
    }

    pub(super) fn write(&mut self, field: &str, span: Span) {
        self.out.writes.push(Named { name: field.to_owned(), span });
        if field == "vm_file" {
            self.event(EventKind::SwapFile, span);
        } else {
            self.event(EventKind::WriteField { field: field.to_owned() }, span);
        }
    }

    pub(super) fn call_key(&mut self, callees: Vec<Key>, name: &str) -> Value {
        let slot = self.slot();
        self.out.callees.extend(callees.iter().cloned());
        self.steps.push(Step::Call { callees, name: name.to_owned(), slot });
        Value::Slot(slot)
    }

    // ---- statements ----

    fn block(&mut self, statements: &[Statement]) {
        for (number, statement) in statements.iter().enumerate() {
            if let S::If { condition, then, otherwise } = &statement.kind
                && otherwise.is_empty()
                && self.is_presence(condition)
                && succeeds(then)
            {
                // What follows `if (dev->buffer) return 0;` is done once, for the first who comes.
                return self.branch(condition, then, &statements[number + 1..], Some(Arm::Otherwise));
            }
            self.statement(statement);
        }
    }

    fn branch(&mut self, condition: &Expression, then: &[Statement], otherwise: &[Statement], absent: Option<Arm>) {
        let condition = self.condition(condition);
        let then = self.arm(then);
        let otherwise = self.arm(otherwise);
        self.steps.push(Step::If { condition, then, otherwise, absent });
    }

    /// What a macro stands for: its statements, and the value of the last.
    pub(super) fn expanded(&mut self, statements: &[Statement]) -> Value {
        let Some((last, before)) = statements.split_last() else { return Value::Unknown };
        self.block(before);
        match &last.kind {
            S::Expression(value) => self.expression(value),
            _ => {
                self.statement(last);
                Value::Unknown
            }
        }
    }

    /// The steps of statements, apart.
    fn arm(&mut self, statements: &[Statement]) -> Vec<Step> {
        let outer = std::mem::take(&mut self.steps);
        self.block(statements);
        std::mem::replace(&mut self.steps, outer)
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            S::Expression(value) => drop(self.expression(value)),
            S::Declaration(variables) => variables.iter().for_each(|declared| self.declaration(declared)),
            S::If { condition, then, otherwise } => {
                let absent = self.is_absence(condition).then_some(Arm::Then);
                self.branch(condition, then, otherwise, absent);
            }
            S::Loop { condition, body, is_do, head } => {
                self.loop_statement(condition.as_ref(), body, *is_do, head.as_deref(), statement.span)
            }
            S::Switch { value, arms, has_default } => {
                self.expression(value);
                let arms = arms.iter().map(|arm| self.arm(arm)).collect();
                self.steps.push(Step::Switch { arms, has_default: *has_default });
            }
            S::Return(value) => {
                let kept = value.as_ref().is_some_and(|value| is_kept(value, self.text));
                let value = value.as_ref().map_or(Value::Unknown, |value| self.expression(value));
                if !kept {
                    self.clean_up(statement.span);
                }
                self.steps.push(Step::Return(value, statement.span));
            }
            S::Goto(label) => self.steps.push(Step::Goto(label.clone())),
            S::Label(label) => self.steps.push(Step::Label(label.clone())),
            S::Break => self.steps.push(Step::Break),
            S::Continue => self.steps.push(Step::Continue),
            S::Block(inner) => self.block(inner),
            S::Unknown => {}
        }
    }

    fn declaration(&mut self, declared: &Declared) {
        if let Some(cleanup) = &declared.cleanup {
            let kind = match self.context.rules.state(cleanup) {
                Some(StateEffect::Undoes(kind)) => kind,
                _ => StateKind::Ref,
            };
            self.cleanups.push((declared.name.clone(), kind));
        }
        let Some(value) = &declared.value else { return };
        let before = self.out.events.len();
        let result = self.expression(value);
        self.name_result(before, &declared.name);
        self.steps.push(Step::Assign { variable: declared.name.clone(), value: result });
    }

    /// Variables declared with `__free(...)` are given back where the function returns.
    fn clean_up(&mut self, span: Span) {
        for (object, kind) in self.cleanups.clone() {
            self.event(EventKind::Undo { kind, object }, span);
        }
    }

    /// A call that takes state and returns it is named after what its result is assigned to.
    fn name_result(&mut self, before: usize, target: &str) {
        for event in &mut self.out.events[before..] {
            if let EventKind::Take { object, .. } = &mut event.kind
                && object.is_empty()
            {
                *object = target.to_owned();
            }
        }
    }

    fn loop_statement(
        &mut self,
        condition: Option<&Expression>,
        body: &[Statement],
        is_do: bool,
        head: Option<&str>,
        span: Span,
    ) {
        if head.is_some_and(|head| head.starts_with("scoped_")) {
            // `scoped_guard(mutex, &lock) { ... }` runs once, under the lock.
            let object = condition.map(|condition| condition.text(self.text)).unwrap_or_default();
            self.event(
                EventKind::Take { kind: StateKind::Lock, object: object.clone(), fails: Fails::Error },
                Span { end: span.start, ..span },
            );
            self.block(body);
            self.event(EventKind::Undo { kind: StateKind::Lock, object }, Span { start: span.end, ..span });
            return;
        }
        let once =
            is_do && condition.is_some_and(|condition| matches!(&condition.kind, E::Number(number) if number == "0"));
        if once {
            return self.block(body);
        }
        let outer = std::mem::take(&mut self.steps);
        if let Some(condition) = condition.filter(|_| !is_do) {
            self.condition(condition);
        }
        self.block(body);
        if let Some(condition) = condition.filter(|_| is_do) {
            self.condition(condition);
        }
        let body = std::mem::replace(&mut self.steps, outer);
        self.steps.push(Step::Loop(body));
    }

    // ---- conditions ----

    fn condition(&mut self, expression: &Expression) -> Condition {
        match &expression.kind {
            E::Unary { operator, operand } if operator == "!" => Condition::Not(Box::new(self.condition(operand))),
            E::Binary { operator, left, right } => match operator.as_str() {
                "&&" => Condition::All(vec![self.condition(left), self.condition(right)]),
                "||" => Condition::Any(vec![self.condition(left), self.condition(right)]),
                "==" | "!=" => self.comparison(operator == "==", left, right, expression),
                "<" if is_zero(right) => {
                    let value = self.expression(left);
                    Condition::Error(value)
                }
                _ => {
                    self.expression(expression);
                    Condition::Unknown
                }
            },
            E::Call { callee, arguments } => match (callee.name(), arguments.as_slice()) {
                (Some("likely" | "unlikely" | "WARN_ON" | "WARN_ON_ONCE"), [argument, ..]) => self.condition(argument),
                (Some("IS_ERR" | "IS_ERR_VALUE"), [argument]) => {
                    let value = self.expression(argument);
                    Condition::Error(value)
                }
                (Some("IS_ERR_OR_NULL"), [argument]) => {
                    let value = self.expression(argument);
                    Condition::Any(vec![
                        Condition::Error(value.clone()),
                        Condition::Not(Box::new(Condition::True(value))),
                    ])
                }
                _ => {
                    let value = self.expression(expression);
                    Condition::True(value)
                }
            },
            _ => {
                let value = self.expression(expression);
                Condition::True(value)
            }
        }
    }

    /// Whether a condition holds where a member of a shared object is null: `!dev->buffer`, `dev->buffer == NULL`.
    fn is_absence(&self, condition: &Expression) -> bool {
        let member = match &condition.kind {
            E::Unary { operator, operand } if operator == "!" => operand,
            E::Binary { operator, left, right } if operator == "==" && is_zero(right) => left,
            _ => return false,
        };
        matches!(member.kind, E::Field { .. }) && self.is_shared(member)
    }

    /// Whether a condition holds where a member of a shared object is not null: `dev->buffer`.
    fn is_presence(&self, condition: &Expression) -> bool {
        matches!(condition.kind, E::Field { .. }) && self.is_shared(condition)
    }

    fn comparison(&mut self, equal: bool, left: &Expression, right: &Expression, whole: &Expression) -> Condition {
        if !is_zero(right) {
            self.expression(whole);
            return Condition::Unknown;
        }
        let value = self.expression(left);
        let holds = Condition::True(value);
        if equal { Condition::Not(Box::new(holds)) } else { holds }
    }

    // ---- expressions ----

    pub(super) fn expression(&mut self, expression: &Expression) -> Value {
        match &expression.kind {
            E::Name(name) => match name.as_str() {
                "NULL" | "false" => Value::Zero,
                "true" => Value::NonZero,
                _ => Value::Variable(name.clone()),
            },
            E::Number(number) => {
                if is_zero_number(number) {
                    Value::Zero
                } else {
                    Value::NonZero
                }
            }
            E::Literal => Value::NonZero,
            E::Field { base, name, .. } => self.field(base, name, expression.span),
            E::Call { callee, arguments } => self.call(callee, arguments, expression),
            E::Cast { value, .. } => self.expression(value),
            E::Unary { operator, operand } => self.unary(operator, operand, expression.span),
            E::Step { operand, operator } => self.step(operator, operand, expression.span),
            E::Index { base, index } => {
                self.expression(base);
                self.expression(index);
                Value::Unknown
            }
            E::Binary { operator, left, right } => self.binary(operator, left, right),
            E::Assign { operator, target, value } => self.assign(operator, target, value, expression.span),
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

    fn field(&mut self, base: &Expression, name: &str, span: Span) -> Value {
        if self.aliases.is_vma(base) {
            self.read(name, span);
        } else if self.aliases.is_desc(base) {
            if let Some(field) = vma_field(name) {
                self.read(field, span);
            }
        } else {
            self.expression(base);
        }
        Value::Unknown
    }

    fn unary(&mut self, operator: &str, operand: &Expression, span: Span) -> Value {
        match operator {
            "-" => match &operand.kind {
                E::Name(name) if is_errno(name) => return Value::Errno,
                _ => {}
            },
            "&" => {
                if let E::Field { base, name, .. } = &operand.kind
                    && self.aliases.is_vma(base)
                {
                    self.read(name, span);
                    if !matches!(name.as_str(), "vm_page_prot" | "flags" | "vm_flags") {
                        self.event(EventKind::Unknown { why: format!("takes the address of {name}") }, span);
                    }
                    return Value::NonZero;
                }
            }
            _ => {}
        }
        self.expression(operand);
        Value::Unknown
    }

    fn step(&mut self, operator: &str, operand: &Expression, span: Span) -> Value {
        if let E::Field { base, name, .. } = &operand.kind
            && self.aliases.is_vma(base)
        {
            self.read(name, span);
            self.write(name, span);
        } else if self.is_shared(operand) {
            self.count(operator == "++", operand, span);
        } else if let Some(name) = operand.name() {
            self.steps.push(Step::Assign { variable: name.to_owned(), value: Value::Unknown });
        }
        Value::Unknown
    }

    fn count(&mut self, up: bool, counter: &Expression, span: Span) {
        let object = counter.text(self.text);
        let kind = StateKind::Counter;
        let event =
            if up { EventKind::Take { kind, object, fails: Fails::Error } } else { EventKind::Undo { kind, object } };
        self.event(event, span);
    }

    fn binary(&mut self, operator: &str, left: &Expression, right: &Expression) -> Value {
        if operator == "&" {
            if self.is_flags(left) {
                self.tested_flags(right);
            } else if self.is_flags(right) {
                self.tested_flags(left);
            }
        }
        self.expression(left);
        self.expression(right);
        Value::Unknown
    }

    fn choice(&mut self, condition: &Expression, then: Option<&Expression>, otherwise: &Expression) -> Value {
        let test = self.condition(condition);
        let slot = self.slot();
        let variable = format!("#{slot}");
        let outer = std::mem::take(&mut self.steps);
        let value = then.map_or(Value::NonZero, |then| self.expression(then));
        self.steps.push(Step::Assign { variable: variable.clone(), value });
        let then = std::mem::take(&mut self.steps);
        let value = self.expression(otherwise);
        self.steps.push(Step::Assign { variable, value });
        let otherwise = std::mem::replace(&mut self.steps, outer);
        self.steps.push(Step::If { condition: test, then, otherwise, absent: None });
        Value::Slot(slot)
    }

    fn assign(&mut self, operator: &str, target: &Expression, value: &Expression, span: Span) -> Value {
        if let E::Field { base, name, .. } = &target.kind {
            let field = if self.aliases.is_vma(base) {
                Some(name.as_str())
            } else if self.aliases.is_desc(base) {
                vma_field(name)
            } else {
                None
            };
            if let Some(field) = field {
                return self.assign_field(operator, field, value, span);
            }
        }
        if let E::Call { arguments, .. } = &target.kind
            && let [Expression { kind: E::Field { base, name, .. }, .. }] = arguments.as_slice()
            && self.aliases.is_vma(base)
        {
            // `pgprot_val(vma->vm_page_prot) |= x`
            self.read(name, span);
            return self.assign_field("=", name, value, span);
        }
        if self.aliases.is_vma(value) {
            if !target.name().is_some_and(|name| self.scope.get(name).is_some()) && !self.aliases.holds(target) {
                self.event(EventKind::Escape { into: kept_in(target, self.text) }, span);
            }
            return Value::NonZero;
        }
        let before = self.out.events.len();
        let result = self.expression(value);
        let object = target.text(self.text);
        self.name_result(before, &object);
        if let E::Name(name) = &target.kind
            && self.scope.get(name).is_some()
        {
            let result = if operator == "=" { result } else { Value::Unknown };
            self.steps.push(Step::Assign { variable: name.clone(), value: result.clone() });
            return result;
        }
        if !matches!(target.kind, E::Name(_)) {
            self.expression_of_target(target);
        }
        if self.is_shared(target) {
            match operator {
                "+=" => self.count(true, target, span),
                "-=" => self.count(false, target, span),
                _ => drop(self.event(EventKind::SharedWrite { object }, span)),
            }
        }
        result
    }

    /// The reads that a target makes on its way: `a[vma->vm_pgoff] = x`.
    fn expression_of_target(&mut self, target: &Expression) {
        match &target.kind {
            E::Field { base, .. } => drop(self.expression(base)),
            E::Index { base, index } => {
                self.expression(base);
                self.expression(index);
            }
            E::Unary { operand, .. } => drop(self.expression(operand)),
            _ => {}
        }
    }

    fn assign_field(&mut self, operator: &str, field: &str, value: &Expression, span: Span) -> Value {
        match (field, operator) {
            ("vm_flags", "|=") => {
                let found = self.flag_sets(value);
                self.out.sets.extend(found.sets);
            }
            ("vm_flags", "&=") => {
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
            (_, "=") => drop(self.expression(value)),
            _ => {
                self.read(field, span);
                self.expression(value);
            }
        }
        if field == "vm_ops" {
            let name = match &value.bare().kind {
                E::Unary { operator, operand } if operator == "&" => operand.text(self.text),
                _ => value.text(self.text),
            };
            self.out.vm_ops.push(Named { name, span });
        }
        self.write(field, span);
        Value::Unknown
    }

    /// Whether an expression reaches an object that others see: through a pointer, or a global.
    pub(super) fn is_shared(&self, target: &Expression) -> bool {
        let Some(root) = target.root() else { return false };
        let reaches = matches!(target.kind, E::Field { .. } | E::Index { .. } | E::Unary { .. });
        match self.scope.get(root) {
            Some(ty) => reaches && (ty.pointers > 0 || has_arrow(target)) && !ty.is_array,
            None => !self.aliases.is_alias(root),
        }
    }

    /// Whether an expression is the VMA's protection as it stands.
    pub(super) fn is_vma_prot(&self, expression: &Expression) -> bool {
        self.is_field_of_vma(expression, "vm_page_prot")
            || expression.name().is_some_and(|name| self.prot_locals.contains(name))
    }
}

/// Whether statements end by returning zero, or nothing.
fn succeeds(statements: &[Statement]) -> bool {
    match statements.last().map(|last| &last.kind) {
        Some(S::Return(Some(value))) => is_zero(value),
        Some(S::Return(None)) => true,
        _ => false,
    }
}

/// Whether a returned value takes a variable out of the hands of its `__free(...)`.
fn is_kept(value: &Expression, text: &[u8]) -> bool {
    let text = value.text(text);
    ["no_free_ptr(", "return_ptr(", "take_fd("].iter().any(|keeps| text.contains(keeps))
}

/// The VMA field that a desc's field stands for.
pub(super) fn vma_field(name: &str) -> Option<&'static str> {
    DESC_FIELDS.iter().find(|(desc, _)| *desc == name).map(|(_, vma)| *vma)
}

/// The flag that an expression names.
pub(super) fn flag_name(expression: &Expression) -> Option<String> {
    flag_of(expression.name()?)
}

/// The flag that a word is: `VM_IO`, and `VM_IO` for `VMA_IO_BIT`.
fn flag_of(name: &str) -> Option<String> {
    if let Some(bit) = name.strip_prefix("VMA_").and_then(|rest| rest.strip_suffix("_BIT")) {
        return Some(format!("VM_{bit}"));
    }
    let is_upper = name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_');
    (name.starts_with("VM_") && !name.starts_with("VM_FAULT") && is_upper).then(|| name.to_owned())
}

/// The names in an expression, those of members left out.
fn names(value: &Expression) -> Vec<String> {
    let mut found = Vec::new();
    visit::expression(value, &mut |part| {
        if let E::Name(name) = &part.kind {
            found.push(name.clone());
        }
    });
    found
}

/// What a pointer to a function can point at: names, members of tables.
fn pointed_at(value: &Expression) -> Vec<Expression> {
    match &value.bare().kind {
        E::Name(_) | E::Field { .. } => vec![value.bare().clone()],
        E::Unary { operator, operand } if operator == "&" => pointed_at(operand),
        E::Conditional { then, otherwise, .. } => {
            let mut all = then.as_deref().map(pointed_at).unwrap_or_default();
            all.extend(pointed_at(otherwise));
            all
        }
        _ => Vec::new(),
    }
}

/// The last two names of what a pointer is kept in: `task_ref.vma`.
fn kept_in(target: &Expression, text: &[u8]) -> String {
    match &target.kind {
        E::Field { base, name, .. } => match &base.kind {
            E::Field { name: outer, .. } => format!("{outer}.{name}"),
            _ => name.clone(),
        },
        _ => target.text(text),
    }
}

fn has_arrow(target: &Expression) -> bool {
    let mut found = false;
    visit::expression(target, &mut |expression| found |= matches!(expression.kind, E::Field { arrow: true, .. }));
    found
}

fn is_zero(expression: &Expression) -> bool {
    match &expression.kind {
        E::Number(number) => is_zero_number(number),
        E::Name(name) => name == "NULL" || name == "false",
        _ => false,
    }
}

fn is_zero_number(number: &str) -> bool {
    matches!(number.trim_end_matches(['u', 'U', 'l', 'L']), "0" | "0x0")
}

fn is_errno(name: &str) -> bool {
    name.len() > 2
        && name.starts_with('E')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}
