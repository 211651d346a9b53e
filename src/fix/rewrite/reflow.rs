//! Lays out the statements that a conversion changed, as the kernel's coding style has it: 80 columns, arguments aligned behind their
//! parenthesis.

use crate::fix::rewrite::draft::Draft;
use crate::fix::text::edit::Edit;
use crate::fix::text::layout::{columns, is_badly_laid_out, laid_out, on_one_line};
use crate::source::Span;
use crate::source::ast::{Statement, StatementKind as S};
use crate::source::visit::each_block;

/// Lays out anew the statements of a converted function that the old one does not have, and that are too wide or not aligned.
pub(super) fn reflow<'n>(old: &[u8], draft: Draft<'n>) -> Draft<'n> {
    let Some(function) = draft.function() else { return draft };
    let mut edits = Vec::new();
    each_block(&function.body, &mut |list| {
        edits.extend(list.iter().filter_map(|statement| laid_out_anew(old, draft.text(), statement)));
    });
    draft.edited(edits)
}

fn laid_out_anew(old: &[u8], new: &str, statement: &Statement) -> Option<Edit> {
    let span = match &statement.kind {
        S::Expression(_) | S::Return(Some(_)) | S::Declaration(_) => statement.span,
        // The head, up to the end of the condition.
        S::If { condition, .. } => Span { start: statement.span.start, end: condition.span.end },
        _ => return None,
    };
    let text = new.get(span.start as usize..span.end as usize)?;
    let line = new[..span.start as usize].rfind('\n').map_or(0, |newline| newline + 1);
    let column = columns(&new.as_bytes()[line..span.start as usize]);
    let is_plain = !text.contains(['#', '\\']) && !text.contains("/*") && !text.contains("//");
    let is_new = memchr::memmem::find(old, text.as_bytes()).is_none();
    if !is_new || !is_plain || !is_badly_laid_out(text, column) {
        return None;
    }
    let flat = on_one_line(text);
    let assignment = [" = ", " |= ", " &= ", " += "].iter().find_map(|sign| Some(flat.find(sign)? + sign.len()));
    let prefix = match assignment {
        _ if flat.starts_with("return ") => "return ".len(),
        Some(end) if !flat[..end].contains('(') => end,
        _ => 0,
    };
    let laid_out = format!("{}{}", &flat[..prefix], laid_out(&flat[prefix..], column + prefix));
    Some(Edit { span, text: laid_out })
}
