//! JSON: each registration with its fate, and the totals.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Comparison;
use crate::compare::Side;
use crate::report::layout::write_json;

/// Writes one document.
///
/// # Errors
/// `out` cannot be written.
pub fn json(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    let changes: Vec<Value> = comparison
        .changes
        .iter()
        .map(|change| json!({"fate": change.fate.name(), "old": side(change.old.as_ref()), "new": side(change.new.as_ref())}))
        .collect();
    let fates: Vec<Value> = comparison
        .fates()
        .into_iter()
        .map(|(fate, count)| json!({"fate": fate.name(), "registrations": count}))
        .collect();
    let verdicts: Vec<Value> = comparison
        .verdicts()
        .into_iter()
        .map(|(verdict, old, new)| json!({"verdict": verdict, "old": old, "new": new}))
        .collect();
    let document = json!({
        "schema": 1,
        "tool": {"name": "mmaplint", "version": env!("CARGO_PKG_VERSION")},
        "old": comparison.names.0,
        "new": comparison.names.1,
        "changes": changes,
        "totals": {"fates": fates, "verdicts": verdicts},
    });
    write_json(&document, out)
}

fn side(side: Option<&Side>) -> Option<Value> {
    side.map(|side| {
        json!({
            "file": side.file,
            "line": side.line,
            "table": side.table,
            "hook": side.hook,
            "handler": side.handler,
            "verdict": side.verdict,
        })
    })
}
