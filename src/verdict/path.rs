//! What one path requires.

use std::collections::BTreeSet;

use super::Verdict;
use super::judge::{Judge, NOT_UNDERSTOOD, Requirement};
use crate::vma::event::{EventKind, Populate};
use crate::vma::{Path, PathItem};

impl Judge<'_> {
    /// The requirements of one path.
    pub(super) fn path(&self, path: &Path, notes: &mut BTreeSet<Requirement>) -> Vec<Requirement> {
        let mut found = Vec::new();
        let populates: Vec<usize> = path
            .items
            .iter()
            .enumerate()
            .filter(|(_, item)| matches!(self.kind(item), Some(EventKind::Populate(_))))
            .map(|(at, _)| at)
            .collect();
        let last_populate = path
            .items
            .iter()
            .rposition(|item| matches!(self.kind(item), Some(EventKind::Populate(_) | EventKind::Finish { .. })));
        for (at, item) in path.items.iter().enumerate() {
            let Some(kind) = self.kind(item) else { continue };
            match kind {
                EventKind::Populate(populate) => {
                    let several = item.looped || (populates.len() > 1 && !path.is_merged);
                    let locked = self.held_locks(&path.items[..at]).next().is_some();
                    let fits = !(several || path.is_merged && populates.len() > 1);
                    // The action keeps a pointer to the pages, which the lock protects only until the handler returns.
                    let fits = fits && !(locked && populate.action.as_deref() == Some("map_pages"));
                    found.extend(self.populate(item, populate, fits, several));
                    self.populate_notes(path, at, item, populate, notes);
                }
                EventKind::Take { kind, object, .. } => {
                    found.extend(self.taken(path, at, *kind, object, last_populate))
                }
                EventKind::Undo { kind, object } => {
                    found.extend(self.undone(path, at, item, *kind, object, last_populate, notes))
                }
                EventKind::SharedWrite { object } if !item.once => {
                    found.extend(self.requirement(
                        item,
                        "state:counter",
                        self.mapped(),
                        format!("changes {object} under a lock, for this mapping"),
                    ));
                }
                EventKind::Work { text } if last_populate.is_some_and(|populate| populate < at) => {
                    found.extend(self.requirement(
                        item,
                        "post-populate",
                        Verdict::Finish,
                        format!("calls {text} once the mapping is populated"),
                    ));
                }
                EventKind::WriteField { field } => {
                    found.extend(self.written(path, at, item, field, last_populate, notes))
                }
                EventKind::Hook { .. } | EventKind::Helper { .. } => found.extend(self.handed_on(item, kind)),
                _ => found.extend(self.plain(item, kind)),
            }
            if matches!(kind, EventKind::Escape { .. }) && last_populate.is_some_and(|populate| populate < at) {
                let text = "keeps the VMA once the mapping is populated";
                found.extend(self.requirement(item, "post-populate", Verdict::Finish, text));
            }
        }
        found.extend(self.locks(path));
        found
    }

    /// Events whose requirement depends on nothing else on the path.
    pub(super) fn plain(&self, item: &PathItem, kind: &EventKind) -> Vec<Requirement> {
        let one =
            |kind: String, verdict, text: String| self.requirement(item, kind, verdict, text).into_iter().collect();
        match kind {
            EventKind::Finish { name } => {
                one(format!("finish:{name}"), Verdict::Finish, format!("{name} needs the finished mapping"))
            }
            EventKind::Escape { into } => {
                one(format!("escape:{into}"), Verdict::Manual, format!("keeps the VMA pointer in {into}"))
            }
            EventKind::SwapFile => {
                let text = "puts another file in the place of vm_file; who holds the reference has to be settled anew";
                one("file-swap".to_owned(), self.mapped(), text.to_owned())
            }
            EventKind::Redispatch { text } => {
                let mut both: Vec<Requirement> = one(
                    "redispatch".to_owned(),
                    Verdict::Manual,
                    format!("{text} hands the VMA to the mmap hook of another file"),
                );
                both.extend(self.requirement(
                    item,
                    "nested-fs",
                    Verdict::Manual,
                    "the other file's own mmap hook has a say on this VMA",
                ));
                both
            }
            EventKind::OpenCall { name } => {
                one("open-call".to_owned(), self.mapped(), format!("calls its own vm_ops->open, {name}"))
            }
            EventKind::Also { kind } => {
                one(kind.clone(), Verdict::Mechanical, format!("{kind}, for which the desc twin cares"))
            }
            EventKind::Unknown { why } => one("unknown".to_owned(), Verdict::Unknown, format!("{NOT_UNDERSTOOD}{why}")),
            _ => Vec::new(),
        }
    }

    pub(super) fn populate(&self, item: &PathItem, populate: &Populate, fits: bool, several: bool) -> Vec<Requirement> {
        let name = &populate.name;
        let action = populate.action.as_deref().filter(|action| self.target.has_action(action));
        let mut found = Vec::new();
        match action {
            Some(action) if fits => {
                found.extend(self.requirement(
                    item,
                    format!("action:{action}"),
                    Verdict::Action,
                    format!("{name} populates; the {action} action takes its place"),
                ));
            }
            _ => {
                if several && populate.action.as_deref().is_some_and(|action| action != "map_pages") {
                    let text = format!("{name} populates more than once on this path; an action does so once");
                    found.extend(self.requirement(item, "multi-remap", Verdict::Finish, text));
                }
                let why = if action.is_some() { "as it is used here" } else { "at all" };
                found.extend(self.requirement(
                    item,
                    format!("finish:{name}"),
                    Verdict::Finish,
                    format!("{name} populates, and no action of {} covers it {why}", self.target.name),
                ));
            }
        }
        found
    }

    pub(super) fn populate_notes(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        populate: &Populate,
        notes: &mut BTreeSet<Requirement>,
    ) {
        if populate.overrides_prot {
            notes.extend(self.note(
                item,
                "prot-override",
                "its protection is not vm_page_prot; an action takes desc->page_prot",
            ));
        }
        if self.held_locks(&path.items[..at]).next().is_some() {
            notes.extend(self.note(
                item,
                "lock-across-populate",
                "a lock is held across it; an action runs after the lock is dropped",
            ));
        }
    }

    pub(super) fn written(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        field: &str,
        last_populate: Option<usize>,
        notes: &mut BTreeSet<Requirement>,
    ) -> Option<Requirement> {
        if matches!(field, "vm_ops" | "vm_private_data") {
            let wraps = field == "vm_ops"
                && path.items[..at]
                    .iter()
                    .any(|item| matches!(self.kind(item), Some(EventKind::Hook { .. } | EventKind::Redispatch { .. })));
            if wraps {
                notes.extend(self.note(item, "vmops-wrap", "puts its own vm_ops around those that a nested call set"));
            }
            return None;
        }
        let behind = last_populate.is_some_and(|populate| populate < at)
            || (field == "vm_pgoff" && path.items[..at].iter().any(|item| self.is_handed_on(item)));
        let text = format!("changes {field} once the mapping is populated");
        if field == "vm_flags" {
            // The flags may as well be set before: nothing that populates reads those that drivers set.
            return None;
        }
        if behind { self.requirement(item, "post-populate", Verdict::Finish, text) } else { None }
    }

    pub(super) fn is_handed_on(&self, item: &PathItem) -> bool {
        matches!(self.kind(item), Some(EventKind::Hook { .. } | EventKind::Helper { .. }))
    }

    pub(super) fn handed_on(&self, item: &PathItem, kind: &EventKind) -> Option<Requirement> {
        match kind {
            EventKind::Helper { name } => {
                let rule = self.rules.call(name);
                let twin = rule.and_then(|rule| {
                    rule.twin.as_deref().filter(|_| self.rules.has_since(self.target, rule.since.as_deref()))
                });
                match twin {
                    Some(twin) => self.requirement(
                        item,
                        format!("helper:{name}"),
                        Verdict::Mechanical,
                        format!("{name} has the desc twin {twin}"),
                    ),
                    None => {
                        let found = self.requirement(
                            item,
                            format!("helper:{name}"),
                            Verdict::Blocked,
                            format!("hands the VMA to {name}, which has no desc twin"),
                        )?;
                        Some(Requirement { blocker: Some(name.clone()), ..found })
                    }
                }
            }
            EventKind::Hook { hook: Some(hook), text } => {
                let name = format!("{}.{}", hook.record, hook.member);
                if hook.is_private {
                    return self.requirement(
                        item,
                        format!("hook:{name}"),
                        Verdict::Mechanical,
                        format!("{text} is a hook of the driver's own, and converted with it"),
                    );
                }
                let found = self.requirement(
                    item,
                    format!("hook:{name}"),
                    Verdict::Blocked,
                    format!("{text} hands the VMA to {name}, which takes no desc"),
                )?;
                Some(Requirement { blocker: Some(name), ..found })
            }
            EventKind::Hook { hook: None, text } => {
                let found = self.requirement(
                    item,
                    format!("hook:{text}"),
                    Verdict::Blocked,
                    format!("{text} hands the VMA to a hook whose table is not known"),
                )?;
                Some(Requirement { blocker: Some(text.clone()), ..found })
            }
            _ => None,
        }
    }
}
