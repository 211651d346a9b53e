//! Rewrites the body of one function for a desc.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::rewrite::by_page::{Variable, variables};
use crate::fix::rewrite::function::{Conversion, DescHook};
use crate::fix::rewrite::passing::is_idle;
use crate::fix::rewrite::tidy::is_bare_arm;
use crate::fix::text::edit::Edit;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, Seen, each_block};
use crate::source::{Span, closing, find_word, identifiers, words};

/// A place that a conversion leaves to a person, with the reason.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenPoint {
    /// Offset of the place in its file.
    pub offset: u32,
    /// Reason why it is open.
    pub text: String,
}

/// Use of an expression's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fix) enum Use {
    /// Only whether it is zero.
    Truth,
    /// The value itself.
    Value,
}

/// Collects the edits that make one function take a desc. In their texts `{desc}` stands for the desc and `{file}` for the file. The
/// spelling of the file depends on its number of uses.
pub(in crate::fix) struct Rewriter<'a> {
    pub(in crate::fix) conversion: &'a Conversion<'a>,
    /// Name of the VMA parameter.
    pub(in crate::fix) vma: &'a str,
    /// Name of the file parameter, if it is dropped.
    pub(in crate::fix) file: Option<&'a str>,
    /// Name of the function.
    pub(in crate::fix) name: String,
    /// Its variables, if the target has an action that needs them.
    pub(in crate::fix) variables: BTreeMap<String, Variable>,
    /// Whether a top-level statement sets a flag that keeps the mapping from merging.
    pub(in crate::fix) is_kept_apart: bool,
    pub(in crate::fix) locals: Locals,
    pub(in crate::fix) out: Written,
    /// Whether a called helper finds the file by itself.
    pub(in crate::fix) implied_file: bool,
    /// Whether a populating call has already become an action.
    pub(in crate::fix) has_populated: bool,
    /// The callee of the call whose result the current statements only pass on.
    pub(in crate::fix) passed_on: Option<Span>,
    /// Whether the mapping got another file.
    pub(in crate::fix) has_new_file: bool,
    /// Variables that hold hooks.
    pub(in crate::fix) pointers: BTreeMap<String, DescHook>,
    /// Number of loops around the current statement. A function that jumps backwards is one loop.
    pub(in crate::fix) loops: usize,
    /// The function that prints a message about that result.
    pub(in crate::fix) message: Option<String>,
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

/// Result of rewriting one variant of a function.
#[derive(Debug, Default)]
pub(in crate::fix) struct Written {
    pub(in crate::fix) edits: Vec<Edit>,
    pub(in crate::fix) open_points: Vec<OpenPoint>,
    /// Places that use the file.
    pub(in crate::fix) file_uses: BTreeSet<Span>,
    /// Helpers whose twins are now called, with the twins.
    pub(in crate::fix) twins: BTreeMap<String, String>,
    /// Callbacks that name pages, which stand above the function.
    pub(in crate::fix) callbacks: BTreeSet<String>,
    /// Remarks for the reader of a complete conversion.
    pub(in crate::fix) remarks: BTreeSet<String>,
}

impl Rewriter<'_> {
    /// Leaves a place to a person.
    pub(in crate::fix) fn open(&mut self, offset: u32, text: &str) {
        self.out.open_points.push(OpenPoint { offset, text: text.to_owned() });
    }

    /// Rewrites the body.
    pub(in crate::fix) fn run(&mut self, function: &Function) {
        self.read_variables(function);
        self.name.clone_from(&function.name);
        self.is_kept_apart = function.body.iter().any(|statement| self.keeps_apart(statement));
        if self.conversion.rewrite.by_page.is_some() {
            self.variables = variables(function);
        }
        self.loops = usize::from(jumps_backwards(&function.body));
        self.statements(&function.body);
    }

    /// Finds the variables that hold the start or the size of the VMA, and the bool variables.
    fn read_variables(&mut self, function: &Function) {
        // A size may be computed from variables that hold the start and the end, and be kept in another.
        for _ in 0..3 {
            self.locals = self.locals_of(function);
        }
    }

    fn locals_of(&self, function: &Function) -> Locals {
        let mut assigned: BTreeMap<String, (usize, Option<Quantity>)> = BTreeMap::new();
        let held = |value: &Expression| match value {
            value if self.is_start(value) => Some(Quantity::Start),
            value if self.is_end(value) => Some(Quantity::End),
            value if self.is_size(value) => Some(Quantity::Bytes),
            value => self.is_pages(value).then_some(Quantity::Pages),
        };
        let (mut booleans, mut statics, mut initialised) = (Vec::new(), Vec::new(), Vec::new());
        let (mut declarations, mut passed): (BTreeMap<String, usize>, BTreeSet<String>) = Default::default();
        visit::statements(&function.body, &mut |seen| match seen {
            Seen::Declared(declared) => {
                *declarations.entry(declared.name.clone()).or_default() += 1;
                if declared.ty.name == "bool" && declared.ty.pointers == 0 {
                    booleans.push(declared.name.clone());
                }
                if declared.is_static {
                    statics.push(declared.name.clone());
                }
                if !declared.ty.is_wide_integer() {
                    assigned.entry(declared.name.clone()).or_default().0 += 2;
                }
                if let Some(value) = &declared.value {
                    initialised.push(declared.name.clone());
                    let entry = assigned.entry(declared.name.clone()).or_default();
                    *entry = (entry.0 + 1, held(value));
                }
            }
            Seen::Expression(expression) => match &expression.kind {
                E::Assign { operator, target, value } => {
                    if let Some(name) = target.name() {
                        let entry = assigned.entry(name.to_owned()).or_default();
                        *entry = (entry.0 + 1, held(value).filter(|_| operator == "="));
                    }
                }
                E::Call { callee, arguments } if arguments.iter().any(|argument| argument.name().is_some()) => {
                    let may_write = callee.name().is_none_or(|name| self.may_write_to_arguments(name));
                    let rules = self.conversion.rules;
                    let is_ruled =
                        callee.name().is_some_and(|name| rules.call(name).is_some() || rules.is_silent(name));
                    for name in arguments.iter().filter_map(Expression::name) {
                        if may_write {
                            assigned.entry(name.to_owned()).or_default().0 += 2;
                        } else if !is_ruled {
                            passed.insert(name.to_owned());
                        }
                    }
                }
                // A variable that is stepped or whose address is taken may hold any value.
                E::Step { operand, .. } | E::Unary { operand, .. } => {
                    if let Some(name) = operand.name()
                        && !matches!(&expression.kind, E::Unary { operator, .. } if operator != "&")
                    {
                        assigned.entry(name.to_owned()).or_default().0 += 2;
                    }
                }
                _ => {}
            },
        });
        // A macro may set a variable that it is not given.
        for name in function_calls(function).into_iter().flat_map(|name| self.named_by_macro(name).unwrap_or_default())
        {
            assigned.entry(name.to_owned()).or_default().0 += 2;
        }
        // A variable that only some paths assign may be uninitialised on others.
        let always: BTreeSet<&str> =
            function.body.iter().flat_map(set_by).chain(initialised.iter().map(String::as_str)).collect();
        let holding = |held: Quantity| {
            let known = assigned
                .iter()
                .filter(|(name, (times, found))| *times == 1 && *found == Some(held) && always.contains(name.as_str()));
            known.map(|(name, _)| name.clone()).collect()
        };
        let (sizes, pages) = (holding(Quantity::Bytes), holding(Quantity::Pages));
        let (mut starts, mut ends): (Vec<String>, Vec<String>) = (holding(Quantity::Start), holding(Quantity::End));
        // A parameter may have another value on some path, and an unknown callee may be a macro that changes its argument.
        let is_certain = |name: &String| declarations.get(name) == Some(&1) && !passed.contains(name);
        starts.retain(is_certain);
        ends.retain(is_certain);
        if !(starts.is_empty() && ends.is_empty()) && has_assembly(self.conversion.source) {
            starts.clear();
            ends.clear();
        }
        Locals { starts, ends, sizes, pages, booleans, statics, ..Locals::default() }
    }

    /// Whether a call may be a macro that writes to its arguments: a known one, one of the file, or a name in capitals.
    fn may_write_to_arguments(&self, name: &str) -> bool {
        let is_defined = |at: usize| {
            self.conversion.source[..at].trim_ascii_end().ends_with(b"define")
                && self.conversion.source.get(at + name.len()) == Some(&b'(')
        };
        let is_known = matches!(name, "do_div" | "swap" | "get_user" | "__get_user");
        let is_macro = || {
            !name.bytes().any(|byte| byte.is_ascii_lowercase())
                || words(self.conversion.source, name.as_bytes()).any(is_defined)
        };
        // A macro that prints writes nothing.
        is_known || !self.conversion.rules.is_silent(name) && is_macro()
    }

    /// The words in the body of a macro of the file, without its parameters.
    fn named_by_macro(&self, name: &str) -> Option<Vec<&str>> {
        let source = self.conversion.source;
        let is_defined = |at: &usize| {
            source[..*at].trim_ascii_end().ends_with(b"define") && source.get(at + name.len()) == Some(&b'(')
        };
        let open = words(source, name.as_bytes()).find(is_defined)? + name.len();
        let close = closing(source, open)?;
        let parameters: Vec<&str> = identifiers(&source[open..close]).collect();
        let body = &source[close..];
        let end = memchr::memchr_iter(b'\n', body).find(|end| !body[..*end].ends_with(b"\\")).unwrap_or(body.len());
        Some(identifiers(&body[..end]).filter(|word| !parameters.contains(word)).collect())
    }

    pub(in crate::fix) fn statements(&mut self, list: &[Statement]) {
        // A size check in a block holds until the end of the block.
        let known = self.locals.equal_to_size.len();
        let mut rest = list;
        while let Some((first, after)) = rest.split_first() {
            if self.remove_dead_branch(first) {
                rest = after;
                continue;
            }
            let had_populated = self.has_populated;
            let is_late = self.conversion.rewrite.finish.is_some();
            rest = match if is_late { None } else { self.populate(first, after) } {
                Some(used) => &after[used..],
                None => {
                    self.passed_on = self.passed_on(first, after);
                    self.message = self.kept_message(after);
                    self.statement(first);
                    after
                }
            };
            if matches!(first.kind, S::Return(_)) || self.returns_what_populated(first).is_some() {
                // What follows is on another path.
                self.has_populated = had_populated;
            }
        }
        self.locals.equal_to_size.truncate(known);
    }

    fn statement(&mut self, statement: &Statement) {
        if self.old_or_new_statement(statement) {
            return;
        }
        match &statement.kind {
            S::Expression(value) => self.expression_statement(statement, value),
            S::Return(Some(value)) => self.expression(value, Use::Value),
            S::Declaration(variables) => {
                for variable in variables {
                    if let Some(value) = &variable.value {
                        if let Some((_, hook)) = self.hook(value.bare()) {
                            self.pointers.insert(variable.name.clone(), hook);
                        }
                        let is_bool = self.locals.booleans.contains(&variable.name);
                        self.expression(value, if is_bool { Use::Truth } else { Use::Value });
                    }
                }
            }
            S::If { condition, then, otherwise } => {
                self.condition(condition);
                self.arms([then.as_slice(), otherwise.as_slice()]);
                if otherwise.is_empty() {
                    self.note_size_check(condition, then);
                }
            }
            S::Loop { condition, body, .. } => {
                self.loops += 1;
                if let Some(condition) = condition {
                    self.condition(condition);
                }
                self.statements(body);
                self.loops -= 1;
            }
            S::Switch { value, arms, .. } => {
                let value = self.without_parentheses(value);
                self.expression(&value, Use::Value);
                for arm in arms {
                    self.statements(arm);
                }
            }
            S::Block(inner) => self.statements(inner),
            S::Unknown => self.open(statement.span.start, "this statement could not be parsed"),
            S::Return(None) | S::Goto(_) | S::Label(_) | S::Break | S::Continue => {}
        }
    }

    /// Rewrites the arms of an `if`, of which one runs. An arm that returns leads to nothing behind it.
    fn arms(&mut self, arms: [&[Statement]; 2]) {
        let had_populated = self.has_populated;
        let mut has_populated = had_populated;
        for arm in arms {
            self.has_populated = had_populated;
            self.statements(arm);
            let returns = matches!(arm.last().map(|last| &last.kind), Some(S::Return(_)));
            has_populated |= self.has_populated && !returns;
        }
        self.has_populated = has_populated;
    }

    /// Records what `if (size != expected) return -EINVAL;` guarantees: afterwards both are equal.
    fn note_size_check(&mut self, condition: &Expression, then: &[Statement]) {
        let E::Binary { operator, left, right } = &condition.kind else { return };
        let returns = matches!(then.last().map(|last| &last.kind), Some(S::Return(_)));
        if operator == "||" {
            self.note_size_check(left, then);
            self.note_size_check(right, then);
        }
        if operator == "!=" && returns {
            for (side, other) in [(left, right), (right, left)] {
                if self.is_size(side) {
                    self.locals.equal_to_size.push(other.text(self.conversion.source));
                }
            }
        }
    }

    /// Drops the known sizes that use a variable, because it gets a new value.
    pub(in crate::fix) fn forget(&mut self, target: &Expression) {
        if let Some(name) = target.root() {
            self.locals.equal_to_size.retain(|text| find_word(text.as_bytes(), name.as_bytes(), 0).is_none());
        }
    }

    /// Rewrites an expression statement. A call may become several statements.
    fn expression_statement(&mut self, statement: &Statement, value: &Expression) {
        if let E::Call { callee, .. } = &value.kind
            && self.conversion.moved.is_some()
            && callee.name() == self.conversion.moved
        {
            return self.remove_line(statement.span);
        }
        if let E::Call { callee, arguments } = &value.kind
            && let Some(texts) = callee.name().and_then(|name| self.call_form(value.span, name, arguments))
        {
            let lines: Vec<String> = texts.into_iter().map(|text| format!("{text};")).collect();
            return self.write_lines(statement.span, &lines);
        }
        self.expression(value, Use::Value);
    }

    /// Removes a branch that only calls a hook without an implementer, if its condition asks for the hook. Returns whether it did.
    fn remove_dead_branch(&mut self, statement: &Statement) -> bool {
        let S::If { condition, then, otherwise } = &statement.kind else { return false };
        let [Statement { kind: S::Return(Some(call)), .. }] = then.as_slice() else { return false };
        let E::Call { callee, .. } = &call.bare().kind else { return false };
        let source = self.conversion.source;
        let hook = callee.text(source);
        let is_asked = condition.conjuncts().iter().any(|asked| asked.text(source) == hook);
        let before = self.conversion.code[..statement.span.start as usize].trim_ascii_end();
        // The body of an `if` or a loop cannot be left empty, and a label needs a statement.
        let is_in_block = matches!(before.last(), Some(b'{' | b'}' | b';'));
        if !is_in_block
            || !otherwise.is_empty()
            || !is_asked
            || !is_idle(condition, |_| false)
            || !self.conversion.dead_calls.contains(&call.bare().span)
        {
            return false;
        }
        self.remove_line(statement.span);
        true
    }

    /// Removes a statement, with its line if nothing else is on it.
    fn remove_line(&mut self, span: Span) {
        let (start, end) = (span.start as usize, span.end as usize);
        let line = start - self.indent(start).len();
        let is_alone = line == 0 || self.conversion.source[line - 1] == b'\n';
        match self.conversion.source[end..].first() {
            Some(b'\n') if is_alone => self.replace(Span::new(line, end + 1), String::new()),
            _ => self.replace(span, String::new()),
        }
    }

    /// Replaces a statement by lines. Several lines get braces if the statement is the body of an `if` without them.
    pub(in crate::fix) fn write_lines(&mut self, span: Span, lines: &[String]) {
        let start = span.start as usize;
        let is_directive = |line: &[u8]| line.trim_ascii_start().starts_with(b"#");
        if span.of(self.conversion.source).split(|byte| *byte == b'\n').skip(1).any(is_directive) {
            return self.open(span.start, "a directive stands between the call and the statements that use its result");
        }
        let indent = self.indent(start);
        let body = lines.join(&format!("\n{indent}"));
        let before = self.conversion.code[..start].trim_ascii_end();
        if lines.len() > 1 && is_bare_arm(self.conversion.code, start) {
            let outer = indent.strip_suffix('\t').unwrap_or(&indent).to_owned();
            let mut text = format!(" {{\n{indent}{body}\n{outer}}}");
            let behind = &self.conversion.code[span.end as usize..];
            let blanks = behind.len() - behind.trim_ascii_start().len();
            let mut end = span.end;
            if behind[blanks..].starts_with(b"else")
                && self.conversion.source[end as usize..].trim_ascii_start().starts_with(b"else")
            {
                text.push(' ');
                end += blanks as u32;
            }
            return self.replace(Span { start: before.len() as u32, end }, text);
        }
        self.replace(span, body);
    }

    /// Leading blanks of the line at an offset.
    pub(in crate::fix) fn indent(&self, offset: usize) -> String {
        let line =
            self.conversion.source[..offset].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let blanks = self.conversion.source[line..].iter().take_while(|byte| matches!(byte, b' ' | b'\t'));
        blanks.map(|byte| char::from(*byte)).collect()
    }
}

/// Whether a label stands before a `goto` to it.
fn jumps_backwards(body: &[Statement]) -> bool {
    let (mut labels, mut jumps): (BTreeMap<&str, u32>, Vec<(&str, u32)>) = (BTreeMap::new(), Vec::new());
    each_block(body, &mut |list| {
        for statement in list {
            match &statement.kind {
                S::Label(name) => drop(labels.insert(name, statement.span.start)),
                S::Goto(name) => jumps.push((name, statement.span.start)),
                _ => {}
            }
        }
    });
    jumps.into_iter().any(|(name, at)| labels.get(name).is_none_or(|label| *label < at))
}

/// Whether a file has inline assembly, which may write to variables.
fn has_assembly(source: &[u8]) -> bool {
    let is_statement = |at: usize, word: &[u8]| {
        let behind = source[at + word.len()..].trim_ascii_start();
        [&b"("[..], b"volatile", b"__volatile__", b"goto", b"inline"].iter().any(|next| behind.starts_with(next))
    };
    [&b"asm"[..], b"__asm__", b"__asm"].iter().any(|word| words(source, word).any(|at| is_statement(at, word)))
}

/// The names of the functions and macros that a function calls.
fn function_calls(function: &Function) -> BTreeSet<&str> {
    let mut names = BTreeSet::new();
    visit::statements(&function.body, &mut |seen| {
        if let Seen::Expression(Expression { kind: E::Call { callee, .. }, .. }) = seen {
            names.extend(callee.name());
        }
    });
    names
}

/// Variables that a statement sets directly.
fn set_by(statement: &Statement) -> Vec<&str> {
    match &statement.kind {
        S::Declaration(variables) => variables
            .iter()
            .filter(|variable| variable.value.is_some())
            .map(|variable| variable.name.as_str())
            .collect(),
        S::Expression(Expression { kind: E::Assign { target, .. }, .. }) => target.name().into_iter().collect(),
        _ => Vec::new(),
    }
}
