//! Results of conversions: one per handler, and the patches made of them.

use std::collections::{BTreeMap, BTreeSet};

use super::output::{Guard, as_written};
use super::rewrite::halves::Halves;
use super::rewrite::rewriter::OpenPoint;
use super::text::edit::{Edit, Edits, applied, put_in_order};
use super::unit::{Unit, UnitPart, with_units};
use crate::behaviour::Consequence;
use crate::index::{Hook, ItemId, Registration, SourceFile};
use crate::source::Span;

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
    /// Whether the run was asked for it. Others convert with it, or only show what a hook needs.
    pub is_chosen: bool,
    /// Hook of another struct that the handler implements. It is retyped for all its implementers, or gets a twin.
    pub retyped: Option<Hook>,
    /// The member that takes a desc in its place.
    pub new_member: Option<String>,
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
    /// Functions whose behaviour was not compared with that before, with the reasons.
    pub not_compared: BTreeSet<String>,
    /// What the conversion changes on purpose.
    pub consequences: BTreeSet<Consequence>,
    /// Hazards of the handler that the conversion leaves as they are: place and message.
    pub carried: Vec<String>,
    /// The callers of the hook that it implements.
    pub(super) hook_callers: HookCallers,
    /// Functions of other modules that the handler calls, with the names of those that take a desc.
    pub twins: BTreeSet<(ItemId, String)>,
    /// Name of the second half, if it is split in two.
    pub(super) second: Option<String>,
    pub(super) edits: Edits,
    /// The functions that are split in two, with their files.
    pub(super) halves: BTreeSet<(u32, Halves)>,
    /// The twins of hooks and helpers that it needs.
    pub(super) units: BTreeMap<Unit, UnitPart>,
}

/// The callers of a hook that is retyped.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum HookCallers {
    /// Nothing calls it.
    #[default]
    None,
    /// All of them have a desc.
    WithDesc,
    /// Some keep their VMA.
    WithVma,
}

impl HandlerFix {
    /// Name of the second half, if the handler is split in two.
    pub fn second(&self) -> Option<&str> {
        self.second.as_deref()
    }

    /// The twins of hooks and helpers that it needs.
    pub fn needs(&self) -> impl Iterator<Item = &Unit> {
        self.units.keys()
    }

    /// Whether a caller of the hook keeps its VMA, and calls the hook by way of a bridge.
    pub(super) fn has_bridge(&self) -> bool {
        self.retyped.is_some() && self.hook_callers == HookCallers::WithVma
    }

    /// Remarks for the readers of a diff: those of a reviewer, and what user space may notice, which a mail says in its log.
    pub fn notes(&self) -> impl Iterator<Item = String> {
        self.remarks.iter().cloned().chain(self.noticed())
    }

    fn noticed(&self) -> impl Iterator<Item = String> {
        let has_vma = self.has_bridge();
        self.consequences.iter().filter_map(move |consequence| match consequence {
            // mm/util.c: mmap_action_finish() returns early for a bridge.
            Consequence::ErrorKept { error, call } if has_vma => Some(format!(
                "another error: a caller that has a VMA returns the error of the action, where it returned {error} if {call}() failed"
            )),
            Consequence::ProtectionOfMapping { call } => Some(format!(
                "the VMA keeps the page protection that only {call}() was given: later faults and copies use it, too"
            )),
            _ => None,
        })
    }

    /// Adds the open point of a sketch that is one only because of others; `registration` is its place.
    pub(super) fn wait_for_others(&mut self, registration: &Registration) {
        if self.open_points.is_empty() {
            let text = "is converted together with handlers that have open points".to_owned();
            self.open_points.push((registration.file, OpenPoint { offset: registration.span.start, text }));
        }
    }

    /// Edits that convert the handler, with the twins that it needs, by file number in the index. They are sorted within each file.
    pub fn edits(&self) -> impl Iterator<Item = (u32, Vec<Edit>)> {
        with_units(&self.edits, &self.units).into_iter().map(|(file, mut edits)| {
            put_in_order(&mut edits);
            (file, edits)
        })
    }
}

/// One patch: twins of hooks or helpers, or handlers that are converted together because they edit the same file or their tables are
/// swapped.
#[derive(Debug, Default)]
pub struct Change {
    /// Handlers, as indices into [`Fixes::handlers`].
    pub handlers: Vec<usize>,
    /// Hooks and helpers that get a twin. A change without handlers and units is a scaffold.
    pub units: Vec<Unit>,
    /// Earlier changes without which this one does not build, as indices into [`Fixes::changes`].
    pub needs: Vec<usize>,
    /// Edits by file number in the index, sorted within each file.
    pub files: BTreeMap<u32, Vec<Edit>>,
}

/// What a change does to a file that earlier changes may have edited. All edits refer to the text of the tree, and are sorted.
#[derive(Clone, Debug)]
pub struct Step {
    before: Vec<Edit>,
    edits: Vec<Edit>,
    guard: Option<Guard>,
}

impl Step {
    /// The edits of a change before which nothing edits the file.
    pub fn first(edits: Vec<Edit>) -> Step {
        Step { before: Vec::new(), edits, guard: None }
    }

    /// The text before the change, and after it, as the author sees it.
    pub fn texts(&self, source: &SourceFile) -> (Vec<u8>, Vec<u8>) {
        let whole = Span::new(0, source.text.len());
        let mut after = [self.before.clone(), self.edits.clone()].concat();
        put_in_order(&mut after);
        let text = |edits: &[Edit]| as_written(source, applied(&source.text, whole, edits), self.guard.as_ref());
        (text(&self.before), text(&after))
    }

    /// The edits, if they are all that makes the new text of the file: no earlier change edits it.
    pub(super) fn alone(&self, source: &SourceFile) -> Option<&[Edit]> {
        let is_plain = self.before.is_empty() && self.guard.is_none() && source.is_as_written();
        is_plain.then_some(&self.edits)
    }
}

/// All conversions of a run.
#[derive(Debug, Default)]
pub struct Fixes {
    /// Handlers, in scan order.
    pub handlers: Vec<HandlerFix>,
    /// What the twins of helpers change on purpose, by the name of the twin.
    pub twin_consequences: BTreeMap<String, BTreeSet<Consequence>>,
    /// Patches, in the order in which they apply.
    pub changes: Vec<Change>,
    /// Condition for the new code, if the old one stays beside it.
    pub guard: Option<Guard>,
}

impl Fixes {
    /// The handlers that a change converts.
    pub fn of(&self, change: &Change) -> impl Iterator<Item = &HandlerFix> {
        change.handlers.iter().map(|handler| &self.handlers[*handler])
    }

    /// Facts that a reviewer of a change should know: of its handlers, and of its units.
    pub fn remarks<'f>(&'f self, change: &'f Change) -> BTreeSet<&'f String> {
        let of_units = change.units.iter().flat_map(|unit| self.unit_remarks(unit));
        self.of(change).flat_map(|fix| &fix.remarks).chain(of_units).collect()
    }

    /// Facts that a reviewer of a unit should know.
    pub fn unit_remarks(&self, unit: &Unit) -> BTreeSet<&String> {
        self.handlers.iter().filter_map(|fix| fix.units.get(unit)).flat_map(|part| &part.remarks).collect()
    }

    /// Takes changes back, with those that need them, and with twins that nothing needs any more. Returns the changes that were taken back.
    pub fn take_back(&mut self, is_wrong: impl Fn(&Change) -> bool) -> Vec<Change> {
        self.keep(self.changes.iter().map(|change| !is_wrong(change)).collect())
    }

    /// Keeps the changes that `kept` says by place, without those that need others, and without twins that nothing needs. Returns the
    /// others.
    fn keep(&mut self, mut kept: Vec<bool>) -> Vec<Change> {
        // A change stands behind those that it needs.
        for number in 0..self.changes.len() {
            kept[number] &= self.changes[number].needs.iter().all(|need| kept[*need]);
        }
        for number in (0..self.changes.len()).rev() {
            let is_twin = self.changes[number].handlers.is_empty() && !self.changes[number].units.is_empty();
            let is_needed = |other: usize| kept[other] && self.changes[other].needs.contains(&number);
            kept[number] &= !is_twin || (number + 1..self.changes.len()).any(is_needed);
        }
        let place = |number: usize| kept[..number].iter().filter(|kept| **kept).count();
        let mut taken = Vec::new();
        for (number, mut change) in std::mem::take(&mut self.changes).into_iter().enumerate() {
            if kept[number] {
                change.needs.iter_mut().for_each(|need| *need = place(*need));
                self.changes.push(change);
            } else {
                taken.push(change);
            }
        }
        taken
    }

    /// Takes back the changes that neither convert a handler that the run was asked for, nor are needed by one that does.
    pub(super) fn keep_chosen(&mut self) {
        let mut is_needed: Vec<bool> =
            self.changes.iter().map(|change| self.of(change).any(|handler| handler.is_chosen)).collect();
        for (number, change) in self.changes.iter().enumerate().rev() {
            if is_needed[number] {
                change.needs.iter().for_each(|need| is_needed[*need] = true);
            }
        }
        let is_unit = self.changes.iter().map(|change| change.handlers.is_empty());
        let kept = is_needed.into_iter().zip(is_unit).map(|(is_needed, is_unit)| is_needed || is_unit).collect();
        self.keep(kept);
    }

    /// For each change, the edits of its files and those that earlier changes make to the same files.
    pub fn in_order(&self) -> Vec<Vec<(u32, Step)>> {
        let mut before = Edits::new();
        let step = |change: &Change| {
            let steps = change.files.iter().map(|(file, edits)| {
                let earlier = before.entry(*file).or_default();
                let step = Step { before: earlier.clone(), edits: edits.clone(), guard: self.guard.clone() };
                earlier.extend(edits.iter().cloned());
                put_in_order(earlier);
                (*file, step)
            });
            steps.collect()
        };
        self.changes.iter().map(step).collect()
    }

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
