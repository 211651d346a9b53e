//! A handler that is to be converted, and what goes with it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Applicability, HandlerFix};
use super::text::edit::Edit;
use crate::index::{Hook, ItemId};

/// A handler that is to be converted.
pub(super) struct Candidate {
    /// All findings that register it.
    pub(super) findings: Vec<usize>,
    /// The helper for a desc that takes its place, where it is another module's.
    pub(super) twin: Option<String>,
    /// The functions that are converted with it.
    pub(super) definitions: BTreeSet<ItemId>,
    pub(super) helpers: BTreeSet<ItemId>,
    /// What of its state moves to `vm_ops->mapped`.
    pub(super) mapped: Option<Mapped>,
    pub(super) fix: HandlerFix,
}

impl Candidate {
    pub(super) fn new(name: &str, finding: usize, retyped: Option<Hook>) -> Candidate {
        Candidate {
            findings: Vec::new(),
            twin: None,
            definitions: BTreeSet::new(),
            helpers: BTreeSet::new(),
            mapped: None,
            fix: HandlerFix {
                new_name: format!("{name}_prepare"),
                name: name.to_owned(),
                finding,
                retyped,
                swapped_with: None,
                applicability: Applicability::None,
                reason: None,
                open_points: Vec::new(),
                remarks: BTreeSet::new(),
                edits: BTreeMap::new(),
            },
        }
    }
}

/// A conversion of an `open` that is called for the first mapping too.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The open hook.
    pub(super) open: ItemId,
    /// Its name.
    pub(super) name: String,
    /// The new function, and its entry in the table.
    pub(super) edits: Vec<Edit>,
}
