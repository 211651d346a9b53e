//! Calls in a function that sees the complete mapping: a populating call stays where it is, as a wrapper that finds the VMA behind the
//! desc.

use super::marks::{filled, plain};
use crate::fix::rewrite::function::DescHook;
use crate::fix::rewrite::passing::is_idle;
use crate::fix::rewrite::rewriter::{Rewriter, Use};
use crate::fix::text::layout::{columns, laid_out};
use crate::rules::CallEffect;
use crate::rules::template::argument;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::{Arithmetic, Binary};

/// The calls of a hook whose old form stays for some implementers.
struct OldOrNew {
    /// Whether the table has the old hook.
    test: String,
    old: String,
    new: String,
}

impl Rewriter<'_> {
    /// Rewrites a call that needs the VMA itself. Returns whether it is one, and the target has a wrapper for it.
    pub(super) fn late_call(&mut self, whole: Span, callee: &Expression, arguments: &[Expression]) -> bool {
        let Some(form) = &self.conversion.rewrite.finish else { return false };
        let is_vma = |argument: &Expression| argument.name() == Some(self.vma);
        if !arguments.iter().any(is_vma) {
            return false;
        }
        if let [file, vma] = arguments
            && is_vma(vma)
            && self.conversion.nested.contains(&whole)
            && (callee.name().is_none() || is_idle(file, |_| false))
        {
            let nested = form.nested.clone();
            let table = match &callee.bare().kind {
                E::Field { base, .. } => self.text(base, Use::Value),
                _ => format!("{}->f_op", self.operand(file)),
            };
            let file = self.text(file, Use::Value);
            let text = filled(&nested, &mut |key| match key {
                "file" => Some(file.clone()),
                "table" => Some(table.clone()),
                _ => None,
            });
            self.replace(whole, text);
            return true;
        }
        let rule = callee.name().and_then(|name| self.conversion.rules.call(name));
        self.has_new_file |= rule.is_some_and(|rule| rule.does == CallEffect::SwapFile);
        let name = callee.name().filter(|name| !self.conversion.helpers.contains_key(*name)).map(str::to_owned);
        let Some(template) = name.or_else(|| self.vm_hook(callee)).and_then(|name| form.calls.get(&name)).cloned()
        else {
            return false;
        };
        let text = filled(&template, &mut |key| {
            let value = arguments.get(argument(key)?)?;
            Some(if key.starts_with("offset:") { self.offset(value) } else { self.text(value, Use::Value) })
        });
        self.replace(whole, text);
        true
    }

    /// Rewrites a statement that returns or stores the value of a hook whose old form stays for some implementers: they get the VMA, as
    /// long as they need it. Returns whether it is one.
    pub(super) fn old_or_new_statement(&mut self, statement: &Statement) -> bool {
        let (before, value) = match &statement.kind {
            S::Return(Some(value)) => ("return ".to_owned(), value),
            S::Expression(_) => {
                match statement.assignment().and_then(|(target, value)| Some((target.name()?, value))) {
                    Some((name, value)) => (format!("{name} = "), value),
                    None => return false,
                }
            }
            _ => return false,
        };
        let E::Call { callee, arguments } = &value.bare().kind else { return false };
        let Some(OldOrNew { test, old, new }) = self.old_or_new_call(callee, arguments) else { return false };
        let mut lines = vec![format!("if ({test})"), format!("\t{before}{old};")];
        match statement.kind {
            S::Return(_) => lines.push(format!("{before}{new};")),
            _ => lines.extend(["else".to_owned(), format!("\t{before}{new};")]),
        }
        let columns = columns(self.indent(statement.span.start as usize).as_bytes());
        let laid = |line: &String| match line.strip_prefix('\t') {
            Some(inner) => format!("\t{}", laid_out(inner, columns + 8)),
            None => laid_out(line, columns),
        };
        let lines: Vec<String> = lines.iter().map(laid).collect();
        self.write_lines(statement.span, &lines);
        true
    }

    /// Rewrites a call of such a hook in an expression. Returns whether it is one.
    pub(super) fn hook_or_old(&mut self, whole: &Expression, callee: &Expression, arguments: &[Expression]) -> bool {
        let is_one = self.hook(callee.bare()).is_some_and(|(_, hook)| hook.old.is_some());
        match self.old_or_new_call(callee, arguments) {
            Some(OldOrNew { test, old, new }) => self.replace(whole.span, format!("({test} ? {old} : {new})")),
            None if is_one => {
                self.open(whole.span.start, "calls a hook by way of a call, which a test of the old hook would repeat")
            }
            None => {}
        }
        is_one
    }

    /// The calls of a hook whose old form stays. `None` if it is none, or is reached by way of a call.
    fn old_or_new_call(&mut self, callee: &Expression, arguments: &[Expression]) -> Option<OldOrNew> {
        let form = self.conversion.rewrite.finish.clone()?;
        let (place, hook) = self.hook(callee.bare())?;
        let old = hook.old.clone().filter(|_| is_idle(callee, |_| false))?;
        let source = self.conversion.source;
        let table = Span { start: callee.bare().span.start, end: place.start };
        let table = String::from_utf8_lossy(table.of(source)).into_owned();
        let (mut old_arguments, mut new_arguments) = (Vec::new(), Vec::new());
        for (position, argument) in arguments.iter().enumerate() {
            if argument.name() == Some(self.vma) {
                old_arguments.push(plain(&form.vma));
                new_arguments.push("desc".to_owned());
                continue;
            }
            let text = self.text(argument, Use::Value);
            old_arguments.push(text.clone());
            if hook.without_file != Some(position) {
                new_arguments.push(text);
            }
        }
        let call = format!("{table}{old}({})", old_arguments.join(", "));
        let with_vma = filled(&form.with_vma, &mut |key| (key == "call").then(|| call.clone()));
        let new = format!("{table}{}({})", hook.name, new_arguments.join(", "));
        Some(OldOrNew { test: format!("{table}{old}"), old: with_vma, new })
    }

    /// Rewrites a test whether a table has a hook whose old form stays for some implementers.
    pub(super) fn old_or_new(&mut self, expression: &Expression, place: Span, hook: &DescHook, used: Use) {
        let source = self.conversion.source;
        let text = expression.text(source);
        let table = Span { start: expression.span.start, end: place.start };
        let table = String::from_utf8_lossy(table.of(source)).into_owned();
        if used != Use::Truth || !is_idle(expression, |_| false) || table.starts_with('(') {
            return self
                .open(expression.span.start, "reads a hook whose old form stays, in an expression that is no test");
        }
        self.replace(expression.span, format!("({text} || {table}{})", hook.name));
    }

    /// The hook of the mapping's own operations that a callee is: `vma->vm_ops->open` gives `vm_ops.open`.
    fn vm_hook(&self, callee: &Expression) -> Option<String> {
        match &callee.bare().kind {
            E::Field { base, name, .. } if self.is_field(base, "vm_ops") => Some(format!("vm_ops.{name}")),
            _ => None,
        }
    }

    /// An address in the mapping as an offset from its start.
    fn offset(&mut self, address: &Expression) -> String {
        if self.is_field(address, "vm_start") {
            return "0".to_owned();
        }
        if let E::Binary { operator: Binary::Arithmetic(Arithmetic::Plus), left, right } = &address.bare().kind {
            if self.is_field(left, "vm_start") {
                return self.text(right, Use::Value);
            }
            if self.is_field(right, "vm_start") {
                return self.text(left, Use::Value);
            }
        }
        format!("{} - desc->start", self.operand(address))
    }
}
