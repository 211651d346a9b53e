//! What a tree has, or a change brings, that somebody should hear of: lints run over a session, or over two of which one has the change; what was
//! accepted is taken out, and what `fix` would write is put beside the rest.

pub mod accepted;
mod change;
mod engine;
mod introduced;
mod reached;
mod suggestions;

pub use change::Change;
pub use engine::{Engine, Outcome};
pub use introduced::{Moves, State, compare};
pub use suggestions::Suggestion;

use std::sync::Arc;

use crate::lint::Hazard;

/// One hazard, as it is to be told.
pub struct Reported {
    /// The hazard.
    pub hazard: Hazard,
    /// What the change did to it; of a whole tree all are unchanged.
    pub state: State,
    /// The edits that `fix` proposes, by file.
    pub suggestion: Option<Arc<Suggestion>>,
}

/// A handler that a change converts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Converted {
    /// The file that registers it.
    pub file: String,
    /// The line of the new registration, from 1.
    pub line: u32,
    /// The handler before.
    pub from: String,
    /// The handler after.
    pub to: String,
}
