//! What is written about a lint, as data: `rules/lints/ID.toml`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How bad what a lint finds is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Level {
    /// Worth knowing.
    Note,
    /// Likely wrong, or out of date.
    Warning,
    /// Wrong.
    Error,
}

/// How often what a lint finds is what it says.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Less than half of the time, which is why such a lint is off unless it is asked for.
    Low,
    /// Mostly.
    Medium,
    /// Nearly always.
    High,
}

/// Where a lint looks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// At what the migration leaves behind.
    Migration,
    /// At `.mmap_prepare`.
    Prepare,
    /// At handlers of both kinds.
    Handler,
}

/// The text of a lint. Every key has to be there.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LintText {
    /// One line: what is wrong.
    pub title: String,
    /// Where it looks.
    pub group: Group,
    /// How bad it is.
    pub level: Level,
    /// How sure it is.
    pub confidence: Confidence,
    /// Why it matters.
    pub why: String,
    /// The commits, CVEs and documents behind it.
    pub sources: Vec<String>,
    /// An example of what it finds.
    pub before: String,
    /// The same, put right.
    pub after: String,
    /// When it is wrong.
    pub false_positives: String,
    /// What it found in a real tree.
    pub read: Reading,
}

/// The findings of a lint in a tree, each read by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// The version of the tree.
    pub tree: String,
    /// How many there were.
    pub findings: usize,
    /// How many of them were right.
    pub right: usize,
    /// Why the others were not; empty where there were none.
    pub wrong: String,
}

impl Level {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Level::Note => "note",
            Level::Warning => "warning",
            Level::Error => "error",
        }
    }
}

impl Confidence {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Confidence::Low => "low",
            Confidence::Medium => "medium",
            Confidence::High => "high",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(self.name())
    }
}
