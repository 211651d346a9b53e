//! What holds at one point of a function, and how many such states are kept apart.

use rustc_hash::{FxBuildHasher, FxHashSet};

use super::{Path, PathItem};
use crate::vma::dead_slots::NO_SLOT;
use crate::vma::flow::Value;

/// More states than this at one point are merged.
const STATE_LIMIT: usize = 64;

/// More events than this on one path are not told apart.
const ITEM_LIMIT: usize = 1024;

/// What is known of a value on one path.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Known {
    #[default]
    Unknown,
    Zero,
    NonZero,
    Errno,
    /// The outcome of the call of this event on the path.
    Of(usize),
}

/// What holds at one point of a function.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct State {
    pub items: Vec<PathItem>,
    /// What is known of slots, by number.
    values: Vec<(u32, Known)>,
    /// The last populating call that failed on this path.
    pub rewritten: Option<PathItem>,
    pub is_merged: bool,
    pub is_cut: bool,
}

impl State {
    /// The same event twice on one path is the same evidence.
    pub fn push(&mut self, item: PathItem) {
        if !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    /// Adds what a callee does. Once more than once is all that matters: a third time tells nothing new.
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

    /// The call of an item turned out to fail: it did nothing.
    pub fn fail(&mut self, item: usize, is_populate: bool) {
        if is_populate {
            self.rewritten = self.items.get(item).copied();
        }
        self.remove(item);
    }

    /// Takes an item off the path; what refers to items behind it moves with them.
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

/// Takes out what is there already.
pub fn unique<T: Eq + std::hash::Hash>(values: &mut Vec<T>) {
    let mut seen = FxHashSet::with_capacity_and_hasher(values.len(), FxBuildHasher);
    let is_new: Vec<bool> = values.iter().map(|value| seen.insert(value)).collect();
    let mut is_new = is_new.into_iter();
    values.retain(|_| is_new.next().unwrap_or_default());
}

/// Marks what was added to the items of the state that they started from: the longest of `entry` that they start with.
pub fn mark_added(items: &mut [PathItem], entry: &[State], mark: impl Fn(&mut PathItem)) {
    let starts = entry.iter().filter(|entry| items.starts_with(&entry.items));
    let kept = starts.map(|entry| entry.items.len()).max().unwrap_or(0);
    items[kept..].iter_mut().for_each(mark);
}

/// Makes equal states one, and too many states one that holds the events of all.
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
        *states = vec![State { items, is_merged: true, is_cut, ..State::default() }];
    }
}

/// The same for the ends of a function.
pub fn limited(ends: Vec<Path>) -> Vec<Path> {
    if ends.len() <= STATE_LIMIT {
        return ends;
    }
    let (failed, rest): (Vec<Path>, Vec<Path>) = ends.into_iter().partition(|path| path.fails);
    let returns = rest.first().and_then(|path| path.returns);
    let mut states: Vec<State> =
        rest.into_iter().map(|path| State { items: path.items, is_cut: path.is_cut, ..State::default() }).collect();
    merge(&mut states);
    let merged = states.into_iter().map(|state| Path {
        items: state.items,
        returns,
        is_merged: true,
        is_cut: state.is_cut,
        ..Path::default()
    });
    merged.chain(failed.into_iter().take(1)).collect()
}
