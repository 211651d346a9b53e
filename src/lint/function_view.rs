//! Syntax of a function that sees a VMA or a desc, and the relation of its expressions to the VMA.

use std::collections::BTreeSet;
use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

use crate::index::Scope;
use crate::rules::Rules;
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::visit::{self, Seen};
use crate::vma::flow::{Key, Shared, VmaAccess};
use crate::vma::lower::Context;
use crate::vma::lower::aliases::Aliases;

/// A function with its facts and its syntax.
pub struct FunctionView<'a> {
    /// The function and its access to the VMA.
    pub key: Key,
    /// Its facts.
    pub lowered: Shared,
    /// Its syntax, once for each variant of its conditionals.
    pub variants: Vec<Variant<'a>>,
}

/// One variant of a function.
pub struct Variant<'a> {
    /// The syntax.
    pub function: Arc<Function>,
    /// Bytes of its file.
    pub text: &'a [u8],
    rules: &'a Rules,
    aliases: Aliases,
    /// Parameter that holds flags of the VMA.
    flags: Option<String>,
    /// Variables and the values assigned to them.
    values: FxHashMap<String, Vec<Expression>>,
    /// Cache of the origins of variables.
    origins: RwLock<FxHashMap<String, Arc<Origin>>>,
}

/// Sources of an expression.
#[derive(Debug, Default)]
struct Origin {
    /// Fields of the VMA.
    fields: BTreeSet<String>,
    /// Variables and other names.
    names: BTreeSet<String>,
}

impl<'a> FunctionView<'a> {
    pub(super) fn new(
        context: Context<'a>,
        key: Key,
        lowered: Shared,
        functions: &[Arc<Function>],
    ) -> FunctionView<'a> {
        let text = &context.index.file(key.id.file).text;
        let variants = functions.iter().map(|function| Variant::new(context.rules, text, function, &key.root));
        let variants = variants.collect();
        FunctionView { key, lowered, variants }
    }

    /// Number of its file in the index.
    pub fn file(&self) -> u32 {
        self.key.id.file
    }
}

impl<'a> Variant<'a> {
    fn new(rules: &'a Rules, text: &'a [u8], function: &Arc<Function>, root: &VmaAccess) -> Variant<'a> {
        let scope = Scope::of(function);
        let aliases = Aliases::of(function, root, &scope);
        let flags = match root {
            VmaAccess::Flags(number) => function.parameters.get(*number).map(|parameter| parameter.name.clone()),
            _ => None,
        };
        let mut values: FxHashMap<String, Vec<Expression>> = FxHashMap::default();
        visit::statements(&function.body, &mut |seen| {
            let (name, value) = match seen {
                Seen::Declared(declared) => (Some(declared.name.as_str()), declared.value.as_ref()),
                Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) => {
                    (target.name(), Some(value.as_ref()))
                }
                Seen::Expression(_) => (None, None),
            };
            if let (Some(name), Some(value)) = (name, value) {
                values.entry(name.to_owned()).or_default().push(value.clone());
            }
        });
        Variant { function: function.clone(), text, rules, aliases, flags, values, origins: RwLock::default() }
    }

    /// Visits every expression.
    pub fn expressions<'v>(&'v self, see: &mut dyn FnMut(&'v Expression)) {
        visit::statements(&self.function.body, &mut |seen| {
            if let Seen::Expression(expression) = seen {
                see(expression);
            }
        });
    }

    /// All calls by name, with their arguments, outer before inner.
    pub fn calls(&self) -> Vec<(&str, &[Expression], &Expression)> {
        let mut calls = Vec::new();
        self.expressions(&mut |expression| {
            if let E::Call { callee, arguments } = &expression.kind
                && let Some(name) = callee.name()
            {
                calls.push((name, arguments.as_slice(), expression));
            }
        });
        calls
    }

    /// Whether an expression is the VMA or the desc.
    pub fn is_mapping(&self, expression: &Expression) -> bool {
        self.aliases.is_vma(expression) || self.aliases.is_desc(expression)
    }

    /// Whether an expression is the desc.
    pub fn is_desc(&self, expression: &Expression) -> bool {
        self.aliases.is_desc(expression)
    }

    /// Field of the VMA that an expression names, as spelled in `struct vm_area_struct`.
    pub fn field<'e>(&'e self, expression: &'e Expression) -> Option<&'e str> {
        let E::Field { base, name, .. } = &expression.bare().kind else { return None };
        if self.aliases.is_vma(base) {
            Some(self.rules.vma_field(name))
        } else if self.aliases.is_desc(base) {
            self.rules.desc_field(name)
        } else {
            None
        }
    }

    /// Whether an expression is the flags of the VMA, or a copy of them.
    pub fn is_flags(&self, expression: &Expression) -> bool {
        if self.field(expression) == Some("vm_flags") {
            return true;
        }
        let Some(name) = expression.name() else { return false };
        self.flags.as_deref() == Some(name)
            || self.values(name).iter().any(|value| self.field(value) == Some("vm_flags"))
    }

    /// Values assigned to a variable.
    pub fn values(&self, name: &str) -> &[Expression] {
        self.values.get(name).map_or(&[], Vec::as_slice)
    }

    /// Visits the values of a variable, and recursively those of the variables in these values. No variable is visited twice.
    fn sources<'v>(&'v self, name: &'v str, see: &mut dyn FnMut(&'v Expression)) {
        let (mut seen, mut stack) = (BTreeSet::from([name]), self.values(name).iter().collect::<Vec<_>>());
        while let Some(next) = stack.pop() {
            visit::expression(next, &mut |part| {
                see(part);
                if let E::Name(name) = &part.kind
                    && seen.insert(name)
                {
                    stack.extend(self.values(name));
                }
            });
        }
    }

    /// Origin of a variable. Cached, because conditions query the same ones repeatedly.
    fn origin(&self, name: &str) -> Arc<Origin> {
        let known = |origins: &FxHashMap<String, Arc<Origin>>| origins.get(name).cloned();
        if let Some(origin) = known(&self.origins.read().unwrap_or_else(PoisonError::into_inner)) {
            return origin;
        }
        let mut origin = Origin::default();
        self.sources(name, &mut |part| self.add_origin(part, &mut origin));
        let origin = Arc::new(origin);
        self.origins.write().unwrap_or_else(PoisonError::into_inner).insert(name.to_owned(), origin.clone());
        origin
    }

    /// Adds the origin of one part of an expression, without that of its variables.
    fn add_origin(&self, part: &Expression, origin: &mut Origin) {
        origin.fields.extend(self.field(part).map(str::to_owned));
        match &part.kind {
            E::Name(name) => drop(origin.names.insert(name.clone())),
            E::Call { callee, arguments } if arguments.iter().any(|argument| self.is_mapping(argument)) => {
                let rule = callee.name().and_then(|name| self.rules.call(name));
                origin.fields.extend(rule.into_iter().flat_map(|rule| rule.reads.iter().chain(&rule.made_of)).cloned());
            }
            _ => {}
        }
    }

    /// Origins of an expression and of the variables in it.
    fn origins_of(&self, expression: &Expression) -> Vec<Arc<Origin>> {
        let mut origin = Origin::default();
        visit::expression(expression, &mut |part| self.add_origin(part, &mut origin));
        let variables = origin.names.iter().filter(|name| !self.values(name).is_empty());
        let mut origins: Vec<Arc<Origin>> = variables.map(|name| self.origin(name)).collect();
        origins.push(Arc::new(origin));
        origins
    }

    /// Fields of the VMA that an expression is computed from, directly or through variables.
    pub fn made_from(&self, expression: &Expression) -> BTreeSet<String> {
        self.origins_of(expression).iter().flat_map(|origin| origin.fields.iter().cloned()).collect()
    }

    /// Names that an expression is computed from, directly or through variables.
    pub fn names(&self, expression: &Expression) -> BTreeSet<String> {
        self.origins_of(expression).iter().flat_map(|origin| origin.names.iter().cloned()).collect()
    }

    /// The rules.
    pub fn rules(&self) -> &'a Rules {
        self.rules
    }
}
