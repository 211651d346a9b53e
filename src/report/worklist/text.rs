//! One line per task.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::{Worklist, place, subject};
use crate::fix::counted;
use crate::report::escape::printable;
use crate::worklist::{Effort, Task, TaskKind};

/// Writes `place: effort: verdict: subject: advice`, under the name of each group. Many handlers that wait for the same blocker are one
/// line, unless details are asked for.
///
/// # Errors
/// `out` cannot be written.
pub fn text(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    let (mut shown, mut has_folded) = (BTreeSet::new(), false);
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "{} ({})", printable(&group), tasks.len())?;
        }
        let folded = if list.details { Vec::new() } else { folded(&tasks) };
        let is_folded =
            |task: &Task| waits(task).is_some_and(|blocker| folded.iter().any(|(name, _)| *name == blocker));
        for task in tasks.iter().filter(|task| !is_folded(task)) {
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
        has_folded |= !folded.is_empty();
        for (blocker, count) in folded {
            writeln!(out, "{} wait for {}", counted(count, "handler"), printable(blocker))?;
        }
    }
    if has_folded {
        writeln!(out, "(--details lists the handlers that wait)")?;
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

/// Minimum number of handlers with the same blocker that are folded into one line.
const MANY: usize = 3;

/// Blocker that a handler waits for.
fn waits(task: &Task) -> Option<&str> {
    let is_waiting = task.kind == TaskKind::Handler && task.effort == Effort::Waits;
    task.waits_for.first().filter(|_| is_waiting).map(String::as_str)
}

/// Blockers that many of the tasks wait for, with their number, most first.
fn folded<'t>(tasks: &[&'t Task]) -> Vec<(&'t str, usize)> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for blocker in tasks.iter().filter_map(|task| waits(task)) {
        *counts.entry(blocker).or_default() += 1;
    }
    let mut many: Vec<(&str, usize)> = counts.into_iter().filter(|(_, count)| *count >= MANY).collect();
    many.sort_by_key(|(blocker, count)| (std::cmp::Reverse(*count), *blocker));
    many
}
