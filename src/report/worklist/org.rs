//! Org mode, as coccicheck writes it: a TODO for each task, with a link to its line.

use std::io::{self, Write};

use super::{Worklist, place, subject};
use crate::report::escape::printable;

/// Writes the list.
///
/// # Errors
/// Where `out` cannot be written.
pub fn org(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#+TITLE: {}", printable(&list.title()))?;
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "* {} [{}]", printable(&group), tasks.len())?;
        }
        let stars = if group.is_empty() { "*" } else { "**" };
        for task in tasks {
            let text = format!("{}: {}", subject(task), task.advice);
            let text = printable(&text).replace(['[', ']'], "");
            if task.file.is_empty() {
                writeln!(out, "{stars} TODO {text}")?;
            } else {
                let link = printable(&task.file).replace(['[', ']'], "");
                writeln!(
                    out,
                    "{stars} TODO [[view:{link}::face=ovl-face1::linb={}][{}]] {text}",
                    task.line,
                    place(task)
                )?;
            }
        }
    }
    Ok(())
}
