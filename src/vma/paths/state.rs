//! States at one point of a function, and the limits on their number.

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{Path, PathItem};
use crate::vma::dead_slots::NO_SLOT;
use crate::vma::flow::Value;

/// Maximum number of states at one point; more are merged.
const STATE_LIMIT: usize = 64;

/// Maximum number of events on one path; the events of callees beyond it are cut.
const ITEM_LIMIT: usize = 1024;

/// Knowledge of a value on one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    #[default]
    Unknown,
    Zero,
    NonZero,
    Errno,
    /// The result of the call of the item with this index on the path.
    Of(usize),
}

/// The state at one point of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub items: Vec<PathItem>,
    /// Known values of slots, sorted by slot number.
    values: Vec<(u32, Known)>,
    /// The last populating call that failed on this path.
    pub rewritten: Option<PathItem>,
    /// A populating call that failed, before another populated.
    pub replaced: Option<PathItem>,
    pub is_merged: bool,
    pub is_cut: bool,
    pub recurs: bool,
}

impl State {
    /// Adds an event once per path: a repetition is the same evidence.
    pub fn push(&mut self, item: PathItem) {
        if !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    /// Adds an event of a callee, at most twice per path: a third time adds no information.
    pub fn push_again(&mut self, item: PathItem) {
        if self.items.len() >= ITEM_LIMIT {
            self.is_cut = true;
        } else if self.items.iter().filter(|known| known.is_same_event(&item)).count() < 2 {
            self.items.push(item);
        }
    }

    /// Forgets all values.
    pub fn forget(&mut self) {
        self.values.clear();
    }

    pub fn value(&self, value: &Value) -> Known {
        match value {
            Value::Unknown => Known::Unknown,
            Value::Zero => Known::Zero,
            Value::NonZero => Known::NonZero,
            Value::Errno => Known::Errno,
            Value::Slot(slot) => {
                self.values.iter().find(|(known, _)| known == slot).map_or(Known::Unknown, |(_, result)| *result)
            }
        }
    }

    pub fn set(&mut self, slot: u32, result: Known) {
        if slot == NO_SLOT {
            return;
        }
        let at = self.values.partition_point(|(known, _)| *known < slot);
        let is_known = self.values.get(at).is_some_and(|(known, _)| *known == slot);
        match (is_known, result) {
            (true, Known::Unknown) => drop(self.values.remove(at)),
            (false, Known::Unknown) => {}
            (true, _) => self.values[at].1 = result,
            (false, _) => self.values.insert(at, (slot, result)),
        }
    }

    pub fn set_value(&mut self, value: &Value, result: Known) {
        if let Value::Slot(slot) = value {
            self.set(*slot, result);
        }
    }

    /// Removes an item whose call failed, and so did nothing.
    pub fn fail(&mut self, item: usize, is_populate: bool) {
        if is_populate {
            self.rewritten = self.items.get(item).copied();
        }
        self.remove(item);
    }

    /// Removes an item from the path and adjusts references to later items.
    pub fn remove(&mut self, item: usize) {
        if item >= self.items.len() {
            return;
        }
        self.items.remove(item);
        self.values.retain(|(_, result)| *result != Known::Of(item));
        for (_, result) in &mut self.values {
            if let Known::Of(other) = result
                && *other > item
            {
                *other -= 1;
            }
        }
    }
}

/// Removes repeated values.
pub fn unique<T: Eq + std::hash::Hash>(values: &mut Vec<T>) {
    let mut seen = FxHashSet::with_capacity_and_hasher(values.len(), FxBuildHasher);
    let is_new: Vec<bool> = values.iter().map(|value| seen.insert(value)).collect();
    let mut is_new = is_new.into_iter();
    values.retain(|_| is_new.next().unwrap_or_default());
}

/// Marks the items added since entry. The entry state is the longest one in `entry` that `items` start with.
pub fn mark_added(items: &mut [PathItem], entry: &[State], mark: impl Fn(&mut PathItem)) {
    let starts = entry.iter().filter(|entry| items.starts_with(&entry.items));
    let kept = starts.map(|entry| entry.items.len()).max().unwrap_or(0);
    items[kept..].iter_mut().for_each(mark);
}

/// Merges equal states. If there are still too many, merges all into one that holds the events of all.
pub fn merge(states: &mut Vec<State>) {
    if states.len() < 2 {
        return;
    }
    unique(states);
    if states.len() > STATE_LIMIT {
        for state in states.iter_mut() {
            state.values.retain(|(_, result)| matches!(result, Known::Of(_)));
        }
        unique(states);
    }
    if states.len() > STATE_LIMIT {
        let mut items: Vec<PathItem> = Vec::new();
        let mut seen = FxHashSet::default();
        for state in states.iter() {
            items.extend(state.items.iter().filter(|item| seen.insert(**item)).copied());
        }
        let is_cut = states.iter().any(|state| state.is_cut);
        let replaced = states.iter().find_map(|state| state.replaced);
        let recurs = states.iter().any(|state| state.recurs);
        *states = vec![State { items, is_merged: true, is_cut, recurs, replaced, ..State::default() }];
    }
}

/// Merges the successful paths of a function if there are too many paths, and keeps one failing path.
pub fn limited(ends: Vec<Path>) -> Vec<Path> {
    if ends.len() <= STATE_LIMIT {
        return ends;
    }
    let (failed, rest): (Vec<Path>, Vec<Path>) = ends.into_iter().partition(|path| path.fails);
    let returns = rest.first().and_then(|path| path.returns);
    let mut states: Vec<State> = rest
        .into_iter()
        .map(|Path { items, is_cut, recurs, replaced, .. }| State {
            items,
            is_cut,
            recurs,
            replaced,
            ..State::default()
        })
        .collect();
    merge(&mut states);
    let merged = states.into_iter().map(|state| Path {
        items: state.items,
        returns,
        is_merged: true,
        is_cut: state.is_cut,
        recurs: state.recurs,
        replaced: state.replaced,
        ..Path::default()
    });
    merged.chain(failed.into_iter().take(1)).collect()
}
