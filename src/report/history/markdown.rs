//! Markdown: a table with a row per tree.

use std::io::{self, Write};

use super::{Stage, TOLD, verdicts};
use crate::report::escape::markdown as escaped;
use crate::verdict::Verdict;

/// Writes the table.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(stages: &[Stage], out: &mut dyn Write) -> io::Result<()> {
    let verdicts: Vec<Verdict> = verdicts(stages).collect();
    let since = TOLD.iter().map(|fate| format!("{} since", fate.name()));
    let columns: Vec<String> = since.chain(verdicts.iter().map(|verdict| verdict.name().to_owned())).collect();
    writeln!(out, "| tree | left | {} |", columns.join(" | "))?;
    writeln!(out, "|---|{}", "---:|".repeat(columns.len() + 1))?;
    for stage in stages {
        let since = TOLD.iter().map(|fate| stage.since(*fate).map_or("-".to_owned(), |count| count.to_string()));
        let cells: Vec<String> =
            since.chain(verdicts.iter().map(|verdict| stage.count(*verdict).to_string())).collect();
        writeln!(out, "| {} | {} | {} |", escaped(&stage.name), stage.left(), cells.join(" | "))?;
    }
    Ok(())
}
