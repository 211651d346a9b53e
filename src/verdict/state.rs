//! State on one path: what is kept, what was given back, which locks are held over what.

use super::Verdict;
use super::path::PathJudge;
use crate::rules::{NoteKind, RequirementKind as K, StateKind};
use crate::vma::PathItem;
use crate::vma::event::{EventKind, Write};
use crate::vma::paths::first_taken;

impl PathJudge<'_> {
    /// A write to an object that others see: state where a lock is held for it, or where the mapping takes it back when it goes.
    pub(super) fn shared_write(&mut self, at: usize, object: &str, write: Write) {
        if self.is_claim(at, write) {
            let text = format!("changes {object} under a lock, for this mapping");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if write == Write::UndoneByClose && !self.items[at].once {
            let text = format!("changes {object}, which the close of this mapping changes back");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if self.held_locks(at).is_empty() && self.is_behind_populate(at) {
            let text = format!("changes {object} once the mapping is populated");
            self.require(at, K::PostPopulate, Verdict::Finish, text);
        }
    }

    /// Whether a write is one that a lock is held for.
    fn is_claim(&self, at: usize, write: Write) -> bool {
        write == Write::Claim && !self.items[at].once && self.held_locks(at).iter().any(|lock| !self.is_shared(lock))
    }

    /// Whether others may hold a lock at the same time.
    fn is_shared(&self, lock: &PathItem) -> bool {
        matches!(self.standard.kind(lock), EventKind::Take { is_shared: true, .. })
    }

    pub(super) fn taken(&mut self, at: usize, kind: StateKind, object: &str) {
        if kind == StateKind::Lock || self.is_given_back(at) {
            return;
        }
        if self.items[at].once {
            let text = format!("{}, once for the file: later mappings find it", taking_verb(kind));
            return self.note(at, NoteKind::FileState, &text);
        }
        let what = taking_verb(kind);
        let name = if object.is_empty() { String::new() } else { format!(" ({object})") };
        let text = format!("{what} for this mapping{name}");
        self.require(at, K::State(kind), self.standard.mapped(), text);
        if kind == StateKind::Alloc && self.is_mapped_later(at, object) {
            self.require(at, K::AllocBeforePopulate, Verdict::Finish, format!("allocates what it then maps{name}"));
        }
    }

    /// Whether a populating call behind `at` maps something that is made from `object`.
    fn is_mapped_later(&self, at: usize, object: &str) -> bool {
        let object = object.trim_start_matches(['&', '*', '(']);
        let root = object.split(['-', '.']).next().unwrap_or(object);
        self.items[at..].iter().any(|item| match self.standard.kind(item) {
            EventKind::Populate(populate) => populate.source.iter().any(|source| source == root),
            _ => false,
        })
    }

    /// Whether what was taken at `at` is given back on the path.
    fn is_given_back(&self, at: usize) -> bool {
        self.given_back.iter().any(|(taken, _)| *taken == at)
    }

    /// What is given back on the path, locks left aside: where it is taken, and where given back. What is given back once was taken once.
    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let (mut kept, mut pairs): (Vec<usize>, _) = (Vec::new(), Vec::new());
        for at in 0..self.items.len() {
            match self.kind(at) {
                EventKind::Take { kind, .. } if *kind != StateKind::Lock => kept.push(at),
                EventKind::Undo { kind, object } => {
                    let events = kept.iter().map(|taken| self.kind(*taken)).enumerate();
                    let taken = first_taken(events, *kind, object);
                    pairs.extend(taken.map(|taken| (kept.remove(taken), at)));
                }
                _ => {}
            }
        }
        pairs
    }

    pub(super) fn undone(&mut self, at: usize, kind: StateKind, object: &str) {
        let pair = self.given_back.iter().find(|(_, given)| *given == at);
        // FunctionPaths that were merged into one may give back more often than they take.
        let taken = pair.map(|(taken, _)| *taken).or_else(|| {
            let before = (0..at).map(|before| (before, self.kind(before)));
            first_taken(before, kind, object)
        });
        match (taken, kind) {
            (_, StateKind::Lock) => {}
            (None, StateKind::List) => {
                let text = format!("takes {object} off a list, which a failure afterwards does not undo");
                self.require(at, K::State(StateKind::List), self.standard.mapped(), text);
            }
            _ if !self.is_behind_populate(at) => {}
            (Some(taken), StateKind::Ref | StateKind::Counter) => {
                let text = "pinned only until the mapping is populated; an action runs after it was put";
                self.note(taken, NoteKind::RefLookup, text);
            }
            // What took it is a helper that was handed the VMA.
            (None, StateKind::Ref) => {
                self.note(at, NoteKind::RefLookup, "put once the mapping is populated; an action runs after that");
            }
            _ => {
                let text = format!("gives {object} back once the mapping is populated");
                self.require(at, K::PostPopulate, Verdict::Finish, text);
            }
        }
    }

    /// The locks of the path that are held over something that decides.
    pub(super) fn locks(&mut self) {
        let mut held: Vec<PathItem> = Vec::new();
        for at in (0..self.items.len()).filter(|at| self.decides(*at)) {
            // A lock for reading guards no change.
            let changes = matches!(self.kind(at), EventKind::SharedWrite { .. } | EventKind::Take { .. });
            held.extend(self.held_locks(at).into_iter().filter(|lock| !changes || !self.is_shared(lock)));
        }
        let mut seen = Vec::new();
        held.retain(|lock| !seen.contains(lock) && (seen.push(*lock), true).1);
        for lock in held {
            self.found.push(self.standard.evidence(
                &lock,
                K::State(StateKind::Lock),
                Verdict::Mechanical,
                "held over what follows",
            ));
        }
    }

    fn decides(&self, at: usize) -> bool {
        if self.items[at].once {
            return false;
        }
        match self.kind(at) {
            EventKind::Populate(_)
            | EventKind::Finish { .. }
            | EventKind::Hook { .. }
            | EventKind::Helper { .. }
            | EventKind::Redispatch { .. }
            | EventKind::Escape { .. } => true,
            EventKind::SharedWrite { write, .. } => self.is_claim(at, *write),
            EventKind::Take { kind, .. } => *kind != StateKind::Lock && !self.is_given_back(at),
            _ => false,
        }
    }

    /// The locks taken before `at` and not dropped before it.
    pub(super) fn held_locks(&self, at: usize) -> Vec<PathItem> {
        let mut held = Vec::new();
        for item in &self.items[..at] {
            match self.standard.kind(item) {
                EventKind::Take { kind: StateKind::Lock, .. } => held.push(*item),
                EventKind::Undo { kind: StateKind::Lock, .. } => drop(held.pop()),
                _ => {}
            }
        }
        held
    }
}

fn taking_verb(kind: StateKind) -> &'static str {
    match kind {
        StateKind::Ref => "takes a reference",
        StateKind::Alloc => "allocates",
        StateKind::Counter => "counts",
        StateKind::List => "links into a list",
        StateKind::Lock => "locks",
    }
}
