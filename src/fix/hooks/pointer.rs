//! Callers that keep a hook in a local variable before they test and call it: `const auto map = ops->map; if (map) return map(file, vma);`.

use crate::fix::hooks::bridge::{Bridge, returned};
use crate::fix::hooks::caller::Caller;
use crate::fix::hooks::site::Site;
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::{columns, indented, laid_out};
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::{Span, find_word, line_start, words};

impl Caller<'_, '_, '_> {
    /// Bridges the call through a variable, if the variable is only tested and called. `after` are the statements behind its declaration.
    pub(super) fn pointer(&mut self, variables: &[Declared], after: &[Statement]) -> Result<(), String> {
        let [variable] = variables else { return Ok(()) };
        let Some((value, place)) = variable.value.as_ref().and_then(|value| Some((value, self.hook(value)?))) else {
            return Ok(());
        };
        let item = self.id_item().span.of(self.code);
        // Its declaration, its test, its call. A member of the same name is no variable.
        let is_variable = |at: &usize| !item[..*at].ends_with(b">") && !item[..*at].ends_with(b".");
        let uses = words(item, variable.name.as_bytes()).filter(is_variable).count();
        // Nothing may change between them what the variable was read from.
        let next = after.iter().find(|statement| !matches!(statement.kind, S::Declaration(_)));
        let Some((test, returns, arguments)) =
            next.and_then(|statement| tested_call(statement, &variable.name)).filter(|_| uses == 3)
        else {
            return Ok(());
        };
        let Bridge { before, after, passed, is_declared } = self.bridge(arguments, place)?;
        let is_twin = self.retyping.is_twin;
        let Some(site) = Site::of(self.source, self.code, if is_twin { test } else { returns }) else { return Ok(()) };
        // The type of the variable follows only if it is that of the value. Where it is parsed, `auto` is masked.
        let start = variable.span.start as usize;
        let line = &self.code[line_start(self.code, start)..start];
        if is_declared || (!is_twin && find_word(line, b"auto", 0).is_none()) {
            return Ok(());
        }
        let (error, is_new) = self.error();
        let table = Span { start: value.bare().span.start, end: place.start };
        let table = String::from_utf8_lossy(table.of(&self.source.text)).into_owned();
        let callee = if is_twin { format!("{table}{}", self.retyping.new_name) } else { variable.name.clone() };
        let indent = if is_twin { format!("{}\t", site.indent) } else { site.indent.clone() };
        let mut lines = vec![format!("struct {} desc;", self.retyping.form.tag)];
        lines.extend(is_new.then(|| format!("int {error};")));
        lines.push(String::new());
        lines.extend(before);
        let call = format!("{error} = {callee}({});", passed.join(", "));
        lines.push(laid_out(&call, columns(indent.as_bytes())));
        lines.extend(returned(&error, &after));
        if is_twin {
            let body: Vec<String> = lines.iter().map(|line| indented(line, &indent)).collect();
            let end = test.span.end as usize;
            let text = format!("\n{0}if ({callee}) {{\n{1}\n{0}}}", site.indent, body.join("\n"));
            self.edits.insert(Edit::new(end, end, text));
        } else {
            self.edits.insert(Edit { span: place, text: self.retyping.new_name.clone() });
            self.edits.extend(site.edits(&lines));
        }
        self.bridged.insert(place);
        Ok(())
    }
}

/// The parts of `if (pointer) return pointer(...);`: the statement, its `return`, the arguments.
fn tested_call<'s>(
    statement: &'s Statement,
    pointer: &str,
) -> Option<(&'s Statement, &'s Statement, &'s [Expression])> {
    let S::If { condition, then, otherwise } = &statement.kind else { return None };
    let ([returns], true, true) = (then.as_slice(), otherwise.is_empty(), condition.name() == Some(pointer)) else {
        return None;
    };
    match &returns.returned()?.bare().kind {
        E::Call { callee, arguments } if callee.name() == Some(pointer) => Some((statement, returns, arguments)),
        _ => None,
    }
}
