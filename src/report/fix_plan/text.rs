//! Text: a paragraph a patch, then a line for each handler that is left.

use std::io::{self, Write};

use crate::fix_plan::{Converts, FixPlan, PlannedPatch, PlannedUnit, UnitKind};
use crate::report::escape::printable;
use crate::words::counted;

/// Writes the plan.
///
/// # Errors
/// `out` cannot be written.
pub fn text(plan: &FixPlan, out: &mut dyn Write) -> io::Result<()> {
    for patch in &plan.patches {
        write_patch(patch, out)?;
    }
    for handler in &plan.left {
        let sketch = if handler.has_sketch { " (has a sketch)" } else { "" };
        let line = format!("{}:{}: left: {}{sketch}: {}", handler.file, handler.line, handler.name, handler.reason);
        writeln!(out, "{}", printable(&line))?;
    }
    writeln!(
        out,
        "{} converted at {} by {}; {} left",
        counted(plan.total().handlers, "handler"),
        counted(plan.total().registrations, "registration"),
        counted(plan.patches.len(), "patch"),
        counted(plan.left.len(), "handler")
    )
}

fn write_patch(patch: &PlannedPatch, out: &mut dyn Write) -> io::Result<()> {
    for (place, unit) in patch.units.iter().enumerate() {
        let number = if place == 0 { format!("{:4} ", patch.number) } else { " ".repeat(5) };
        writeln!(out, "{number}{}", printable(&said(unit)))?;
    }
    if !patch.needs.is_empty() {
        let needs: Vec<String> = patch.needs.iter().map(usize::to_string).collect();
        writeln!(out, "       needs: {}", needs.join(", "))?;
    }
    for (what, converts) in [("converts", patch.converts), ("frees", patch.frees)] {
        if converts != Converts::default() {
            let handlers = counted(converts.handlers, "handler");
            writeln!(out, "       {what}: {handlers} at {}", counted(converts.registrations, "registration"))?;
        }
    }
    writeln!(out, "       files: {}", printable(&patch.files.join(", ")))
}

fn said(unit: &PlannedUnit) -> String {
    let PlannedUnit { kind, name, new_name } = unit;
    match kind {
        UnitKind::HookTwin | UnitKind::HelperTwin => format!("{}: {new_name} beside {name}", kind.name()),
        UnitKind::HookRetyped | UnitKind::Driver => format!("{}: {name} becomes {new_name}", kind.name()),
        UnitKind::Scaffold => kind.name().to_owned(),
    }
}
