//! DOT: a node a patch, an arrow from each patch to those that need it.

use std::io::{self, Write};

use crate::fix_plan::{Converts, FixPlan, PlannedPatch, UnitKind};
use crate::report::graph::quoted;
use crate::words::counted;

/// Writes the plan as a graph: `mmaplint fix TREE --plan=dot | dot -Tsvg`.
///
/// # Errors
/// `out` cannot be written.
pub fn dot(plan: &FixPlan, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph series {{")?;
    writeln!(out, "  rankdir=LR;\n  node [fontname=\"sans-serif\", shape=box, style=filled, fillcolor=white];")?;
    for patch in &plan.patches {
        let is_twin = patch.units.iter().any(|unit| matches!(unit.kind, UnitKind::HookTwin | UnitKind::HelperTwin));
        let colour = if is_twin { "khaki" } else { "palegreen" };
        writeln!(out, "  {} [label={}, fillcolor={colour}];", patch.number, quoted(&label(patch)))?;
        for need in &patch.needs {
            writeln!(out, "  {need} -> {};", patch.number)?;
        }
    }
    writeln!(out, "}}")
}

/// The names of a node, of which a long list is cut.
fn label(patch: &PlannedPatch) -> String {
    const SHOWN: usize = 4;
    let mut lines = vec![format!("{}", patch.number)];
    lines.extend(patch.units.iter().take(SHOWN).map(|unit| unit.new_name.clone()));
    if patch.units.len() > SHOWN {
        lines.push(format!("and {} more", patch.units.len() - SHOWN));
    }
    if patch.frees != Converts::default() {
        lines.push(format!("frees {}", counted(patch.frees.registrations, "registration")));
    }
    lines.join("\n")
}
