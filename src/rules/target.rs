//! A target: the API that handlers are to be converted to, and what its `vm_area_desc` offers.

use serde::Deserialize;

use super::Rewrite;

/// One target API.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name on the command line: `v7.3`.
    pub name: String,
    /// Its place among the targets; a larger number is newer.
    pub order: u32,
    /// What it adds, in a line.
    pub why: String,
    /// Texts that the tree's headers hold where the tree has this API.
    pub present: Vec<String>,
    /// VMA fields that a prepare hook may read through the desc.
    pub reads: Vec<String>,
    /// VMA fields that a prepare hook may write through the desc.
    pub writes: Vec<String>,
    /// The mmap actions it has.
    pub actions: Vec<String>,
    /// Whether `vm_ops->mapped` exists, to which state per mapping can move.
    pub mapped: bool,
    /// How conversions to it are written; absent where none are.
    pub rewrite: Option<Rewrite>,
}

impl Target {
    /// Whether the desc offers reading this field of the VMA.
    pub fn reads_field(&self, field: &str) -> bool {
        self.reads.iter().any(|known| known == field)
    }

    /// Whether the desc offers writing this field of the VMA.
    pub fn writes_field(&self, field: &str) -> bool {
        self.writes.iter().any(|known| known == field)
    }

    /// Whether it has this action.
    pub fn has_action(&self, action: &str) -> bool {
        self.actions.iter().any(|known| known == action)
    }
}
