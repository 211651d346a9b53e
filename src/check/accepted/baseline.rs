//! A baseline: the number of known hazards of each kind in a tree, so that only new ones are reported.

use std::collections::BTreeMap;
use std::io::{self, Write};

use serde::Deserialize;

use crate::lint::Hazard;

/// Kind of hazard: file, function, lint.
type Sort = (String, String, String);

/// The known hazards of a tree.
#[derive(Debug, Default)]
pub struct Baseline {
    counts: BTreeMap<Sort, usize>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    #[serde(default)]
    known: Vec<Entry>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    path: String,
    #[serde(default)]
    function: String,
    rule: String,
    count: usize,
}

impl Baseline {
    /// Parses a baseline.
    ///
    /// # Errors
    /// The text is not a valid baseline.
    pub fn parse(text: &str) -> Result<Baseline, String> {
        let file: File = toml::from_str(text).map_err(|error| error.to_string())?;
        let mut counts = BTreeMap::new();
        for entry in file.known {
            *counts.entry((entry.path, entry.function, entry.rule)).or_default() += entry.count;
        }
        Ok(Baseline { counts })
    }

    /// Baseline that contains these hazards.
    pub fn of<'h>(hazards: impl Iterator<Item = &'h Hazard>) -> Baseline {
        let mut counts = BTreeMap::new();
        for hazard in hazards {
            *counts.entry(sort(hazard)).or_default() += 1;
        }
        Baseline { counts }
    }

    /// Removes as many hazards of each kind as are known, first ones first. Returns the rest, and the entries whose count exceeds the
    /// hazards found. `hazard` maps an item to its hazard; `ran` tells whether a lint of this name ran.
    pub fn without_known<T>(
        &self,
        all: impl Iterator<Item = T>,
        hazard: impl Fn(&T) -> &Hazard,
        ran: impl Fn(&str) -> bool,
    ) -> (Vec<T>, Vec<String>) {
        let mut left = self.counts.clone();
        let rest = all
            .filter(|one| match left.get_mut(&sort(hazard(one))) {
                Some(count) if *count > 0 => {
                    *count -= 1;
                    false
                }
                _ => true,
            })
            .collect();
        let is_stale = |((_, _, rule), count): &(Sort, usize)| *count > 0 && ran(rule);
        let stale = left.into_iter().filter(is_stale).map(|((path, function, rule), count)| {
            let place = if function.is_empty() { path } else { format!("{path}: {function}") };
            format!("{place}: {count} of {rule} no longer found")
        });
        (rest, stale.collect())
    }

    /// Writes the baseline as TOML.
    ///
    /// # Errors
    /// `out` cannot be written.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        writeln!(out, "# Known findings of mmaplint check. Written by --write-baseline.")?;
        for ((path, function, rule), count) in &self.counts {
            let quoted = |text: &str| toml::Value::from(text).to_string();
            writeln!(out, "\n[[known]]\npath = {}\nfunction = {}", quoted(path), quoted(function))?;
            writeln!(out, "rule = {}\ncount = {count}", quoted(rule))?;
        }
        Ok(())
    }
}

fn sort(hazard: &Hazard) -> Sort {
    (hazard.file.clone(), hazard.function.clone(), hazard.lint.to_owned())
}
