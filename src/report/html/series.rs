//! The patches that other patches need, as a drawing: twins of hooks and functions, and the order of merging.

use std::io::{self, Write};

use super::Page;
use super::drawing::{Graph, Node};
use crate::fix_plan::PlannedPatch;
use crate::verdict::Verdict;
use crate::words::counted;

/// The patches that others need. Without any there is no such section.
pub(super) fn needed<'p>(page: &Page<'p>) -> Vec<&'p PlannedPatch> {
    let patches = &page.plan.patches;
    let is_needed = |patch: &&PlannedPatch| patches.iter().any(|other| other.needs.contains(&patch.number));
    patches.iter().filter(is_needed).collect()
}

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let needed = needed(page);
    if needed.is_empty() {
        return Ok(());
    }
    let total = counted(page.plan.patches.len(), "patch");
    writeln!(
        out,
        "<section id=\"series\"><h2>Series</h2>\n<p><code>mmaplint fix</code> writes {total} for {}. Other patches need {} of them.</p>",
        counted(page.plan.total().handlers, "handler"),
        needed.len()
    )?;
    let number = |wanted: &usize| needed.iter().position(|patch| patch.number == *wanted);
    let waits = needed.iter().map(|patch| patch.needs.iter().filter_map(number).collect()).collect();
    let nodes: Vec<Node> = needed.iter().map(|patch| node(patch)).collect();
    Graph { name: "series", waits }.draw(
        "Patches that others need: an arrow leads to the one to merge first",
        &nodes,
        out,
    )?;
    writeln!(out, "</section>")
}

fn node(patch: &PlannedPatch) -> Node {
    let first = patch.units.first().map_or(String::new(), |unit| unit.new_name.clone());
    let name = match patch.units.len() {
        0 | 1 => first,
        count => format!("{first} +{}", count - 1),
    };
    Node {
        name,
        note: format!("patch {}, needed by {}", patch.number, counted(patch.frees.handlers, "handler")),
        verdict: Verdict::Blocked,
        filter: None,
    }
}
