//! Edits of a text.

use std::collections::BTreeMap;

use crate::source::Span;

/// Replacement of a span of bytes.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Edit {
    /// Replaced bytes; empty for an insertion.
    pub span: Span,
    /// New text.
    pub text: String,
}

impl Edit {
    /// Replaces the bytes from `start` to `end`.
    pub fn new(start: usize, end: usize, text: impl Into<String>) -> Edit {
        Edit { span: Span::new(start, end), text: text.into() }
    }
}

/// Edits by file number in the index.
pub(in crate::fix) type Edits = BTreeMap<u32, Vec<Edit>>;

/// Adds more edits, file by file.
pub(in crate::fix) fn add_all(all: &mut Edits, more: &Edits) {
    for (file, edits) in more {
        all.entry(*file).or_default().extend(edits.iter().cloned());
    }
}

/// Sorts edits by their places, and removes duplicates.
pub(in crate::fix) fn put_in_order(edits: &mut Vec<Edit>) {
    edits.sort();
    edits.dedup();
}

/// Sorts edits and removes duplicates.
///
/// # Errors
/// Two edits overlap. The error is the span of the second.
pub fn sorted(mut edits: Vec<Edit>) -> Result<Vec<Edit>, Span> {
    put_in_order(&mut edits);
    match edits.windows(2).find(|pair| pair[1].span.start < pair[0].span.end) {
        Some(pair) => Err(pair[1].span),
        None => Ok(edits),
    }
}

/// Returns the text of `span` after the edits inside it; `edits` must be sorted.
pub fn applied(text: &[u8], span: Span, edits: &[Edit]) -> Vec<u8> {
    let mut out = Vec::with_capacity(span.len());
    let mut at = span.start as usize;
    for edit in edits.iter().filter(|edit| span.start <= edit.span.start && edit.span.end <= span.end) {
        out.extend_from_slice(&text[at..edit.span.start as usize]);
        out.extend_from_slice(edit.text.as_bytes());
        at = edit.span.end as usize;
    }
    out.extend_from_slice(&text[at..span.end as usize]);
    out
}

/// Returns a whole text after edits.
///
/// # Errors
/// Two edits overlap. The error is the span of the second.
pub(in crate::fix) fn edited(text: &[u8], edits: Vec<Edit>) -> Result<String, Span> {
    let edits = sorted(edits)?;
    Ok(String::from_utf8_lossy(&applied(text, Span::new(0, text.len()), &edits)).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn edits_are_made_in_order_and_once() {
        let text = b"a b c";
        let edits = sorted(vec![Edit::new(4, 5, "z"), Edit::new(0, 1, "xx"), Edit::new(4, 5, "z")]).unwrap();
        assert_eq!(applied(text, Span::new(0, 5), &edits), b"xx b z");
        assert_eq!(applied(text, Span::new(2, 5), &edits), b"b z");
        assert!(sorted(vec![Edit::new(0, 3, "x"), Edit::new(2, 4, "y")]).is_err());
    }
}
