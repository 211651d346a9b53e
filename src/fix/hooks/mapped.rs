//! Moves state that a handler takes by calling its own `vm_ops->open` to `vm_ops->mapped`, which runs once the mapping is complete.

use crate::fix::candidate::Mapped;
use crate::fix::context::FixContext;
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::layout::below;
use crate::fix::text::mentions::{is_taken, registration};
use crate::index::{ItemId, SourceFile};
use crate::rules::{MappedForm, RequirementKind};
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::{ItemKind, Span, begins_assignment, line_start, parse, variants, words};
use crate::verdict::{Finding, Requirement, Verdict};
use crate::vma::Key;

/// Edits that move the state, if the handler's `open` takes all of it in one unconditional call and the handler does not populate. Then
/// `close` releases exactly what was taken.
pub(in crate::fix) fn mapped(shared: &FixContext, findings: &[&Finding], key: &Key) -> Option<Mapped> {
    let context = shared.context;
    let lowered = shared.analysis.lowered(key)?;
    let form = shared.rewrite.mapped.as_ref()?;
    let hook = lowered.vm_hooks.iter().find(|hook| hook.member == form.before)?;
    let open = hook.key.id;
    let is_in_open = |requirement: &Requirement| {
        requirement.file == open.file && context.index.item(open).span.contains(requirement.span.start)
    };
    let mut requirements = findings.iter().flat_map(|finding| &finding.judgement.requirements);
    let moves = requirements.clone().filter(|requirement| requirement.verdict == Verdict::Mapped);
    let all_moves =
        moves.clone().all(|requirement| requirement.kind == RequirementKind::OpenCall || is_in_open(requirement));
    let populates = requirements.any(|requirement| matches!(requirement.kind, RequirementKind::Action(_)));
    if !shared.chosen.target.mapped || !all_moves || populates || open.file != key.id.file {
        return None;
    }
    let source = context.index.file(open.file);
    let name = source.name(context.index.item(open));
    let handler = only_variant(source, key.id)?;
    let calls = words(context.index.item(key.id).span.of(&source.text), name.as_bytes()).count();
    let is_call = |kind: &S| matches!(kind, S::Expression(Expression { kind: E::Call { callee, .. }, .. }) if callee.name() == Some(&name));
    if calls != 1 || !handler.body.iter().any(|statement| is_call(&statement.kind)) {
        return None;
    }
    // What the handler does with the state afterwards, or to undo it, would come before the state is taken.
    let behind = handler.body.iter().skip_while(|statement| !is_call(&statement.kind)).skip(1);
    let is_end = |statement: &Statement| statement.returned().is_some_and(Expression::is_zero);
    let installs = |statement: &Statement| {
        matches!(&statement.kind, S::Expression(Expression { kind: E::Assign { target, .. }, .. })
            if matches!(&target.kind, E::Field { name, .. } if name == "vm_ops"))
    };
    if !behind.clone().all(is_end) || !handler.body.iter().any(installs) {
        return None;
    }
    let stem = name.strip_suffix(&format!("_{}", form.before)).unwrap_or(&name);
    let new_name = format!("{stem}_{}", form.member);
    if is_taken(source, &new_name) {
        return None;
    }
    let code = shared.lookup.code(open.file);
    // Any other user of the table would get the moved state too.
    let places = [
        context.index.item(key.id).span,
        source.items[source.named(ItemKind::Variable, &hook.table).next()? as usize].span,
    ];
    let is_known = |at: usize| places.iter().any(|place| place.contains(at as u32));
    if !words(&code, hook.table.as_bytes()).all(is_known) {
        return None;
    }
    let text = function(source, &code, open, form, &new_name)?;
    let at = above(source, context.index.item(open).span.start as usize);
    let edits =
        vec![Edit::new(at, at, format!("{text}\n\n")), entry(source, &code, &hook.table, form, [&name, &new_name])?];
    Some(Mapped { open, name, edits })
}

fn only_variant(source: &SourceFile, id: ItemId) -> Option<Function> {
    let item = &source.items[id.item as usize];
    let text = item.span.of(&source.text);
    let [masked] = variants(text).try_into().ok()?;
    let name = source.name(item);
    parse::functions(text, &masked, item.span.start).syntax.into_iter().find(|function| function.name == name)
}

/// Writes the new function: the body of `open`, with the private data as `mapped` receives it. `None` if `open` uses the VMA otherwise.
fn function(source: &SourceFile, code: &[u8], open: ItemId, form: &MappedForm, new_name: &str) -> Option<String> {
    const PRIVATE: &[u8] = b"->vm_private_data";
    let item = &source.items[open.item as usize];
    let function = only_variant(source, open)?;
    let [vma] = function.parameters.as_slice() else { return None };
    let body = Span { start: item.body, end: item.span.end };
    let base = body.start as usize;
    let mut edits = Vec::new();
    for at in words(body.of(code), vma.name.as_bytes()) {
        let end = at + vma.name.len();
        let rest = &body.of(code)[end..];
        let is_read = rest.strip_prefix(PRIVATE).is_some_and(|rest| !begins_assignment(rest));
        if !is_read {
            return None;
        }
        edits.push(Edit::new(base + at, base + end + PRIVATE.len(), form.private_data.as_str()));
    }
    for at in words(body.of(code), b"return") {
        edits.push(Edit::new(base + at, base + at + b"return".len(), "return 0"));
    }
    let edits = sorted(edits).ok()?;
    let text = String::from_utf8_lossy(&applied(&source.text, body, &edits)).into_owned();
    let text = text.trim_end().strip_suffix('}')?.trim_end().to_owned();
    let head = format!("static int {new_name}(");
    let parameters = form.parameters.replace('\n', &below(head.len()));
    Some(format!("{head}{parameters})\n{text}\n\treturn 0;\n}}"))
}

/// Offset for an insertion above an item and its comment.
fn above(source: &SourceFile, start: usize) -> usize {
    let before = source.text[..start].trim_ascii_end();
    match memchr::memmem::rfind(before, b"/*").filter(|_| before.ends_with(b"*/")) {
        Some(comment) => comment,
        None => start,
    }
}

/// Table entry of the new function, inserted above the entry of `open`.
fn entry(
    source: &SourceFile,
    code: &[u8],
    table: &str,
    form: &MappedForm,
    [open, new_name]: [&str; 2],
) -> Option<Edit> {
    let item = &source.items[source.named(ItemKind::Variable, table).next()? as usize];
    let text = item.span.of(code);
    if words(text, form.member.as_bytes()).any(|at| text[..at].ends_with(b".")) {
        return None;
    }
    let dot = words(text, form.before.as_bytes()).find(|at| text[..*at].ends_with(b"."))? - 1;
    let end = dot + memchr::memchr2(b',', b'}', &text[dot..])?;
    let base = item.span.start as usize;
    let span = Span::new(base + dot, base + end);
    let edits = sorted(registration(&source.text, span, &form.before, &form.member, open, new_name)?).ok()?;
    let entry = String::from_utf8_lossy(&applied(&source.text, span, &edits)).trim_end().to_owned();
    let line = line_start(&source.text, base + dot);
    let indent = String::from_utf8_lossy(&source.text[line..base + dot]).into_owned();
    indent.trim().is_empty().then(|| Edit::new(line, line, format!("{indent}{entry},\n")))
}
