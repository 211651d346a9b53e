//! Blockers as a table and as a drawing.

use std::io::{self, Write};

use super::drawing::{Graph, Node};
use super::{Page, badge};
use crate::report::escape::Html;
use crate::report::graph::said;
use crate::verdict::{Blocker, knots};

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let mut blockers: Vec<&Blocker> = page.scan.blockers.iter().collect();
    blockers.sort_by_key(|blocker| (usize::MAX - blocker.all.len(), blocker.name.as_str()));
    writeln!(out, "<section id=\"blockers\"><h2>Blockers</h2>")?;
    if blockers.is_empty() {
        return writeln!(out, "<p>No handler is blocked.</p></section>");
    }
    draw(&blockers, out)?;
    for knot in knots(&page.scan.blockers) {
        writeln!(out, "<p>{}</p>", Html(&said(&page.scan.blockers, &knot)))?;
    }
    writeln!(
        out,
        "<table class=\"list\"><caption>Helpers and hooks to convert first, with the registrations that each blocks; a hook has the verdict of its hardest implementer</caption>\
         <thead><tr><th>Blocker</th><th>Kind</th><th>Blocks</th><th>Verdict</th><th>Waits for</th></tr></thead><tbody>"
    )?;
    for blocker in blockers {
        writeln!(
            out,
            "<tr><th scope=\"row\"><a href=\"#handlers\" data-filter=\"waits\" data-value=\"{0}\"><code>{0}</code></a></th>\
             <td class=\"word\" data-label=\"Kind\">{1}</td><td class=\"number\" data-label=\"Blocks\">{2}</td>\
             <td data-label=\"Verdict\">{3}</td><td data-label=\"Waits for\">{4}</td></tr>",
            Html(&blocker.name),
            blocker.kind.name(),
            blocker.all.len(),
            badge(blocker.verdict),
            Html(&blocker.depends_on.join(", "))
        )?;
    }
    writeln!(out, "</tbody></table></section>")
}

/// Draws the blockers that wait for another, or that another waits for.
fn draw(blockers: &[&Blocker], out: &mut dyn Write) -> io::Result<()> {
    let is_joined = |blocker: &Blocker| {
        !blocker.depends_on.is_empty() || blockers.iter().any(|other| other.depends_on.contains(&blocker.name))
    };
    let joined: Vec<&Blocker> = blockers.iter().copied().filter(|blocker| is_joined(blocker)).collect();
    let number = |name: &String| joined.iter().position(|blocker| blocker.name == *name);
    let waits = joined.iter().map(|blocker| blocker.depends_on.iter().filter_map(number).collect()).collect();
    let node = |blocker: &&Blocker| Node {
        name: blocker.name.clone(),
        note: format!("{}, blocks {}", blocker.verdict.name(), blocker.all.len()),
        verdict: blocker.verdict,
        filter: Some(("waits", blocker.name.clone())),
    };
    let nodes: Vec<Node> = joined.iter().map(node).collect();
    Graph { name: "blockers", waits }.draw(
        "Dependencies between blockers: an arrow leads to the one to convert first; arrows in a circle make a knot",
        &nodes,
        out,
    )
}
