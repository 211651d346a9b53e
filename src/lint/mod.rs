//! Finds hazards in handlers: patterns of real bugs, reported on their lines before review.
//!
//! A lint is a file in `lints` and a text in `rules/lints`. It queries [`Facts`] and reports [`Hazard`]s.

mod allocation;
mod branches;
mod context;
mod flags;
mod function_view;
mod hazard;
mod lints;
mod moved_state;
mod refused;
mod vm_ops;

pub use context::{Facts, HandlerView};
pub use function_view::{FunctionView, Variant};
pub use hazard::{Found, Hazard};
pub use lints::{ALL, tests_of_old_hook};

/// Name of the lint that lists the handlers that are to be converted.
pub const DEPRECATED_MMAP: &str = "deprecated-mmap";

/// Name of the lint that compares a conversion with the handler before it.
pub const CONVERSION_DIFFERS: &str = "conversion-differs";

use rayon::prelude::*;

use crate::near::did_you_mean;
use crate::rules::{Confidence, LintText};

/// One lint.
pub struct Lint {
    /// Its name.
    pub id: &'static str,
    /// Its text, in TOML.
    text: &'static str,
    /// Reports its findings.
    check: fn(&Facts, &mut Found),
}

impl Lint {
    /// Parses the text of the lint.
    ///
    /// # Errors
    /// The text lacks a key; a test rules this out.
    pub fn text(&self) -> Result<LintText, String> {
        toml::from_str(self.text).map_err(|error| format!("rules/lints/{}.toml: {error}", self.id))
    }

    /// Whether the lint runs by default.
    pub fn is_default(&self) -> bool {
        self.text().is_ok_and(|text| text.confidence > Confidence::Low)
    }
}

/// The lint of that name.
pub fn find(id: &str) -> Option<&'static Lint> {
    ALL.iter().find(|lint| lint.id == id)
}

/// Error message for an unknown lint.
pub fn no_lint(name: &str) -> String {
    let hint = did_you_mean(name, ALL.iter().map(|lint| lint.id));
    format!("no lint is called {name}{hint} (mmaplint rules lists them all)")
}

/// Runs lints on the facts of a tree. The hazards are sorted by place and unique.
///
/// # Errors
/// The text of a lint cannot be read.
pub fn run(facts: &Facts, chosen: &[&'static Lint]) -> Result<Vec<Hazard>, String> {
    let found: Result<Vec<Vec<Hazard>>, String> = chosen
        .par_iter()
        .map(|lint| {
            let mut found = Found::new(lint.id, &lint.text()?, facts);
            (lint.check)(facts, &mut found);
            Ok(found.hazards)
        })
        .collect();
    let mut hazards: Vec<Hazard> = found?.into_iter().flatten().collect();
    hazards.sort();
    // Code that two handlers share is reported once, for the first of them.
    hazards.dedup_by(|next, first| {
        (next.lint, &next.file, next.start, next.end) == (first.lint, &first.file, first.start, first.end)
    });
    Ok(hazards)
}
