//! Description of a lint as data: `rules/lints/ID.toml`.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Severity of a finding.
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

/// Share of findings that are right.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Confidence {
    /// Less than half; such a lint is off by default.
    Low,
    /// Most of them.
    Medium,
    /// Nearly all of them.
    High,
}

/// Code that a lint checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Group {
    /// Remains of the migration.
    Migration,
    /// `.mmap_prepare` hooks.
    Prepare,
    /// Handlers of both kinds.
    Handler,
}

/// Text of a lint. Every key is required.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LintText {
    /// The problem, in one line.
    pub title: String,
    /// Code that it checks.
    pub group: Group,
    /// Severity of its findings.
    pub level: Level,
    /// Share of its findings that are right.
    pub confidence: Confidence,
    /// Consequences of the problem.
    pub why: String,
    /// Commits, CVEs and documents behind it.
    pub sources: Vec<String>,
    /// Example of a finding.
    pub before: String,
    /// The same code, fixed.
    pub after: String,
    /// Code for which it is wrong.
    pub false_positives: String,
    /// Results on a real tree.
    pub read: Reading,
}

/// Findings of a lint in a tree, each checked by hand.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Reading {
    /// Version of the tree.
    pub tree: String,
    /// Number of findings.
    pub findings: usize,
    /// Number of right findings.
    pub right: usize,
    /// Reason why the others are wrong; empty if there are none.
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
