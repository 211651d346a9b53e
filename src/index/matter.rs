//! The words that make a text matter, and how they stand in it.

use crate::source::{is_identifier_byte, skip_blank};

/// What every type of a VMA or its desc starts with, and the longest of what is searched for.
pub const VMA: &[u8] = b"vm_area_";
/// What the names of most hooks hold.
pub const MMAP: &[u8] = b"mmap";

/// Whether what stands behind a member makes it a designator or the target of an assignment.
pub fn is_assigned(text: &[u8], end: usize) -> bool {
    let rest = &text[skip_blank(text, end)..];
    matches!(rest, [b'=', next, ..] if *next != b'=')
        || matches!(rest, [b':', next, ..] if *next != b':')
        // A line that goes on, or what a compiler passes over, may hide what stands behind.
        || matches!(rest, [b'\\' | 0, ..])
}

/// Whether a name is that of a member of the expression before it; a designator has none.
pub fn is_access(text: &[u8], at: usize) -> bool {
    let before = text[..at].trim_ascii_end();
    before.ends_with(b"->")
        || before.strip_suffix(b".").is_some_and(|base| {
            base.last().is_some_and(|byte| is_identifier_byte(*byte) || matches!(byte, b')' | b']'))
        })
}
