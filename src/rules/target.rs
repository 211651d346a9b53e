//! Targets: the APIs that handlers are converted to, and the contents of their `vm_area_desc`.

use serde::Deserialize;

use super::Rewrite;

/// One target API.
#[derive(Clone, Debug)]
pub struct Target {
    /// Name on the command line: `v7.3`.
    pub name: String,
    /// Position among the targets; a larger number is newer.
    pub order: u32,
    /// Summary of its additions, in one line.
    pub why: String,
    /// Texts that the headers of a tree with this API contain.
    pub present: Vec<String>,
    /// Whether a kernel with this API is released. Trees without any such API are judged against the newest that is.
    pub is_released: bool,
    /// VMA fields that a prepare hook may read through the desc.
    pub reads: Vec<String>,
    /// VMA fields that a prepare hook may write through the desc.
    pub writes: Vec<String>,
    /// Mmap actions of the target.
    pub actions: Vec<Action>,
    /// Whether it has `vm_ops->mapped`, which can take over state per mapping.
    pub mapped: bool,
    /// Whether it refuses an action for a mapping that may merge with its neighbours.
    pub refuses_mergeable: bool,
    /// Templates of conversions to the target, if it has any.
    pub rewrite: Option<Rewrite>,
}

/// An mmap action: work that the core does for a handler once the mapping is complete.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Name, as given by `action` of a call rule.
    pub name: String,
    /// Kind of memory that it maps.
    pub maps: Maps,
}

/// Kind of memory that an action maps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Maps {
    /// A range of PFNs, kept by value.
    Range,
    /// An array of pages, kept by pointer: the array must live until the action runs.
    PageArray,
    /// Pages that a callback names one after another, from the start of the mapping on.
    PageByPage,
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

    /// Finds the action of this name.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.actions.iter().find(|known| known.name == name)
    }

    /// Whether it has this action.
    pub fn has_action(&self, name: &str) -> bool {
        self.action(name).is_some()
    }
}

/// A target file: only the additions to the target that it is `like`.
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
    #[serde(default)]
    refuses_mergeable: bool,
    #[serde(default = "released")]
    released: bool,
    pub(super) rewrite: Option<Rewrite>,
}

fn released() -> bool {
    true
}

impl TargetFile {
    /// Builds the whole target, with everything that it inherits from older ones among `files`.
    ///
    /// # Errors
    /// `like` names no target, or leads back to this one.
    pub(super) fn complete(&self, files: &[TargetFile]) -> Result<Target, String> {
        let mut target = Target {
            name: self.name.clone(),
            order: self.order,
            why: self.why.clone(),
            present: self.present.clone(),
            is_released: self.released,
            reads: Vec::new(),
            writes: Vec::new(),
            actions: Vec::new(),
            mapped: false,
            refuses_mergeable: false,
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
            target.refuses_mergeable |= file.refuses_mergeable;
        }
        if let Some(like) = &self.like {
            let rewrite = target.rewrite.get_or_insert_default();
            rewrite.like.get_or_insert_with(|| like.clone());
        }
        Ok(target)
    }
}
