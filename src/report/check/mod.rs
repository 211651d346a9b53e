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

use std::collections::BTreeMap;
use std::io::{self, Write};

use crate::check::{Converted, Reported, State, Suggestion};
use crate::kernel::{FileTrouble, Tree};
use crate::lint::{DEPRECATED_MMAP, Lint};
use crate::report::sources::{Text, Texts};
use crate::review::Review;
use crate::verdict::Verdict;

/// Result of a check.
pub struct Check<'a> {
    /// The tree that was checked.
    pub tree: &'a Tree,
    /// Path of the tree in its repository; empty if it is all of it. The services that show findings want paths from the top.
    pub below: String,
    /// Hazards to report, sorted by location.
    pub reported: Vec<Reported>,
    /// Lints that were run.
    pub lints: Vec<&'static Lint>,
    /// Handlers that the change converts: location of the new registration, old name, new name.
    pub converted: Vec<Converted>,
    /// Places that were not understood and bear on the result.
    pub trouble: Vec<FileTrouble>,
    /// What the converted handlers do otherwise; empty unless requested.
    pub reviews: Vec<Review>,
    /// Whether a change was checked instead of a whole tree.
    pub is_change: bool,
    /// Address of the page with the texts of all lints.
    pub lints_url: Option<String>,
    /// Whether formats for people sum up the handlers that are to be converted, if there are many.
    pub sums_up: bool,
}

/// Minimum number of unconverted handlers that are summed up.
const MANY: usize = 20;

impl Check<'_> {
    /// Path of a file of the tree from the top of the repository.
    fn in_repository(&self, file: &str) -> String {
        if self.below.is_empty() { file.to_owned() } else { format!("{}/{file}", self.below) }
    }

    fn count(&self, level: crate::rules::Level) -> usize {
        self.reported.iter().filter(|reported| reported.state != State::Fixed && reported.hazard.level == level).count()
    }
}

impl Check<'_> {
    /// Findings to show one by one, and the numbers of the other handlers by verdict.
    fn summed_up(&self) -> (Vec<&Reported>, BTreeMap<Verdict, usize>) {
        let mut sums: BTreeMap<Verdict, usize> = BTreeMap::new();
        for verdict in self.reported.iter().filter_map(|reported| reported.hazard.verdict) {
            *sums.entry(verdict).or_default() += 1;
        }
        if !self.sums_up || sums.values().sum::<usize>() < MANY {
            return (self.reported.iter().collect(), BTreeMap::new());
        }
        (self.reported.iter().filter(|reported| reported.hazard.verdict.is_none()).collect(), sums)
    }
}

/// Writes a line for each verdict of handlers that are summed up.
fn write_sums(sums: &BTreeMap<Verdict, usize>, out: &mut dyn Write) -> io::Result<()> {
    for (verdict, count) in sums {
        writeln!(out, "{count:8} deprecated .mmap, {verdict}: {}", verdict.meaning())?;
    }
    if !sums.is_empty() {
        writeln!(out, "--select +{DEPRECATED_MMAP} lists them; mmaplint worklist has them in order")?;
    }
    Ok(())
}

impl Check<'_> {
    /// Address of the text of a lint, if the settings say where the texts are.
    fn url(&self, lint: &str) -> Option<String> {
        self.lints_url.as_ref().map(|page| format!("{page}#{lint}"))
    }

    /// Address of the text of a lint, else the text: why it matters.
    fn help(&self, lint: &str) -> String {
        self.url(lint).or_else(|| self.why(lint)).unwrap_or_default()
    }

    /// Address of the text of a lint, else the beginning of the text.
    fn short_help(&self, lint: &str) -> String {
        let beginning = || {
            let why = self.why(lint)?;
            let (first, rest) = why.split_once(". ").unwrap_or((&why, ""));
            let more = if rest.is_empty() { String::new() } else { format!(". (mmaplint explain {lint} has more)") };
            Some(format!("{first}{more}"))
        };
        self.url(lint).or_else(beginning).unwrap_or_default()
    }

    fn why(&self, lint: &str) -> Option<String> {
        let lint = self.lints.iter().find(|known| known.id == lint)?;
        Some(squeezed(&lint.text().ok()?.why))
    }
}

/// A text of several lines as one.
fn squeezed(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}
