//! Findings of lints.

use super::Facts;
use crate::fingerprint::fingerprint;
use crate::rules::{Confidence, Level, LintText};
use crate::source::{LineIndex, Position, Span};
use crate::verdict::Verdict;

/// A finding of a lint. Hazards are sorted by place.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Hazard {
    /// Path of the file, relative to the tree.
    pub file: String,
    /// Start of the code.
    pub start: Position,
    /// End of the code; the column is the one after the last byte.
    pub end: Position,
    /// Name of the lint.
    pub lint: &'static str,
    /// Severity.
    pub level: Level,
    /// Confidence of the lint.
    pub confidence: Confidence,
    /// Function or table around the code; empty if there is neither.
    pub function: String,
    /// Message in one sentence.
    pub message: String,
    /// The code with whitespace squeezed. With lint, file and function it identifies a hazard, even if its line moves.
    pub code: String,
    /// Handler that `fix` may have a patch for: the file that registers it, and its name.
    pub handler: Option<(String, String)>,
    /// Verdict on the handler, if the lint is about handlers that are to be converted.
    pub verdict: Option<Verdict>,
}

impl Hazard {
    /// Hash of lint, file, function and code, in hexadecimal. It stays the same if lines move.
    pub fn fingerprint(&self) -> String {
        fingerprint([self.lint, &self.file, &self.function, &self.code])
    }
}

/// Collects the findings of one lint.
pub struct Found<'f> {
    lint: &'static str,
    level: Level,
    confidence: Confidence,
    facts: &'f Facts<'f>,
    pub(super) hazards: Vec<Hazard>,
}

impl<'f> Found<'f> {
    pub(super) fn new(lint: &'static str, text: &LintText, facts: &'f Facts<'f>) -> Found<'f> {
        Found { lint, level: text.level, confidence: text.confidence, facts, hazards: Vec::new() }
    }

    /// Reports a place in a file of the index.
    pub fn at(&mut self, file: u32, span: Span, message: String) -> &mut Hazard {
        let source = self.facts.context.index.file(file);
        let item = source.item_at(span.start).map(|item| source.name(&source.items[item as usize]));
        let code = String::from_utf8_lossy(span.of(&source.text)).into_owned();
        let (start, end) = (source.position(span.start), source.position(span.end));
        self.add(source.path.clone(), start, end, item.unwrap_or_default(), code, message)
    }

    /// Reports a place in a file that is not in the index.
    pub fn in_text(&mut self, path: &str, text: &[u8], span: Span, message: String) -> &mut Hazard {
        let lines = LineIndex::new(text);
        let (start, end) = (lines.position(text, span.start), lines.position(text, span.end));
        let code = String::from_utf8_lossy(span.of(text)).into_owned();
        self.add(path.to_owned(), start, end, String::new(), code, message)
    }

    fn add(
        &mut self,
        file: String,
        start: Position,
        end: Position,
        function: String,
        code: String,
        message: String,
    ) -> &mut Hazard {
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let (lint, level, confidence) = (self.lint, self.level, self.confidence);
        self.hazards.push(Hazard {
            file,
            start,
            end,
            lint,
            level,
            confidence,
            function,
            message,
            code,
            handler: None,
            verdict: None,
        });
        let last = self.hazards.len() - 1;
        &mut self.hazards[last]
    }
}
