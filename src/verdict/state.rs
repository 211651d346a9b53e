//! State on one path: what is kept, what was given back, which locks are held over what.

use super::Verdict;
use super::path::PathJudge;
use crate::rules::StateKind;
use crate::vma::PathItem;
use crate::vma::event::EventKind;
use crate::vma::paths::first_taken;

impl PathJudge<'_> {
    pub(super) fn taken(&mut self, at: usize, kind: StateKind, object: &str) {
        if kind == StateKind::Lock || self.items[at].once || self.is_given_back(at) {
            return;
        }
        let what = match kind {
            StateKind::Ref => "takes a reference",
            StateKind::Alloc => "allocates",
            StateKind::Counter => "counts",
            StateKind::List => "links into a list",
            StateKind::Lock => "locks",
        };
        let name = if object.is_empty() { String::new() } else { format!(" ({object})") };
        let text = format!("{what} for this mapping{name}");
        self.require(at, format!("state:{}", kind.name()), self.judge.mapped(), text);
        if kind == StateKind::Alloc && self.is_mapped_later(at, object) {
            self.require(at, "alloc-before-populate", Verdict::Finish, format!("allocates what it then maps{name}"));
        }
    }

    /// Whether a populating call behind `at` maps something that is made from `object`.
    fn is_mapped_later(&self, at: usize, object: &str) -> bool {
        let object = object.trim_start_matches(['&', '*', '(']);
        let root = object.split(['-', '.']).next().unwrap_or(object);
        self.items[at..].iter().any(|item| match self.judge.kind(item) {
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
        // Ways that were merged into one may give back more often than they take.
        let taken = pair.map(|(taken, _)| *taken).or_else(|| {
            let before = (0..at).map(|before| (before, self.kind(before)));
            first_taken(before, kind, object)
        });
        match (taken, kind) {
            (_, StateKind::Lock) => {}
            (None, StateKind::List) => {
                let text = format!("takes {object} off a list, which a failure afterwards does not undo");
                self.require(at, "state:list", self.judge.mapped(), text);
            }
            _ if !self.is_behind_populate(at) => {}
            (Some(taken), StateKind::Ref | StateKind::Counter) => {
                let text = "pinned only until the mapping is populated; an action runs after it was put";
                self.note(taken, "ref-lookup", text);
            }
            _ => {
                let text = format!("gives {object} back once the mapping is populated");
                self.require(at, "post-populate", Verdict::Finish, text);
            }
        }
    }

    /// The locks of the path that are held over something that decides.
    pub(super) fn locks(&mut self) {
        let deciding: Vec<usize> = (0..self.items.len()).filter(|at| self.decides(*at)).collect();
        let mut held: Vec<PathItem> = deciding.into_iter().flat_map(|at| self.held_locks(at)).collect();
        let mut seen = Vec::new();
        held.retain(|lock| !seen.contains(lock) && (seen.push(*lock), true).1);
        for lock in held {
            self.found.push(self.judge.requirement(&lock, "state:lock", Verdict::Mechanical, "held over what follows"));
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
            | EventKind::SharedWrite { .. }
            | EventKind::Redispatch { .. }
            | EventKind::Escape { .. } => true,
            EventKind::Take { kind, .. } => *kind != StateKind::Lock && !self.is_given_back(at),
            _ => false,
        }
    }

    /// The locks taken before `at` and not dropped before it.
    pub(super) fn held_locks(&self, at: usize) -> Vec<PathItem> {
        let mut held = Vec::new();
        for item in &self.items[..at] {
            match self.judge.kind(item) {
                EventKind::Take { kind: StateKind::Lock, .. } => held.push(*item),
                EventKind::Undo { kind: StateKind::Lock, .. } => drop(held.pop()),
                _ => {}
            }
        }
        held
    }
}
