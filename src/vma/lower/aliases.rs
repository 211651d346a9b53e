//! Expressions of a function that are the VMA or the desc, or hold the VMA.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::index::Scope;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function, Statement};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen};
use crate::vma::flow::VmaAccess;

/// Names of the VMA and the desc in a function.
#[derive(Debug, Default)]
pub struct Aliases {
    vmas: FxHashSet<String>,
    descs: FxHashSet<String>,
    /// Struct variables (or pointers to structs) with the member that holds the VMA.
    holders: FxHashMap<String, String>,
}

impl Aliases {
    /// Collects the names in a function.
    pub fn of(function: &Function, root: &VmaAccess, scope: &Scope) -> Aliases {
        let mut aliases = Aliases::default();
        let parameter = |number: &usize| {
            function.parameters.get(*number).map(|parameter| parameter.name.clone()).unwrap_or_default()
        };
        match root {
            VmaAccess::None | VmaAccess::Flags(_) => {}
            VmaAccess::Vma(number) => drop(aliases.vmas.insert(parameter(number))),
            VmaAccess::Desc(number) => drop(aliases.descs.insert(parameter(number))),
            VmaAccess::Holder(number, member) => drop(aliases.holders.insert(parameter(number), member.clone())),
        }
        aliases.extend(&function.body, scope);
        aliases
    }

    /// Adds the names that statements give to the VMA, to local descs, and to structs that hold the VMA.
    pub fn extend(&mut self, statements: &[Statement], scope: &Scope) {
        // Each round finds aliases of aliases, until a round finds no new one.
        loop {
            let (mut vmas, mut holders) = (Vec::new(), Vec::new());
            visit::statements(statements, &mut |seen| match seen {
                Seen::Expression(expression) => self.assigned(expression, scope, &mut vmas, &mut holders),
                Seen::Declared(declared) => self.declared(declared, &mut vmas, &mut holders),
            });
            let known = self.vmas.len() + self.holders.len();
            self.vmas.extend(vmas);
            self.holders.extend(holders);
            if self.vmas.len() + self.holders.len() == known {
                break;
            }
        }
        // A local desc, which the function fills from its VMA.
        visit::statements(statements, &mut |seen| {
            if let Seen::Declared(declared) = seen
                && declared.ty.tag() == Some("vm_area_desc")
            {
                self.descs.insert(declared.name.clone());
            }
        });
    }

    /// Whether there is a name for the VMA, or a struct that holds it.
    pub fn has_vma(&self) -> bool {
        !self.vmas.is_empty() || !self.holders.is_empty()
    }

    fn assigned(
        &self,
        expression: &Expression,
        scope: &Scope,
        vmas: &mut Vec<String>,
        holders: &mut Vec<(String, String)>,
    ) {
        let E::Assign { operator: None, target, value } = &expression.kind else { return };
        if !self.is_vma(value) {
            return;
        }
        match &target.kind {
            E::Name(name) => vmas.push(name.clone()),
            E::Field { base, name, .. } => {
                let local =
                    base.name().filter(|base| scope.get(base).is_some_and(|ty| ty.pointers == 0 && !ty.is_array));
                holders.extend(local.map(|base| (base.to_owned(), name.clone())));
            }
            _ => {}
        }
    }

    fn declared(&self, declared: &Declared, vmas: &mut Vec<String>, holders: &mut Vec<(String, String)>) {
        let Some(value) = &declared.value else { return };
        if self.is_vma(value) {
            vmas.push(declared.name.clone());
        }
        if let E::Initializer { entries, .. } = &value.kind {
            let held = entries.iter().find(|entry| self.is_vma(&entry.value)).and_then(|entry| entry.members.last());
            holders.extend(held.map(|member| (declared.name.clone(), member.clone())));
        }
    }

    /// Whether an expression is the VMA pointer.
    pub fn is_vma(&self, expression: &Expression) -> bool {
        match &expression.bare().kind {
            E::Name(name) => self.vmas.contains(name),
            E::Field { base, name, .. } => self.holder(base).is_some_and(|member| member == name),
            _ => false,
        }
    }

    /// Whether an expression is a desc: the parameter, or the address of a local one.
    pub fn is_desc(&self, expression: &Expression) -> bool {
        match &expression.bare().kind {
            E::Name(name) => self.descs.contains(name),
            E::Unary { operator: Prefix::Address, operand } => {
                operand.name().is_some_and(|name| self.descs.contains(name))
            }
            _ => false,
        }
    }

    /// Whether an expression is the address of a local desc.
    pub fn is_own_desc(&self, expression: &Expression) -> bool {
        self.is_desc(expression) && matches!(expression.bare().kind, E::Unary { .. })
    }

    /// The member that holds the VMA in a struct, or in a struct behind a pointer.
    pub fn holder(&self, expression: &Expression) -> Option<&str> {
        let bare = match &expression.bare().kind {
            E::Unary { operator: Prefix::Address, operand } => operand,
            _ => expression.bare(),
        };
        self.holders.get(bare.name()?).map(String::as_str)
    }

    /// Whether a variable is a struct that holds the VMA in a member.
    pub fn is_holder(&self, name: &str) -> bool {
        self.holders.contains_key(name)
    }

    /// Whether a target is the member of a struct that holds the VMA. Storing the VMA there is no escape.
    pub fn holds(&self, target: &Expression) -> bool {
        matches!(&target.kind, E::Field { base, name, .. } if self.holder(base).is_some_and(|member| member == name))
    }

    /// Whether a variable is an alias of the VMA.
    pub fn is_alias(&self, name: &str) -> bool {
        self.vmas.contains(name)
    }
}
