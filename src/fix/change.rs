//! Results of conversions: one per handler, and the patches made of them.

use std::collections::{BTreeMap, BTreeSet};

use super::rewrite::rewriter::OpenPoint;
use super::text::edit::Edit;
use crate::behaviour::Consequence;
use crate::index::{Hook, ItemId};

/// Confidence in a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Every use of the VMA is understood and has an equivalent.
    Safe,
    /// Only part is converted; a person has to resolve the open points.
    Sketch,
    /// Nothing is written.
    None,
}

impl Applicability {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Sketch => "sketch",
            Applicability::None => "none",
        }
    }
}

/// Conversion of one handler.
#[derive(Debug)]
pub struct HandlerFix {
    /// Name of the handler.
    pub name: String,
    /// Name after the conversion.
    pub new_name: String,
    /// Finding that registers the handler first, as an index into the scan's findings.
    pub finding: usize,
    /// Hook of another struct that the handler implements. It is retyped for all its implementers, or gets a twin.
    pub retyped: Option<Hook>,
    /// How many tables and assignments register the handler.
    pub registrations: usize,
    /// Whether the old hook stays beside the new one, for implementers that do not convert.
    pub keeps_old_hook: bool,
    /// Table that replaces the handler's table in open files. All handlers with the same value are converted in one patch.
    pub swapped_with: Option<String>,
    /// Confidence in the conversion.
    pub applicability: Applicability,
    /// Reason why nothing is written.
    pub reason: Option<String>,
    /// Places left to a person, each with the file's number in the index.
    pub open_points: Vec<(u32, OpenPoint)>,
    /// Facts that a reviewer of a complete conversion should know.
    pub remarks: BTreeSet<String>,
    /// What the conversion changes on purpose.
    pub consequences: BTreeSet<Consequence>,
    /// Hazards of the handler that the conversion leaves as they are: place and message.
    pub carried: Vec<String>,
    /// Functions of other modules that the handler calls, with the names of those that take a desc.
    pub twins: BTreeSet<(ItemId, String)>,
    pub(super) edits: BTreeMap<u32, Vec<Edit>>,
}

impl HandlerFix {
    /// Edits that convert the handler, by file number in the index. They are sorted within each file.
    pub fn edits(&self) -> impl Iterator<Item = (u32, Vec<Edit>)> {
        self.edits.iter().map(|(file, edits)| {
            let mut edits = edits.clone();
            edits.sort();
            edits.dedup();
            (*file, edits)
        })
    }
}

/// One patch: handlers that are converted together because they edit the same file or their tables are swapped.
#[derive(Debug)]
pub struct Change {
    /// Handlers, as indices into [`Fixes::handlers`]; empty for a scaffold.
    pub handlers: Vec<usize>,
    /// Edits by file number in the index, sorted within each file.
    pub files: BTreeMap<u32, Vec<Edit>>,
}

/// All conversions of a run.
#[derive(Debug, Default)]
pub struct Fixes {
    /// Handlers, in scan order.
    pub handlers: Vec<HandlerFix>,
    /// Patches.
    pub changes: Vec<Change>,
}

impl Fixes {
    /// Groups the handlers of a change that are converted all or none: they share an edit, a retyped hook, or swapped tables.
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

/// Shared item that makes handlers inseparable.
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
