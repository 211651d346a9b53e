//! Writes what `check` found, one file a format.

mod checkstyle;
mod github;
mod gitlab;
mod json;
mod rdjson;
mod sarif;
mod terse;
mod text;

pub use checkstyle::checkstyle;
pub use github::github;
pub use gitlab::gitlab;
pub use json::json_lines;
pub use rdjson::rdjson;
pub use sarif::sarif;
pub use terse::terse;
pub use text::text;

use crate::check::{Converted, Reported, State, Suggestion};
use crate::kernel::Tree;
use crate::lint::Lint;
use crate::report::sources::{Text, Texts};

/// What a check found.
pub struct Check<'a> {
    /// The tree that was checked.
    pub tree: &'a Tree,
    /// What is to be told, by place.
    pub reported: Vec<Reported>,
    /// The lints that were run.
    pub lints: Vec<&'static Lint>,
    /// The handlers that the change converts: where the new hook is registered, the old name, the new one.
    pub converted: Vec<Converted>,
    /// Whether a change was checked; else a whole tree.
    pub is_change: bool,
}

impl Check<'_> {
    fn count(&self, level: crate::rules::Level) -> usize {
        self.reported.iter().filter(|reported| reported.state != State::Fixed && reported.hazard.level == level).count()
    }
}

/// The page that says more about a lint.
fn help(lint: &str) -> String {
    format!("docs/lints.md#{lint}")
}
