//! Drops the local page protection that only fed a call which takes one: the desc has a field for it.

use super::tidy::{declarator, is_no_variable, whole_line};
use crate::fix::text::edit::{Edit, edited};
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::{blank_non_code, parse, words};

/// The field of the desc.
const FIELD: &str = "desc->page_prot";

/// Sets the field where a converted function sets a local and stores it in the field later. The store has to be the last use of the local, and nothing else
/// may use the field.
pub(super) fn without_local(new: String, name: &str) -> String {
    let text = new.as_bytes();
    let parsed = parse::in_first_variant(text, 0);
    let Some(function) = parsed.syntax.iter().find(|function| function.name == name) else { return new };
    let code = blank_non_code(text);
    let Some((store, local)) = function.body.iter().find_map(|statement| Some((statement, stored(statement, text)?)))
    else {
        return new;
    };
    let declared = function.body.iter().find_map(|statement| {
        let S::Declaration(variables) = &statement.kind else { return None };
        let variable = variables.iter().find(|variable| variable.name == local)?;
        Some((statement, variables, variable))
    });
    let Some((declaration, variables, variable)) = declared.filter(|(_, _, variable)| is_plain(variable)) else {
        return new;
    };
    // The local starts as the field.
    let starts: Vec<&Statement> = function.body.iter().filter(|statement| is_start(statement, local, text)).collect();
    let begins = match (&variable.value, starts.as_slice()) {
        (Some(value), []) => value.text(text) == FIELD,
        (None, [_]) => true,
        _ => false,
    };
    let uses: Vec<usize> = words(&code, local.as_bytes())
        .filter(|at| !is_no_variable(&code[..*at]))
        .filter(|at| !(variable.span.start as usize..variable.span.end as usize).contains(at))
        .filter(|at| !(store.span.start as usize..store.span.end as usize).contains(at))
        .collect();
    let others = words(&code, b"page_prot").filter(|at| local != "page_prot" || code[..*at].ends_with(b"->")).count();
    let known = starts.iter().map(|start| {
        words(start.span.of(&code), b"page_prot").filter(|at| start.span.of(&code)[..*at].ends_with(b"->")).count()
    });
    let known = known.sum::<usize>() + usize::from(variable.value.is_some()) + 1;
    let is_in_reach = |at: &usize| *at < store.span.start as usize && !code[..*at].ends_with(b"&");
    let between = &code[declaration.span.end as usize..store.span.start as usize];
    let succeeds = memchr::memmem::find(between, b"return 0").is_some();
    if !begins || others != known || succeeds || !uses.iter().all(is_in_reach) {
        return new;
    }
    let mut edits: Vec<Edit> =
        vec![whole_line(text, store.span, false), declarator(text, declaration, variables, variable, false)];
    for start in starts.iter().filter(|start| is_copy(start, text)) {
        edits.push(whole_line(text, start.span, false));
    }
    let is_removed = |at: usize| starts.iter().any(|start| is_copy(start, text) && start.span.contains(at as u32));
    edits.extend(uses.into_iter().filter(|at| !is_removed(*at)).map(|at| Edit::new(at, at + local.len(), FIELD)));
    edited(text, edits).unwrap_or(new)
}

/// The local that a statement stores in the field.
fn stored<'s>(statement: &'s Statement, text: &[u8]) -> Option<&'s str> {
    let (target, value) = assignment(statement)?;
    (target.text(text) == FIELD).then(|| value.name()).flatten()
}

fn assignment(statement: &Statement) -> Option<(&Expression, &Expression)> {
    match &statement.kind {
        S::Expression(Expression { kind: E::Assign { operator, target, value }, .. }) if operator == "=" => {
            Some((target, value))
        }
        _ => None,
    }
}

fn is_plain(variable: &Declared) -> bool {
    variable.ty.name == "pgprot_t" && variable.ty.pointers == 0 && !variable.ty.is_array && !variable.is_static
}

/// Whether a statement gives the local a value that does not depend on its old one.
fn is_start(statement: &Statement, local: &str, text: &[u8]) -> bool {
    assignment(statement).is_some_and(|(target, value)| {
        target.name() == Some(local)
            && words(value.span.of(text), local.as_bytes()).all(|at| value.span.of(text)[..at].ends_with(b"->"))
    })
}

/// Whether a statement only copies the field.
fn is_copy(statement: &Statement, text: &[u8]) -> bool {
    assignment(statement).is_some_and(|(_, value)| value.text(text) == FIELD)
}
