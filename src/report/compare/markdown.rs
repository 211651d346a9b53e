//! Markdown: the totals as tables, then the changes by fate.

use std::io::{self, Write};

use super::{Comparison, sentence, where_changed};
use crate::compare::Fate;
use crate::report::escape::markdown as escaped;

/// Writes the comparison.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let (old, new) = (escaped(&comparison.names.0), escaped(&comparison.names.1));
    writeln!(out, "# {old} to {new}\n\n| verdict | {old} | {new} |\n|---|---|---|")?;
    for (verdict, old, new) in comparison.verdicts() {
        writeln!(out, "| {} | {old} | {new} |", verdict.name())?;
    }
    for (fate, count) in comparison.fates().into_iter().filter(|(fate, count)| *fate != Fate::Same && *count > 0) {
        writeln!(out, "\n## {} ({count})\n", fate.name())?;
        for change in comparison.told().filter(|change| change.fate == fate) {
            writeln!(out, "- {}: {}", escaped(&where_changed(change)), escaped(&sentence(change)))?;
        }
    }
    Ok(())
}
