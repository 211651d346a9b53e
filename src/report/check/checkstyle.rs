//! Checkstyle XML, which most CI servers read.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::{Check, Reported};
use crate::check::State;
use crate::rules::Level;

/// Writes one element per file, with one element per hazard in it. Fixed hazards are left out.
///
/// # Errors
/// `out` cannot be written.
pub fn checkstyle(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let mut files: BTreeMap<&str, Vec<&Reported>> = BTreeMap::new();
    for reported in check.reported.iter().filter(|reported| reported.state != State::Fixed) {
        files.entry(&reported.hazard.file).or_default().push(reported);
    }
    writeln!(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"8.0\">")?;
    for (file, all) in files {
        writeln!(out, "  <file name=\"{}\">", escaped(&check.in_repository(file)))?;
        for reported in all {
            let hazard = &reported.hazard;
            let severity = match hazard.level {
                Level::Note => "info",
                Level::Warning => "warning",
                Level::Error => "error",
            };
            writeln!(
                out,
                "    <error line=\"{}\" column=\"{}\" severity=\"{severity}\" message=\"{}\" source=\"mmaplint.{}\"/>",
                hazard.start.line,
                hazard.start.column,
                escaped(&hazard.message),
                hazard.lint
            )?;
        }
        writeln!(out, "  </file>")?;
    }
    writeln!(out, "</checkstyle>")
}

/// Escapes an attribute value. Characters that XML cannot express at all become `?`.
fn escaped(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            character if character.is_control() || matches!(character, '\u{fffe}' | '\u{ffff}') => out.push('?'),
            character => out.push(character),
        }
    }
    out
}
