//! State on one path: state that stays, state that is released, and the locks held across events.

use super::Verdict;
use super::path::PathJudge;
use crate::rules::{NoteKind, RequirementKind as K, StateKind};
use crate::vma::PathItem;
use crate::vma::event::{EventKind, Write};
use crate::vma::paths::{are_distinct, first_taken};

impl PathJudge<'_> {
    /// Judges a write to a shared object. It is state if an exclusive lock is held for it, or if the mapping's close undoes it.
    pub(super) fn shared_write(&mut self, at: usize, object: &str, write: Write) {
        if self.is_claim(at, write) {
            let text = format!("changes {object} under a lock, for this mapping");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if write == Write::Refuses {
            let text = format!("changes {object}; its new value can make the next mapping fail");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if write == Write::Locates {
            let text = format!("keeps the address of this mapping in {object}");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if write == Write::UndoneByClose && !self.items[at].once {
            let text = format!("changes {object}; vm_ops->close of this mapping undoes that");
            self.require(at, K::State(StateKind::Counter), self.standard.mapped(), text);
        } else if self.held_locks(at).is_empty() && self.is_behind_populate(at) {
            let text = format!("changes {object} after the mapping is populated");
            self.require(at, K::PostPopulate, Verdict::Finish, text);
        }
    }

    /// Whether a write claims something for this mapping under an exclusive lock.
    fn is_claim(&self, at: usize, write: Write) -> bool {
        write == Write::Claim && !self.items[at].once && self.held_locks(at).iter().any(|lock| !self.is_shared(lock))
    }

    /// Whether others may hold the lock at the same time.
    fn is_shared(&self, lock: &PathItem) -> bool {
        matches!(self.standard.kind(lock), EventKind::Take { is_shared: true, .. })
    }

    pub(super) fn taken(&mut self, at: usize, kind: StateKind, object: &str) {
        if kind == StateKind::Lock || self.is_given_back(at) {
            return;
        }
        if self.items[at].once {
            let mut undone = self.standard.undone.iter();
            let is_undone =
                undone.any(|(kind, of)| first_taken([(at, self.kind(at))].into_iter(), *kind, of).is_some());
            let text = match is_undone {
                true => "changes shared state on the first use only; the driver undoes it elsewhere",
                false => "changes shared state on the first use only: a mapping that fails leaves it so for later ones",
            };
            return self.note(at, NoteKind::FileState, text);
        }
        let what = taking_verb(kind);
        let name = if object.is_empty() { String::new() } else { format!(" ({object})") };
        let text = format!("{what} for this mapping{name}");
        self.require(at, K::State(kind), self.standard.mapped(), text);
        if kind == StateKind::Alloc && self.is_mapped_later(at, object) {
            self.require(at, K::AllocBeforePopulate, Verdict::Finish, format!("allocates memory that it maps{name}"));
        }
    }

    /// Whether a later populating call maps something derived from `object`.
    fn is_mapped_later(&self, at: usize, object: &str) -> bool {
        let object = object.trim_start_matches(['&', '*', '(']);
        let root = object.split(['-', '.']).next().unwrap_or(object);
        self.items[at..].iter().any(|item| match self.standard.kind(item) {
            EventKind::Populate(populate) => populate.source.iter().any(|source| source == root),
            _ => false,
        })
    }

    /// Whether the path releases the state taken at `at`.
    fn is_given_back(&self, at: usize) -> bool {
        self.given_back.iter().any(|(taken, _)| *taken == at)
    }

    /// Positions of (take, release) for state that the path releases, without locks. Each release matches one take.
    pub(super) fn pairs(&self) -> Vec<(usize, usize)> {
        let (mut kept, mut pairs): (Vec<usize>, _) = (Vec::new(), Vec::new());
        for at in 0..self.items.len() {
            match self.kind(at) {
                EventKind::Take { kind, .. } if *kind != StateKind::Lock => kept.push(at),
                EventKind::Undo { kind, object, .. } => {
                    let events = kept.iter().map(|taken| self.kind(*taken)).enumerate();
                    let taken = first_taken(events, *kind, object);
                    pairs.extend(taken.map(|taken| (kept.remove(taken), at)));
                }
                _ => {}
            }
        }
        pairs
    }

    pub(super) fn undone(&mut self, at: usize, kind: StateKind, object: &str, is_callers: bool) {
        let pair = self.given_back.iter().find(|(_, given)| *given == at);
        // Merged paths may release more often than they take.
        let taken = pair.map(|(taken, _)| *taken).or_else(|| {
            let before = (0..at).map(|before| (before, self.kind(before)));
            first_taken(before, kind, object)
        });
        match (taken, kind) {
            (_, StateKind::Lock) => {}
            (None, StateKind::List) => {
                let text = format!("removes {object} from a list; a later failure does not undo that");
                self.require(at, K::State(StateKind::List), self.standard.mapped(), text);
            }
            (None, StateKind::Ref | StateKind::Counter) if is_callers => {
                let text =
                    format!("drops what the caller of the hook holds ({object}); a later failure does not undo that");
                self.require(at, K::State(kind), self.standard.mapped(), text);
            }
            _ if !self.is_behind_populate(at) => {}
            (Some(taken), StateKind::Ref | StateKind::Counter) => {
                let text = "taken for the call that populates, and put behind it; an action runs after the put";
                self.note(taken, NoteKind::RefLookup, text);
            }
            // Memory that nothing maps is scratch.
            (Some(taken), StateKind::Alloc) if !self.is_mapped_later(taken, object) => {}
            // A helper that got the VMA took the reference.
            (None, StateKind::Ref) => {
                self.note(at, NoteKind::RefLookup, "put after the mapping is populated; an action runs after the put");
            }
            _ => {
                let text = format!("releases {object} after the mapping is populated");
                self.require(at, K::PostPopulate, Verdict::Finish, text);
            }
        }
    }

    /// Adds a requirement for each lock held across an event that decides.
    pub(super) fn locks(&mut self) {
        let mut held: Vec<PathItem> = Vec::new();
        for at in (0..self.items.len()).filter(|at| self.decides(*at)) {
            // A read lock protects no write.
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
                "held across the following code",
            ));
        }
    }

    /// Adds a requirement for each lock that is still held when the handler accepts the mapping. If the handler drops it on other paths, it
    /// may do so on all that are possible.
    pub(super) fn locks_left(&mut self) {
        for lock in self.held_locks(self.items.len()) {
            let EventKind::Take { object, .. } = self.standard.kind(&lock) else { continue };
            let (verdict, text) = match self.standard.unlocked.iter().any(|unlocked| !are_distinct(unlocked, object)) {
                true => (
                    Verdict::Unknown,
                    "not understood: perhaps still held when the handler returns, for only some paths unlock",
                ),
                false => (Verdict::Manual, "still held when the handler returns: no hook of the mapping can hold it"),
            };
            self.found.push(self.standard.evidence(&lock, K::State(StateKind::Lock), verdict, text));
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
            EventKind::SharedWrite { write, .. } => {
                matches!(write, Write::Refuses | Write::Locates) || self.is_claim(at, *write)
            }
            EventKind::Take { kind, .. } => *kind != StateKind::Lock && !self.is_given_back(at),
            _ => false,
        }
    }

    /// Locks taken before `at` and not dropped before it.
    pub(super) fn held_locks(&self, at: usize) -> Vec<PathItem> {
        let mut held: Vec<PathItem> = Vec::new();
        for item in &self.items[..at] {
            match self.standard.kind(item) {
                EventKind::Take { kind: StateKind::Lock, .. } => held.push(*item),
                EventKind::Undo { kind: StateKind::Lock, object, .. } => {
                    let is_it = |lock: &PathItem| match self.standard.kind(lock) {
                        EventKind::Take { object: taken, .. } => !are_distinct(object, taken),
                        _ => false,
                    };
                    if let Some(at) = held.iter().rposition(is_it) {
                        held.remove(at);
                    }
                }
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
