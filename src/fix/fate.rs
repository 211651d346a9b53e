//! What becomes of the hooks and functions that handlers wait for.

use super::change::{Applicability, Fixes, HandlerFix};
use crate::index::Index;

/// What the patches of a run do about a hook or a function that blocks handlers.
#[derive(Clone, Copy)]
pub enum Fate<'f> {
    /// It takes a desc then, with the given handler.
    Converted(&'f HandlerFix),
    /// One that takes a desc stands beside it then, for the given handler.
    Twin(&'f HandlerFix),
    /// It stays as it is.
    Left,
}

impl Fate<'_> {
    /// The fate as the end of a sentence about the blocker; `None` if it stays.
    pub fn told(self) -> Option<&'static str> {
        match self {
            Fate::Converted(_) => Some("the series of fix converts it"),
            Fate::Twin(_) => Some("the series of fix gives it a twin"),
            Fate::Left => None,
        }
    }

    /// Name in reports; `None` if it stays.
    pub fn name(self) -> Option<&'static str> {
        match self {
            Fate::Converted(_) => Some("converted"),
            Fate::Twin(_) => Some("twin"),
            Fate::Left => None,
        }
    }
}

impl Fixes {
    /// What the safe conversions do about a blocker: `struct.member`, or a function.
    pub fn fate(&self, index: &Index, blocker: &str) -> Fate<'_> {
        let safe = || self.handlers.iter().filter(|fix| fix.applicability == Applicability::Safe);
        if let Some(fix) = safe().find(|fix| fix.needs().any(|unit| unit.blocker() == blocker)) {
            return Fate::Twin(fix);
        }
        let converts = |fix: &&HandlerFix| {
            let is_hook = fix.retyped.as_ref().is_some_and(|hook| hook.name() == blocker);
            let is_helper = || fix.twins.iter().any(|(id, _)| index.file(id.file).name(index.item(*id)) == blocker);
            is_hook || fix.name == blocker || is_helper()
        };
        safe().find(converts).map_or(Fate::Left, Fate::Converted)
    }
}
