//! One line per task.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::folded::folded;
use super::{Worklist, place, subject};
use crate::report::escape::printable;
use crate::words::counted;

/// Writes `place: effort: verdict: subject: advice`, under the name of each group. Many handlers with the same next step are one line,
/// unless details are asked for.
///
/// # Errors
/// `out` cannot be written.
pub fn text(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    let (mut shown, mut has_folded) = (BTreeSet::new(), false);
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "{} ({})", printable(&group), tasks.len())?;
        }
        let (tasks, steps) = if list.details { (tasks, Vec::new()) } else { folded(&tasks) };
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
            // A decision holds for many; it is said once.
            for note in task.notes.iter().filter(|note| shown.insert(note.as_str())) {
                writeln!(out, "    {}", printable(note))?;
            }
        }
        has_folded |= !steps.is_empty();
        for (step, count) in steps {
            writeln!(out, "{}", printable(&step.line(count, str::to_owned)))?;
        }
    }
    if has_folded {
        writeln!(out, "(--details lists these handlers)")?;
    }
    for (heading, counts) in list.statistics.iter().flat_map(|statistics| statistics.lists()) {
        writeln!(out, "\n{heading}")?;
        for (name, count) in counts {
            writeln!(out, "{count:8}  {name}")?;
        }
    }
    if let Some(statistics) = &list.statistics {
        let (retried, swaps, left) = (statistics.retried, statistics.swaps, statistics.left);
        let late = &statistics.late;
        writeln!(
            out,
            "\nthe finished mapping is needed by {} at {}",
            counted(late.functions, "function"),
            counted(late.registrations, "registration")
        )?;
        writeln!(out, "{retried} of {left} relied on the removed merge retry; {swaps} replace vm_file")?;
    }
    Ok(())
}
