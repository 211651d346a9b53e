//! Output formats of `check`, one file per format.

mod checkstyle;
mod github;
mod gitlab;
mod json;
mod markdown;
mod rdjson;
mod sarif;
mod terse;
mod text;

pub use checkstyle::checkstyle;
pub use github::github;
pub use gitlab::gitlab;
pub use json::json_lines;
pub use markdown::markdown;
pub use rdjson::rdjson;
pub use sarif::sarif;
pub use terse::terse;
pub use text::text;

use crate::check::{Converted, Reported, State, Suggestion};
use crate::kernel::Tree;
use crate::lint::Lint;
use crate::report::sources::{Text, Texts};
use crate::review::Review;

/// Result of a check.
pub struct Check<'a> {
    /// The tree that was checked.
    pub tree: &'a Tree,
    /// Hazards to report, sorted by location.
    pub reported: Vec<Reported>,
    /// Lints that were run.
    pub lints: Vec<&'static Lint>,
    /// Handlers that the change converts: location of the new registration, old name, new name.
    pub converted: Vec<Converted>,
    /// What the converted handlers do otherwise; empty unless requested.
    pub reviews: Vec<Review>,
    /// Whether a change was checked instead of a whole tree.
    pub is_change: bool,
}

impl Check<'_> {
    fn count(&self, level: crate::rules::Level) -> usize {
        self.reported.iter().filter(|reported| reported.state != State::Fixed && reported.hazard.level == level).count()
    }
}

/// Documentation of a lint.
fn help(lint: &str) -> String {
    format!("docs/lints.md#{lint}")
}
