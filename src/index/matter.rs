//! Words that make a text matter, and their context.

use crate::source::{identifier_before, is_identifier_byte, is_keyword_before_parenthesis, skip_blank};

/// Prefix of all VMA and desc types. Parts of a file overlap by its length.
pub const VMA: &[u8] = b"vm_area_";
/// Part of the names of most hooks.
pub const MMAP: &[u8] = b"mmap";

/// Whether the text behind a member makes it a designator or the target of an assignment.
pub fn is_assigned(text: &[u8], end: usize) -> bool {
    let rest = &text[skip_blank(text, end)..];
    matches!(rest, [b'=', next, ..] if *next != b'=')
        || matches!(rest, [b':', next, ..] if *next != b':')
        // A continued line, or bytes that a compiler skips, may hide the operator.
        || matches!(rest, [b'\\' | 0, ..])
}

/// Whether a name may be an argument by which a macro names a member: `SET_OP(ops, mmap)`. The definition of a system call has the name of
/// the call there.
pub fn is_macro_argument(text: &[u8], start: usize, end: usize) -> bool {
    let before = text[..start].trim_ascii_end();
    let is_definition = || {
        let open = before.len() - 1;
        let (from, to) = identifier_before(before, open).unwrap_or((open, open));
        text[from..to].starts_with(b"SYSCALL_DEFINE") || is_keyword_before_parenthesis(&text[from..to])
    };
    let is_argument = match before.last() {
        Some(b',') => true,
        Some(b'(') => !is_definition(),
        _ => false,
    };
    is_argument && matches!(text[end..].trim_ascii_start().first(), Some(b',' | b')'))
}

/// Whether a name is a member of the expression before it. A designator is not.
pub fn is_access(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    before.ends_with(b"->")
        || before.strip_suffix(b".").is_some_and(|base| {
            base.last().is_some_and(|byte| is_identifier_byte(*byte) || matches!(byte, b')' | b']'))
        })
}
