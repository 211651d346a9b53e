//! Lowers the syntax of a function to its facts and its flow.

pub mod aliases;
mod callees;
mod calls;
mod claims;
mod conditions;
mod expressions;
mod files;
pub mod flags;
mod hooks;
mod locals;
mod populating;
mod refusals;
mod sharing;
mod state;
mod vm_hooks;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use self::aliases::Aliases;
use self::conditions::is_zero;
use self::flags::FlagSets;
use self::refusals::Refusal;
use super::dead_slots::prune;
use super::event::{Event, EventKind, Fails};
use super::flow::{Arm, Condition, FieldUse, Key, Lowered, Step, Value, VmaAccess};
use crate::index::{FunctionSyntax, Index, ItemId, Scope, Types};
use crate::rules::{Rules, StateEffect, StateKind};
use crate::source::ast::{
    Declared, Expression, ExpressionKind as E, Function, Statement, StatementKind as S, has_default,
};
use crate::source::{Span, spelled};

/// Input of lowering besides the function.
#[derive(Clone, Copy)]
pub struct Context<'a> {
    /// Definitions, hooks and registrations.
    pub index: &'a Index,
    /// Types of expressions.
    pub types: Types<'a>,
    /// Effects of calls.
    pub rules: &'a Rules,
    /// Whether functions of other modules are followed as the driver's own. The verdict is then that of the handler after all helpers have
    /// desc twins.
    pub follows_modules: bool,
}

impl<'a> Context<'a> {
    /// The same context, in which functions of other modules are followed.
    pub fn across_modules(self) -> Context<'a> {
        Context { follows_modules: true, ..self }
    }

    /// A function as syntax.
    pub fn function(&self, id: ItemId) -> Arc<FunctionSyntax> {
        self.index.file(id.file).function(id.item)
    }
}

/// One function while it is lowered.
// Fifteen fields: where it reads, what it knows, what it writes.
struct Lowerer<'a> {
    context: Context<'a>,
    file: u32,
    text: &'a [u8],
    scope: Scope,
    aliases: Aliases,
    locals: Locals,
    ownership: Ownership,
    /// Values of objects with which it refuses a mapping.
    refusals: Vec<Refusal>,
    /// Whether it is in another file than the function with the VMA.
    is_far: bool,
    out: Lowered,
    steps: Vec<Step>,
    /// Slots of the function's variables, and the number of all slots.
    variables: FxHashMap<String, u32>,
    slots: u32,
    /// Nesting depth of the current macro expansion.
    macro_depth: usize,
    /// The macro of the code that is being expanded, and that all others are a part of.
    macro_name: Option<String>,
    /// How many macros were expanded.
    macro_count: usize,
    /// Whether what is lowered is only printed: an argument behind the text of a message.
    is_said: bool,
}

/// Path-independent facts about a function's variables.
#[derive(Default)]
struct Locals {
    /// Locals that hold the VMA's flags, or flags for it, with the flags they set and clear.
    flags: FxHashMap<String, FlagSets>,
    /// Locals that hold the VMA's protection.
    prots: FxHashSet<String>,
    /// Locals with their assigned values. A local that is called is a function pointer.
    pointers: FxHashMap<String, Vec<Expression>>,
    /// Locals with the names that their values are made from.
    origins: FxHashMap<String, Vec<String>>,
    /// Names declared static or twice, or whose address is taken. Their value at one location says nothing about another.
    untracked: FxHashSet<String>,
    /// Static variables of the function.
    statics: FxHashSet<String>,
    /// Nonlocal names whose address the function takes: possible tables.
    tables: FxHashSet<String>,
    /// The names of all functions that are called by name.
    called: FxHashSet<String>,
    /// Locals that are stepped: `n++`, `n += 2`.
    stepped: FxHashSet<String>,
    /// Locals that are given to functions which drop a reference.
    dropped: FxHashSet<String>,
}

/// Objects of the function itself. A change of them is no state of a mapping.
#[derive(Default)]
struct Ownership {
    /// Objects to which the function takes references, as written.
    referenced: FxHashSet<String>,
    /// Pointers to variables of the function's own frame, or of its caller's.
    own: FxHashSet<String>,
    /// Parameters that point to members of shared objects.
    shared: FxHashSet<String>,
    /// Parameters that the caller passes constants for.
    constants: FxHashSet<String>,
    /// Parameters that the caller passes `NULL` or 0 for, and that the function does not change.
    zeros: FxHashSet<String>,
    parameters: FxHashSet<String>,
    /// Parameters with objects that the caller of the hook passed. A file is none of them: `vm_file` has a reference of its own.
    callers: FxHashSet<String>,
    /// Pointers to objects that the function has just allocated.
    fresh: FxHashSet<String>,
    /// Variables released at the end of their scope, with the kind of state they hold.
    cleanups: Vec<(String, StateKind)>,
    /// Variables whose `__free(...)` is cancelled, as by `no_free_ptr()`.
    kept: FxHashSet<String>,
}

/// Lowers one variant of a function.
pub fn lower(context: Context<'_>, key: &Key, function: &Function) -> Lowered {
    let (file, root) = (key.id.file, &key.root);
    let scope = Scope::of(function);
    let handed = |bits: u32| {
        let known = (0..u32::BITS).zip(&function.parameters).filter(move |(at, _)| bits & (1 << at) != 0);
        known.map(|(_, parameter)| parameter.name.clone())
    };
    let is_object = |name: &str| scope.get(name).is_some_and(|ty| ty.pointers == 1 && !ty.points_to("file"));
    let is_callers = |name: &String| is_object(name) && !function.changes(name);
    let callers = handed(key.arguments.handed_on).filter(is_callers).collect();
    let aliases = Aliases::of(function, root, &scope);
    let text = &context.index.file(file).text;
    let mut lowerer = Lowerer {
        context,
        file,
        text,
        scope,
        aliases,
        locals: Locals::default(),
        ownership: Ownership {
            own: handed(key.arguments.own).collect(),
            shared: handed(key.arguments.shared).collect(),
            constants: handed(key.arguments.constant).collect(),
            zeros: handed(key.arguments.zero).filter(|name| !function.changes(name)).collect(),
            callers,
            parameters: function.parameters.iter().map(|parameter| parameter.name.clone()).collect(),
            ..Ownership::default()
        },
        refusals: Vec::new(),
        is_far: key.arguments.is_far,
        out: Lowered { name: function.name.clone(), ..Lowered::default() },
        steps: Vec::new(),
        variables: FxHashMap::default(),
        slots: 0,
        macro_depth: 0,
        macro_name: None,
        macro_count: 0,
        is_said: false,
    };
    if let VmaAccess::Flags(number) = root
        && let Some(parameter) = function.parameters.get(*number)
    {
        lowerer.locals.flags.insert(parameter.name.clone(), FlagSets::default());
    }
    lowerer.read_locals(&function.body);
    lowerer.refusals = lowerer.refusals(function);
    for name in handed(key.arguments.zero) {
        let slot = lowerer.variable(&name);
        lowerer.steps.push(Step::Assign { slot, value: Value::Zero });
    }
    lowerer.block(&function.body);
    if let Some(last) = function.body.last().filter(|last| !matches!(last.kind, S::Return(_))) {
        lowerer.clean_up(Span { start: last.span.end, ..last.span });
    }
    let flow = std::mem::take(&mut lowerer.steps);
    lowerer.out.flows.push(prune(flow));
    lowerer.out
}

impl Lowerer<'_> {
    /// The text of an expression, as written. In the expansion of a macro every span is that of the call, so it is rebuilt there.
    fn written(&self, expression: &Expression) -> String {
        let rebuilt = if self.macro_depth > 0 { spelled(expression) } else { None };
        rebuilt.unwrap_or_else(|| expression.text(self.text))
    }

    fn event(&mut self, kind: EventKind, span: Span) -> u32 {
        let slot = self.slot();
        self.steps.push(Step::Do { event: self.out.events.len(), slot });
        self.out.events.push(Event { kind, span });
        slot
    }

    fn slot(&mut self) -> u32 {
        self.slots += 1;
        self.slots
    }

    /// The slot of a variable; a new one for each use of an untracked name.
    fn variable(&mut self, name: &str) -> u32 {
        if self.locals.untracked.contains(name) {
            return self.slot();
        }
        if let Some(slot) = self.variables.get(name) {
            return *slot;
        }
        let slot = self.slot();
        self.variables.insert(name.to_owned(), slot);
        slot
    }

    fn read(&mut self, field: &str, span: Span) {
        let field = self.context.rules.vma_field(field);
        self.out.reads.push(FieldUse { name: field.to_owned(), span });
    }

    fn write(&mut self, field: &str, span: Span) {
        self.out.writes.push(FieldUse { name: field.to_owned(), span });
        self.event(EventKind::WriteField { field: field.to_owned() }, span);
    }

    fn call_key(&mut self, callees: Vec<Key>, name: &str) -> Value {
        let slot = self.slot();
        self.out.callees.extend(callees.iter().cloned());
        self.steps.push(Step::Call { callees, name: name.to_owned(), slot });
        Value::Slot(slot)
    }

    fn block(&mut self, statements: &[Statement]) {
        for (number, statement) in statements.iter().enumerate() {
            if let S::If { condition, then, otherwise } = &statement.kind
                && otherwise.is_empty()
                && let Some(member) = self.present_member(condition)
                && (succeeds(then) || returns_it(condition, then))
                && self.makes(&statements[number + 1..], &member)
            {
                // Code after `if (dev->buffer) return 0;` runs once, for the first caller.
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

    /// Lowers the statements of a macro or a statement expression. The value is that of the last.
    fn expanded(&mut self, statements: &[Statement]) -> Value {
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

    /// The steps of statements, in a list of their own.
    fn arm(&mut self, statements: &[Statement]) -> Vec<Step> {
        let outer = std::mem::take(&mut self.steps);
        self.block(statements);
        std::mem::replace(&mut self.steps, outer)
    }

    fn statement(&mut self, statement: &Statement) {
        match &statement.kind {
            S::Expression(value) => drop(self.expression(value)),
            S::Declaration(variables) => variables.iter().for_each(|declared| self.declaration(declared)),
            S::If { condition, then, otherwise } if self.is_never(condition) && !has_label(then) => {
                self.block(otherwise)
            }
            S::If { condition, then, otherwise } => {
                // If the function fails otherwise, the write is a claim.
                let absent = self
                    .absent_member(condition)
                    .is_some_and(|member| {
                        self.makes(then, &member) && !refuses(otherwise) && !self.refuses_made(&member)
                    })
                    .then_some(Arm::Then);
                self.branch(condition, then, otherwise, absent);
            }
            S::Loop { condition, body, is_do, head } => {
                self.loop_statement(condition.as_ref(), body, *is_do, head.as_deref(), statement.span)
            }
            S::Switch { value, arms } => {
                self.expression(value);
                let has_default = has_default(arms);
                let arms = arms.iter().map(|arm| self.arm(&arm.body)).collect();
                self.steps.push(Step::Switch { arms, has_default });
            }
            S::Return(value) => {
                let value = value.as_ref().map_or(Value::Unknown, |value| self.expression(value));
                self.clean_up(statement.span);
                self.steps.push(Step::Return(value, statement.span));
            }
            S::Goto(label) => self.steps.push(Step::Goto(label.clone())),
            S::Label(label) => self.steps.push(Step::Label(label.clone())),
            S::Break => self.steps.push(Step::Break),
            S::Continue => self.steps.push(Step::Continue),
            S::Block(inner) => self.block(inner),
            S::Unknown => {
                let why = "perhaps used in a statement that does not parse".to_owned();
                self.event(EventKind::Unknown { why }, statement.span);
            }
        }
    }

    fn declaration(&mut self, declared: &Declared) {
        let before = self.out.events.len();
        if let Some(value) = &declared.value {
            self.initialised(declared, value);
        }
        if let Some(cleanup) = declared.cleanup.as_ref().filter(|_| !self.ownership.kept.contains(&declared.name)) {
            let kind = match self.context.rules.state(cleanup) {
                Some(StateEffect::Undoes(kind, _)) => kind,
                _ => StateKind::Ref,
            };
            // `struct device *dev __free(put_device) = get_device(lamp->dev);`
            let taken = self.out.events[before..].iter().rev().find_map(|event| match &event.kind {
                EventKind::Take { object, .. } => Some(object.clone()),
                _ => None,
            });
            self.ownership.cleanups.push((taken.unwrap_or_else(|| declared.name.clone()), kind));
        }
    }

    fn initialised(&mut self, declared: &Declared, value: &Expression) {
        let before = self.out.events.len();
        let result = match &value.kind {
            // The initialiser of a static takes effect once, before any call.
            _ if declared.is_static => return,
            // Another name for the VMA.
            _ if self.aliases.is_vma(value) => Value::NonZero,
            // A struct that holds the VMA in a member is followed; its other members are read.
            E::Initializer { entries, .. } if self.aliases.is_holder(&declared.name) => {
                for entry in entries {
                    if !self.aliases.is_vma(&entry.value) {
                        self.expression(&entry.value);
                    }
                }
                Value::NonZero
            }
            _ => self.assigned_value(value),
        };
        self.name_result(before, &declared.name);
        let slot = self.variable(&declared.name);
        self.steps.push(Step::Assign { slot, value: result });
    }

    /// Whether a condition never holds: `if (0)`, or a parameter for which the caller passes `NULL`.
    fn is_never(&self, condition: &Expression) -> bool {
        match &condition.bare().kind {
            E::Number(_) => condition.bare().is_zero(),
            E::Name(name) => self.ownership.zeros.contains(name),
            _ => false,
        }
    }

    /// Releases the variables declared with `__free(...)`, at a return.
    fn clean_up(&mut self, span: Span) {
        for (object, kind) in self.ownership.cleanups.clone() {
            self.event(EventKind::Undo { kind, object, is_callers: false }, span);
        }
    }

    /// Names the state that a call takes and returns after the target of the assignment: `map = lamp_map_get(lamp)`, if `map` is dropped
    /// later.
    fn name_result(&mut self, before: usize, target: &str) {
        let is_dropped = self.locals.dropped.contains(target);
        for event in &mut self.out.events[before..] {
            if let EventKind::Take { kind, object, .. } = &mut event.kind
                && (object.is_empty()
                    || *kind == StateKind::Ref && is_dropped && !self.locals.dropped.contains(object.as_str()))
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
        if head.is_some() {
            // A macro that heads a loop sets its arguments.
            self.forget_arguments(condition);
        }
        let meaning = head.map(|head| self.context.index.head_of(head, self.file).unwrap_or_else(|| head.to_owned()));
        let is_loop = |word: &str| matches!(word, "for" | "while" | "do") || word.contains("for_each");
        match meaning.as_deref() {
            Some("if") => {
                let (then, otherwise) = (self.arm(body), Vec::new());
                return self.steps.push(Step::If { condition: Condition::Unknown, then, otherwise, absent: None });
            }
            // A macro that heads no statement, and is known.
            Some(word) if Some(word) != head && !is_loop(word) && !word.starts_with("scoped_") => {
                return self.block(body);
            }
            _ => {}
        }
        if meaning.is_some_and(|word| word.starts_with("scoped_")) {
            // `scoped_guard(mutex, &lock) { ... }` runs once, under the lock.
            let object = condition.map(|condition| self.written(condition)).unwrap_or_default();
            let is_shared = false;
            self.event(
                EventKind::Take { kind: StateKind::Lock, object: object.clone(), fails: Fails::Error, is_shared },
                Span { end: span.start, ..span },
            );
            self.block(body);
            self.event(
                EventKind::Undo { kind: StateKind::Lock, object, is_callers: false },
                Span { start: span.end, ..span },
            );
            return;
        }
        if is_do && condition.is_some_and(Expression::is_zero) {
            // It runs once, and a `break` leaves it.
            let arms = vec![self.arm(body)];
            return self.steps.push(Step::Switch { arms, has_default: true });
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
}

/// Whether statements contain a label, and so can be jumped into.
fn has_label(statements: &[Statement]) -> bool {
    statements.iter().any(|statement| match &statement.kind {
        S::Label(_) => true,
        S::Block(inner) | S::Loop { body: inner, .. } => has_label(inner),
        S::If { then, otherwise, .. } => has_label(then) || has_label(otherwise),
        S::Switch { arms, .. } => arms.iter().any(|arm| has_label(&arm.body)),
        _ => false,
    })
}

/// Whether statements end by returning a value other than zero.
fn refuses(statements: &[Statement]) -> bool {
    matches!(statements.last().map(|last| &last.kind), Some(S::Return(Some(value))) if !is_zero(value))
}

/// Whether statements end by returning the object whose presence a condition asks for.
fn returns_it(condition: &Expression, statements: &[Statement]) -> bool {
    let returned = statements.last().and_then(Statement::returned).and_then(Expression::name);
    returned.is_some() && returned == condition.name()
}

/// Whether statements end by returning zero or no value.
fn succeeds(statements: &[Statement]) -> bool {
    match statements.last().map(|last| &last.kind) {
        Some(S::Return(Some(value))) => is_zero(value),
        Some(S::Return(None)) => true,
        _ => false,
    }
}
