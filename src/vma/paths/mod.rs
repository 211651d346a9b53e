//! Distinct paths through a function, as the sequences of events that can decide a verdict.
//!
//! A walk carries a set of states along the flow and merges equal states. A call of a followed function continues with each path
//! of that function; its paths are computed once. Too many paths are merged into one that holds the events of all: harder than any
//! of them, never easier.

mod conditions;
mod event_table;
mod release_matching;
mod state;
mod walk;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

pub use self::event_table::EventTable;
pub(crate) use self::release_matching::{are_distinct, first_taken};
use self::state::{Known, State, limited, unique};
use self::walk::Walk;
use super::event::EventKind;
use super::flow::{Key, Shared};
use crate::source::Span;

/// One path through a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path {
    /// The events on it, in order.
    pub items: Vec<PathItem>,
    /// Whether it ends in an error.
    pub fails: bool,
    /// Location of its return, in the function's own file.
    pub returns: Option<Span>,
    /// Its return value, as far as callers need it.
    result: Known,
    /// A populating call whose error was replaced by another error number on this failing path.
    pub rewritten: Option<PathItem>,
    /// Whether a populating call failed on it.
    pub populate_failed: bool,
    /// A populating call that failed on this path, before another populated.
    pub replaced: Option<PathItem>,
    /// Whether several paths were merged into it.
    pub is_merged: bool,
    /// Whether part of it is unknown: a callee does not parse, calls nest too deep, or there are too many events.
    pub is_cut: bool,
    /// Whether it calls a function again that is still running.
    recurs: bool,
}

/// An event on a path. [`EventTable`] resolves its numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathItem {
    /// The function of the event.
    function: u32,
    /// The event, as an index into the function's list.
    event: u32,
    /// The call chain that leads to it.
    via: u32,
    /// Whether it happens in a loop.
    pub looped: bool,
    /// Whether it happens only if a member of a shared object is absent: once, not per mapping.
    pub once: bool,
}

impl PathItem {
    /// Whether two items are the same event, whatever the call chain.
    fn is_same_event(&self, other: &PathItem) -> bool {
        (self.function, self.event, self.looped, self.once) == (other.function, other.event, other.looped, other.once)
    }
}

/// The paths through a function, and the table of their numbers.
#[derive(Clone, Debug, Default)]
pub struct FunctionPaths {
    /// The table of the numbers. Functions that were walked together share it.
    pub event_table: Arc<EventTable>,
    /// The paths.
    pub paths: Arc<Vec<Path>>,
}

/// Lowered functions by key, including their followed callees.
pub type Functions = FxHashMap<Key, Shared>;

/// Computes the paths through `roots`. The paths of shared callees are computed once.
pub fn function_paths(functions: &Functions, roots: Vec<Key>) -> Vec<(Key, FunctionPaths)> {
    let mut paths = PathCache::new(functions);
    let found: Vec<(Key, Arc<Vec<Path>>)> = roots
        .into_iter()
        .map(|key| {
            let paths = paths.of(&key);
            (key, paths)
        })
        .collect();
    let event_table = Arc::new(paths.event_table);
    found.into_iter().map(|(key, paths)| (key, FunctionPaths { event_table: event_table.clone(), paths })).collect()
}

/// Computes and caches the paths of functions.
struct PathCache<'f> {
    functions: &'f Functions,
    event_table: EventTable,
    known: FxHashMap<Key, Arc<Vec<Path>>>,
    running: FxHashSet<Key>,
    /// Functions among them that were called again.
    called_again: FxHashSet<Key>,
    /// Paths found while a function of the same cycle was walked, or cut at [`CALL_DEPTH`]. Dropped at the end of the walk.
    provisional: FxHashMap<Key, Arc<Vec<Path>>>,
    is_provisional: bool,
    /// The first work event of functions, as far as computed.
    work: FxHashMap<Key, Option<PathItem>>,
}

/// Maximum depth of followed calls. Paths with deeper calls are marked as cut.
const CALL_DEPTH: usize = 24;

impl<'f> PathCache<'f> {
    fn new(functions: &'f Functions) -> PathCache<'f> {
        PathCache {
            functions,
            event_table: EventTable::default(),
            known: FxHashMap::default(),
            running: FxHashSet::default(),
            called_again: FxHashSet::default(),
            provisional: FxHashMap::default(),
            is_provisional: false,
            work: FxHashMap::default(),
        }
    }

    /// The first work event of a function or its followed callees, for callers that call it after a populate.
    fn work_of(&mut self, key: &Key) -> Option<PathItem> {
        if let Some(known) = self.work.get(key) {
            return *known;
        }
        // Until the result is known, a recursive call is no work.
        self.work.insert(key.clone(), None);
        let lowered = self.functions.get(key)?;
        let function = self.event_table.number(key, lowered);
        let own = lowered.events.iter().position(|event| matches!(event.kind, EventKind::Work { .. }));
        let found = match own {
            Some(event) => Some(PathItem { function, event: event as u32, via: 0, looped: false, once: false }),
            None => lowered.callees.iter().find_map(|callee| {
                let work = self.work_of(callee)?;
                let name = self.functions.get(callee).map(|lowered| lowered.name.clone())?;
                Some(PathItem { via: self.event_table.chain(&name, work.via), ..work })
            }),
        };
        self.work.insert(key.clone(), found);
        found
    }

    /// The paths through a function.
    fn of(&mut self, key: &Key) -> Arc<Vec<Path>> {
        if let Some(known) = self.known.get(key).or_else(|| self.provisional.get(key)) {
            return known.clone();
        }
        let Some(lowered) = self.functions.get(key) else { return Arc::new(vec![Path::default()]) };
        if self.running.len() >= CALL_DEPTH {
            self.is_provisional = true;
            return Arc::new(vec![Path { is_cut: true, ..Path::default() }]);
        }
        // A recursive call adds nothing to the walk. Paths found meanwhile are valid only for this walk.
        if !self.running.insert(key.clone()) {
            self.is_provisional = true;
            self.called_again.insert(key.clone());
            return Arc::new(vec![Path { recurs: true, ..Path::default() }]);
        }
        let function = self.event_table.number(key, lowered);
        let mut ends: Vec<Path> = Vec::new();
        for flow in &lowered.flows {
            let (waiting, ends_of_flow) = (FxHashMap::default(), Vec::new());
            let mut walk = Walk { paths: self, function, waiting, ends: ends_of_flow, again: false, work: 0 };
            let rest = walk.steps(flow, vec![State::default()]);
            walk.end(rest);
            // States that still wait jumped back to a label, and continue from there as in a loop. The second round finds the
            // effects of repetition.
            for _ in 0..2 {
                if walk.waiting.is_empty() {
                    break;
                }
                walk.again = true;
                let rest = walk.steps(flow, Vec::new());
                walk.end(rest);
            }
            walk.cut_off_without_label(flow);
            ends.extend(walk.ends);
        }
        // A function that was not lowered may do anything, so the paths of its callers are cut too.
        if ends.is_empty() && !lowered.is_understood() {
            ends.push(Path { is_cut: true, ..Path::default() });
        }
        self.running.remove(key);
        // A path that calls its function again is a loop.
        if self.called_again.remove(key) {
            for path in ends.iter_mut().filter(|path| path.recurs) {
                path.items.iter_mut().for_each(|item| item.looped = true);
                path.recurs = false;
            }
        }
        unique(&mut ends);
        let ends = Arc::new(limited(ends));
        if self.running.is_empty() {
            self.provisional.clear();
            self.is_provisional = false;
        }
        let remembered = if self.is_provisional { &mut self.provisional } else { &mut self.known };
        remembered.insert(key.clone(), ends.clone());
        ends
    }
}
