//! Markdown for a reply to a patch: one table for each handler that the change converts, then the other findings.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Check;
use crate::lint::{self, Hazard};
use crate::report::escape::{code, ticked};
use crate::report::review;

/// Writes the tables and the findings.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    review::markdown(&check.reviews, out)?;
    let is_in_table = |hazard: &Hazard| {
        hazard.lint == lint::CONVERSION_DIFFERS
            && check.reviews.iter().any(|review| review.tells(&hazard.file, hazard.start.line))
    };
    let others: Vec<_> = check.reported.iter().filter(|reported| !is_in_table(&reported.hazard)).collect();
    if others.is_empty() {
        let what = if check.reviews.is_empty() { "Nothing found" } else { "Nothing else found" };
        writeln!(out, "{what}{}.", if check.is_change { " that the change introduces" } else { "" })?;
        return not_understood(check, out);
    }
    writeln!(out, "### Findings\n")?;
    for reported in &others {
        let hazard = &reported.hazard;
        let place = code(&format!("{}:{}", hazard.file, hazard.start.line));
        writeln!(out, "- {place}: **{}**: {} (`{}`)", hazard.level, ticked(&hazard.message), hazard.lint)?;
    }
    // Each lint once, for a reader who does not know it.
    let lints: BTreeSet<&str> = others.iter().map(|reported| reported.hazard.lint).collect();
    for (lint, help) in
        lints.into_iter().map(|lint| (lint, check.short_help(lint))).filter(|(_, help)| !help.is_empty())
    {
        writeln!(out, "\n`{lint}`: {}", ticked(help.trim()))?;
    }
    not_understood(check, out)
}

/// Writes the places that were not understood. What stands there is in no table.
fn not_understood(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    if check.trouble.is_empty() {
        return Ok(());
    }
    writeln!(out, "\n### Not understood\n")?;
    for trouble in &check.trouble {
        let place = trouble.line.map_or(trouble.file.clone(), |line| format!("{}:{line}", trouble.file));
        let place = if place.is_empty() { "the tree".to_owned() } else { code(&place) };
        writeln!(out, "- {place}: {}", ticked(&trouble.text))?;
    }
    Ok(())
}
