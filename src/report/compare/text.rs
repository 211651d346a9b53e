//! One line per change, then the totals.

use std::io::{self, Write};

use super::{Comparison, sentence, where_changed};
use crate::report::escape::printable;

/// Writes `file:line: fate: change`.
///
/// # Errors
/// `out` cannot be written.
pub fn text(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    for change in comparison.told() {
        writeln!(
            out,
            "{}",
            printable(&format!("{}: {}: {}", where_changed(change), change.fate.name(), sentence(change)))
        )?;
    }
    let fates: Vec<String> =
        comparison.fates().into_iter().map(|(fate, count)| format!("{count} {}", fate.name())).collect();
    writeln!(out, "\n{} to {}: {}", comparison.names.0, comparison.names.1, fates.join(", "))?;
    for (verdict, old, new) in comparison.verdicts().into_iter().filter(|(_, old, new)| old + new > 0) {
        writeln!(out, "{:>12} {old:5} {new:5}", verdict.name())?;
    }
    Ok(())
}
