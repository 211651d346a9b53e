//! One line per task.

use std::io::{self, Write};

use super::{Worklist, place, subject};
use crate::report::escape::printable;

/// Writes `place: effort: verdict: subject: advice`, under the name of each group.
///
/// # Errors
/// `out` cannot be written.
pub fn text(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "{} ({})", printable(&group), tasks.len())?;
        }
        for task in tasks {
            let line = format!(
                "{}: {}: {}: {}: {}",
                place(task),
                task.effort.name(),
                task.verdict,
                subject(task),
                task.advice
            );
            writeln!(out, "{}", printable(&line))?;
            for note in &task.notes {
                writeln!(out, "    {}", printable(note))?;
            }
        }
    }
    for (heading, counts) in list.statistics.iter().flat_map(|statistics| statistics.lists()) {
        writeln!(out, "\n{heading}")?;
        for (name, count) in counts {
            writeln!(out, "{count:8}  {name}")?;
        }
    }
    if let Some(statistics) = &list.statistics {
        let (retried, swaps, left) = (statistics.retried, statistics.swaps, statistics.left);
        writeln!(out, "\n{retried} of {left} relied on the removed merge retry; {swaps} replace vm_file")?;
    }
    Ok(())
}
