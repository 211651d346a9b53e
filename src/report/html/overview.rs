//! Overview of the remaining work: totals, bars by subsystem and by hook, the map of the tree, statistics.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::bars::{Counts, bars, place};
use super::{Page, badge, treemap};
use crate::report::escape::Html;
use crate::verdict::Verdict;

/// Maximum number of bars.
const BARS: usize = 24;

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "<section id=\"overview\"><h2>Overview</h2>\n<p>Registrations by verdict:</p>\n<ul class=\"totals\">"
    )?;
    for verdict in Verdict::ALL {
        let count = page.scan.findings.iter().filter(|finding| finding.verdict == verdict).count();
        if count > 0 {
            writeln!(
                out,
                "<li><a href=\"#handlers\" data-filter=\"verdict\" data-value=\"{0}\"><b>{count}</b> {1}</a><small>{2}</small></li>",
                verdict.name(),
                badge(verdict),
                Html(verdict.meaning())
            )?;
        }
    }
    writeln!(out, "</ul>")?;
    treemap::write(page, out)?;
    let subsystems = page.tasks.iter().map(|task| (task.subsystem.as_str(), task.verdict));
    most("Registrations by subsystem and verdict", "subsystem", subsystems, out)?;
    let hooks = page.tasks.iter().map(|task| (task.what.as_str(), task.verdict));
    most("Registrations by hook and verdict", "hook", hooks, out)?;
    counts(page, out)?;
    writeln!(out, "</section>")
}

/// Draws the counts by label, most registrations first. The caption has those of the labels that are rarer: a bar of all of them would be
/// the longest.
fn most<'a>(
    caption: &str,
    filter: &str,
    all: impl Iterator<Item = (&'a str, Verdict)>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    for (label, verdict) in all {
        counts.entry(label).or_default()[place(verdict)] += 1;
    }
    let mut rows: Vec<(String, Counts)> = counts
        .into_iter()
        .map(|(label, counts)| (if label.is_empty() { "no subsystem".to_owned() } else { label.to_owned() }, counts))
        .collect();
    rows.sort_by_key(|(_, counts)| usize::MAX - counts.iter().sum::<usize>());
    let rest = rows.split_off(rows.len().min(BARS));
    let others: usize = rest.iter().flat_map(|(_, counts)| counts).sum();
    let caption = match rest.len() {
        0 => caption.to_owned(),
        rarer => format!("{caption}; {rarer} others have {others}"),
    };
    bars(&caption, filter, &rows, out)
}

/// Writes the statistics that the discussion of the API asks for, as lists that can be opened.
fn counts(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let statistics = page.statistics;
    writeln!(
        out,
        "<details class=\"counts\"><summary>Statistics</summary>\n\
         <p>{} relied on the removed merge retry; {} replace vm_file.</p>\n<div class=\"columns\">",
        statistics.retried, statistics.swaps
    )?;
    for (heading, counts) in statistics.lists() {
        writeln!(out, "<table><caption>{}</caption><tbody>", Html(heading))?;
        for (name, count) in counts {
            writeln!(out, "<tr><th scope=\"row\">{}</th><td>{count}</td></tr>", Html(name))?;
        }
        writeln!(out, "</tbody></table>")?;
    }
    writeln!(out, "</div></details>")
}
