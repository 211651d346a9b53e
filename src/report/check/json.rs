//! JSON lines: one object per hazard.

use std::io::{self, Write};

use serde_json::json;

use super::Check;

/// Writes one object per hazard, and one per handler that the change converts and per place that was not understood (`"lint": null`).
///
/// # Errors
/// `out` cannot be written.
pub fn json_lines(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    for reported in &check.reported {
        let hazard = &reported.hazard;
        let suggestion = reported.suggestion.as_ref().map(|files| {
            let edits = files.iter().flat_map(|(file, edits)| {
                edits.iter().map(move |(start, end, text)| {
                    json!({
                        "file": file,
                        "line": start.line, "column": start.column,
                        "end_line": end.line, "end_column": end.column,
                        "text": text,
                    })
                })
            });
            edits.collect::<Vec<_>>()
        });
        let entry = json!({
            "lint": hazard.lint,
            "level": hazard.level,
            "confidence": hazard.confidence,
            "state": reported.state.name(),
            "file": hazard.file,
            "line": hazard.start.line, "column": hazard.start.column,
            "end_line": hazard.end.line, "end_column": hazard.end.column,
            "function": hazard.function,
            "message": hazard.message,
            "code": hazard.code,
            "fingerprint": hazard.fingerprint(),
            "help": check.help(hazard.lint),
            "suggestion": suggestion,
        });
        writeln!(out, "{entry}")?;
    }
    for converted in &check.converted {
        let entry = json!({
            "lint": null,
            "state": "converted",
            "file": converted.file,
            "line": converted.line,
            "from": converted.from,
            "to": converted.to,
        });
        writeln!(out, "{entry}")?;
    }
    for trouble in &check.trouble {
        let entry = json!({
            "lint": null,
            "state": "not-understood",
            "file": trouble.file,
            "line": trouble.line,
            "kind": trouble.kind.name(),
            "message": trouble.text,
        });
        writeln!(out, "{entry}")?;
    }
    Ok(())
}
