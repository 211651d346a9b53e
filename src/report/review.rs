//! Reviews of conversions as text and as Markdown, for a reply to the mail that sent the patch.

use std::io::{self, Write};

use super::escape::{code, printable};
use crate::review::{Function, Review, Row};
use crate::words::counted;

/// Writes each converted handler with a line for each difference.
///
/// # Errors
/// `out` cannot be written.
pub fn text(reviews: &[Review], out: &mut dyn Write) -> io::Result<()> {
    for review in reviews {
        let at = |function: &Function| printable(&format!("{} ({}:{})", function.name, function.file, function.line));
        writeln!(out, "{} -> {}", at(&review.old), at(&review.new))?;
        match &review.rows {
            Err(reason) => writeln!(out, "  not compared: {}", reason.reason())?,
            Ok(rows) if rows.is_empty() => writeln!(out, "  same behaviour{}", beside(review))?,
            Ok(rows) => {
                for row in rows {
                    writeln!(out, "  {}", printable(&row.difference.to_string()))?;
                }
            }
        }
    }
    Ok(())
}

/// Writes one table for each converted handler: condition, old, new.
///
/// # Errors
/// `out` cannot be written.
pub fn markdown(reviews: &[Review], out: &mut dyn Write) -> io::Result<()> {
    for review in reviews {
        let at = |function: &Function| {
            let place = format!("{}:{}", function.file, function.line);
            format!("{} ({})", code(&function.name), code(&place))
        };
        writeln!(out, "### {} is now {}\n", at(&review.old), at(&review.new))?;
        match &review.rows {
            Err(reason) => writeln!(out, "Not compared: {}.\n", reason.reason())?,
            Ok(rows) if rows.is_empty() => writeln!(out, "Same behaviour{}.\n", beside(review))?,
            Ok(rows) => table(rows, out)?,
        }
    }
    Ok(())
}

/// What the comparison of the hooks leaves out.
fn beside(review: &Review) -> &'static str {
    match (review.has_mapped, review.has_other_error) {
        (true, _) => " of the hooks; of vm_ops->mapped, check compares only what it takes and how it fails",
        (false, true) => ", but for the error if the core rejects the action early",
        (false, false) => "",
    }
}

/// Maximum number of differences in a table, of cases of a difference, and of conditions of a case. Beyond it, the two handlers share too
/// little to be compared line by line.
const SHOWN: usize = 12;
const CASES_SHOWN: usize = 3;
const CONDITIONS_SHOWN: usize = 6;

/// Writes a table whose columns are aligned, so that it also reads well in a plain mail.
fn table(rows: &[Row], out: &mut dyn Write) -> io::Result<()> {
    let head = ["condition", "old", "new"].map(str::to_owned);
    let body = rows.iter().take(SHOWN).map(|row| {
        let Row { difference, old_line, new_line, .. } = row;
        let when = difference.when(CASES_SHOWN, CONDITIONS_SHOWN, |condition| code(&condition.to_string()));
        let when = match (when, difference.is_of_accepted) {
            (Some(when), true) => format!("accepted mappings with {when}"),
            (Some(when), false) => when,
            (None, true) => "accepted mappings".to_owned(),
            (None, false) => "always".to_owned(),
        };
        [when, done(&difference.old, *old_line), done(&difference.new, *new_line)]
    });
    let lines: Vec<[String; 3]> = std::iter::once(head).chain(body).collect();
    let width = |column: usize| lines.iter().map(|line| line[column].chars().count()).max().unwrap_or_default();
    let widths = [width(0), width(1), width(2)];
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line.iter().zip(widths).map(|(cell, width)| format!("{cell:width$}")).collect();
        writeln!(out, "| {} |", cells.join(" | "))?;
        if number == 0 {
            writeln!(out, "|{}|", widths.map(|width| "-".repeat(width + 2)).join("|"))?;
        }
    }
    let more = rows.len().saturating_sub(SHOWN);
    if more > 0 {
        writeln!(out, "\nAnd {}: the two handlers have little in common.", counted(more, "more difference"))?;
    }
    writeln!(out)
}

/// What a handler does, with the line that does it.
fn done(text: &str, line: u32) -> String {
    format!("{} (line {line})", code(text))
}
