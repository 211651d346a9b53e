//! Markdown for a reply to a patch: one table for each handler that the change converts, then the other findings.

use std::io::{self, Write};

use super::Check;
use crate::lint;
use crate::report::escape::{code, ticked};
use crate::report::review;

/// Writes the tables and the findings.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    review::markdown(&check.reviews, out)?;
    let is_in_table = |lint: &str| lint == lint::CONVERSION_DIFFERS && !check.reviews.is_empty();
    let others: Vec<_> = check.reported.iter().filter(|reported| !is_in_table(reported.hazard.lint)).collect();
    if others.is_empty() {
        let what = if check.reviews.is_empty() { "Nothing found" } else { "Nothing else found" };
        return writeln!(out, "{what}{}.", if check.is_change { " that the change introduces" } else { "" });
    }
    writeln!(out, "### Findings\n")?;
    for reported in others {
        let hazard = &reported.hazard;
        let place = code(&format!("{}:{}", hazard.file, hazard.start.line));
        writeln!(out, "- {place}: **{}**: {} (`{}`)", hazard.level, ticked(&hazard.message), hazard.lint)?;
    }
    Ok(())
}
