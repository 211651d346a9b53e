//! Effect of a change on the hazards of a tree.

use std::collections::BTreeMap;

use crate::lint::Hazard;
use crate::rules::stem;

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

    /// Name that a handler had before the change: its own, or that of the handler that was converted to it.
    fn handler_before<'h>(&'h self, handler: &'h str) -> &'h str;

    /// Whether a handler was converted, and a function of the file after the change is new: the body of the handler may have moved there.
    fn may_have_moved(&self, handler: &str, path: &str, function: &str) -> bool;

    /// Whether the change takes a function out of a file. `path` is the name before the change.
    fn is_moved_out(&self, path: &str, function: &str) -> bool;

    /// Whether a function after the change reads like one before it, each given as path and name.
    fn reads_alike(&self, before: (&str, &str), after: (&str, &str)) -> bool;
}

/// How a hazard after a change is recognised before it, from the surest way to the last.
#[derive(Clone, Copy)]
enum Recognised {
    /// By file, function and code.
    Code,
    /// By file and code: the function has a new name.
    CodeInFile,
    /// By file and handler, whose code is rewritten: the old and the new hook of a conversion are one handler.
    Handler,
    /// By function and code: the function is in another file.
    CodeElsewhere,
    /// By handler: it is rewritten in another file.
    HandlerElsewhere,
    /// By file: the body of a converted handler is in a new function.
    NewFunction,
}

impl Recognised {
    const ALL: [Recognised; 6] = [
        Recognised::Code,
        Recognised::CodeInFile,
        Recognised::Handler,
        Recognised::CodeElsewhere,
        Recognised::HandlerElsewhere,
        Recognised::NewFunction,
    ];

    /// Whether the file may be another.
    fn is_elsewhere(self) -> bool {
        matches!(self, Recognised::CodeElsewhere | Recognised::HandlerElsewhere)
    }

    /// The key of a hazard in a file of this name, whose handler had this name; `None` if it has none.
    fn key(self, hazard: &Hazard, file: String, handler: &str) -> Option<[String; 3]> {
        let code = || hazard.code.clone();
        let function = Some(&hazard.function).filter(|function| !function.is_empty());
        let handler = || function.map(|_| stem(handler));
        Some(match self {
            Recognised::Code => [file, hazard.function.clone(), code()],
            Recognised::CodeInFile => [file, String::new(), code()],
            Recognised::Handler => [file, handler()?, String::new()],
            Recognised::CodeElsewhere => [String::new(), function?.clone(), code()],
            Recognised::HandlerElsewhere => [String::new(), handler()?, String::new()],
            Recognised::NewFunction => [file, String::new(), String::new()],
        })
    }
}

/// Compares the hazards before and after a change by lint, in the ways of `Recognised`. Among identical hazards, lines decide. Returns all
/// hazards, with the fixed ones last.
pub fn compare(before: Vec<Hazard>, after: Vec<Hazard>, moves: &impl Moves) -> Vec<(State, Hazard)> {
    let mut old: Vec<Option<Hazard>> = before.into_iter().map(Some).collect();
    let mut compared: Vec<(Option<State>, Hazard)> = after.into_iter().map(|hazard| (None, hazard)).collect();
    for recognised in Recognised::ALL {
        let mut known: BTreeMap<(&'static str, [String; 3]), Vec<usize>> = BTreeMap::new();
        let key =
            |hazard: &Hazard, file: String, handler: &str| Some((hazard.lint, recognised.key(hazard, file, handler)?));
        for (number, hazard) in old.iter().enumerate() {
            // A copy of a function is new, a function that has moved is not.
            let is_meant =
                |hazard: &&Hazard| !recognised.is_elsewhere() || moves.is_moved_out(&hazard.file, &hazard.function);
            let of_old = |hazard: &Hazard| key(hazard, hazard.file.clone(), &hazard.function);
            if let Some(key) = hazard.as_ref().filter(is_meant).and_then(of_old) {
                known.entry(key).or_default().push(number);
            }
        }
        // Matches on the same line come first, because they are certain.
        for by_line in [true, false] {
            for (state, hazard) in compared.iter_mut().filter(|(state, _)| state.is_none()) {
                let handler = moves.handler_before(&hazard.function);
                let own = key(hazard, moves.name_before(&hazard.file), handler);
                let Some(alike) = own.and_then(|key| known.get_mut(&key)) else { continue };
                let line = if by_line { moves.line_before(&hazard.file, hazard.start.line) } else { None };
                let function = (hazard.file.as_str(), hazard.function.as_str());
                let is_it = |number: &&usize| {
                    let Some(old) = &old[**number] else { return false };
                    // Drivers that have nothing to do with each other give functions one name.
                    let is_meant = || match recognised {
                        Recognised::NewFunction => moves.may_have_moved(&old.function, &hazard.file, &hazard.function),
                        _ => !recognised.is_elsewhere() || moves.reads_alike((&old.file, &old.function), function),
                    };
                    (!by_line || Some(old.start.line) == line) && is_meant()
                };
                let Some(number) = alike.iter().find(is_it).copied() else { continue };
                alike.retain(|other| *other != number);
                let Some(was) = old[number].take() else { continue };
                // Another function is another place, whatever its lines.
                let is_there = !matches!(recognised, Recognised::NewFunction)
                    && (was.start.line, &was.file) == (hazard.start.line, &hazard.file);
                *state = Some(if is_there { State::Unchanged } else { State::Moved });
            }
        }
    }
    let compared = compared.into_iter().map(|(state, hazard)| (state.unwrap_or(State::Introduced), hazard));
    compared.chain(old.into_iter().flatten().map(|hazard| (State::Fixed, hazard))).collect()
}
