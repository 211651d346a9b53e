//! Shared state of a run of conversions, borrowed from the session.

use super::lookup::Lookup;
use crate::index::Hook;
use crate::kernel::Tree;
use crate::rules::Rewrite;
use crate::verdict::{Finding, ResolvedTarget, Session};
use crate::vma::Analysis;
use crate::vma::lower::Context;

/// Shared state of a run of conversions.
pub(super) struct FixContext<'a> {
    pub(super) tree: &'a Tree,
    pub(super) context: Context<'a>,
    pub(super) chosen: &'a ResolvedTarget,
    pub(super) rewrite: &'a Rewrite,
    pub(super) findings: &'a [Finding],
    pub(super) analysis: Analysis<'a>,
    pub(super) lookup: Lookup<'a>,
}

impl<'a> FixContext<'a> {
    pub(super) fn new(session: &'a Session<'a>, rewrite: &'a Rewrite) -> FixContext<'a> {
        FixContext {
            tree: session.tree(),
            context: session.context,
            chosen: &session.chosen,
            rewrite,
            findings: session.findings(),
            analysis: session.analysis.clone(),
            lookup: Lookup::new(session.context.index),
        }
    }

    /// Whether a hook is retyped for all its implementers. `.mmap` of file_operations is not, because `.mmap_prepare` exists beside it.
    pub(super) fn is_retyped(&self, hook: &Hook) -> bool {
        !self.context.rules.is_migrating(&hook.record)
    }
}
