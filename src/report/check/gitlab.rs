//! Code quality report for GitLab.

use std::collections::BTreeSet;
use std::io::{self, Write};

use serde_json::{Value, json};

use super::Check;
use crate::check::State;
use crate::rules::Level;

/// Writes an array with one object per hazard. Fixed hazards are left out.
///
/// # Errors
/// `out` cannot be written.
pub fn gitlab(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    // Equal hazards need distinct fingerprints.
    let mut seen = BTreeSet::new();
    let there = check.reported.iter().filter(|reported| reported.state != State::Fixed);
    let entries: Vec<Value> = there
        .map(|reported| {
            let hazard = &reported.hazard;
            let severity = match hazard.level {
                Level::Note => "info",
                Level::Warning => "minor",
                Level::Error => "major",
            };
            let alike = (0..).map(|number| format!("{}-{number}", hazard.fingerprint()));
            let fingerprint = alike.into_iter().find(|fingerprint| seen.insert(fingerprint.clone()));
            json!({
                "description": hazard.message,
                "check_name": hazard.lint,
                "content": {"body": check.help(hazard.lint)},
                "fingerprint": fingerprint,
                "severity": severity,
                "location": {
                    "path": check.in_repository(&hazard.file),
                    "lines": {"begin": hazard.start.line, "end": hazard.end.line},
                },
            })
        })
        .collect();
    serde_json::to_writer_pretty(&mut *out, &entries)?;
    writeln!(out)
}
