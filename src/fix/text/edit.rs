//! Edits of a text.

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

/// Sorts edits and removes duplicates.
///
/// # Errors
/// Two edits overlap. The error is the span of the second.
pub fn sorted(mut edits: Vec<Edit>) -> Result<Vec<Edit>, Span> {
    edits.sort();
    edits.dedup();
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
