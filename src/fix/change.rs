//! What becomes of handlers: conversions, and what of them makes one patch.

use std::collections::{BTreeMap, BTreeSet};

use super::rewrite::rewriter::OpenPoint;
use super::text::edit::Edit;
use crate::index::Hook;

/// How far a conversion can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Every use of the VMA was understood and has an equivalent.
    Safe,
    /// Part of the work; the open points are a person's.
    Sketch,
    /// Nothing is written.
    None,
}

impl Applicability {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Sketch => "sketch",
            Applicability::None => "none",
        }
    }
}

/// What became of one handler.
#[derive(Debug)]
pub struct HandlerFix {
    /// Its name.
    pub name: String,
    /// Its name when converted.
    pub new_name: String,
    /// The finding that it was first registered by, as its place in the scan's list.
    pub finding: usize,
    /// The hook that is retyped with it, for all that implement that hook.
    pub retyped: Option<Hook>,
    /// The table that is put in the place of its table while files are open: all such tables are converted in one patch.
    pub swapped_with: Option<String>,
    /// How far its conversion can be trusted.
    pub applicability: Applicability,
    /// Why nothing is written.
    pub reason: Option<String>,
    /// What is left to a person: file, as its place in the index, and place.
    pub open_points: Vec<(u32, OpenPoint)>,
    /// What a person should know of a conversion that is complete.
    pub remarks: BTreeSet<String>,
    pub(super) edits: BTreeMap<u32, Vec<Edit>>,
}

impl HandlerFix {
    /// The edits that convert it, by file, as its place in the index; each file's in order.
    pub fn edits(&self) -> impl Iterator<Item = (u32, Vec<Edit>)> {
        self.edits.iter().map(|(file, edits)| {
            let mut edits = edits.clone();
            edits.sort();
            edits.dedup();
            (*file, edits)
        })
    }
}

/// Handlers that are converted together, since they share a file or a helper: one patch.
#[derive(Debug)]
pub struct Change {
    /// The handlers, as places in [`Fixes::handlers`].
    pub handlers: Vec<usize>,
    /// The edits by file, as its place in the index; each file's in order.
    pub files: BTreeMap<u32, Vec<Edit>>,
}

/// All conversions of a run.
#[derive(Debug, Default)]
pub struct Fixes {
    /// The handlers, in the order of the scan.
    pub handlers: Vec<HandlerFix>,
    /// The patches.
    pub changes: Vec<Change>,
}

impl Fixes {
    /// The handlers of a change in groups that are converted all or none: they share an edit, a hook that is retyped, or tables that are
    /// swapped.
    pub fn inseparable(&self, change: &Change) -> Vec<Vec<usize>> {
        let mut groups: Vec<Vec<usize>> = Vec::new();
        let mut owners: BTreeMap<Bond, usize> = BTreeMap::new();
        for handler in &change.handlers {
            let fix = &self.handlers[*handler];
            let mut own = vec![*handler];
            let bonds: Vec<Bond> = fix.bonds().collect();
            let joined: BTreeSet<usize> = bonds.iter().filter_map(|bond| owners.get(bond).copied()).collect();
            let group = joined.first().copied().unwrap_or(groups.len());
            for other in joined.into_iter().skip(1) {
                own.append(&mut groups[other]);
                owners.values_mut().filter(|owner| **owner == other).for_each(|owner| *owner = group);
            }
            owners.extend(bonds.into_iter().map(|bond| (bond, group)));
            match groups.get_mut(group) {
                Some(known) => known.extend(own),
                None => groups.push(own),
            }
        }
        groups.retain(|group| !group.is_empty());
        groups
    }
}

/// What holds handlers together that share it.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Bond {
    Edit(u32, Edit),
    Hook(String),
    Swap(String),
}

impl HandlerFix {
    fn bonds(&self) -> impl Iterator<Item = Bond> {
        let edits = self.edits().flat_map(|(file, edits)| edits.into_iter().map(move |edit| Bond::Edit(file, edit)));
        let hook = self.retyped.as_ref().map(|hook| Bond::Hook(hook.name()));
        edits.chain(hook).chain(self.swapped_with.clone().map(Bond::Swap))
    }
}
