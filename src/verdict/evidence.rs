//! Evidence for a verdict: statements about a handler, each with the lines that show it.

use crate::rules::{NoteKind, RequirementKind};
use crate::source::Span;

use super::Verdict;

/// A statement about a handler, with the lines that show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence<K> {
    /// File number in the index.
    pub file: u32,
    /// Location in the file.
    pub span: Span,
    /// Kind of requirement or note.
    pub kind: K,
    /// Verdict if this were the only statement.
    pub verdict: Verdict,
    /// Helper or hook to convert first, if any.
    pub blocker: Option<String>,
    /// Message, one sentence.
    pub text: String,
    /// Call chain from the handler, outermost first.
    pub via: Vec<String>,
}

/// Something that a conversion must handle. The hardest requirement decides the verdict.
pub type Requirement = Evidence<RequirementKind>;

/// A reminder for a conversion. It does not affect the verdict.
pub type Note = Evidence<NoteKind>;

impl<K> Evidence<K> {
    /// Creates a statement without a call chain or a blocker.
    pub fn new((file, span): (u32, Span), kind: K, verdict: Verdict, text: impl Into<String>) -> Evidence<K> {
        Evidence { file, span, kind, verdict, blocker: None, text: text.into(), via: Vec::new() }
    }

    /// Copy with the kind as text, for reports.
    pub fn named(&self) -> Evidence<String>
    where
        K: ToString,
    {
        let Evidence { file, span, verdict, .. } = *self;
        let (blocker, text, via) = (self.blocker.clone(), self.text.clone(), self.via.clone());
        Evidence { file, span, kind: self.kind.to_string(), verdict, blocker, text, via }
    }

    /// Note of another kind with the same location and call chain. It makes no verdict harder.
    pub fn noted(&self, kind: NoteKind, text: impl Into<String>) -> Note {
        let note = Evidence::new((self.file, self.span), kind, Verdict::Mechanical, text);
        Evidence { via: self.via.clone(), ..note }
    }
}
