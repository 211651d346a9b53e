//! Result of converting one handler.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::change::HookCallers;
use crate::fix::rewrite::halves::Halves;
use crate::fix::rewrite::rewriter::OpenPoint;
use crate::fix::text::edit::Edits;
use crate::fix::unit::{Unit, UnitPart};
use crate::index::ItemId;

/// Result of converting one handler.
#[derive(Default)]
pub(in crate::fix) struct Outcome {
    pub(in crate::fix) edits: Edits,
    /// Places left to a person, each with the file's number in the index.
    pub(in crate::fix) open_points: Vec<(u32, OpenPoint)>,
    /// Facts that a reviewer should know.
    pub(in crate::fix) remarks: BTreeSet<String>,
    /// Functions of other modules that convert with the handler, with their new names.
    pub(in crate::fix) twins: BTreeSet<(ItemId, String)>,
    /// Name of the handler's second half.
    pub(in crate::fix) second: Option<String>,
    /// The functions that are split in two, with their files.
    pub(in crate::fix) halves: BTreeSet<(u32, Halves)>,
    /// Its part of the twins that other handlers may need too.
    pub(in crate::fix) units: BTreeMap<Unit, UnitPart>,
    /// The callers of the hook that it implements.
    pub(in crate::fix) hook_callers: HookCallers,
    /// Reason if it is not converted.
    pub(in crate::fix) reason: Option<String>,
}
