//! Org mode, in the style of coccicheck: one TODO per task, with a link to its line.

use std::io::{self, Write};

use super::{Worklist, place, subject};
use crate::report::escape::printable;

/// Writes the list.
///
/// # Errors
/// `out` cannot be written.
pub fn org(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "#+TITLE: {}", inert(&list.title()))?;
    for (group, tasks) in list.groups() {
        if !group.is_empty() {
            writeln!(out, "* {} [{}]", inert(&group), tasks.len())?;
        }
        let stars = if group.is_empty() { "*" } else { "**" };
        for task in tasks {
            let text = inert(&format!("{}: {}", subject(task), task.advice));
            let link = &task.file;
            if link.is_empty() {
                writeln!(out, "{stars} TODO {text}")?;
            } else if link.chars().all(|letter| letter.is_ascii_alphanumeric() || "/._-+,".contains(letter)) {
                let (line, place) = (task.line, inert(&place(task)));
                writeln!(out, "{stars} TODO [[view:{link}::face=ovl-face1::linb={line}][{place}]] {text}")?;
            } else {
                writeln!(out, "{stars} TODO {} {text}", inert(&place(task)))?;
            }
        }
    }
    Ok(())
}

/// Text without active Emacs syntax: no links (`elisp:` and `shell:` links are commands), no macros, no inline code.
fn inert(text: &str) -> String {
    let mut text = printable(text).replace(['[', ']', '<', '>'], "").replace('{', "(").replace('}', ")");
    for scheme in ["elisp", "shell"] {
        let mut from = 0;
        while let Some(at) = text[from..].to_ascii_lowercase().find(&format!("{scheme}:")) {
            let end = from + at + scheme.len();
            text.insert(end, ' ');
            from = end;
        }
    }
    text
}
