//! Shared state of a run of conversions, borrowed from the session.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::candidate::Candidate;
use super::handler::by_hand::{CallByHand, calls_by_hand};
use super::lookup::Lookup;
use super::text::mentions::is_taken;
use crate::index::{Hook, ItemId, SourceFile};
use crate::kernel::{RUST, Tree, texts_naming};
use crate::memo::Memo;
use crate::rules::Rewrite;
use crate::verdict::{Finding, ResolvedTarget, Session, TargetFrom, choose};
use crate::vma::Analysis;
use crate::vma::lower::Context;

/// Shared state of a run of conversions.
pub(super) struct FixContext<'a> {
    tree: &'a Tree,
    pub(super) context: Context<'a>,
    pub(super) chosen: &'a ResolvedTarget,
    pub(super) rewrite: &'a Rewrite,
    pub(super) findings: &'a [Finding],
    registered: BTreeSet<ItemId>,
    /// The functions among them that are file callbacks.
    file_callbacks: BTreeSet<ItemId>,
    pub(super) analysis: Analysis<'a>,
    /// The same for handlers that convert together with functions of other modules, which are followed here.
    pub(super) across: Analysis<'a>,
    pub(super) lookup: Lookup<'a>,
    by_hand: Memo<(String, String), Vec<CallByHand>>,
    /// Whether a module is built against a kernel without the new hook.
    pub(super) has_old_kernel: bool,
}

/// Whether the headers of the kernel have `.mmap_prepare`.
fn has_new_hook(session: &Session<'_>) -> bool {
    let own = choose(session.context.rules, session.tree(), "auto");
    own.is_ok_and(|own| own.from == TargetFrom::Headers)
}

impl<'a> FixContext<'a> {
    pub(super) fn new(session: &'a Session<'a>, rewrite: &'a Rewrite) -> FixContext<'a> {
        let function = |finding: &Finding| Some(finding.function(session.context.index)?.id);
        let is_callback = |finding: &&Finding| session.context.rules.is_migrating(&finding.registration.hook.record);
        let findings = session.findings();
        FixContext {
            tree: session.tree(),
            context: session.context,
            chosen: &session.chosen,
            rewrite,
            findings: session.findings(),
            registered: findings.iter().filter_map(function).collect(),
            file_callbacks: findings.iter().filter(is_callback).filter_map(function).collect(),
            analysis: session.analysis.clone(),
            across: Analysis::new(session.context.across_modules()),
            lookup: Lookup::new(session.context.index),
            by_hand: Memo::default(),
            has_old_kernel: session.tree().is_module() && !has_new_hook(session),
        }
    }

    /// The calls by hand of hooks of a struct.
    pub(super) fn by_hand(&self, record: &str, member: &str) -> Arc<Vec<CallByHand>> {
        self.by_hand.get((record.to_owned(), member.to_owned()), || calls_by_hand(self, record, member))
    }

    /// The Rust code that names an mmap hook.
    pub(super) fn bindings(&self) -> impl Iterator<Item = (u32, &'a SourceFile)> {
        let (folder, extensions) = RUST;
        let read = || {
            let texts = texts_naming(self.tree, folder, extensions, b"mmap").into_iter();
            texts.map(|(path, text)| SourceFile::without_items(&path, text)).collect()
        };
        self.context.index.bindings(read)
    }

    /// The analysis of a candidate's functions.
    pub(super) fn analysis_of(&self, candidate: &Candidate) -> &Analysis<'a> {
        if candidate.across.is_some() { &self.across } else { &self.analysis }
    }

    /// Whether some table registers a function.
    pub(super) fn is_registered(&self, id: ItemId) -> bool {
        self.registered.contains(&id)
    }

    /// Whether some table registers a function as a file callback, which a target may split in two.
    pub(super) fn is_file_callback(&self, id: ItemId) -> bool {
        self.file_callbacks.contains(&id)
    }

    /// Whether conversions see the complete mapping: populating calls stay where they are.
    pub(super) fn is_late(&self) -> bool {
        self.rewrite.finish.is_some()
    }

    /// The file that has a name already and keeps a function in `file` from getting it: a file with a definition for all files, or `file`.
    pub(super) fn file_with(&self, name: &str, file: &'a SourceFile) -> Option<&'a SourceFile> {
        let index = self.context.index;
        let elsewhere = index.visible_definition(name).map(|id| index.file(id.file));
        elsewhere.or(is_taken(file, name).then_some(file))
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
}
