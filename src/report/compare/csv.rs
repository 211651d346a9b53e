//! CSV: one row per registration, including unchanged ones.

use std::io::{self, Write};

use super::Comparison;
use crate::compare::Side;
use crate::report::escape::csv_cell;

/// Writes the comparison.
///
/// # Errors
/// `out` cannot be written.
pub fn csv(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let columns = ["file", "line", "table", "hook", "handler", "verdict"];
    let names: Vec<String> =
        ["old", "new"].iter().flat_map(|side| columns.map(|column| format!("{side}_{column}"))).collect();
    write!(out, "fate,{}\r\n", names.join(","))?;
    for change in comparison.changes {
        let cells: Vec<String> = [&change.old, &change.new].into_iter().flat_map(|side| row(side.as_ref())).collect();
        write!(out, "{},{}\r\n", change.fate.name(), cells.join(","))?;
    }
    Ok(())
}

fn row(side: Option<&Side>) -> [String; 6] {
    side.map_or(Default::default(), |side| {
        let cells = [
            side.file.clone(),
            side.line.to_string(),
            side.table.clone().unwrap_or_default(),
            side.hook.clone(),
            side.handler.clone(),
            side.verdict.to_string(),
        ];
        cells.map(|text| csv_cell(&text))
    })
}
