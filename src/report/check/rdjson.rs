//! reviewdog's rdjson.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Check, Reported};
use crate::check::State;
use crate::report::layout::write_json;
use crate::rules::Level;
use crate::source::Position;

/// Writes one document with one diagnostic per hazard. Fixed hazards are left out. There are no suggestions: reviewers accept each alone,
/// and a conversion edits several places.
///
/// # Errors
/// `out` cannot be written.
pub fn rdjson(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let there = check.reported.iter().filter(|reported| reported.state != State::Fixed);
    let diagnostics: Vec<Value> = there.map(|reported| diagnostic(check, reported)).collect();
    write_json(&json!({"source": {"name": "mmaplint"}, "diagnostics": diagnostics}), out)
}

fn diagnostic(check: &Check, reported: &Reported) -> Value {
    let hazard = &reported.hazard;
    let severity = match hazard.level {
        Level::Note => "INFO",
        Level::Warning => "WARNING",
        Level::Error => "ERROR",
    };
    let mut code = json!({"value": hazard.lint});
    if let Some(url) = check.url(hazard.lint) {
        code["url"] = url.into();
    }
    json!({
        "message": hazard.message,
        "location": {"path": check.in_repository(&hazard.file), "range": range(hazard.start, hazard.end)},
        "severity": severity,
        "code": code,
    })
}

fn range(start: Position, end: Position) -> Value {
    json!({
        "start": {"line": start.line, "column": start.column},
        "end": {"line": end.line, "column": end.column},
    })
}
