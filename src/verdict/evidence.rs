//! What proves a verdict: statements about a handler, each with the lines that show it.

use crate::rules::{NoteKind, RequirementKind};
use crate::source::Span;

use super::Verdict;

/// A statement about a handler, and the lines that show it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Evidence<K> {
    /// The file, as its place in the index.
    pub file: u32,
    /// The place.
    pub span: Span,
    /// What it is about.
    pub kind: K,
    /// The verdict that it alone would give.
    pub verdict: Verdict,
    /// What has to be converted first, where something has.
    pub blocker: Option<String>,
    /// One sentence for the reader.
    pub text: String,
    /// The functions called on the way to it, outermost first.
    pub via: Vec<String>,
}

/// Something that the conversion of a handler has to deal with.
pub type Requirement = Evidence<RequirementKind>;

/// Something that a conversion has to keep in mind, and that decides nothing.
pub type Note = Evidence<NoteKind>;

impl<K> Evidence<K> {
    /// A statement about a place that is reached by no call, and waits for nothing.
    pub fn new((file, span): (u32, Span), kind: K, verdict: Verdict, text: impl Into<String>) -> Evidence<K> {
        Evidence { file, span, kind, verdict, blocker: None, text: text.into(), via: Vec::new() }
    }

    /// The same for those who only show it.
    pub fn named(&self) -> Evidence<String>
    where
        K: ToString,
    {
        let Evidence { file, span, verdict, .. } = *self;
        let (blocker, text, via) = (self.blocker.clone(), self.text.clone(), self.via.clone());
        Evidence { file, span, kind: self.kind.to_string(), verdict, blocker, text, via }
    }

    /// The same place for a statement of another kind, which alone makes nothing harder.
    pub fn noted(&self, kind: NoteKind, text: impl Into<String>) -> Note {
        let note = Evidence::new((self.file, self.span), kind, Verdict::Mechanical, text);
        Evidence { via: self.via.clone(), ..note }
    }
}
