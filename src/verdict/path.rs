//! Requirements of one path.

use std::collections::BTreeSet;

use super::Verdict;
use super::evidence::{Note, Requirement};
use super::standard::{Standard, not_understood, twin_text};
use crate::rules::{Maps, NoteKind, RequirementKind as K};
use crate::vma::event::{EventKind, Populate};
use crate::vma::{Path, PathItem};

/// Judges one path.
pub(super) struct PathJudge<'a> {
    pub(super) standard: &'a Standard<'a>,
    pub(super) items: &'a [PathItem],
    /// Number of populating calls.
    populates: usize,
    /// Position of the last event that populates, or needs the populated mapping.
    pub(super) last_populate: Option<usize>,
    is_merged: bool,
    /// Positions of (take, release) for state that the path releases, without locks.
    pub(super) given_back: Vec<(usize, usize)>,
    pub(super) found: Vec<Requirement>,
    pub(super) notes: BTreeSet<Note>,
}

impl<'a> PathJudge<'a> {
    /// Returns the requirements of a path, and the notes for its conversion.
    pub(super) fn run(standard: &'a Standard<'a>, path: &'a Path) -> (Vec<Requirement>, BTreeSet<Note>) {
        let populates = |item: &&PathItem| matches!(standard.kind(item), EventKind::Populate(_));
        let uses_mapping = |item: &PathItem| standard.kind(item).populates();
        let replaced = path.replaced.as_ref();
        let mut path = PathJudge {
            standard,
            items: &path.items,
            populates: path.items.iter().filter(populates).count(),
            last_populate: path.items.iter().rposition(uses_mapping),
            is_merged: path.is_merged,
            given_back: Vec::new(),
            found: Vec::new(),
            notes: BTreeSet::new(),
        };
        path.given_back = path.pairs();
        for at in 0..path.items.len() {
            path.item(at);
        }
        path.locks();
        if !path.is_merged {
            path.locks_left();
        }
        path.action_before_mapped();
        if let Some(item) = replaced {
            let text = "if this call fails, another populates; an action that fails ends the mapping";
            path.found.push(standard.evidence(item, K::MultiRemap, Verdict::Finish, text));
        }
        (path.found, path.notes)
    }

    /// Adds a note if a path has both an action and state that moves to `vm_ops->mapped`. A failed action closes the mapping, but that
    /// state was never taken then.
    fn action_before_mapped(&mut self) {
        let is_action = |requirement: &&Requirement| requirement.verdict == Verdict::Action;
        let moves = self.found.iter().any(|requirement| requirement.verdict == Verdict::Mapped);
        if let Some(action) = self.found.iter().find(is_action).filter(|_| moves) {
            let text = "if the action fails, vm_ops->close runs although vm_ops->mapped did not: close must not drop what was never taken";
            let note = action.noted(NoteKind::CloseWithoutMapped, text);
            self.notes.insert(note);
        }
    }

    pub(super) fn kind(&self, at: usize) -> &'a EventKind {
        self.standard.kind(&self.items[at])
    }

    pub(super) fn require(&mut self, at: usize, kind: K, verdict: Verdict, text: impl Into<String>) {
        self.found.push(self.standard.evidence(&self.items[at], kind, verdict, text));
    }

    pub(super) fn note(&mut self, at: usize, kind: NoteKind, text: &str) {
        self.notes.insert(self.standard.note(&self.items[at], kind, text));
    }

    /// Whether the event at `at` comes after the mapping is populated.
    pub(super) fn is_behind_populate(&self, at: usize) -> bool {
        self.last_populate.is_some_and(|populate| populate < at)
    }

    fn item(&mut self, at: usize) {
        match self.kind(at) {
            EventKind::Populate(populate) => self.populate(at, populate),
            EventKind::Take { kind, object, .. } => self.taken(at, *kind, object),
            EventKind::Undo { kind, object, is_callers } => self.undone(at, *kind, object, *is_callers),
            EventKind::SharedWrite { object, write } => self.shared_write(at, object, *write),
            EventKind::Work { text } => {
                if self.is_behind_populate(at) {
                    let text = format!("calls {text} after the mapping is populated");
                    self.require(at, K::PostPopulate, Verdict::Finish, text);
                }
            }
            EventKind::WriteField { field } => self.written(at, field),
            EventKind::Hook { .. } | EventKind::Helper { .. } => self.handed_on(at),
            kind => self.plain(at, kind),
        }
    }

    /// Handles events whose requirement depends on little else on the path.
    fn plain(&mut self, at: usize, kind: &EventKind) {
        match kind {
            EventKind::Finish { name } => {
                let text = format!("{name} needs the finished mapping");
                self.require(at, K::Finish(name.clone()), Verdict::Finish, text);
            }
            EventKind::Escape { into, place } => {
                let text = format!("stores the VMA pointer in {place}");
                self.require(at, K::Escape(into.clone()), Verdict::Manual, text);
                if self.is_behind_populate(at) {
                    let text = "stores the VMA after the mapping is populated";
                    self.require(at, K::PostPopulate, Verdict::Finish, text);
                }
            }
            EventKind::SwapFile => {
                let text = "replaces vm_file; the core then drops the reference to the old file";
                self.require(at, K::FileSwap, Verdict::Mechanical, text);
            }
            EventKind::DropFile { value } => {
                let text = format!("replaces vm_file by {value}, which has no reference of its own");
                self.require(at, K::Edit("vm_file".to_owned()), Verdict::Manual, text);
            }
            EventKind::Redispatch { text } => {
                let text = format!("{text} passes the VMA to the mmap hook of another file");
                self.require(at, K::Redispatch, Verdict::Manual, text);
                let text = "the mmap hook of another struct file also changes this VMA";
                self.require(at, K::NestedFs, Verdict::Manual, text);
            }
            EventKind::OpenCall { name } => {
                let text = format!("calls its own vm_ops->open, {name}");
                self.require(at, K::OpenCall, self.standard.mapped(), text);
            }
            EventKind::Also { kind } => {
                let text = format!("a part of this call ({kind}): the conversion of the helper covers it");
                self.require(at, kind.clone(), Verdict::Mechanical, text);
            }
            EventKind::DeadHook { hook } => {
                let name = hook.name();
                let text = format!("{name} has no implementer: delete the member");
                self.require(at, K::Hook(name.clone()), Verdict::Mechanical, text);
            }
            EventKind::Unknown { why } => {
                let (kind, text) = not_understood(why.clone());
                self.require(at, kind, Verdict::Unknown, text);
            }
            _ => {}
        }
    }

    fn populate(&mut self, at: usize, populate: &Populate) {
        let name = &populate.name;
        let action = populate.action.as_deref().filter(|action| self.standard.target.has_action(action));
        let several = self.items[at].looped || self.populates > 1;
        let locked = !self.held_locks(at).is_empty();
        let populates = populate.sentence();
        // The action keeps a pointer to the page array. A lock protects the array, and a stack frame holds it, only until the handler
        // returns.
        let maps =
            populate.action.as_deref().and_then(|action| self.standard.rules.action(action)).map(|known| known.maps);
        let loses_pages = action.is_some() && maps == Some(Maps::PageArray) && (locked || populate.pages_are_local);
        let by_page = self.action_by_page(populate).filter(|_| !locked);
        match (action.filter(|_| !several && !loses_pages), by_page) {
            (Some(action), _) => {
                let text = format!("{populates}; the {action} action replaces it");
                self.require(at, K::Action(action.to_owned()), Verdict::Action, text);
            }
            (None, Some(action)) => {
                let text =
                    format!("{populates}; the {action} action replaces it, page by page from the start of the mapping");
                self.require(at, K::Action(action.to_owned()), Verdict::Action, text);
            }
            (None, None) => {
                let remaps = maps == Some(Maps::Range);
                // Merged paths may each populate once.
                if several && remaps && (self.items[at].looped || !self.is_merged) {
                    let text = format!("{populates} more than once on this path; an action populates once");
                    self.require(at, K::MultiRemap, Verdict::Finish, text);
                }
                let why = match action {
                    Some(_) if loses_pages && populate.pages_are_local => {
                        ": the page array does not outlive the hook, and an action runs after it"
                    }
                    Some(_) if loses_pages => ": a lock protects the page array, and an action runs after the unlock",
                    Some(_) if self.is_merged && !self.items[at].looped => ": a path may populate more than once",
                    Some(_) => ": the path populates more than once",
                    None if locked && self.action_by_page(populate).is_some() => {
                        ": a lock is held across it, and an action runs after the unlock"
                    }
                    None => "",
                };
                let target = &self.standard.target.name;
                let text = format!("{populates}; {target} has no action that replaces it here{why}");
                self.require(at, K::Finish(name.clone()), Verdict::Finish, text);
            }
        }
        if populate.overrides_prot {
            self.note(at, NoteKind::ProtOverride, "its protection is not vm_page_prot; an action uses desc->page_prot");
        }
        if locked {
            let text = "a lock is held across it; an action runs after the unlock";
            self.note(at, NoteKind::LockAcrossPopulate, text);
        }
    }

    /// The action of the target that asks a callback for one page after another, if it replaces all that the path populates: one action
    /// does the work of several calls, and of loops.
    fn action_by_page<'p>(&self, populate: &'p Populate) -> Option<&'p str> {
        let action = populate.action_by_page.as_deref().filter(|action| self.standard.target.has_action(action))?;
        let is_replaced = |kind: &EventKind| match kind {
            EventKind::Populate(other) => other.action_by_page.as_deref() == Some(action),
            kind => !kind.populates(),
        };
        self.items.iter().all(|item| is_replaced(self.standard.kind(item))).then_some(action)
    }

    fn written(&mut self, at: usize, field: &str) {
        let before = |is: fn(&EventKind) -> bool| (0..at).any(|at| is(self.kind(at)));
        match field {
            "vm_ops" => {
                if before(|kind| matches!(kind, EventKind::Hook { .. } | EventKind::Redispatch { .. })) {
                    self.note(at, NoteKind::VmopsWrap, "sets vm_ops after a nested call, which may have set it");
                }
            }
            // These can be set before the populate as well: no populating call reads the values that drivers set.
            "vm_private_data" | "vm_flags" => {}
            _ => {
                if self.is_behind_populate(at) {
                    let text = format!("changes {field} after the mapping is populated");
                    self.require(at, K::PostPopulate, Verdict::Finish, text);
                }
            }
        }
    }

    fn handed_on(&mut self, at: usize) {
        if self.kind(at).populates() && !self.held_locks(at).is_empty() {
            let text = "a lock is held across the call; an action that the callee asks for runs after the unlock";
            self.note(at, NoteKind::LockAcrossPopulate, text);
        }
        match self.kind(at) {
            EventKind::Helper { name, .. } => match self.standard.rules.twin(self.standard.target, name) {
                Some(twin) => {
                    let text = twin_text(name, twin);
                    self.require(at, K::Helper(name.clone()), Verdict::Mechanical, text);
                }
                None => self.blocked(at, K::Helper(name.clone()), name, "which has no desc twin"),
            },
            EventKind::Hook { hook: Some(hook), text, .. } => {
                let name = hook.name();
                if hook.is_private {
                    let text = format!("{text} is the driver's own hook, and is converted with it");
                    self.require(at, K::Hook(name.clone()), Verdict::Mechanical, text);
                } else {
                    self.blocked(at, K::Hook(name.clone()), &name, "which takes no desc");
                }
            }
            EventKind::Hook { hook: None, text, .. } => {
                self.blocked(at, K::Hook(text.clone()), text, "a hook of an unknown table");
            }
            _ => {}
        }
    }

    fn blocked(&mut self, at: usize, kind: K, blocker: &str, why: &str) {
        let text = format!("passes the VMA to {blocker}, {why}");
        let requirement = self.standard.evidence(&self.items[at], kind, Verdict::Blocked, text);
        self.found.push(Requirement { blocker: Some(blocker.to_owned()), ..requirement });
    }
}
