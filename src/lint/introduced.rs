//! What a change does to the hazards of a tree.

use std::collections::BTreeMap;

use super::Hazard;

/// What a change did to a hazard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It was not there before.
    Introduced,
    /// It was there before, on another line or in another file.
    Moved,
    /// It was there before, in the same place.
    Unchanged,
    /// It is no longer there.
    Fixed,
}

impl State {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Introduced => "introduced",
            State::Moved => "moved",
            State::Unchanged => "unchanged",
            State::Fixed => "fixed",
        }
    }
}

/// Compares the hazards before a change with those after it, by what they are: lint, file, function and code. `name_before` tells what a
/// file was called before. Gives all of them, those that went last.
pub fn compare(before: Vec<Hazard>, after: Vec<Hazard>, name_before: impl Fn(&str) -> String) -> Vec<(State, Hazard)> {
    let mut known: BTreeMap<(&'static str, String, String, String), Vec<Hazard>> = BTreeMap::new();
    for hazard in before.into_iter().rev() {
        let key = (hazard.lint, hazard.file.clone(), hazard.function.clone(), hazard.code.clone());
        known.entry(key).or_default().push(hazard);
    }
    let mut compared: Vec<(State, Hazard)> = Vec::new();
    for hazard in after {
        let key = (hazard.lint, name_before(&hazard.file), hazard.function.clone(), hazard.code.clone());
        let old = known.get_mut(&key).and_then(Vec::pop);
        let state = match old {
            None => State::Introduced,
            Some(old) if old.start.line == hazard.start.line && old.file == hazard.file => State::Unchanged,
            Some(_) => State::Moved,
        };
        compared.push((state, hazard));
    }
    let mut fixed: Vec<Hazard> = known.into_values().flatten().collect();
    fixed.sort();
    compared.extend(fixed.into_iter().map(|hazard| (State::Fixed, hazard)));
    compared
}
