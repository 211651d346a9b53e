//! Variables of a function that hold the bounds or the size of its mapping.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::rewrite::rewriter::Rewriter;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen};
use crate::source::{closing, identifiers, words};

/// Facts about a function's variables.
#[derive(Debug, Default)]
pub(in crate::fix) struct Locals {
    /// Variables that hold the first address of the VMA.
    pub(in crate::fix) starts: Vec<String>,
    /// Variables that hold the address behind it.
    pub(in crate::fix) ends: Vec<String>,
    /// Variables that hold the size of the VMA in bytes.
    pub(in crate::fix) sizes: Vec<String>,
    /// Variables that hold it in pages.
    pub(in crate::fix) pages: Vec<String>,
    /// Expressions that are compared with the size, in a test that returns if they differ.
    pub(in crate::fix) equal_to_size: Vec<String>,
    /// Variables of type bool.
    pub(in crate::fix) booleans: Vec<String>,
    /// Variables that keep their value from call to call.
    pub(in crate::fix) statics: Vec<String>,
}

/// What a variable holds of the mapping.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Quantity {
    /// Its first address.
    Start,
    /// The address behind it.
    End,
    /// Its size in bytes.
    Bytes,
    /// Its size in pages.
    Pages,
}

/// The writes to the variables of a function.
#[derive(Default)]
struct Writes {
    /// Number of values that a variable may get, and what the last of them is.
    values: BTreeMap<String, (usize, Option<Quantity>)>,
    /// Number of declarations of a name. Parameters have none.
    declarations: BTreeMap<String, usize>,
    /// Variables with an initial value.
    initialised: BTreeSet<String>,
    /// Variables that are given to functions which no rule describes.
    passed: BTreeSet<String>,
    booleans: Vec<String>,
    statics: Vec<String>,
}

impl Writes {
    fn declared(&mut self, declared: &Declared, held: Option<Quantity>) {
        let name = &declared.name;
        *self.declarations.entry(name.clone()).or_default() += 1;
        if declared.ty.name == "bool" && declared.ty.pointers == 0 {
            self.booleans.push(name.clone());
        }
        if declared.is_static {
            self.statics.push(name.clone());
        }
        if !declared.ty.is_wide_integer() {
            self.unknown(name);
        }
        if declared.value.is_some() {
            self.initialised.insert(name.clone());
            self.value(name, held);
        }
    }

    /// A variable gets a value.
    fn value(&mut self, name: &str, held: Option<Quantity>) {
        let (times, last) = self.values.entry(name.to_owned()).or_default();
        *times += 1;
        *last = held;
    }

    /// A variable may hold any value.
    fn unknown(&mut self, name: &str) {
        self.values.entry(name.to_owned()).or_default().0 += 2;
    }

    /// Variables that hold a quantity wherever they are used. A variable that only some paths set may be uninitialised on others.
    fn holding(&self, wanted: Quantity, always_set: &BTreeSet<&str>) -> Vec<String> {
        let is_held = |name: &str, times: usize, held: Option<Quantity>| {
            times == 1 && held == Some(wanted) && (always_set.contains(name) || self.initialised.contains(name))
        };
        let known = self.values.iter().filter(|(name, (times, held))| is_held(name, *times, *held));
        known.map(|(name, _)| name.clone()).collect()
    }

    /// Whether nothing but its one declaration sets a variable. A parameter may have another value on some path, and an unknown callee
    /// may be a macro that changes its argument.
    fn is_certain(&self, name: &str) -> bool {
        self.declarations.get(name) == Some(&1) && !self.passed.contains(name)
    }
}

impl Rewriter<'_> {
    /// Finds the variables that hold the start or the size of the VMA, and the bool variables.
    pub(super) fn read_variables(&mut self, function: &Function) {
        // A size may be computed from variables that hold the start and the end, and be kept in another.
        for _ in 0..3 {
            self.locals = self.locals_of(function);
        }
    }

    fn locals_of(&self, function: &Function) -> Locals {
        let writes = self.writes_of(function);
        let always_set: BTreeSet<&str> = function.body.iter().flat_map(set_by).collect();
        let holding = |wanted: Quantity| writes.holding(wanted, &always_set);
        let (mut starts, mut ends) = (holding(Quantity::Start), holding(Quantity::End));
        starts.retain(|name| writes.is_certain(name));
        ends.retain(|name| writes.is_certain(name));
        if !(starts.is_empty() && ends.is_empty()) && has_assembly(self.conversion.source) {
            starts.clear();
            ends.clear();
        }
        let (sizes, pages) = (holding(Quantity::Bytes), holding(Quantity::Pages));
        let Writes { booleans, statics, .. } = writes;
        Locals { starts, ends, sizes, pages, booleans, statics, equal_to_size: Vec::new() }
    }

    fn writes_of(&self, function: &Function) -> Writes {
        let mut writes = Writes::default();
        visit::statements(&function.body, &mut |seen| match seen {
            Seen::Declared(declared) => {
                writes.declared(declared, declared.value.as_ref().and_then(|value| self.held(value)))
            }
            Seen::Expression(expression) => match &expression.kind {
                E::Assign { operator, target, value } => {
                    if let Some(name) = target.name() {
                        writes.value(name, self.held(value).filter(|_| operator.is_none()));
                    }
                }
                E::Call { callee, arguments } => self.writes_of_call(callee, arguments, &mut writes),
                // A variable that is stepped or whose address is taken may hold any value.
                E::Step { operand, .. } => operand.name().into_iter().for_each(|name| writes.unknown(name)),
                E::Unary { operator: Prefix::Address, operand } => {
                    operand.name().into_iter().for_each(|name| writes.unknown(name));
                }
                _ => {}
            },
        });
        writes
    }

    /// What an expression gives of the mapping.
    fn held(&self, value: &Expression) -> Option<Quantity> {
        match value {
            value if self.is_start(value) => Some(Quantity::Start),
            value if self.is_end(value) => Some(Quantity::End),
            value if self.is_size(value) => Some(Quantity::Bytes),
            value => self.is_pages(value).then_some(Quantity::Pages),
        }
    }

    /// Adds the writes of a call. A macro may also set a variable that it is not given.
    fn writes_of_call(&self, callee: &Expression, arguments: &[Expression], writes: &mut Writes) {
        let rules = self.conversion.rules;
        let is_ruled = |name: &str| rules.call(name).is_some() || rules.is_silent(name);
        let may_write = callee.name().is_none_or(|name| self.may_write_to_arguments(name));
        for argument in arguments.iter().filter_map(Expression::name) {
            if may_write {
                writes.unknown(argument);
            } else if !callee.name().is_some_and(is_ruled) {
                writes.passed.insert(argument.to_owned());
            }
        }
        for word in callee.name().into_iter().flat_map(|name| self.named_by_macro(name)) {
            writes.unknown(word);
        }
    }

    /// Whether a call may be a macro that writes to its arguments: a known one, one of the file, or a name in capitals.
    fn may_write_to_arguments(&self, name: &str) -> bool {
        let is_known = matches!(name, "do_div" | "swap" | "get_user" | "__get_user");
        let is_macro =
            || !name.bytes().any(|byte| byte.is_ascii_lowercase()) || self.parameters_of_macro(name).is_some();
        // A macro that prints writes nothing.
        is_known || !self.conversion.rules.is_silent(name) && is_macro()
    }

    /// The words in the body of a macro of the file, without its parameters.
    fn named_by_macro(&self, name: &str) -> Vec<&str> {
        let source = self.conversion.source;
        let found = || {
            let open = self.parameters_of_macro(name)?;
            let close = closing(source, open)?;
            let parameters: Vec<&str> = identifiers(&source[open..close]).collect();
            let body = &source[close..];
            let end = memchr::memchr_iter(b'\n', body).find(|end| !body[..*end].ends_with(b"\\")).unwrap_or(body.len());
            Some(identifiers(&body[..end]).filter(|word| !parameters.contains(word)).collect())
        };
        found().unwrap_or_default()
    }

    /// Offset of the parenthesis in `#define NAME(`, if the file defines that macro.
    fn parameters_of_macro(&self, name: &str) -> Option<usize> {
        let source = self.conversion.source;
        let mut behind = words(source, name.as_bytes()).map(|at| (at, at + name.len()));
        let is_defined = |(at, open): &(usize, usize)| {
            source[..*at].trim_ascii_end().ends_with(b"define") && source.get(*open) == Some(&b'(')
        };
        behind.find(is_defined).map(|(_, open)| open)
    }
}

/// Whether a file has inline assembly, which may write to variables.
fn has_assembly(source: &[u8]) -> bool {
    let is_statement = |at: usize, word: &[u8]| {
        let behind = source[at + word.len()..].trim_ascii_start();
        [&b"("[..], b"volatile", b"__volatile__", b"goto", b"inline"].iter().any(|next| behind.starts_with(next))
    };
    [&b"asm"[..], b"__asm__", b"__asm"].iter().any(|word| words(source, word).any(|at| is_statement(at, word)))
}

/// Variables that a statement sets directly.
fn set_by(statement: &Statement) -> Vec<&str> {
    match &statement.kind {
        S::Declaration(variables) => {
            let set = variables.iter().filter(|variable| variable.value.is_some());
            set.map(|variable| variable.name.as_str()).collect()
        }
        S::Expression(Expression { kind: E::Assign { target, .. }, .. }) => target.name().into_iter().collect(),
        _ => Vec::new(),
    }
}
