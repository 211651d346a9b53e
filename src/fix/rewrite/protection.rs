//! Drops the local page protection that only fed a call which takes one: the desc has a field for it.

use super::draft::Draft;
use super::tidy::{declarator, is_no_variable, whole_line};
use crate::fix::text::edit::Edit;
use crate::source::ast::{Declared, Function, Statement, StatementKind as S};
use crate::source::{Span, blank_non_code, words};

/// The field of the desc.
const FIELD: &str = "desc->page_prot";

/// Sets the field where a converted function sets a local and stores it in the field later. The store has to be the last use of the local,
/// and nothing else may use the field.
pub(super) fn without_local(draft: Draft) -> Draft {
    let text = draft.text().as_bytes();
    let function = draft.function();
    let edits = function.and_then(|function| Local::of(function, text)).and_then(|local| local.edits(text));
    draft.edited(edits.unwrap_or_default())
}

/// A local that is stored in the field.
struct Local<'s> {
    name: &'s str,
    declaration: &'s Statement,
    variables: &'s [Declared],
    variable: &'s Declared,
    /// The statement that gives it a value which does not depend on its old one. A declaration may do so instead.
    start: Option<&'s Statement>,
    store: &'s Statement,
}

impl<'s> Local<'s> {
    fn of(function: &'s Function, text: &[u8]) -> Option<Local<'s>> {
        let body = || function.body.iter();
        let (store, name) = body().find_map(|statement| Some((statement, stored(statement, text)?)))?;
        let (declaration, variables, variable) = body().find_map(|statement| {
            let S::Declaration(variables) = &statement.kind else { return None };
            let variable = variables.iter().find(|variable| variable.name == name && is_plain(variable))?;
            Some((statement, variables.as_slice(), variable))
        })?;
        let mut starts = body().filter(|statement| is_start(statement, name, text));
        let (start, more) = (starts.next(), starts.next());
        // Its first value is the field, or one that a single statement computes.
        let begins = match &variable.value {
            Some(value) => start.is_none() && value.text(text) == FIELD,
            None => start.is_some() && more.is_none(),
        };
        begins.then_some(Local { name, declaration, variables, variable, start, store })
    }

    /// The edits that put the field in its place; `None` if the local or the field has other uses.
    fn edits(&self, text: &[u8]) -> Option<Vec<Edit>> {
        let code = blank_non_code(text);
        let is_within = |span: Span, at: usize| span.contains(at as u32);
        let uses: Vec<usize> = words(&code, self.name.as_bytes())
            .filter(|at| !is_no_variable(&code[..*at]))
            .filter(|at| !is_within(self.variable.span, *at) && !is_within(self.store.span, *at))
            .collect();
        let is_before = |at: &usize| *at < self.store.span.start as usize && !code[..*at].ends_with(b"&");
        // A path that succeeds without the store leaves the field alone.
        let between = &code[self.declaration.span.end as usize..self.store.span.start as usize];
        let succeeds = memchr::memmem::find(between, b"return 0").is_some();
        let own = [Some(self.declaration), self.start, Some(self.store)];
        let is_own = |at: usize| own.iter().flatten().any(|statement| is_within(statement.span, at));
        let is_used_elsewhere = fields(&code).any(|at| !is_own(at));
        if succeeds || is_used_elsewhere || !uses.iter().all(is_before) {
            return None;
        }
        let copy = self.start.filter(|start| is_copy(start, text));
        let mut edits = vec![
            whole_line(text, self.store.span, false),
            declarator(text, self.declaration, self.variables, self.variable, false),
        ];
        edits.extend(copy.map(|copy| whole_line(text, copy.span, false)));
        let kept = uses.into_iter().filter(|at| copy.is_none_or(|copy| !is_within(copy.span, *at)));
        edits.extend(kept.map(|at| Edit::new(at, at + self.name.len(), FIELD)));
        Some(edits)
    }
}

/// The places of the field in code.
fn fields(code: &[u8]) -> impl Iterator<Item = usize> {
    words(code, b"page_prot").filter(|at| code[..*at].ends_with(b"->"))
}

/// The local that a statement stores in the field.
fn stored<'s>(statement: &'s Statement, text: &[u8]) -> Option<&'s str> {
    let (target, value) = statement.assignment()?;
    (target.text(text) == FIELD).then(|| value.name()).flatten()
}

fn is_plain(variable: &Declared) -> bool {
    variable.ty.name == "pgprot_t" && variable.ty.pointers == 0 && !variable.ty.is_array && !variable.is_static
}

/// Whether a statement gives the local a value that does not depend on its old one.
fn is_start(statement: &Statement, local: &str, text: &[u8]) -> bool {
    statement.assignment().is_some_and(|(target, value)| {
        let value = value.span.of(text);
        target.name() == Some(local) && words(value, local.as_bytes()).all(|at| is_no_variable(&value[..at]))
    })
}

/// Whether a statement only copies the field.
fn is_copy(statement: &Statement, text: &[u8]) -> bool {
    statement.assignment().is_some_and(|(_, value)| value.text(text) == FIELD)
}
