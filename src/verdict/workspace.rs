//! A tree that was read, with its index: what any number of sessions look at.

use crate::index::{Built, Index, Types, build, rebuild};
use crate::kernel::{FileTrouble, Tree, TroubleKind};
use crate::rules::Rules;
use crate::vma::lower::Context;

/// A tree that was read.
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

    /// Reads the same directory with another change laid over it: as little of it as the changes touch.
    pub fn beside(&self, tree: Tree) -> Workspace<'r> {
        let rebuilt = rebuild(&tree, self.rules, &self.tree, self.index());
        let built = rebuilt.unwrap_or_else(|| build(&tree, self.rules));
        Workspace { tree, rules: self.rules, built }
    }

    /// The tree.
    pub fn tree(&self) -> &Tree {
        &self.tree
    }

    /// Who defines what.
    pub fn index(&self) -> &Index {
        &self.built.index
    }

    /// What there is to ask about the code.
    pub fn context(&self) -> Context<'_> {
        let types = Types::new(self.index(), &self.tree, &self.built.types, self.rules);
        Context { index: self.index(), types, rules: self.rules }
    }

    /// How many files were read.
    pub fn files(&self) -> usize {
        self.built.files
    }

    /// How many bytes were read.
    pub fn bytes(&self) -> u64 {
        self.built.bytes
    }

    /// What could not be read, or not be found in what was read.
    pub(super) fn trouble(&self) -> Vec<FileTrouble> {
        let mut trouble = self.built.trouble.clone();
        let missing = self.tree.missing_landmarks();
        if !missing.is_empty() {
            let text = format!("does not look like a kernel tree: no {}; scanned all the same", missing.join(", "));
            trouble.push(FileTrouble::of("", TroubleKind::NoKernelTree, text));
        }
        trouble
    }
}
