//! Checks a tree or a change for hazards: runs lints over one session, or over two of which one has the change. Removes accepted hazards,
//! and adds what `fix` would write.

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

/// A hazard to report.
pub struct Reported {
    /// The hazard.
    pub hazard: Hazard,
    /// Effect of the change; `Unchanged` in a check of a whole tree.
    pub state: State,
    /// Edits that `fix` proposes, by file.
    pub suggestion: Option<Arc<Suggestion>>,
}

/// A handler that a change converts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Converted {
    /// File that registers it.
    pub file: String,
    /// Line of the new registration, from 1.
    pub line: u32,
    /// The handler before.
    pub from: String,
    /// The handler after.
    pub to: String,
}
