//! Shared state of a run of conversions, borrowed from the session.

use std::sync::OnceLock;

use super::candidate::Candidate;
use super::lookup::Lookup;
use crate::index::{Hook, ItemId};
use crate::kernel::{RUST, Tree, texts_naming};
use crate::rules::Rewrite;
use crate::source::{identifier_end, words};
use crate::verdict::{Finding, ResolvedTarget, Session};
use crate::vma::Analysis;
use crate::vma::lower::Context;

/// Shared state of a run of conversions.
pub(super) struct FixContext<'a> {
    tree: &'a Tree,
    bindings: OnceLock<Vec<(String, Vec<u8>)>>,
    pub(super) context: Context<'a>,
    pub(super) chosen: &'a ResolvedTarget,
    pub(super) rewrite: &'a Rewrite,
    pub(super) findings: &'a [Finding],
    pub(super) analysis: Analysis<'a>,
    /// The same for handlers that convert together with functions of other modules, which are followed here.
    pub(super) across: Analysis<'a>,
    pub(super) lookup: Lookup<'a>,
}

impl<'a> FixContext<'a> {
    pub(super) fn new(session: &'a Session<'a>, rewrite: &'a Rewrite) -> FixContext<'a> {
        FixContext {
            tree: session.tree(),
            bindings: OnceLock::new(),
            context: session.context,
            chosen: &session.chosen,
            rewrite,
            findings: session.findings(),
            analysis: session.analysis.clone(),
            across: Analysis::new(session.context.across_modules()),
            lookup: Lookup::new(session.context.index),
        }
    }

    /// Path and text of the Rust code that names an mmap hook.
    pub(super) fn bindings(&self) -> &[(String, Vec<u8>)] {
        let (folder, extensions) = RUST;
        self.bindings.get_or_init(|| texts_naming(self.tree, folder, extensions, b"mmap"))
    }

    /// The analysis of a candidate's functions.
    pub(super) fn analysis_of(&self, candidate: &Candidate) -> &Analysis<'a> {
        if candidate.across.is_some() { &self.across } else { &self.analysis }
    }

    /// Whether some table registers a function.
    pub(super) fn is_registered(&self, id: ItemId) -> bool {
        self.findings.iter().any(|finding| finding.function(self.context.index).is_some_and(|key| key.id == id))
    }

    /// Whether a place lies in a registration of a handler of this name.
    pub(super) fn is_registration_of(&self, name: &str, file: u32, at: usize) -> bool {
        self.findings.iter().any(|finding| {
            let registration = &finding.registration;
            registration.file == file
                && registration.span.contains(at as u32)
                && finding.handler.as_ref().is_some_and(|handler| handler.name == name)
        })
    }

    /// Whether a hook is retyped for all its implementers. `.mmap` of file_operations is not, because `.mmap_prepare` exists beside it.
    pub(super) fn is_retyped(&self, hook: &Hook) -> bool {
        !self.context.rules.is_migrating(&hook.record)
    }

    /// Whether some initialiser of the struct names no members, so that it may set the hook unseen.
    pub(super) fn has_positional_table(&self, hook: &Hook) -> bool {
        self.lookup.naming(&hook.record).iter().any(|file| {
            let text = &self.context.index.file(*file).text;
            let tags =
                words(text, hook.record.as_bytes()).filter(|at| text[..*at].trim_ascii_end().ends_with(b"struct"));
            tags.into_iter().any(|at| {
                let behind = &text[at + hook.record.len()..];
                let end = behind.iter().position(|byte| matches!(byte, b';' | b'{')).unwrap_or(behind.len());
                let (head, rest) = behind.split_at(end);
                let is_literal = head.trim_ascii() == b")";
                // A list of pointers is no table.
                let is_variable = head.contains(&b'=') && !head.contains(&b'(') && !head.contains(&b'*');
                let entries = rest.strip_prefix(b"{").unwrap_or_default();
                let blanks = entries.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'\\').count();
                let entries = &entries[blanks..];
                // A macro sets members by their names, as its definition may show.
                let word = String::from_utf8_lossy(&entries[..identifier_end(entries, 0)]).into_owned();
                let is_macro = || match self.context.index.constant(&word, *file) {
                    Some(body) => body.starts_with(b".") || body.starts_with(b"\\"),
                    None => !word.is_empty() && !word.bytes().any(|byte| byte.is_ascii_lowercase()),
                };
                (is_literal || is_variable)
                    && !matches!(entries.first(), Some(b'.' | b'}' | b'/' | b'#') | None)
                    && !is_macro()
            })
        })
    }
}
