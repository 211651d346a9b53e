//! Rewrites populating calls as mmap actions, statement by statement. The handler requests an action; the core handles its failure.

use super::marks::filled;
use crate::fix::rewrite::failure::{Failure, failed};
use crate::fix::rewrite::rewriter::{Populated, Rewriter, Use};
use crate::rules::{Call, CallEffect};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::Prefix;

impl Rewriter<'_> {
    /// Rewrites a populating call with the statements that handle its result. Returns the number of those in `after`, or `None` if `first`
    /// does not populate.
    pub(in crate::fix) fn populate(&mut self, first: &Statement, after: &[Statement]) -> Option<usize> {
        match &first.kind {
            S::Return(Some(value)) => {
                let (rule, arguments) = self.populating(value)?;
                let mut lines = self.action(value, &rule, &arguments, None)?;
                lines.push("return 0;".to_owned());
                self.write_lines(first.span, &lines);
                Some(0)
            }
            S::If { condition, then, otherwise } if otherwise.is_empty() => {
                let call = failed(self.conversion.rules, condition);
                let (rule, arguments) = self.populating(call)?;
                let failure = self.failure(then, None);
                let lines = self.action_with(call, &rule, &arguments, failure)?;
                self.write_lines(first.span, &lines);
                Some(0)
            }
            S::Expression(Expression { kind: E::Assign { operator: None, target, value }, .. }) => {
                let (rule, arguments) = self.populating(value)?;
                match target.name() {
                    Some(name) => self.assigned(first, after, name, value, &rule, &arguments),
                    None => self.left_for_caller(first, target, value, &rule, &arguments),
                }
            }
            S::Expression(value) => {
                let (rule, arguments) = self.populating(value)?;
                let lines = self.action(value, &rule, &arguments, None)?;
                self.open(value.span.start, "ignores the error of the call, but an action's error fails the mapping");
                self.write_lines(first.span, &lines);
                Some(0)
            }
            S::Loop { .. } => self.loop_by_page(first).map(|()| 0),
            _ => None,
        }
    }

    /// Rewrites `ret = remap(...)` and the statement that uses `ret`.
    fn assigned(
        &mut self,
        first: &Statement,
        after: &[Statement],
        name: &str,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
    ) -> Option<usize> {
        let is_result = |value: &Expression| value.name() == Some(name);
        let returned = |statement: Option<&Statement>| {
            statement
                .filter(|statement| statement.returned().is_some_and(is_result))
                .map(|statement| statement.span.end)
        };
        let behind = returned(after.get(1));
        match after.first().map(|next| (&next.kind, next.span)) {
            Some((S::If { condition, then, otherwise }, span))
                if otherwise.is_empty() && is_result(failed(self.conversion.rules, condition)) =>
            {
                // `if (ret) pr_err(...); return ret;`
                let only_says = then.iter().all(|statement| self.message(statement).is_some());
                if let Some(end) = behind.filter(|_| only_says) {
                    let lines = self.returning(call, rule, arguments)?;
                    self.write_lines(Span { start: first.span.start, end }, &lines);
                    then.iter().for_each(|statement| self.note_removed(statement));
                    return Some(2);
                }
                let failure = self.failure(then, Some(name));
                let mut lines = self.action_with(call, rule, arguments, failure)?;
                // The call succeeded here: the next statement may return its result, which is 0, or later code may use it.
                match behind {
                    Some(_) => lines.push("return 0;".to_owned()),
                    None if self.is_named_after(name, span.end) => lines.push(format!("{name} = 0;")),
                    None => {}
                }
                self.write_lines(Span { start: first.span.start, end: behind.unwrap_or(span.end) }, &lines);
                Some(if behind.is_some() { 2 } else { 1 })
            }
            Some((S::Return(Some(value)), span)) if is_result(value) => {
                let lines = self.returning(call, rule, arguments)?;
                self.write_lines(Span { start: first.span.start, end: span.end }, &lines);
                Some(1)
            }
            _ => self.used_otherwise(first, after, name, call, rule, arguments),
        }
    }

    /// The request for an action, and the return of the hook.
    fn returning(&mut self, call: &Expression, rule: &Call, arguments: &[Expression]) -> Option<Vec<String>> {
        let mut lines = self.action(call, rule, arguments, None)?;
        lines.push("return 0;".to_owned());
        Some(lines)
    }

    /// Rewrites `ret = remap(...)` if the next statement neither tests nor returns `ret`.
    fn used_otherwise(
        &mut self,
        first: &Statement,
        after: &[Statement],
        name: &str,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
    ) -> Option<usize> {
        let printed = self.printed(after, name);
        if let Some((printed, end)) = printed.as_ref().filter(|(printed, _)| printed.iter().all(|one| one.shows)) {
            let lines = self.returning(call, rule, arguments)?;
            self.write_lines(Span { start: first.span.start, end: *end }, &lines);
            self.out.remarks.extend(printed.iter().map(|message| {
                format!(
                    "the message of {}() about the result of the remap is removed: the action runs later",
                    message.name
                )
            }));
            return Some(printed.len() + 1);
        }
        let mut lines = self.action(call, rule, arguments, None)?;
        lines.push(format!("{name} = 0;"));
        let leaves_arm = after.first().is_none_or(|next| matches!(next.kind, S::Break | S::Goto(_)));
        if printed.is_none() && !(leaves_arm && self.is_only_returned(name, first.span.end)) {
            self.open(call.span.start, "later uses of its error are not followed");
        }
        self.write_lines(first.span, &lines);
        Some(0)
    }

    /// Rewrites `*ret = remap(...)`, if nothing uses the result behind it. The caller finds 0 there; the core handles the error of an
    /// action.
    fn left_for_caller(
        &mut self,
        first: &Statement,
        target: &Expression,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
    ) -> Option<usize> {
        let name = target.bare().prefixed(Prefix::Target)?.name()?;
        let mut lines = self.action(call, rule, arguments, None)?;
        lines.push(format!("{} = 0;", target.text(self.conversion.source)));
        if self.is_named_after(name, first.span.end) {
            self.open(call.span.start, "later uses of its error are not followed");
        }
        self.write_lines(first.span, &lines);
        Some(0)
    }

    /// Rule and arguments of a call that populates this VMA.
    pub(super) fn populating(&self, value: &Expression) -> Option<(Call, Vec<Expression>)> {
        let E::Call { callee, arguments } = &value.kind else { return None };
        let name = callee.name().filter(|name| !self.conversion.helpers.contains_key(*name))?;
        let rule = self.conversion.rules.call(name).filter(|rule| rule.does == CallEffect::Populate)?;
        let vma = arguments.get(rule.vma?)?;
        (vma.name() == Some(self.vma)).then(|| (rule.clone(), arguments.clone()))
    }

    fn action_with(
        &mut self,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
        failure: Failure,
    ) -> Option<Vec<String>> {
        let error = match &failure {
            Failure::Other(error) => Some(error.as_str()),
            Failure::Same | Failure::MoreWork(_) => None,
        };
        let mut lines = self.action(call, rule, arguments, error)?;
        match failure {
            Failure::Same => {}
            // The override does not apply to errors that the core finds before it maps.
            Failure::Other(error) if !self.is_all(rule, arguments) => {
                self.open(
                    call.span.start,
                    &format!("user space would see another errno than {error} if the action is rejected early"),
                );
            }
            Failure::Other(error) => match self.conversion.rewrite.error.clone() {
                Some(template) => {
                    lines.push(format!("{};", filled(&template, &mut |key| (key == "error").then(|| error.clone()))));
                }
                None => self.open(call.span.start, &format!("its error became {error}; no override on this target")),
            },
            Failure::MoreWork(offset) => {
                self.open(offset, "if the call fails, the handler also cleans up; an action cannot run this cleanup")
            }
        }
        Some(lines)
    }

    /// Statements that request the action in place of a call; `None` if there is no such action. `error` is the handler's replacement for
    /// the call's own error.
    fn action(
        &mut self,
        call: &Expression,
        rule: &Call,
        arguments: &[Expression],
        error: Option<&str>,
    ) -> Option<Vec<String>> {
        let E::Call { callee, .. } = &call.kind else { return None };
        let forms = &self.conversion.rewrite.actions;
        let argument = |place: Option<usize>| place.and_then(|place| arguments.get(place));
        let form = forms.get(callee.name()?).or_else(|| forms.get(rule.action.as_deref()?));
        let is_kept = argument(rule.pages).is_none_or(|pages| !self.is_in_frame(pages));
        let Some(form) = form.filter(|_| is_kept || self.conversion.rewrite.by_page.is_none()).cloned() else {
            return self.by_page(call, rule, arguments, &[]);
        };
        let mut lines = self.kept_apart(rule);
        if let Some(prot) = argument(rule.prot)
            && !self.is_field(prot, "vm_page_prot")
        {
            lines.push(format!("desc->page_prot = {};", self.text(prot, Use::Value)));
        }
        if self.populated > Populated::Nothing {
            self.open(call.span.start, "populates behind another call that may populate; an action populates once");
        }
        let is_from_start = argument(rule.start).is_none_or(|start| self.is_start(start));
        let is_all = self.is_all(rule, arguments);
        let fits = argument(rule.size).is_none_or(is_page) && is_from_start;
        // The old call also rejected a page array that reaches beyond the VMA.
        if rule.start.is_some() && rule.pages.is_none() && !is_all && !fits {
            self.open(call.span.start, "may reach beyond the VMA; the old call accepted this, an action rejects it");
        }
        let template = if is_all { form.full.or(form.part) } else { form.part.or(form.full) }?;
        let refused = form.refused.as_ref().map(|refused| refused.when.as_str());
        let templates = [template.as_str(), refused.unwrap_or_default()];
        self.check_arguments(call, rule, arguments, is_all, &templates);
        self.check_meaning(rule, arguments, &templates);
        let mut filled = |template: &str| {
            filled(template, &mut |key| match key {
                "frame" => argument(rule.frame).map(|argument| self.text(argument, Use::Value)),
                "start" => argument(rule.start).map(|argument| self.text(argument, Use::Value)),
                "size" => argument(rule.size).map(|argument| self.text(argument, Use::Value)),
                "pages" => argument(rule.pages).map(|argument| self.operand(argument)),
                "count" => argument(rule.count).map(|argument| self.count(argument)),
                _ => None,
            })
        };
        if let Some(refused) = &form.refused {
            lines.push(format!("if ({})", filled(&refused.when)));
            lines.push(format!("\treturn {};", error.unwrap_or(&refused.error)));
        }
        lines.push(format!("{};", filled(&template)));
        let is_remap = rule.implies.iter().any(|flag| flag == "VM_PFNMAP");
        self.populated = self.populated.max(if is_remap { Populated::Range } else { Populated::Pages });
        Some(lines)
    }

    /// Whether a populating call fills the whole VMA.
    fn is_all(&self, rule: &Call, arguments: &[Expression]) -> bool {
        let argument = |place: Option<usize>| place.and_then(|place| arguments.get(place));
        let takes_no_part = rule.start.is_none() && rule.pages.is_some();
        takes_no_part
            || argument(rule.start).is_some_and(|start| self.is_start(start))
                && argument(rule.size).is_some_and(|size| self.is_whole(size))
    }

    /// Whether an expression equals the size of the VMA in bytes.
    fn is_whole(&self, size: &Expression) -> bool {
        self.is_size(size) || self.locals.equal_to_size.contains(&size.text(self.conversion.source))
    }
}

/// Whether a size is one page, which fits in every VMA.
fn is_page(size: &Expression) -> bool {
    size.name() == Some("PAGE_SIZE")
}
