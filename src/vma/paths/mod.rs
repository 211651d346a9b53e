//! The distinct ways through a function, as the sequences of events that can decide a verdict.
//!
//! A set of states is carried along the flow; states that agree are one. A call of a followed function goes on with each of
//! that function's own ways, which are computed once. Where there are more ways than are kept apart, they become one that
//! holds the events of all: harder than any of them, never easier.

mod conditions;
mod event_table;
mod release_matching;
mod state;
mod walk;

use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

pub use self::event_table::EventTable;
pub(crate) use self::release_matching::first_taken;
use self::state::{Known, State, limited, unique};
use self::walk::Walk;
use super::event::EventKind;
use super::flow::{Key, Shared, Value};
use crate::source::Span;

/// One way through a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Path {
    /// The events on it, in order.
    pub items: Vec<PathItem>,
    /// Whether it ends in an error.
    pub fails: bool,
    /// Where it returns, in the function's own file.
    pub returns: Option<Span>,
    /// What it returns, as far as the caller has to know.
    result: Known,
    /// A populating call whose error another error number replaced, before this way failed.
    pub rewritten: Option<PathItem>,
    /// Whether ways were merged into it.
    pub is_merged: bool,
    /// Whether what happens on it is not known to its end: calls nest too deep, or too much happens.
    pub is_cut: bool,
}

/// An event on a path. [`EventTable`] tells what its numbers stand for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PathItem {
    /// The function in which it happens.
    function: u32,
    /// The event, as its place in the function's list.
    event: u32,
    /// The functions called on the way to it.
    via: u32,
    /// Whether it happens in a loop.
    pub looped: bool,
    /// Whether it happens only where a member of a shared object was found absent: made once, not for each mapping.
    pub once: bool,
}

impl PathItem {
    /// Whether two items are the same event, on whatever way it was reached.
    fn is_same_event(&self, other: &PathItem) -> bool {
        (self.function, self.event, self.looped, self.once) == (other.function, other.event, other.looped, other.once)
    }
}

/// The ways through a function, and what the numbers in them stand for.
#[derive(Clone, Debug, Default)]
pub struct FunctionPaths {
    /// What the numbers stand for; ways of functions that were walked together share it.
    pub event_table: Arc<EventTable>,
    /// The ways.
    pub paths: Arc<Vec<Path>>,
}

/// The functions that are known, lowered; those that one calls have to be among them.
pub type Functions = FxHashMap<Key, Shared>;

/// The ways through some functions, those of the functions that they call computed once.
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

/// Computes the paths of functions and keeps them.
struct PathCache<'f> {
    functions: &'f Functions,
    event_table: EventTable,
    known: FxHashMap<Key, Arc<Vec<Path>>>,
    running: FxHashSet<Key>,
    /// PathCache that were found while a function of the same cycle was walked, or that were cut: forgotten with the walk.
    provisional: FxHashMap<Key, Arc<Vec<Path>>>,
    is_provisional: bool,
    /// The first work of functions, where it is known.
    work: FxHashMap<Key, Option<PathItem>>,
}

/// Calls are followed so many functions deep; what lies deeper is not known, and the path says so.
const CALL_DEPTH: usize = 24;

impl<'f> PathCache<'f> {
    fn new(functions: &'f Functions) -> PathCache<'f> {
        PathCache {
            functions,
            event_table: EventTable::default(),
            known: FxHashMap::default(),
            running: FxHashSet::default(),
            provisional: FxHashMap::default(),
            is_provisional: false,
            work: FxHashMap::default(),
        }
    }

    /// The first work that a function does, itself or in what it is followed into; for those who call it behind a populate.
    fn work_of(&mut self, key: &Key) -> Option<PathItem> {
        if let Some(known) = self.work.get(key) {
            return *known;
        }
        // Until it is known, a function that calls itself does no work by doing so.
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
        // A call of a function that is being walked already adds nothing to the walk. What is found meanwhile holds
        // only for this walk.
        if !self.running.insert(key.clone()) {
            self.is_provisional = true;
            return Arc::new(vec![Path::default()]);
        }
        let function = self.event_table.number(key, lowered);
        let mut ends: Vec<Path> = Vec::new();
        for flow in &lowered.flows {
            let (waiting, ends_of_flow) = (FxHashMap::default(), Vec::new());
            let mut walk = Walk { paths: self, function, waiting, ends: ends_of_flow, again: false, work: 0 };
            let rest = walk.steps(flow, vec![State::default()]);
            walk.finish(rest.next, Value::Unknown, None);
            // What still waits jumped back to a label: from there it goes on, as in a loop. The second time tells what comes
            // of having done it twice.
            for _ in 0..2 {
                if walk.waiting.is_empty() {
                    break;
                }
                walk.again = true;
                let rest = walk.steps(flow, Vec::new());
                walk.finish(rest.next, Value::Unknown, None);
            }
            walk.cut_off_without_label(flow);
            ends.extend(walk.ends);
        }
        // A function that could not be read may do anything: whoever calls it is not known to its end either.
        if ends.is_empty() && !lowered.is_understood() {
            ends.push(Path { is_cut: true, ..Path::default() });
        }
        self.running.remove(key);
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
