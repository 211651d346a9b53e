//! JSON: the patches in order, and the handlers that are left.

use std::io::{self, Write};

use serde_json::{Value, json};

use crate::fix_plan::{Converts, FixPlan, LeftHandler, PlannedPatch, PlannedUnit};
use crate::report::layout::write_json;

/// Writes one document.
///
/// # Errors
/// `out` cannot be written.
pub fn json(plan: &FixPlan, version: Option<&str>, target: &str, out: &mut dyn Write) -> io::Result<()> {
    let document = json!({
        "schema": 1,
        "tool": {"name": "mmaplint", "version": env!("CARGO_PKG_VERSION")},
        "tree": {"version": version, "target": target},
        "converts": converts(plan.total()),
        "patches": plan.patches.iter().map(patch).collect::<Vec<_>>(),
        "left": plan.left.iter().map(left).collect::<Vec<_>>(),
    });
    write_json(&document, out)
}

fn patch(patch: &PlannedPatch) -> Value {
    json!({
        "number": patch.number,
        "units": patch.units.iter().map(unit).collect::<Vec<_>>(),
        "files": patch.files,
        "needs": patch.needs,
        "converts": converts(patch.converts),
        "frees": converts(patch.frees),
    })
}

fn unit(unit: &PlannedUnit) -> Value {
    json!({"kind": unit.kind.name(), "name": unit.name, "new_name": unit.new_name})
}

fn converts(converts: Converts) -> Value {
    json!({"handlers": converts.handlers, "registrations": converts.registrations})
}

fn left(left: &LeftHandler) -> Value {
    json!({
        "handler": left.name,
        "file": left.file,
        "line": left.line,
        "registrations": left.registrations,
        "has_sketch": left.has_sketch,
        "reason": left.reason,
    })
}
