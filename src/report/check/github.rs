//! Workflow commands of GitHub Actions, shown as annotations on the lines of a pull request.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::Check;
use crate::check::State;
use crate::rules::Level;

/// Writes one command per hazard. A fixed hazard has no line to annotate.
///
/// # Errors
/// `out` cannot be written.
pub fn github(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    for reported in check.reported.iter().filter(|reported| reported.state != State::Fixed) {
        let hazard = &reported.hazard;
        let command = match hazard.level {
            Level::Note => "notice",
            Level::Warning => "warning",
            Level::Error => "error",
        };
        let mut place = format!("file={},line={}", property(&check.in_repository(&hazard.file)), hazard.start.line);
        if hazard.start.line == hazard.end.line {
            // GitHub understands columns only within one line.
            place += &format!(",col={},endColumn={}", hazard.start.column, hazard.end.column);
        } else {
            place += &format!(",endLine={}", hazard.end.line);
        }
        let text = format!("{}\n{}", hazard.message, check.short_help(hazard.lint));
        writeln!(out, "::{command} {place},title={}::{}", property(hazard.lint), data(text.trim_end()))?;
    }
    // A runner shows a few notices of a step: one for each handler, however many tables register it.
    let mut seen = BTreeSet::new();
    for converted in check.converted.iter().filter(|one| seen.insert((&one.from, &one.to))) {
        let message = format!("{} is converted to {}", converted.from, converted.to);
        writeln!(
            out,
            "::notice file={},line={},title=converted::{}",
            property(&check.in_repository(&converted.file)),
            converted.line,
            data(&message)
        )?;
    }
    for trouble in check.trouble.iter().filter(|trouble| !trouble.file.is_empty()) {
        let (file, line) = (property(&check.in_repository(&trouble.file)), trouble.line.unwrap_or(1));
        writeln!(out, "::notice file={file},line={line},title=not understood::{}", data(&trouble.text))?;
    }
    Ok(())
}

/// Escapes a message for the runner.
fn data(text: &str) -> String {
    let text = text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A");
    text.replace(char::is_control, "?")
}

fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
