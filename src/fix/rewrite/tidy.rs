//! Removes variables that a conversion left unused.

use std::collections::BTreeSet;

use crate::fix::rewrite::draft::Draft;
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::on_one_line;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, each_block};
use crate::source::{Span, blank_non_code, identifiers, words};

/// Maximum number of rounds: a removed variable may have been the last use of another, and a declaration loses one at a time.
const ROUNDS: usize = 16;

/// Removes from a converted function the variables that only the old one used. Also returns messages about those that have to stay. The
/// values of variables in `moved` are now computed elsewhere.
pub(super) fn tidy<'n>(old: &[u8], mut draft: Draft<'n>, moved: &BTreeSet<String>) -> (Draft<'n>, Vec<String>) {
    let mut open = Vec::new();
    for _ in 0..ROUNDS {
        let Some(function) = draft.function() else { break };
        open.clear();
        let edits = unused(old, draft.text().as_bytes(), function, moved, &mut open);
        if edits.is_empty() {
            break;
        }
        draft = draft.edited(edits);
    }
    let draft = without_labels(old, without_braces(old, without_repeated(draft)));
    let edits = extra_blank_lines(old, draft.text().as_bytes());
    (draft.edited(edits), open)
}

/// Edits that remove blank lines as the old text has none: behind the `{` of the body, and two in a row.
fn extra_blank_lines(old: &[u8], new: &[u8]) -> Vec<Edit> {
    let extra = |before: &'static [u8]| {
        let places = memchr::memmem::find_iter(new, before).map(|at| at + before.len());
        let is_new = memchr::memmem::find(old, before).is_none();
        places.filter(move |_| is_new).map(|end| Edit::new(end - 1, end, ""))
    };
    extra(b"\n{\n\n").take(1).chain(extra(b"\n\n\n")).collect()
}

/// Drops a check that says what the check before it says. A replaced call may bring one that the function has.
fn without_repeated(draft: Draft) -> Draft {
    let Some(function) = draft.function() else { return draft };
    let refused = |statement: &Statement| match &statement.kind {
        S::If { then, otherwise, .. } if otherwise.is_empty() => {
            let returns = matches!(then.as_slice(), [Statement { kind: S::Return(_), .. }]);
            let text = draft.text().get(statement.span.start as usize..statement.span.end as usize)?;
            returns.then(|| on_one_line(text))
        }
        _ => None,
    };
    let mut edits = Vec::new();
    each_block(&function.body, &mut |list| {
        for pair in list.windows(2) {
            if let Some(first) = refused(&pair[0])
                && refused(&pair[1]).is_some_and(|second| first == second)
            {
                edits.push(Edit::new(pair[0].span.end as usize, pair[1].span.end as usize, ""));
            }
        }
    });
    draft.edited(edits)
}

/// Drops labels to which the conversion left no `goto`: the kernel is built with -Wunused-label.
fn without_labels<'n>(old: &[u8], draft: Draft<'n>) -> Draft<'n> {
    let text = draft.text().as_bytes();
    let Some(function) = draft.function() else { return draft };
    let (mut labels, mut used) = (Vec::new(), BTreeSet::new());
    each_block(&function.body, &mut |list| {
        for statement in list {
            match &statement.kind {
                S::Label(name) => labels.push((name.as_str(), statement.span)),
                S::Goto(name) => drop(used.insert(name.as_str())),
                _ => {}
            }
        }
    });
    let was_used =
        |name: &str| words(old, b"goto").any(|at| identifiers(&old[at + b"goto".len()..]).next() == Some(name));
    let unused = labels.into_iter().filter(|(name, _)| !used.contains(name) && was_used(name));
    let edits = unused.map(|(name, span)| {
        let colon = memchr::memchr(b':', &text[span.start as usize..]).map_or(name.len(), |colon| colon + 1);
        whole_line(text, Span { end: span.start + colon as u32, ..span }, false)
    });
    let edits = edits.collect();
    draft.edited(edits)
}

/// Drops the braces of arms that the conversion left with one statement.
fn without_braces<'n>(old: &[u8], draft: Draft<'n>) -> Draft<'n> {
    let text = draft.text().as_bytes();
    let Some(function) = draft.function() else { return draft };
    let mut edits = Vec::new();
    each_block(&function.body, &mut |list| {
        for statement in list {
            let S::If { condition, then, otherwise } = &statement.kind else { continue };
            let ([only], true) = (then.as_slice(), otherwise.is_empty()) else { continue };
            let whole = statement.span.of(text);
            let (opens, closes) = ((condition.span.end, only.span.start), (only.span.end, statement.span.end));
            let between = |(from, to): (u32, u32)| Span { start: from, end: to }.of(text).trim_ascii();
            let is_new = memchr::memmem::find(old, whole).is_none();
            let is_one_line = !only.span.of(text).contains(&b'\n');
            if is_new && is_one_line && between(opens) == b"{" && between(closes) == b"}" {
                let line = memchr::memrchr(b'\n', &text[..opens.1 as usize]).unwrap_or(opens.1 as usize);
                edits.push(Edit::new(opens.0 as usize, line, ""));
                edits.push(Edit::new(closes.0 as usize, closes.1 as usize, ""));
            }
        }
    });
    draft.edited(edits)
}

/// Edits that remove unused variables.
fn unused(old: &[u8], new: &[u8], function: &Function, moved: &BTreeSet<String>, open: &mut Vec<String>) -> Vec<Edit> {
    let (old, code) = (blank_non_code(old), blank_non_code(new));
    let count =
        |text: &[u8], name: &str| words(text, name.as_bytes()).filter(|at| !is_no_variable(&text[..*at])).count();
    let mut edits = Vec::new();
    each_block(&function.body, &mut |list| {
        for (number, statement) in list.iter().enumerate() {
            let S::Declaration(variables) = &statement.kind else { continue };
            let mut gone = Vec::new();
            for variable in variables {
                let name = variable.name.as_str();
                if variable.is_static
                    || variable.cleanup.is_some()
                    || name.is_empty()
                    || count(&old, name) == count(&code, name)
                {
                    continue;
                }
                let mut assignments = Vec::new();
                each_block(&function.body, &mut |list| {
                    assignments.extend(
                        list.iter()
                            .filter(|statement| sets(statement, name))
                            .map(|statement| (statement.span, is_pure_assignment(statement))),
                    )
                });
                if count(&code, name) != 1 + assignments.len() {
                    continue;
                }
                let is_pure = variable.value.as_ref().is_none_or(is_pure) && assignments.iter().all(|(_, pure)| *pure);
                let is_arm = assignments.iter().any(|(span, _)| is_bare_arm(&code, span.start as usize));
                if is_arm || (!is_pure && !moved.contains(name)) {
                    open.push(format!("{name} is now unused, but its assignments cannot be removed safely"));
                    continue;
                }
                edits.extend(assignments.iter().map(|(span, _)| whole_line(new, *span, false)));
                gone.push(variable);
            }
            let ends_declarations = !matches!(list.get(number + 1).map(|next| &next.kind), Some(S::Declaration(_)));
            let is_only = number == 0 && ends_declarations;
            match gone.as_slice() {
                [] => {}
                all if all.len() == variables.len() => edits.push(whole_line(new, statement.span, is_only)),
                [first, ..] => edits.push(declarator(new, statement, variables, first, is_only)),
            }
        }
    });
    edits
}

/// Whether the name after a text is a member or a tag, not a variable.
pub(super) fn is_no_variable(before: &[u8]) -> bool {
    let before = before.trim_ascii_end();
    let is_tag = ["struct", "union", "enum"].iter().any(|keyword| {
        before
            .strip_suffix(keyword.as_bytes())
            .is_some_and(|rest| rest.last().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_'))
    });
    is_tag || before.ends_with(b"->") || before.ends_with(b".")
}

/// Whether a statement is the body of an `if`, an `else` or a loop without braces, which cannot be left empty.
pub(in crate::fix) fn is_bare_arm(code: &[u8], start: usize) -> bool {
    let before = code[..start].trim_ascii_end();
    before.last() == Some(&b')') || before.ends_with(b"else") || before.ends_with(b"do")
}

/// Whether a statement only sets a variable.
fn sets(statement: &Statement, name: &str) -> bool {
    statement.assignment().is_some_and(|(target, _)| target.name() == Some(name))
}

fn is_pure_assignment(statement: &Statement) -> bool {
    statement.assignment().is_some_and(|(_, value)| is_pure(value))
}

/// Whether evaluating an expression has no side effects. Of calls, only those of `vma_desc_*` count as such.
fn is_pure(value: &Expression) -> bool {
    let mut pure = true;
    visit::expression(value, &mut |part| {
        pure &= match &part.kind {
            E::Call { callee, .. } => callee.name().is_some_and(|name| name.starts_with("vma_desc_")),
            E::Assign { .. } | E::Step { .. } | E::Statements(_) | E::Other(_) => false,
            _ => true,
        };
    });
    pure
}

/// Removes one variable from a declaration, and the whole declaration with its last variable.
pub(super) fn declarator(
    text: &[u8],
    statement: &Statement,
    variables: &[Declared],
    variable: &Declared,
    is_only: bool,
) -> Edit {
    if variables.len() == 1 {
        return whole_line(text, statement.span, is_only);
    }
    let (start, end) = (variable.span.start as usize, variable.span.end as usize);
    let last = variables.last().is_some_and(|last| last.span == variable.span);
    if last {
        let comma = text[..start].iter().rposition(|byte| *byte == b',').unwrap_or(start);
        return Edit::new(comma, end, "");
    }
    let comma = text[end..].iter().position(|byte| *byte == b',').map_or(end, |comma| end + comma + 1);
    let blanks = text[comma..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
    Edit::new(start, comma + blanks, "")
}

/// Removes a statement with its line, and with `and_blank` the blank line after it.
pub(super) fn whole_line(text: &[u8], span: Span, and_blank: bool) -> Edit {
    let start = text[..span.start as usize]
        .iter()
        .rposition(|byte| !matches!(byte, b' ' | b'\t'))
        .map_or(0, |before| before + 1);
    let mut end = span.end as usize;
    if text.get(end) == Some(&b'\n') {
        end += 1;
    }
    if and_blank && text.get(end) == Some(&b'\n') {
        end += 1;
    }
    Edit::new(start, end, "")
}
