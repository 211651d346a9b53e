//! Markdown checklist of tasks.

use std::io::{self, Write};

use super::folded::folded;
use super::{Worklist, place, subject};
use crate::report::escape::{code, markdown as escaped, ticked};
use crate::words::counted;
use crate::worklist::Task;

/// Number of tasks of a group that are shown, unless details are asked for: with the folded ones, about a screen.
const SHOWN: usize = 12;

/// Writes the list, and the statistics as tables. Unless details are asked for, it is short enough for a mail: the first tasks of each
/// group, and a line for each step that many others share.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", ticked(&list.title()))?;
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "## {} ({})\n", escaped(&group), tasks.len())?;
        }
        match list.details {
            true => tasks.iter().try_for_each(|task| entry(task, out).and_then(|()| details(task, out)))?,
            false => short(&own_first(tasks, list.whose.is_some()), out)?,
        }
        writeln!(out)?;
    }
    let Some(statistics) = &list.statistics else { return Ok(()) };
    writeln!(out, "## Statistics\n")?;
    writeln!(out, "- {} left.", counted(statistics.left, "registration"))?;
    writeln!(out, "- {} relied on the removed merge retry.", statistics.retried)?;
    writeln!(out, "- {} replace vm_file.", statistics.swaps)?;
    for (heading, counts) in statistics.lists() {
        writeln!(out, "\n| {heading} | count |\n|---|---|")?;
        for (name, count) in counts {
            writeln!(out, "| {} | {count} |", escaped(name))?;
        }
    }
    Ok(())
}

/// The tasks, the drivers of a maintainer before what they wait for.
fn own_first(mut tasks: Vec<&Task>, is_of_one: bool) -> Vec<&Task> {
    if is_of_one {
        tasks.sort_by_key(|task| task.kind);
    }
    tasks
}

fn short(tasks: &[&Task], out: &mut dyn Write) -> io::Result<()> {
    let (tasks, steps) = folded(tasks);
    for task in tasks.iter().take(SHOWN) {
        entry(task, out)?;
    }
    if let Some(more @ 1..) = tasks.len().checked_sub(SHOWN) {
        writeln!(out, "- {} (`--details` lists all)", counted(more, "more task"))?;
    }
    for (step, count) in steps.iter().take(SHOWN) {
        writeln!(out, "- {}", step.line(*count, code))?;
    }
    if let Some(more @ 1..) = steps.len().checked_sub(SHOWN) {
        let handlers: usize = steps[SHOWN..].iter().map(|(_, count)| count).sum();
        writeln!(out, "- {} for {}", counted(handlers, "more task"), counted(more, "other blocker"))?;
    }
    Ok(())
}

/// The line of a task.
fn entry(task: &Task, out: &mut dyn Write) -> io::Result<()> {
    let at = match place(task) {
        place if place.is_empty() => String::new(),
        place => format!(", {}", code(&place)),
    };
    let subject = ticked(&subject(task));
    let advice = match task.advice.strip_prefix("run: ") {
        Some(run) => {
            let (command, rest) = run.find(';').map_or((run, ""), |end| run.split_at(end));
            format!("run {}{}", code(command), ticked(rest))
        }
        None => ticked(&task.advice),
    };
    writeln!(out, "- [ ] {subject}{at}: {}, {}: {advice}.", task.verdict, task.effort.name())
}

/// The lines below a task: its evidence, decisions about it, and the people to write to.
fn details(task: &Task, out: &mut dyn Write) -> io::Result<()> {
    if !task.evidence.is_empty() {
        writeln!(out, "  - {}", ticked(&task.evidence))?;
    }
    for note in &task.notes {
        writeln!(out, "  - {}", escaped(note))?;
    }
    if !task.subsystem.is_empty() {
        let people: Vec<&str> = task.maintainers.iter().chain(&task.lists).map(String::as_str).collect();
        writeln!(out, "  - {} ({}): {}", escaped(&task.subsystem), escaped(&task.status), escaped(&people.join(", ")))?;
    }
    Ok(())
}
