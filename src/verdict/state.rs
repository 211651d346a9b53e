//! State on one path: what is kept, what was given back, which locks are held over what.

use std::collections::BTreeSet;

use super::Verdict;
use super::judge::{Judge, Requirement};
use crate::rules::StateKind;
use crate::vma::event::EventKind;
use crate::vma::paths::gives_back;
use crate::vma::{Path, PathItem};

impl Judge<'_> {
    pub(super) fn taken(
        &self,
        path: &Path,
        at: usize,
        kind: StateKind,
        object: &str,
        last_populate: Option<usize>,
    ) -> Vec<Requirement> {
        let item = &path.items[at];
        if kind == StateKind::Lock || item.once || self.given_back(path, at, kind, object).is_some() {
            return Vec::new();
        }
        let what = match kind {
            StateKind::Ref => "takes a reference",
            StateKind::Alloc => "allocates",
            StateKind::Counter => "counts",
            StateKind::List => "links into a list",
            StateKind::Lock => "locks",
        };
        let name = if object.is_empty() { String::new() } else { format!(" ({object})") };
        let mut found: Vec<Requirement> = self
            .requirement(
                item,
                format!("state:{}", kind.name()),
                self.mapped(),
                format!("{what} for this mapping{name}"),
            )
            .into_iter()
            .collect();
        let maps_it = last_populate.filter(|populate| *populate > at).and_then(|populate| self.kind(&path.items[populate])).is_some_and(
            |event| matches!(event, EventKind::Populate(populate) if populate.source.iter().any(|source| object.split(['-', '.']).next() == Some(source))),
        );
        if kind == StateKind::Alloc && maps_it {
            found.extend(self.requirement(
                item,
                "alloc-before-populate",
                Verdict::Finish,
                format!("allocates what it then maps{name}"),
            ));
        }
        found
    }

    /// Where what was taken at `at` is given back.
    pub(super) fn given_back(&self, path: &Path, at: usize, kind: StateKind, object: &str) -> Option<usize> {
        let behind = path.items[at + 1..].iter().position(|item| match self.kind(item) {
            Some(EventKind::Undo { kind: given, object: name }) => gives_back(*given, name, kind, object),
            _ => false,
        })?;
        Some(at + 1 + behind)
    }

    #[expect(clippy::too_many_arguments, reason = "the parts of one event and of its place on the path")]
    pub(super) fn undone(
        &self,
        path: &Path,
        at: usize,
        item: &PathItem,
        kind: StateKind,
        object: &str,
        last_populate: Option<usize>,
        notes: &mut BTreeSet<Requirement>,
    ) -> Option<Requirement> {
        if kind == StateKind::Lock {
            return None;
        }
        let taken = path.items[..at].iter().rposition(|item| match self.kind(item) {
            Some(EventKind::Take { kind: taken, object: name, .. }) => gives_back(kind, object, *taken, name),
            _ => false,
        });
        let behind = last_populate.is_some_and(|populate| populate < at);
        match (taken, kind) {
            (None, StateKind::List) => {
                let text = format!("takes {object} off a list, which a failure afterwards does not undo");
                self.requirement(item, "state:list", self.mapped(), text)
            }
            _ if !behind => None,
            (Some(taken), StateKind::Ref | StateKind::Counter) => {
                notes.extend(self.note(
                    &path.items[taken],
                    "ref-lookup",
                    "pinned only until the mapping is populated; an action runs after it was put",
                ));
                None
            }
            _ => self.requirement(
                item,
                "post-populate",
                Verdict::Finish,
                format!("gives {object} back once the mapping is populated"),
            ),
        }
    }

    /// The locks of a path that are held over something that decides.
    pub(super) fn locks(&self, path: &Path) -> Vec<Requirement> {
        let decides = |item: &PathItem| {
            matches!(
                self.kind(item),
                Some(
                    EventKind::Populate(_)
                        | EventKind::Finish { .. }
                        | EventKind::Hook { .. }
                        | EventKind::Helper { .. }
                        | EventKind::SharedWrite { .. }
                        | EventKind::Redispatch { .. }
                        | EventKind::Escape { .. }
                )
            ) || matches!(self.kind(item), Some(EventKind::Take { kind, .. }) if *kind != StateKind::Lock)
        };
        let mut found = Vec::new();
        for (at, item) in path.items.iter().enumerate().filter(|(_, item)| !item.once && decides(item)) {
            if let Some(EventKind::Take { kind, object, .. }) = self.kind(item)
                && self.given_back(path, at, *kind, object).is_some()
            {
                continue;
            }
            for lock in self.held_locks(&path.items[..at]) {
                found.extend(self.requirement(lock, "state:lock", Verdict::Mechanical, "held over what follows"));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// The locks taken on a stretch of a path and not dropped on it.
    pub(super) fn held_locks<'i>(&self, items: &'i [PathItem]) -> impl Iterator<Item = &'i PathItem> {
        let mut held: Vec<&PathItem> = Vec::new();
        for item in items {
            match self.kind(item) {
                Some(EventKind::Take { kind: StateKind::Lock, .. }) => held.push(item),
                Some(EventKind::Undo { kind: StateKind::Lock, .. }) => drop(held.pop()),
                _ => {}
            }
        }
        held.into_iter()
    }
}
