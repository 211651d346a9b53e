//! Values of locals, collected from all their assignments.

use super::Lowerer;
use super::flags::flag_name;
use crate::rules::Idiom;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Statement};
use crate::source::operator::{Arithmetic, Prefix};
use crate::source::visit::{self, Seen};
use crate::vma::flow::{Step, Value};

impl Lowerer<'_> {
    pub(super) fn read_locals(&mut self, statements: &[Statement]) {
        let mut assigned: Vec<(String, &Expression)> = Vec::new();
        let mut declared_names: Vec<&str> = Vec::new();
        visit::statements(statements, &mut |seen| {
            if let Seen::Declared(declared) = seen {
                if declared_names.contains(&declared.name.as_str()) {
                    self.locals.untracked.insert(declared.name.clone());
                }
                declared_names.push(&declared.name);
                if declared.is_static {
                    self.locals.untracked.insert(declared.name.clone());
                    self.locals.statics.insert(declared.name.clone());
                }
            }
        });
        visit::statements(statements, &mut |seen| match seen {
            Seen::Expression(Expression { kind: E::Assign { operator, target, value }, .. }) => {
                if let E::Name(name) = &target.kind {
                    assigned.push((name.clone(), value));
                    if matches!(operator, Some(Arithmetic::Plus | Arithmetic::Minus)) {
                        self.locals.stepped.insert(name.clone());
                    }
                }
            }
            Seen::Expression(Expression { kind: E::Step { operand, .. }, .. }) => {
                self.locals.stepped.extend(operand.name().map(str::to_owned));
            }
            Seen::Expression(Expression { kind: E::Unary { operator: Prefix::Address, operand }, .. }) => {
                if let Some(name) = operand.name() {
                    self.locals.untracked.insert(name.to_owned());
                    if self.scope.get(name).is_none() {
                        self.locals.tables.insert(name.to_owned());
                    }
                }
            }
            Seen::Expression(Expression { kind: E::Call { callee, arguments }, .. }) => {
                let idiom = callee.name().and_then(|name| self.context.rules.idiom(name));
                if idiom == Some(Idiom::TakesFromCleanup) {
                    let taken = arguments.first().and_then(Expression::name);
                    self.ownership.kept.extend(taken.map(str::to_owned));
                }
                if let Some(name) = callee.name() {
                    self.locals.called.insert(name.to_owned());
                    self.note_reference(name, arguments);
                    if self.drops_reference(name) {
                        let dropped = arguments.first().and_then(Expression::name);
                        self.locals.dropped.extend(dropped.map(str::to_owned));
                    }
                }
            }
            Seen::Declared(Declared { name, value: Some(value), .. }) => assigned.push((name.clone(), value)),
            _ => {}
        });
        self.note_assigned(&assigned);
    }

    /// Records the values of assigned locals.
    fn note_assigned(&mut self, assigned: &[(String, &Expression)]) {
        for (name, value) in assigned {
            if self.is_field_of_vma(value, "vm_flags")
                || self.scope.get(name).is_some_and(|ty| ty.name == "vm_flags_t")
                || self.names_flags(value)
            {
                let found = self.flag_sets(value);
                let entry = self.locals.flags.entry(name.clone()).or_default();
                entry.sets.extend(found.sets);
                entry.clears.extend(found.clears);
            }
            if self.is_field_of_vma(value, "vm_page_prot") {
                self.locals.prots.insert(name.clone());
            }
            self.note_pointer(name, assigned);
            self.locals.pointers.entry(name.clone()).or_default().extend(pointed_at(value));
            self.locals.origins.entry(name.clone()).or_default().extend(names(value));
        }
    }

    /// Makes the locals in an expression unknown: a macro may set its arguments.
    pub(super) fn forget_arguments(&mut self, value: Option<&Expression>) {
        for name in value.map(names).unwrap_or_default() {
            if self.scope.get(&name).is_some() {
                let slot = self.variable(&name);
                self.steps.push(Step::Assign { slot, value: Value::Unknown });
            }
        }
    }

    /// The names that a value is made from, including those behind locals.
    pub(super) fn made_from(&self, value: &Expression) -> Vec<String> {
        let mut found = names(value);
        let mut next = 0;
        while let Some(name) = found.get(next) {
            let more: Vec<String> = self
                .locals
                .origins
                .get(name)
                .into_iter()
                .flatten()
                .filter(|name| !found.contains(name))
                .cloned()
                .collect();
            found.extend(more);
            next += 1;
        }
        found
    }

    /// Whether a value may point into the function's own frame: to an array there, to a variable whose address it takes, or to a compound
    /// literal.
    pub(super) fn is_made_of_frame(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |part| {
            found |= match &part.kind {
                E::Unary { operator: Prefix::Address, operand } => {
                    operand.root().is_some_and(|root| self.is_of_frame(root) && !has_arrow(operand))
                }
                E::Initializer { .. } => true,
                E::Field { .. } => self.is_array_of_frame(part),
                _ => false,
            };
        });
        found
            || self.made_from(value).iter().any(|name| {
                let is_array = self.scope.get(name).is_some_and(|ty| ty.is_array);
                is_array && self.is_of_frame(name) || self.points_to_variable(name)
            })
    }

    /// Whether an expression is an array in a struct of the frame: `local.pages`.
    fn is_array_of_frame(&self, part: &Expression) -> bool {
        let root = part.root().filter(|root| self.is_of_frame(root) && !has_arrow(part));
        let is_struct = root.and_then(|root| self.scope.get(root)).is_some_and(|ty| ty.pointers == 0);
        is_struct && self.context.types.of(part, &self.scope, self.file).is_none_or(|ty| ty.is_array)
    }

    /// Whether a local pointer may get the address of a local variable: `pages = &page`.
    fn points_to_variable(&self, pointer: &str) -> bool {
        let depth = |name: &str| self.scope.get(name).map(|ty| ty.pointers);
        let values = self.locals.pointers.get(pointer).map_or(&[][..], Vec::as_slice);
        values.iter().filter_map(Expression::name).any(|name| {
            let is_deeper = depth(name).zip(depth(pointer)).is_some_and(|(of, to)| to == of + 1);
            is_deeper && self.locals.untracked.contains(name) && self.is_of_frame(name)
        })
    }

    fn is_of_frame(&self, name: &str) -> bool {
        self.scope.get(name).is_some() && !self.locals.statics.contains(name)
    }

    pub(super) fn names_flags(&self, value: &Expression) -> bool {
        let mut found = false;
        visit::expression(value, &mut |expression| found |= flag_name(expression).is_some());
        // `bool writable = vma->vm_flags & VM_WRITE` is a test, not a set of flags.
        found && !self.mentions_vma_field(value, "vm_flags")
    }

    pub(super) fn is_field_of_vma(&self, expression: &Expression, field: &str) -> bool {
        matches!(&expression.bare().kind, E::Field { base, name, .. }
            if (self.aliases.is_vma(base) && name == field) || (self.aliases.is_desc(base) && self.context.rules.desc_field(name) == Some(field)))
    }

    pub(super) fn mentions_vma_field(&self, value: &Expression, field: &str) -> bool {
        let mut found = false;
        visit::expression(value, &mut |expression| found |= self.is_field_of_vma(expression, field));
        found
    }

    /// Whether a local gets the VMA's protection, and no other value.
    fn is_only_vma_prot(&self, name: &str) -> bool {
        let mut values = self.locals.pointers.get(name).into_iter().flatten();
        values.all(|value| self.is_field_of_vma(value, "vm_page_prot"))
    }

    /// Whether an expression is the VMA's protection as it stands.
    pub(super) fn is_vma_prot(&self, expression: &Expression) -> bool {
        self.is_field_of_vma(expression, "vm_page_prot")
            || expression.name().is_some_and(|name| self.locals.prots.contains(name) && self.is_only_vma_prot(name))
    }
}

/// The names in an expression, without those of members.
pub(super) fn names(value: &Expression) -> Vec<String> {
    let mut found = Vec::new();
    visit::expression(value, &mut |part| {
        if let E::Name(name) = &part.kind {
            found.push(name.clone());
        }
    });
    found
}

/// Possible targets of a function pointer: names, members of tables.
pub(super) fn pointed_at(value: &Expression) -> Vec<Expression> {
    match &value.bare().kind {
        E::Name(name) if name == "NULL" => Vec::new(),
        E::Number(_) => Vec::new(),
        E::Unary { operator: Prefix::Address, operand } => pointed_at(operand),
        E::Conditional { then, otherwise, .. } => {
            let mut all = then.as_deref().map(pointed_at).unwrap_or_default();
            all.extend(pointed_at(otherwise));
            all
        }
        // An unknown target is kept, so that a call through the pointer reports it.
        _ => vec![value.bare().clone()],
    }
}

pub(super) fn has_arrow(target: &Expression) -> bool {
    let mut found = false;
    visit::expression(target, &mut |expression| found |= matches!(expression.kind, E::Field { arrow: true, .. }));
    found
}
