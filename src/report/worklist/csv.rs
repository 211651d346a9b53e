//! CSV by RFC 4180. A cell that a spreadsheet would take for a formula begins with an apostrophe.

use std::io::{self, Write};

use super::Worklist;
use crate::report::escape::csv_cell;
use crate::worklist::{Task, TaskKind};

const COLUMNS: &[&str] = &[
    "group",
    "kind",
    "name",
    "what",
    "file",
    "line",
    "verdict",
    "after",
    "effort",
    "advice",
    "evidence",
    "waits_for",
    "blocks",
    "frees",
    "notes",
    "subsystem",
    "status",
    "maintainers",
    "lists",
];

/// Writes one row per task of each group.
///
/// # Errors
/// `out` cannot be written.
pub fn csv(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    write!(out, "{}\r\n", COLUMNS.join(","))?;
    for (group, tasks) in list.groups() {
        for task in tasks {
            let cells: Vec<String> = row(&group, task).iter().map(|cell| csv_cell(cell)).collect();
            write!(out, "{}\r\n", cells.join(","))?;
        }
    }
    Ok(())
}

fn row(group: &str, task: &Task) -> Vec<String> {
    let kind = if task.kind == TaskKind::Handler { "handler" } else { "blocker" };
    vec![
        group.to_owned(),
        kind.to_owned(),
        task.name.clone(),
        task.what.clone(),
        task.file.clone(),
        task.line.to_string(),
        task.verdict.to_string(),
        task.after.map_or(String::new(), |after| after.to_string()),
        task.effort.name().to_owned(),
        task.advice.clone(),
        task.evidence.clone(),
        task.waits_for.join("; "),
        task.blocks.to_string(),
        task.frees.to_string(),
        task.notes.join("; "),
        task.subsystem.clone(),
        task.status.clone(),
        task.maintainers.join("; "),
        task.lists.join("; "),
    ]
}
