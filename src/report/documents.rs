//! Gaps in documents, as lines and as JSON.

use std::io::{self, Write};

use serde::Serialize;

use super::escape::printable;
use super::layout::write_json;
use crate::documents::{Gap, Gaps};

/// Writes one line per gap: `file:line: text [kind]`.
///
/// # Errors
/// `out` cannot be written.
pub fn text(found: &Gaps, out: &mut dyn Write) -> io::Result<()> {
    for Gap { file, line, kind, text } in &found.gaps {
        writeln!(out, "{}", printable(&format!("{file}:{line}: {text} [{kind}]")))?;
    }
    Ok(())
}

/// Writes all gaps as one JSON document.
///
/// # Errors
/// `out` cannot be written.
pub fn json(found: &Gaps, out: &mut dyn Write) -> io::Result<()> {
    write_json(&Document { schema: 1, gaps: &found.gaps, missing: &found.missing }, out)
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    gaps: &'a [Gap],
    missing: &'a [String],
}
