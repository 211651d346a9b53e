//! Workspace: a tree that was read, with its index. Any number of sessions share it.

use crate::index::{Built, Index, Types, build, rebuild};
use crate::kernel::{FileTrouble, Tree, TroubleKind};
use crate::rules::Rules;
use crate::vma::lower::Context;

/// A tree that was read, with its rules and index.
#[derive(Debug)]
pub struct Workspace<'r> {
    tree: Tree,
    rules: &'r Rules,
    built: Built,
}

impl<'r> Workspace<'r> {
    /// Reads a tree.
    pub fn open(tree: Tree, rules: &'r Rules) -> Workspace<'r> {
        let built = build(&tree, rules);
        Workspace { tree, rules, built }
    }

    /// Reads the same directory with another overlay. If possible, it reads only the files that the overlays touch.
    pub fn beside(&self, tree: Tree) -> Workspace<'r> {
        let rebuilt = rebuild(&tree, self.rules, &self.tree, self.index());
        let built = rebuilt.unwrap_or_else(|| build(&tree, self.rules));
        Workspace { tree, rules: self.rules, built }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Index of definitions, hooks and registrations.
    pub fn index(&self) -> &Index {
        &self.built.index
    }

    /// Index, types and rules for the analysis.
    pub fn context(&self) -> Context<'_> {
        let types = Types::new(self.index(), &self.tree, &self.built.types, self.rules);
        Context { index: self.index(), types, rules: self.rules, follows_modules: false }
    }

    /// Number of files read.
    pub fn files(&self) -> usize {
        self.built.files
    }

    /// Number of bytes read.
    pub fn bytes(&self) -> u64 {
        self.built.bytes
    }

    /// Files and registrations that could not be read or understood, and missing landmarks of a kernel tree.
    pub(super) fn trouble(&self) -> Vec<FileTrouble> {
        let mut trouble = self.built.trouble.clone();
        let missing = self.tree.missing_landmarks();
        if !missing.is_empty() {
            let text = format!("does not look like a kernel tree: no {}; scanned anyway", missing.join(", "));
            trouble.push(FileTrouble::of("", TroubleKind::NoKernelTree, text));
        }
        if self.tree.has_assumed_kernel() {
            let text = "a module without a kernel: the hooks of the newest known release are assumed".to_owned();
            trouble.push(FileTrouble::of("", TroubleKind::NoKernelTree, text));
        }
        trouble
    }
}
