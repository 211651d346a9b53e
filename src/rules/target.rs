//! A target: the API that handlers are converted to, and what its `vm_area_desc` offers.

use serde::Deserialize;

use super::Rewrite;

/// One target API.
#[derive(Clone, Debug)]
pub struct Target {
    /// Its name on the command line: `v7.3`.
    pub name: String,
    /// Its place among the targets; a larger number is newer.
    pub order: u32,
    /// What it adds, in a line.
    pub why: String,
    /// Texts that the headers of a tree with this API hold.
    pub present: Vec<String>,
    /// VMA fields that a prepare hook may read through the desc.
    pub reads: Vec<String>,
    /// VMA fields that a prepare hook may write through the desc.
    pub writes: Vec<String>,
    /// The mmap actions it has.
    pub actions: Vec<Action>,
    /// Whether it has `vm_ops->mapped`, to which state per mapping can move.
    pub mapped: bool,
    /// The templates of conversions to it; absent if there are none.
    pub rewrite: Option<Rewrite>,
}

/// An mmap action: work that the core does for a handler once the mapping stands.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Its name, as `action` of a call gives it.
    pub name: String,
    /// What it maps.
    pub maps: Maps,
}

/// What an action maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maps {
    /// A range of PFNs, kept by value.
    Range,
    /// An array of pages, kept by pointer: the array must live until the action runs.
    PageArray,
}

impl Target {
    /// Whether a prepare hook may read this field of the VMA through the desc.
    pub fn reads_field(&self, field: &str) -> bool {
        self.reads.iter().any(|known| known == field)
    }

    /// Whether a prepare hook may write this field of the VMA through the desc.
    pub fn writes_field(&self, field: &str) -> bool {
        self.writes.iter().any(|known| known == field)
    }

    /// The action of this name.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|known| known.name == name)
    }

    /// Whether it has this action.
    pub fn has_action(&self, name: &str) -> bool {
        self.action(name).is_some()
    }
}

/// A target as its file writes it: only what it has beyond the target that it is `like`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct TargetFile {
    pub(super) name: String,
    order: u32,
    why: String,
    present: Vec<String>,
    /// The target that this one extends.
    like: Option<String>,
    #[serde(default)]
    reads: Vec<String>,
    #[serde(default)]
    writes: Vec<String>,
    #[serde(default)]
    actions: Vec<Action>,
    #[serde(default)]
    mapped: bool,
    pub(super) rewrite: Option<Rewrite>,
}

impl TargetFile {
    /// The whole target, with all that it takes from older ones among `files`.
    ///
    /// # Errors
    /// `like` names no target, or leads back to this one.
    pub(super) fn complete(&self, files: &[TargetFile]) -> Result<Target, String> {
        let mut target = Target {
            name: self.name.clone(),
            order: self.order,
            why: self.why.clone(),
            present: self.present.clone(),
            reads: Vec::new(),
            writes: Vec::new(),
            actions: Vec::new(),
            mapped: false,
            rewrite: self.rewrite.clone(),
        };
        let mut chain = vec![self];
        while let Some(like) = chain.last().and_then(|last| last.like.as_deref()) {
            let older = files.iter().find(|file| file.name == like);
            let older = older.ok_or_else(|| format!("key `like`: no target is called {like:?}"))?;
            if chain.iter().any(|file| file.name == older.name) {
                return Err(format!("key `like`: {like:?} leads back to {:?}", self.name));
            }
            chain.push(older);
        }
        for file in chain.into_iter().rev() {
            target.reads.extend(file.reads.iter().cloned());
            target.writes.extend(file.writes.iter().cloned());
            target.actions.extend(file.actions.iter().cloned());
            target.mapped |= file.mapped;
        }
        if let Some(like) = &self.like {
            let rewrite = target.rewrite.get_or_insert_default();
            rewrite.like.get_or_insert_with(|| like.clone());
        }
        Ok(target)
    }
}
