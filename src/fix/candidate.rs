//! A handler to convert, and everything that is converted with it.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Applicability, HandlerFix, HookCallers};
use super::text::edit::Edit;
use crate::index::{Hook, ItemId};
use crate::source::Span;
use crate::verdict::Judgement;

/// A handler to convert.
pub(super) struct Candidate {
    /// All findings that register it.
    pub(super) findings: Vec<usize>,
    /// What remains of a blocked handler once functions of other modules convert with it.
    pub(super) across: Option<Judgement>,
    /// The desc twin that replaces it, if another module defines it.
    pub(super) twin: Option<String>,
    /// Definitions of the handler; empty if it has a twin.
    pub(super) definitions: BTreeSet<ItemId>,
    pub(super) helpers: BTreeSet<ItemId>,
    /// Hooks that its functions call with the VMA, by function and by name. They are called with the desc if all their implementers
    /// convert.
    pub(super) dispatches: Dispatches,
    /// Calls of hooks that nothing implements, by file.
    pub(super) dead_calls: Vec<(u32, Span, Hook)>,
    /// Calls of the mmap hooks of other files, by file.
    pub(super) nested: Vec<(u32, Span)>,
    /// Helpers that only read the VMA.
    pub(super) readers: BTreeSet<ItemId>,
    /// The part of its state that moves to `vm_ops->mapped`.
    pub(super) mapped: Option<Mapped>,
    pub(super) fix: HandlerFix,
}

impl Candidate {
    /// The functions that convert.
    pub(super) fn functions(&self) -> impl Iterator<Item = ItemId> {
        self.definitions.iter().chain(&self.helpers).copied()
    }

    /// The hooks that its functions call.
    pub(super) fn hooks(&self) -> impl Iterator<Item = &Hook> {
        self.dispatches.values().flat_map(|hooks| hooks.values().map(|dispatched| &dispatched.hook))
    }

    pub(super) fn new(name: &str, new_name: String, finding: usize, retyped: Option<Hook>) -> Candidate {
        Candidate {
            findings: Vec::new(),
            across: None,
            twin: None,
            definitions: BTreeSet::new(),
            helpers: BTreeSet::new(),
            readers: BTreeSet::new(),
            dispatches: BTreeMap::new(),
            dead_calls: Vec::new(),
            nested: Vec::new(),
            mapped: None,
            fix: HandlerFix {
                new_name,
                name: name.to_owned(),
                finding,
                is_chosen: false,
                retyped,
                new_member: None,
                registrations: 0,
                keeps_old_hook: false,
                swapped_with: None,
                applicability: Applicability::None,
                reason: None,
                open_points: Vec::new(),
                remarks: BTreeSet::new(),
                not_compared: BTreeSet::new(),
                consequences: BTreeSet::new(),
                carried: Vec::new(),
                hook_callers: HookCallers::None,
                twins: BTreeSet::new(),
                second: None,
                edits: BTreeMap::new(),
                halves: BTreeSet::new(),
                units: BTreeMap::new(),
            },
        }
    }
}

/// Hooks that functions call with the VMA, by function and by name.
pub(super) type Dispatches = BTreeMap<ItemId, BTreeMap<String, Dispatched>>;

/// A hook of an ops table that gets the VMA.
pub(super) struct Dispatched {
    pub(super) hook: Hook,
    /// Whether an implementer may populate.
    pub(super) populates: bool,
}

/// Conversion of an `open` hook that the handler also calls for the first mapping.
#[derive(Debug)]
pub(super) struct Mapped {
    /// The open hook.
    pub(super) open: ItemId,
    /// Its name.
    pub(super) name: String,
    /// The new function, and its table entry.
    pub(super) edits: Vec<Edit>,
}
