//! Overview of the remaining work: totals, bars by subsystem and by hook, the map of the tree, statistics.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::bars::{Counts, bars, place};
use super::{Page, badge, treemap};
use crate::report::escape::Html;
use crate::verdict::Verdict;

/// Maximum number of bars. The last one combines the rarer labels.
const BARS: usize = 24;

pub(super) fn write(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"overview\"><h2>Overview</h2>\n<ul class=\"totals\">")?;
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
    bars("Handlers by subsystem and verdict", "subsystem", &ranked(subsystems), out)?;
    let hooks = page.tasks.iter().map(|task| (task.what.as_str(), task.verdict));
    bars("Handlers by hook and verdict", "hook", &ranked(hooks), out)?;
    counts(page, out)?;
    writeln!(out, "</section>")
}

/// Counts by label, most handlers first; the rarest labels are combined.
fn ranked<'a>(all: impl Iterator<Item = (&'a str, Verdict)>) -> Vec<(String, Counts)> {
    let mut counts: BTreeMap<&str, Counts> = BTreeMap::new();
    for (label, verdict) in all {
        counts.entry(label).or_default()[place(verdict)] += 1;
    }
    let mut rows: Vec<(String, Counts)> = counts
        .into_iter()
        .map(|(label, counts)| (if label.is_empty() { "no subsystem".to_owned() } else { label.to_owned() }, counts))
        .collect();
    rows.sort_by_key(|(_, counts)| usize::MAX - counts.iter().sum::<usize>());
    if rows.len() > BARS {
        let rest = rows.split_off(BARS - 1);
        let mut sum = Counts::default();
        for (_, counts) in &rest {
            sum.iter_mut().zip(counts).for_each(|(sum, count)| *sum += count);
        }
        rows.push((format!("{} others", rest.len()), sum));
    }
    rows
}

/// Writes the statistics that the discussion of the API asks for, as lists that can be opened.
fn counts(page: &Page, out: &mut dyn Write) -> io::Result<()> {
    let statistics = page.statistics;
    writeln!(
        out,
        "<details class=\"counts\"><summary>Handler statistics</summary>\n\
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
