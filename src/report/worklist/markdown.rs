//! Markdown checklist of tasks.

use std::io::{self, Write};

use super::{Worklist, place, subject};
use crate::report::escape::markdown as escaped;
use crate::worklist::Task;

/// Writes the list, and the statistics as tables.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "# {}\n", escaped(&list.title()))?;
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "## {} ({})\n", escaped(&group), tasks.len())?;
        }
        for task in tasks {
            entry(task, out)?;
        }
        writeln!(out)?;
    }
    let Some(statistics) = &list.statistics else { return Ok(()) };
    writeln!(out, "## Statistics\n")?;
    writeln!(out, "- {} handlers are left.", statistics.left)?;
    writeln!(out, "- {} relied on the removed merge retry.", statistics.retried)?;
    writeln!(out, "- {} replace vm_file.", statistics.swaps)?;
    for (heading, counts) in statistics.lists() {
        writeln!(out, "\n| {heading} | handlers |\n|---|---|")?;
        for (name, count) in counts {
            writeln!(out, "| {} | {count} |", escaped(name))?;
        }
    }
    Ok(())
}

fn entry(task: &Task, out: &mut dyn Write) -> io::Result<()> {
    let at = match place(task) {
        place if place.is_empty() => String::new(),
        place => format!(", {}", escaped(&place)),
    };
    writeln!(
        out,
        "- [ ] **{}**{at}: {}, {}. {}.",
        escaped(&subject(task)),
        task.verdict,
        task.effort.name(),
        escaped(&task.advice)
    )?;
    if !task.evidence.is_empty() {
        writeln!(out, "  - {}", escaped(&task.evidence))?;
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
