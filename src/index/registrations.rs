//! Registrations of handlers for hooks.

use std::cell::OnceCell;

use rustc_hash::FxHashSet;

use super::expansion::expansions;
use super::matter::{is_access, is_assigned};
use super::search::Identifiers;
use super::tables::{Entries, Found, Handler, alternatives, handler};
use super::{Hook, Index, Scope, Takes, Types, Unclear};
use crate::rules::Rules;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function};
use crate::source::operator::Prefix;
use crate::source::visit::{self, Seen};
use crate::source::{Condition, ItemKind, Span, blank_non_code, parse, spans_of_identifiers, words};

/// A registration of a handler.
#[derive(Clone, Debug)]
pub struct Registration {
    /// Number of the file.
    pub file: u32,
    /// Range of the registration: `.mmap = f`, `ops->mmap = f`, or the use of a macro that sets a hook.
    pub span: Span,
    /// Variable whose initialiser contains it.
    pub table: Option<String>,
    /// Hook that is set.
    pub hook: Hook,
    /// Handler that is registered.
    pub handler: Handler,
    /// Macro that sets the hook.
    pub macro_name: Option<String>,
    /// The condition of `#if` under which it is compiled.
    pub condition: Option<Condition>,
    /// Whether the kernel that a module is built against does not compile it.
    pub is_dead: bool,
}

/// Number of names up to which each is searched for by itself.
const FEW: usize = 16;

/// Search words for registrations: the names of hooks, and of macros that set them.
pub struct Words {
    names: Identifiers,
    hooks: FxHashSet<String>,
}

impl Words {
    /// Search words of an index.
    pub fn new(index: &Index) -> Words {
        let hooks: FxHashSet<String> = index.hooks.members().into_iter().map(str::to_owned).collect();
        let names = hooks.iter().chain(index.table_macros.keys()).cloned().collect();
        Words { names: Identifiers::new(names), hooks }
    }
}

/// Collects the registrations of one file.
pub fn collect(index: &Index, types: Types<'_>, rules: &Rules, words: &Words, file: u32) -> Collected {
    let mut collector =
        Collector { index, types, rules, words, file, code: OnceCell::new(), found: Vec::new(), unclear: Vec::new() };
    let text = &index.file(file).text;
    let (hooks, macros): (Vec<_>, Vec<_>) = words.names.places(text).partition(|(name, _)| words.hooks.contains(*name));
    let mut called: Vec<String> =
        hooks.iter().filter(|(name, at)| may_call(text, *at, name.len())).map(|(name, _)| (*name).to_owned()).collect();
    called.sort_unstable();
    called.dedup();
    let mut items = collector.items_with_hooks(hooks);
    items.extend(collector.items_with_handlers_as_arguments());
    items.sort_unstable();
    items.dedup();
    for item in items {
        collector.item(item);
    }
    collector.macro_uses(macros);
    let Collector { mut found, unclear, .. } = collector;
    found.sort_by(|left, right| (left.span, &left.hook.member).cmp(&(right.span, &right.hook.member)));
    found.dedup_by(|left, right| left.span == right.span && left.hook == right.hook && left.handler == right.handler);
    Collected { found, unclear, called }
}

/// Registrations of one file, unclear ones, and calls of hooks.
#[derive(Debug, Default)]
pub struct Collected {
    /// Registrations, by place.
    pub found: Vec<Registration>,
    /// Places that look like a registration and could not be parsed.
    pub unclear: Vec<Unclear>,
    /// Names of the members that the file may call.
    pub called: Vec<String>,
}

/// Whether a use of a member may call the member: a call, a copy for a later call, or an argument of a macro.
fn may_call(text: &[u8], at: usize, length: usize) -> bool {
    let next = text[at + length..].trim_ascii_start().first();
    let before = text[..at].trim_ascii_end().last();
    if is_of_file(text, at) {
        return false;
    }
    let is_used = matches!(next, Some(b'(' | b')' | b';' | b',' | b'?' | b'&' | b'|' | b'!' | b'=' | b':' | b'}'));
    (is_used && is_access(text, at) && !is_assigned(text, at + length))
        || (matches!(before, Some(b'(' | b',')) && matches!(next, Some(b')' | b',')))
        || text[..at].ends_with(b"##")
}

/// Whether a member is reached by the table of an open file: `file->f_op->mmap` is no hook of another struct.
fn is_of_file(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    let base = before.strip_suffix(b"->").or_else(|| before.strip_suffix(b".")).unwrap_or_default().trim_ascii_end();
    base.ends_with(b"f_op")
}

/// Places of names in a text. Few names are searched one by one, for speed; many names in one pass, to bound the time.
pub(super) fn places(text: &[u8], names: &[&[u8]]) -> Vec<Span> {
    let found = |name: &&[u8]| {
        let length = name.len();
        words(text, name).map(move |at| Span::new(at, at + length)).collect::<Vec<_>>()
    };
    if names.len() <= FEW {
        return names.iter().flat_map(found).collect();
    }
    let names: FxHashSet<&[u8]> = names.iter().copied().collect();
    spans_of_identifiers(text).filter(|span| names.contains(span.of(text))).collect()
}

pub(super) struct Collector<'i> {
    pub(super) index: &'i Index,
    pub(super) types: Types<'i>,
    pub(super) rules: &'i Rules,
    pub(super) words: &'i Words,
    pub(super) file: u32,
    /// The text of the file with spaces in place of comments and literals, once it was asked for.
    code: OnceCell<Vec<u8>>,
    pub(super) found: Vec<Registration>,
    pub(super) unclear: Vec<Unclear>,
}

impl Collector<'_> {
    /// Items that assign to the name of a hook.
    fn items_with_hooks(&mut self, hooks: Vec<(&str, usize)>) -> Vec<u32> {
        let source = self.index.file(self.file);
        let is_set = |hook: &str, at: usize| {
            // `.mmap = f`, and `WRITE_ONCE(ops->mmap, f)`.
            let end = at + hook.len();
            is_assigned(&source.text, end)
                || (is_access(&source.text, at) && source.text[end..].trim_ascii_start().first() == Some(&b','))
        };
        let assigned = hooks.into_iter().filter(|(hook, at)| is_set(hook, *at));
        let (within, between): (Vec<_>, Vec<_>) =
            assigned.map(|(_, at)| (at, source.item_at(at as u32))).partition(|(_, item)| item.is_some());
        // A variable with the name of a hook is not a hook.
        let members = between.into_iter().filter(|(at, _)| matches!(source.text[..*at].last(), Some(b'.' | b'>')));
        members.for_each(|(at, _)| self.lost(at));
        within.into_iter().filter_map(|(_, item)| item).collect()
    }

    /// Reports code between items, which is a sign of unbalanced braces.
    fn lost(&mut self, at: usize) {
        if self.is_code(at) {
            self.is_unclear(at as u32);
        }
    }

    /// Whether a name stands neither in a comment nor in a literal.
    fn is_code(&self, at: usize) -> bool {
        self.code.get_or_init(|| blank_non_code(&self.index.file(self.file).text))[at] != b' '
    }

    fn is_unclear(&mut self, at: u32) {
        let text = "registers an mmap callback in a way that is not understood".to_owned();
        self.unclear.push(Unclear { file: self.file, at, text, takes: None });
    }

    fn item(&mut self, number: u32) {
        let source = self.index.file(self.file);
        let item = source.items[number as usize];
        match item.kind {
            ItemKind::Variable => {
                let mut covered = Vec::new();
                for declared in source.tables(number, |entry| self.words.names.may_be_in(entry)).iter() {
                    let Some(value) = &declared.value else { continue };
                    let tag = self.types.tag_of(&declared.ty, self.file);
                    let table = self.entries(&source.text).read(tag.as_deref(), value);
                    for found in table.found {
                        self.add(found, Some(declared.name.clone()), None, None);
                    }
                    covered.extend(table.covered);
                }
                self.uncovered(item.span, &covered);
            }
            ItemKind::Function => {
                for function in source.function(number).all() {
                    self.function(function);
                }
            }
            // Registrations of a macro are listed at its uses.
            ItemKind::Macro | ItemKind::Record => {}
            ItemKind::Other => self.not_understood(item.span),
        }
    }

    /// Reports lines of a table that set a hook but were not parsed, because macros replace the braces of the table.
    fn uncovered(&mut self, table: Span, covered: &[Span]) {
        let source = self.index.file(self.file);
        let code = blank_non_code(table.of(&source.text));
        let places = self.words.names.places(&code);
        let set = places.filter(|(name, at)| {
            self.words.hooks.contains(*name)
                && *at > 0
                && code[at - 1] == b'.'
                && is_assigned(&code, at + name.len())
                && !covered.iter().any(|entry| entry.contains(table.start + *at as u32))
        });
        let set: Vec<u32> = set.map(|(_, at)| table.start + at as u32).collect();
        set.into_iter().for_each(|at| self.is_unclear(at));
    }

    /// Variables of a declaration, with only those entries of their initialisers that may name hooks.
    fn variables(&self, declaration: &[u8], base: u32) -> Vec<Declared> {
        parse::variables_with(declaration, base, |entry| self.words.names.may_be_in(entry)).syntax
    }

    /// Collects tables, assignments and arguments in a function.
    fn function(&mut self, function: &Function) {
        let scope = Scope::of(function);
        let (mut tables, mut assignments, mut arguments) = (Vec::new(), Vec::new(), Vec::new());
        visit::statements(&function.body, &mut |seen| match seen {
            Seen::Expression(expression) => match &expression.kind {
                E::Assign { operator: None, target, value } => {
                    assignments.push((target.as_ref(), value.as_ref(), expression.span))
                }
                E::Call { callee, arguments: passed } => {
                    // `WRITE_ONCE(ops->mmap, f)`, `cmpxchg(&ops->mmap, NULL, f)`
                    if let [target, .., value] = passed.as_slice()
                        && callee.name().is_some_and(|name| self.rules.stores(name))
                    {
                        assignments.push((target, value, expression.span));
                    }
                    arguments.extend(passed.iter().enumerate().map(|(number, argument)| (callee, number, argument)))
                }
                E::Initializer { ty: Some(ty), .. } => {
                    tables.push((None, self.types.tag_of(ty, self.file), expression))
                }
                _ => {}
            },
            Seen::Declared(declared) => {
                if let Some(value) =
                    declared.value.as_ref().filter(|value| matches!(value.kind, E::Initializer { ty: None, .. }))
                {
                    tables.push((Some(declared.name.clone()), self.types.tag_of(&declared.ty, self.file), value));
                }
            }
        });
        for (name, tag, value) in tables {
            for found in self.entries(&self.index.file(self.file).text).read(tag.as_deref(), value).found {
                self.add(found, name.clone(), None, None);
            }
        }
        for (target, value, span) in assignments {
            let E::Field { base, name, .. } = &member_of(target).kind else { continue };
            let tag = self.types.of(base, &scope, self.file).and_then(|ty| self.types.tag_of(&ty, self.file));
            for value in alternatives(value) {
                if let Some(hook) = self.assigned_hook(tag.as_deref(), name, value, function) {
                    let handler = handler(value, &self.index.file(self.file).text);
                    self.add(Found { hook, handler, span }, None, None, None);
                }
            }
        }
        for (callee, number, argument) in arguments {
            self.argument(callee.name(), number, argument);
        }
    }

    /// Hook that an assignment to a member sets. If the type of the struct is unknown, the name and the parameter type of the value decide.
    fn assigned_hook(&self, tag: Option<&str>, member: &str, value: &Expression, function: &Function) -> Option<Hook> {
        if let Some(tag) = tag {
            return self.index.hooks.find(tag, member).cloned().filter(|_| !is_parameter(value, function));
        }
        let hooks = self.index.hooks.with_member(member);
        let takes = value.name().and_then(|name| self.takes(name))?;
        let fitting: Vec<&Hook> = hooks.iter().filter(|hook| hook.takes == takes).collect();
        // Of several structs with such a member, the file names the right one.
        let source = self.index.file(self.file);
        let named = fitting.iter().find(|hook| words(&source.text, hook.record.as_bytes()).any(|_| true));
        named.or_else(|| fitting.first().filter(|_| fitting.len() == 1)).map(|hook| (*hook).clone())
    }

    /// Parameter type of the function `name`, as seen from this file.
    pub(super) fn takes(&self, name: &str) -> Option<Takes> {
        self.index.functions(name, self.file).into_iter().find_map(|id| {
            let source = self.index.file(id.file);
            Takes::in_head(self.index.item(id).head().of(&source.text))
        })
    }

    /// Collects uses of macros that expand to a table or to its members.
    fn macro_uses(&mut self, macros: Vec<(&str, usize)>) {
        let source = self.index.file(self.file);
        for (name, at) in macros {
            let Some(item) = source.item_at(at as u32).map(|item| source.items[item as usize]) else {
                self.lost(at);
                continue;
            };
            if item.kind == ItemKind::Macro || !self.is_code(at) {
                continue;
            }
            let span = Span::new(at, at + name.len());
            let as_members = item.kind == ItemKind::Variable;
            let before = self.found.len();
            let expansions = expansions(self.index, self.file, name, at + name.len());
            for text in expansions.texts {
                let declaration = if as_members { self.with_head(&item, at, &text) } else { text };
                self.expanded(&declaration, name, span);
            }
            if !expansions.is_whole && item.kind != ItemKind::Function {
                self.is_unclear(span.start);
            } else if self.found.len() == before && as_members {
                self.not_understood(span);
            }
        }
    }

    /// Adds the hooks that the expansion of a macro sets. They all stand at the macro's use.
    fn expanded(&mut self, declaration: &[u8], name: &str, place: Span) {
        for declared in self.variables(declaration, 0) {
            let Some(value) = &declared.value else { continue };
            for found in self.entries(declaration).read(declared.ty.tag(), value).found {
                self.add(found, Some(declared.name.clone()), Some(name.to_owned()), Some(place));
            }
        }
    }

    /// Declaration of the table that uses a macro, with the macro's members alone.
    fn with_head(&self, item: &crate::source::Item, at: usize, members: &[u8]) -> Vec<u8> {
        let source = self.index.file(self.file);
        let head = item.head().of(&source.text);
        // Braces between the head and the use show how deep in nested members it is. A macro in the head itself shows nothing.
        let before = &blank_non_code(source.text.get(item.body as usize..at).unwrap_or_default());
        let mut path: Vec<&[u8]> = Vec::new();
        for part in before.split_inclusive(|byte| matches!(byte, b'{' | b'}')) {
            match part.last() {
                Some(b'{') => path.push(part),
                Some(b'}') => drop(path.pop()),
                _ => {}
            }
        }
        let mut text = [head, b" "].concat();
        for part in &path {
            let start = part.iter().rposition(|byte| *byte == b',').map_or(0, |comma| comma + 1);
            text.extend_from_slice(&part[start..]);
        }
        text.extend_from_slice(members);
        text.extend(std::iter::repeat_n(b'}', path.len()));
        text.push(b';');
        text
    }

    fn entries<'a>(&'a self, text: &'a [u8]) -> Entries<'a> {
        Entries { index: self.index, types: self.types, file: self.file, text }
    }

    pub(super) fn add(&mut self, found: Found, table: Option<String>, macro_name: Option<String>, place: Option<Span>) {
        let span = place.unwrap_or(found.span);
        let file = self.index.file(self.file);
        let (condition, is_dead) = (file.condition_at(span.start), file.is_dead(span.start));
        self.found.push(Registration {
            file: self.file,
            span,
            table,
            hook: found.hook,
            handler: found.handler,
            macro_name,
            condition,
            is_dead,
        });
    }

    fn not_understood(&mut self, span: Span) {
        let source = self.index.file(self.file);
        // Most of the rest is no registration: a label, a ternary, a bit field. Only a designator or a member counts.
        let code = blank_non_code(span.of(&source.text));
        let is_member = self.index.hooks.members().iter().any(|member| {
            words(&code, member.as_bytes())
                .any(|at| at > 0 && matches!(code[at - 1], b'.' | b'>') && is_assigned(&code, at + member.len()))
        });
        if is_member {
            self.is_unclear(span.start);
        }
    }
}

/// Member that an assignment means: `ops->mmap`, and `*(void **)&ops->mmap`.
fn member_of(target: &Expression) -> &Expression {
    match &target.bare().kind {
        E::Unary { operator: Prefix::Target | Prefix::Address, operand } => member_of(operand),
        E::Cast { value, .. } => member_of(value),
        _ => target.bare(),
    }
}

fn is_parameter(value: &Expression, function: &Function) -> bool {
    value.name().is_some_and(|name| function.parameters.iter().any(|parameter| parameter.name == name))
}
