//! Effect of a change on the hazards of a tree.

use std::collections::BTreeMap;

use crate::lint::Hazard;

/// Effect of a change on a hazard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum State {
    /// It did not exist before.
    Introduced,
    /// The finding existed before the change, on another line or in another file.
    Moved,
    /// It existed before, in the same place.
    Unchanged,
    /// It no longer exists.
    Fixed,
}

impl State {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            State::Introduced => "introduced",
            State::Moved => "moved",
            State::Unchanged => "unchanged",
            State::Fixed => "fixed",
        }
    }
}

/// Maps files and lines after a change to those before it.
pub trait Moves {
    /// Name of a file before the change.
    fn name_before(&self, path: &str) -> String;

    /// Number, from 1, that a line had before the change; `None` for a new line. `path` is the name after the change.
    fn line_before(&self, path: &str, line: u32) -> Option<u32>;
}

/// Compares the hazards before and after a change by lint, file, function and code. The rest is compared without the function, which may
/// have a new name. Among identical hazards, lines decide. Returns all hazards, with the fixed ones last.
pub fn compare(before: Vec<Hazard>, after: Vec<Hazard>, moves: &impl Moves) -> Vec<(State, Hazard)> {
    let mut old: Vec<Option<Hazard>> = before.into_iter().map(Some).collect();
    let mut compared: Vec<(Option<State>, Hazard)> = after.into_iter().map(|hazard| (None, hazard)).collect();
    for with_function in [true, false] {
        let mut known: BTreeMap<(&'static str, String, String, String), Vec<usize>> = BTreeMap::new();
        let key = |hazard: &Hazard, file: String| {
            let function = if with_function { hazard.function.clone() } else { String::new() };
            (hazard.lint, file, function, hazard.code.clone())
        };
        for (number, hazard) in old.iter().enumerate() {
            if let Some(hazard) = hazard {
                known.entry(key(hazard, hazard.file.clone())).or_default().push(number);
            }
        }
        // Matches on the same line come first, because they are certain.
        for by_line in [true, false] {
            for (state, hazard) in compared.iter_mut().filter(|(state, _)| state.is_none()) {
                let Some(alike) = known.get_mut(&key(hazard, moves.name_before(&hazard.file))) else { continue };
                let line = if by_line { moves.line_before(&hazard.file, hazard.start.line) } else { None };
                let is_it = |number: &&usize| {
                    !by_line || old[**number].as_ref().is_some_and(|old| Some(old.start.line) == line)
                };
                let Some(number) = alike.iter().find(is_it).copied() else { continue };
                alike.retain(|other| *other != number);
                let Some(was) = old[number].take() else { continue };
                let is_there = (was.start.line, &was.file) == (hazard.start.line, &hazard.file);
                *state = Some(if is_there { State::Unchanged } else { State::Moved });
            }
        }
    }
    let compared = compared.into_iter().map(|(state, hazard)| (state.unwrap_or(State::Introduced), hazard));
    compared.chain(old.into_iter().flatten().map(|hazard| (State::Fixed, hazard))).collect()
}
