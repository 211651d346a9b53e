//! Rewrites the body of one function for a desc.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::rewrite::by_page::{Variable, variables};
use crate::fix::rewrite::function::{Conversion, DescHook};
use crate::fix::rewrite::locals::Locals;
use crate::fix::rewrite::passing::is_idle;
use crate::fix::rewrite::tidy::is_bare_arm;
use crate::fix::text::edit::Edit;
use crate::index::Scope;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::operator::{Binary, Comparison};
use crate::source::visit::each_block;
use crate::source::{Span, find_word};

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

/// What a function has populated before a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(in crate::fix) enum Populated {
    Nothing,
    /// By a call that leaves vm_pgoff alone.
    Pages,
    /// By a remap, which sets vm_pgoff of a private mapping to the first PFN (mm/memory.c: remap_pfn_range()).
    Range,
}

/// Collects the edits that make one function take a desc. In their texts [`FILE`](super::marks::FILE) stands for the file. The
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
    /// Types of its variables.
    pub(in crate::fix) scope: Scope,
    pub(in crate::fix) out: Written,
    /// Whether a called helper finds the file by itself.
    pub(in crate::fix) implied_file: bool,
    /// What has already become an action on this path.
    pub(in crate::fix) populated: Populated,
    /// The callee of the call whose result the current statements only pass on.
    pub(in crate::fix) passed_on: Option<Span>,
    /// Whether the mapping got another file.
    pub(in crate::fix) has_new_file: bool,
    /// Variables that hold hooks.
    pub(in crate::fix) pointers: BTreeMap<String, DescHook>,
    /// Number of loops around the current statement. A function that jumps backwards is one loop.
    pub(in crate::fix) loops: usize,
    /// Whether the current statement only prints a message.
    pub(in crate::fix) is_in_message: bool,
    /// The function that prints a message about that result.
    pub(in crate::fix) message: Option<String>,
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
        self.scope = Scope::of(function);
        self.name.clone_from(&function.name);
        self.is_kept_apart = function.body.iter().any(|statement| self.keeps_apart(statement));
        if self.conversion.rewrite.by_page.is_some() {
            self.variables = variables(function);
        }
        self.loops = usize::from(jumps_backwards(&function.body));
        self.statements(&function.body);
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
            let before = self.populated;
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
                self.populated = before;
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
            S::Switch { value, arms } => {
                let value = self.without_parentheses(value);
                self.expression(&value, Use::Value);
                for arm in arms {
                    self.statements(&arm.body);
                }
            }
            S::Block(inner) => self.statements(inner),
            S::Unknown => self.open(statement.span.start, "this statement could not be parsed"),
            S::Return(None) | S::Goto(_) | S::Label(_) | S::Break | S::Continue => {}
        }
    }

    /// Rewrites the arms of an `if`, of which one runs. An arm that returns leads to nothing behind it.
    fn arms(&mut self, arms: [&[Statement]; 2]) {
        let before = self.populated;
        let mut behind = before;
        for arm in arms {
            self.populated = before;
            self.statements(arm);
            let returns = matches!(arm.last().map(|last| &last.kind), Some(S::Return(_)));
            if !returns {
                behind = behind.max(self.populated);
            }
        }
        self.populated = behind;
    }

    /// Records what `if (size != expected) return -EINVAL;` guarantees: afterwards both are equal.
    fn note_size_check(&mut self, condition: &Expression, then: &[Statement]) {
        let E::Binary { operator, left, right } = &condition.kind else { return };
        let returns = matches!(then.last().map(|last| &last.kind), Some(S::Return(_)));
        if *operator == Binary::Either {
            self.note_size_check(left, then);
            self.note_size_check(right, then);
        }
        if *operator == Comparison::Different.into() && returns {
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
        self.is_in_message = self.message(statement).is_some();
        self.expression(value, Use::Value);
        self.is_in_message = false;
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
