//! Rewrites calls whose pages an action asks for one after another, and writes the callback that names them.
//!
//! The callback runs for each page, so that the loop of the handler becomes its arithmetic: a variable that the loop counts is the number
//! of pages mapped before, one that it steps by a page lies that many bytes behind its start. One pointer is handed to the callback. All
//! other variables are computed from it again, or are left to a person.

use std::collections::{BTreeMap, BTreeSet};

use super::marks::filled;
use crate::fix::rewrite::rewriter::{Populated, Rewriter};
use crate::fix::text::layout::laid_out;
use crate::rules::{ByPageForm, Call};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S, Type};
use crate::source::operator::{Arithmetic, Prefix};
use crate::source::visit::{self, Seen, each_block};

/// A variable of a function, with the values that the function gives it.
#[derive(Debug, Default)]
pub(in crate::fix) struct Variable {
    ty: Type,
    values: Vec<Expression>,
    steps: Vec<(Span, Step)>,
}

/// Change of a variable in each round of a loop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Step {
    One,
    Page,
    Other,
}

/// Finds the variables of a function.
pub(in crate::fix) fn variables(function: &Function) -> BTreeMap<String, Variable> {
    let mut found: BTreeMap<String, Variable> = BTreeMap::new();
    for parameter in &function.parameters {
        found.entry(parameter.name.clone()).or_default().ty = parameter.ty.clone();
    }
    visit::statements(&function.body, &mut |seen| match seen {
        Seen::Declared(declared) => {
            let variable = found.entry(declared.name.clone()).or_default();
            variable.ty = declared.ty.clone();
            variable.values.extend(declared.value.clone());
        }
        Seen::Expression(expression) => match &expression.kind {
            E::Assign { operator, target, value } => {
                let Some(variable) = target.name().and_then(|name| found.get_mut(name)) else { return };
                match operator {
                    None => variable.values.push((**value).clone()),
                    Some(Arithmetic::Plus) if value.name() == Some("PAGE_SIZE") => {
                        variable.steps.push((expression.span, Step::Page));
                    }
                    _ => variable.steps.push((expression.span, Step::Other)),
                }
            }
            E::Step { up, operand, .. } => {
                let Some(variable) = operand.name().and_then(|name| found.get_mut(name)) else { return };
                let step = if *up { Step::One } else { Step::Other };
                variable.steps.push((expression.span, step));
            }
            _ => {}
        },
    });
    found
}

impl Rewriter<'_> {
    /// Rewrites a loop that maps a page in each round. `None` if the statement is no such loop, or the target has no such action.
    pub(super) fn loop_by_page(&mut self, statement: &Statement) -> Option<()> {
        self.conversion.rewrite.by_page.as_ref()?;
        let S::Loop { body, .. } = &statement.kind else { return None };
        let mut calls: Vec<(Expression, Call, Vec<Expression>)> = Vec::new();
        visit::statements(body, &mut |seen| {
            if let Seen::Expression(expression) = seen
                && let Some((rule, arguments)) = self.populating(expression)
            {
                calls.push((expression.clone(), rule, arguments));
            }
        });
        let [(call, rule, arguments)] = calls.as_slice() else { return None };
        let mut lines = self.by_page(call, rule, arguments, body)?;
        match self.errors_in(body).as_slice() {
            [] => {}
            [error] => {
                let template = self.conversion.rewrite.error.clone()?;
                lines.push(format!("{};", filled(&template, &mut |key| (key == "error").then(|| error.clone()))));
            }
            _ => self.open(call.span.start, "the old loop returns several errors; an action has one error_override"),
        }
        self.write_lines(statement.span, &lines);
        Some(())
    }

    /// Constant errors that a loop returns.
    fn errors_in(&self, body: &[Statement]) -> Vec<String> {
        let mut errors = BTreeSet::new();
        each_block(body, &mut |block| {
            let returned = block.iter().filter_map(Statement::returned).filter(|value| value.is_error_number());
            errors.extend(returned.map(|value| value.text(self.conversion.source)));
        });
        errors.into_iter().collect()
    }

    /// Statements that request the action in place of a call, or of the loop around it. `None` if the target has no such action.
    pub(super) fn by_page(
        &mut self,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
        around: &[Statement],
    ) -> Option<Vec<String>> {
        let form = self.conversion.rewrite.by_page.clone()?;
        rule.action_by_page.as_ref()?;
        let mut lines = self.kept_apart(rule);
        let named = self.named_page(&form, rule, arguments, around)?;
        let is_single = around.is_empty() && rule.page.is_some();
        let callback = filled(&form.record, &mut |key| match key {
            "name" => Some(self.name.clone()),
            "body" => Some(named.body(&form, is_single)),
            _ => None,
        });
        self.out.callbacks.insert(callback.trim().to_owned());
        lines.extend(self.refused_by(call, rule, arguments));
        let request = filled(&form.request, &mut |key| match key {
            "name" => Some(self.name.clone()),
            "private" => Some(named.handed.clone()),
            _ => None,
        });
        lines.push(format!("{request};"));
        for name in named.unknown {
            self.open(call.span.start, &format!("the callback needs a value for {name}"));
        }
        if !around.is_empty() {
            let text = "the old loop had its own end; the action goes on to the end of the mapping: stop this callback behind the last page";
            self.open(call.span.start, text);
        }
        if rule.pages.and_then(|pages| arguments.get(pages)).is_some_and(|pages| self.is_in_frame(pages)) {
            let text = "the page array is a local of the hook, and gone when the action runs: hand on memory that lives longer";
            self.open(call.span.start, text);
        }
        let text = "check that every object that this callback follows is still valid when the action runs";
        self.open(call.span.start, text);
        self.populated = self.populated.max(Populated::Pages);
        Some(lines)
    }

    /// How the callback names a page of a populating call.
    fn named_page(
        &mut self,
        form: &ByPageForm,
        rule: &Call,
        arguments: &[Expression],
        around: &[Statement],
    ) -> Option<NamedPage> {
        let argument = |place: Option<usize>| place.and_then(|place| arguments.get(place));
        if let Some(page) = argument(rule.page) {
            let mut callback = Callback::new(form, self, around);
            callback.need_names(page);
            let Callback { declared, private, unknown, .. } = callback;
            let name = private.as_deref().and_then(|head| head.rsplit([' ', '*']).next());
            let (page, handed) = (page.text(self.conversion.source), name.unwrap_or("NULL").to_owned());
            return Some(NamedPage { page, handed, taken: private, declared, unknown });
        }
        if let Some(pages) = argument(rule.pages) {
            let offset = if rule.adds_offset { " + desc->pgoff" } else { "" };
            let handed = format!("{}{offset}", self.operand(pages));
            let (page, taken) = (format!("pages[{}]", form.index), Some("struct page **pages".to_owned()));
            return Some(NamedPage { page, handed, taken, ..NamedPage::default() });
        }
        let mut handed = self.operand(argument(rule.kernel_address)?);
        if let Some(first) = argument(rule.page_offset).filter(|first| !first.is_zero()) {
            handed = format!("{handed} + ({} << PAGE_SHIFT)", self.operand(first));
        }
        let declared = vec![format!("unsigned long offset = {};", form.offset)];
        let page = filled(&form.of_memory, &mut |key| (key == "address").then(|| "memory + offset".to_owned()));
        Some(NamedPage { page, handed, taken: Some("void *memory".to_owned()), declared, unknown: Vec::new() })
    }

    /// The check that a populating call makes itself, and the action does not.
    fn refused_by(&mut self, call: &Expression, rule: &Call, arguments: &[Expression]) -> Vec<String> {
        let E::Call { callee, .. } = &call.kind else { return Vec::new() };
        let forms = &self.conversion.rewrite.actions;
        let form = callee.name().and_then(|name| forms.get(name)).or_else(|| forms.get(rule.action.as_deref()?));
        let Some(refused) = form.and_then(|form| form.refused.clone()) else { return Vec::new() };
        self.check_meaning(rule, arguments, &[&refused.when]);
        let argument = |place: Option<usize>| place.and_then(|place| arguments.get(place));
        let when = filled(&refused.when, &mut |key| match key {
            "pages" => argument(rule.pages).map(|argument| self.operand(argument)),
            "count" => argument(rule.count).map(|argument| self.count(argument)),
            _ => None,
        });
        vec![format!("if ({when})"), format!("\treturn {};", refused.error)]
    }

    /// Whether a page array lies in the frame of the function: `pages`, `&page`.
    pub(super) fn is_in_frame(&self, pages: &Expression) -> bool {
        match &pages.bare().kind {
            E::Name(name) => self.variables.get(name).is_some_and(|variable| variable.ty.is_array),
            E::Unary { operator: Prefix::Address, operand } => self.is_of_frame(operand),
            _ => false,
        }
    }

    /// Whether an object is a variable of the function, or a part of one.
    fn is_of_frame(&self, object: &Expression) -> bool {
        match &object.bare().kind {
            E::Name(name) => self.variables.contains_key(name),
            E::Field { base, arrow: false, .. } => self.is_of_frame(base),
            E::Index { base, .. } => self.is_in_frame(base),
            _ => false,
        }
    }

    /// Whether a statement sets a flag that keeps the mapping from merging.
    pub(super) fn keeps_apart(&self, statement: &Statement) -> bool {
        let S::Expression(expression) = &statement.kind else { return false };
        let rules = self.conversion.rules;
        let flags = match &expression.kind {
            E::Assign { operator: Some(Arithmetic::Or), target, value } if self.is_field(target, "vm_flags") => {
                Some(&**value)
            }
            E::Call { callee, arguments } => {
                let rule = callee.name().and_then(|name| rules.call(name));
                rule.and_then(|rule| arguments.get(rule.set?))
            }
            _ => None,
        };
        let mut names = BTreeSet::new();
        flags.into_iter().for_each(|flags| add_names(flags, &mut names));
        names.iter().any(|name| rules.is_never_merged(name))
    }

    /// Statements that keep a mapping from merging, as the populating call did by itself.
    pub(super) fn kept_apart(&mut self, rule: &Call) -> Vec<String> {
        if !self.conversion.rewrite.keeps_apart || self.is_kept_apart {
            return Vec::new();
        }
        let rules = self.conversion.rules;
        let mut flags = rule.implies.iter().filter(|flag| rules.is_never_merged(flag) && rules.has_bit(flag));
        let first = flags.clone().find(|flag| *flag == "VM_DONTEXPAND").or_else(|| flags.next());
        let (Some(flag), Some(set), Some(bit)) = (first, &self.conversion.rewrite.set, &self.conversion.rewrite.bit)
        else {
            return Vec::new();
        };
        let bits = filled(bit, &mut |key| (key == "name").then(|| flag.trim_start_matches("VM_").to_owned()));
        let text = filled(set, &mut |key| (key == "bits").then(|| bits.clone()));
        let name = rule.names.first().map_or("the call", String::as_str);
        self.out.remarks.insert(format!(
            "{name}() set {flag}, which prevents a merge; the hook sets it now, because the action is refused otherwise"
        ));
        vec![format!("{text};")]
    }
}

/// How a callback names a page.
#[derive(Debug, Default)]
struct NamedPage {
    /// The page, as an expression of the callback.
    page: String,
    /// The pointer that the hook hands to the callback.
    handed: String,
    /// Variable of the callback that takes it, with its type.
    taken: Option<String>,
    /// Further declarations of the callback.
    declared: Vec<String>,
    /// Variables that a person has to supply.
    unknown: Vec<String>,
}

impl NamedPage {
    /// Body of the callback. For a single page, it stops behind the first.
    fn body(&self, form: &ByPageForm, is_single: bool) -> String {
        let taken = self.taken.iter().map(|taken| format!("\t{taken} = {};\n", form.private));
        let mut body: String = taken.chain(self.declared.iter().map(|line| format!("\t{line}\n"))).collect();
        if !body.is_empty() {
            body.push('\n');
        }
        if is_single {
            body += &format!("\tif ({})\n\t\t{};\n", form.index, form.end);
        }
        let map = filled(&form.map, &mut |key| (key == "page").then(|| self.page.clone()));
        body + &format!("\t{}", laid_out(&format!("{map};"), 8))
    }
}

/// The callback while it is written.
struct Callback<'c, 'r> {
    form: &'c ByPageForm,
    rewriter: &'c Rewriter<'r>,
    /// Body of the loop that the callback replaces, if there is one.
    around: &'c [Statement],
    /// Variable that takes the pointer that is handed to the callback, with its type.
    private: Option<String>,
    /// Declarations, in an order in which each needs only those before.
    declared: Vec<String>,
    seen: BTreeSet<String>,
    /// Variables that a person has to supply.
    unknown: Vec<String>,
}

impl<'c, 'r> Callback<'c, 'r> {
    fn new(form: &'c ByPageForm, rewriter: &'c Rewriter<'r>, around: &'c [Statement]) -> Callback<'c, 'r> {
        let (declared, seen, unknown) = Default::default();
        Callback { form, rewriter, around, private: None, declared, seen, unknown }
    }

    /// Declares a variable with a value of the handler, and something added, behind what the value needs.
    fn compute(&mut self, head: &str, value: &Expression, added: &str) {
        self.need_names(value);
        let value = value.text(self.rewriter.conversion.source);
        self.declared.push(format!("{head} = {value}{added};"));
    }

    fn need_names(&mut self, expression: &Expression) {
        let mut names = BTreeSet::new();
        add_names(expression, &mut names);
        for name in names {
            self.need(&name);
        }
    }

    /// Declares a variable of the handler in the callback. Names of other things stay.
    fn need(&mut self, name: &str) {
        let Some(variable) = self.rewriter.variables.get(name) else { return };
        if !self.seen.insert(name.to_owned()) {
            return;
        }
        let head = format!("{} {}{name}", variable.ty.name, "*".repeat(variable.ty.pointers.into()));
        let in_loop = |span: Span| self.around.iter().any(|statement| statement.span.contains(span.start));
        let steps: Vec<Step> =
            variable.steps.iter().filter(|(span, _)| in_loop(*span)).map(|(_, step)| *step).collect();
        let values = variable.values.iter().cloned();
        let (within, before): (Vec<Expression>, Vec<Expression>) = values.partition(|value| in_loop(value.span));
        match (steps.as_slice(), within.as_slice(), before.as_slice()) {
            ([step @ (Step::One | Step::Page)], [], starts) => {
                let passed = if *step == Step::One { &self.form.index } else { &self.form.offset }.clone();
                match starts.last().filter(|start| !start.is_zero()) {
                    // The start of the mapping is that of the pages, too.
                    Some(start) if !self.rewriter.is_field(start, "vm_start") => {
                        self.compute(&head, start, &format!(" + ({passed})"));
                    }
                    _ => self.declared.push(format!("{head} = {passed};")),
                }
            }
            ([], [value], _) => {
                self.compute(&head, value, "");
            }
            ([], [], _) if variable.ty.pointers > 0 && self.private.is_none() && name != self.rewriter.vma => {
                self.private = Some(head);
            }
            ([], [], [value]) => {
                self.compute(&head, value, "");
            }
            _ => {
                self.unknown.push(name.to_owned());
                self.declared.push(format!("{head};"));
            }
        }
    }
}

/// Adds the names in an expression.
fn add_names(value: &Expression, names: &mut BTreeSet<String>) {
    visit::expression(value, &mut |part| names.extend(part.name().map(str::to_owned)));
}
