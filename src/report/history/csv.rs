//! CSV: a row per tree.

use std::io::{self, Write};

use super::{Stage, TOLD};
use crate::report::escape::csv_cell;
use crate::verdict::Verdict;

/// Writes the rows.
///
/// # Errors
/// `out` cannot be written.
pub fn csv(stages: &[Stage], out: &mut dyn Write) -> io::Result<()> {
    let since = TOLD.map(|fate| format!("{}_since", fate.name()));
    let verdicts = Verdict::ALL.map(|verdict| verdict.name().to_owned());
    write!(out, "tree,left,{},{}\r\n", since.join(","), verdicts.join(","))?;
    for stage in stages {
        let since = TOLD.map(|fate| stage.since(fate).map_or(String::new(), |count| count.to_string()));
        let verdicts = stage.verdicts.map(|count| count.to_string());
        write!(out, "{},{},{},{}\r\n", csv_cell(&stage.name), stage.left(), since.join(","), verdicts.join(","))?;
    }
    Ok(())
}
