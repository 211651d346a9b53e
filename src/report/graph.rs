//! Blockers as a graph: for graphviz, as JSON, as lines.

use std::io::{self, Write};

use serde::Serialize;

use super::Report;
use super::escape::printable;
use super::layout::write_json;
use crate::fix::Fixes;
use crate::verdict::{Blocker, BlockerKind, Knot, Verdict, knots};
use crate::words::counted;

/// Number of `file_operations` handlers among `findings`.
fn of_files(report: &Report, findings: &[usize]) -> usize {
    let is_file = |number: &&usize| report.scan.findings[**number].registration.hook.record == "file_operations";
    findings.iter().filter(is_file).count()
}

/// The blockers, most blocked handlers first.
fn ranked<'a>(report: &'a Report) -> Vec<&'a Blocker> {
    let mut blockers: Vec<&Blocker> = report.scan.blockers.iter().collect();
    blockers.sort_by_key(|blocker| (usize::MAX - blocker.all.len(), blocker.name.as_str()));
    blockers
}

/// Explanation above the graph.
const LEGEND: &str = "An arrow leads from a blocker to one that it waits for. Ellipse: helper; box: hook of an ops table; dashed frame: a \
    knot, whose members wait for one another.\nColour by verdict: green mechanical, khaki action or mapped, blue blocked, orange finish, red manual or unknown.";

/// Writes the blockers as a graph. An arrow leads from each blocker to a blocker that it waits for.
///
/// # Errors
/// `out` cannot be written.
pub fn dot(report: &Report, fixes: &Fixes, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "digraph mmap_prepare {{")?;
    writeln!(out, "  label={}; labelloc=t; fontname=\"sans-serif\";", quoted(LEGEND))?;
    writeln!(out, "  rankdir=LR;\n  node [fontname=\"sans-serif\", style=filled, fillcolor=white];")?;
    for blocker in ranked(report) {
        let shape = if blocker.kind == BlockerKind::Hook { "box" } else { "ellipse" };
        let keeps = format!("blocks {} ({} directly)", blocker.all.len(), blocker.direct.len());
        let told = fixes.fate(report.scan.index, &blocker.name).told();
        let label = [&blocker.name, &own_state(report, blocker), &*keeps];
        let label = label.into_iter().chain(told).collect::<Vec<_>>().join("\n");
        let colour = colour(blocker.verdict);
        writeln!(
            out,
            "  {} [label={}, shape={shape}, fillcolor=\"{colour}\"];",
            quoted(&blocker.name),
            quoted(&label)
        )?;
        for other in &blocker.depends_on {
            writeln!(out, "  {} -> {};", quoted(&blocker.name), quoted(other))?;
        }
    }
    for (number, knot) in knots(&report.scan.blockers).iter().enumerate() {
        let names: Vec<String> = knot.members.iter().map(|place| quoted(&report.scan.blockers[*place].name)).collect();
        writeln!(out, "  subgraph cluster_knot_{number} {{ label=\"knot\"; style=dashed; {}; }}", names.join("; "))?;
    }
    writeln!(out, "}}")
}

/// Text as a quoted name of a graph.
pub(super) fn quoted(text: &str) -> String {
    format!("\"{}\"", text.replace('\\', "\\\\").replace('"', "\\\"").replace('\n', "\\n"))
}

fn colour(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::None | Verdict::Converted | Verdict::Mechanical => "palegreen",
        Verdict::Action | Verdict::Mapped => "khaki",
        Verdict::Blocked => "lightblue",
        Verdict::Finish => "lightsalmon",
        Verdict::Manual | Verdict::Unknown => "lightpink",
    }
}

/// The verdict of a helper, or the number of a hook's implementers by verdict, as a clause.
fn own_state(report: &Report, blocker: &Blocker) -> String {
    if blocker.kind == BlockerKind::Helper {
        return format!("its verdict: {}", blocker.verdict.name());
    }
    let count = |verdict: Verdict| {
        let is_of = |number: &&usize| report.scan.findings[**number].verdict == verdict;
        blocker.implementers.iter().filter(is_of).count()
    };
    let counts: Vec<String> = Verdict::ALL
        .into_iter()
        .filter(|verdict| count(*verdict) > 0)
        .map(|verdict| format!("{} {verdict}", count(verdict)))
        .collect();
    if counts.is_empty() { "no implementer".to_owned() } else { format!("its implementers: {}", counts.join(", ")) }
}

/// Writes one line per blocker.
///
/// # Errors
/// `out` cannot be written.
pub fn graph_lines(report: &Report, fixes: &Fixes, out: &mut dyn Write) -> io::Result<()> {
    for blocker in ranked(report) {
        let place =
            blocker.place.map_or(String::new(), |place| format!("{}: ", report.at(place.file, place.span.start)));
        let first = if blocker.depends_on.is_empty() {
            String::new()
        } else {
            format!("; waits for {}", blocker.depends_on.join(", "))
        };
        let (direct, all) = (blocker.direct.len(), counted(blocker.all.len(), "registration"));
        let (direct_files, files) = (of_files(report, &blocker.direct), of_files(report, &blocker.all));
        let itself = own_state(report, blocker);
        let told = fixes.fate(report.scan.index, &blocker.name).told();
        let told = told.map_or(String::new(), |told| format!("; {told}"));
        let line = format!(
            "{place}{} blocks {all}, {direct} directly (file_operations: {files}, {direct_files} directly); \
             {itself}{first}{told}",
            blocker.name
        );
        writeln!(out, "{}", printable(&line))?;
    }
    for knot in knots(&report.scan.blockers) {
        writeln!(out, "{}", printable(&said(&report.scan.blockers, &knot)))?;
    }
    Ok(())
}

/// A knot of blockers as a sentence.
pub(super) fn said(blockers: &[Blocker], knot: &Knot) -> String {
    let name = |place: &usize| blockers[*place].name.as_str();
    let members: Vec<&str> = knot.members.iter().map(name).collect();
    let open = match &knot.cheapest {
        Some((from, to)) => {
            let count = blockers[*to].implementers.len();
            let implementers = counted(count, "registration");
            format!(
                "; open it where {} calls {} ({implementers}): let both hooks stand side by side there",
                name(from),
                name(to)
            )
        }
        None => String::new(),
    };
    format!("knot: {} wait for one another{open}", members.join(", "))
}

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    target: &'a str,
    blockers: Vec<Node<'a>>,
    knots: Vec<JsonKnot<'a>>,
}

/// Blockers that wait for one another, and the call of a hook at which the circle is opened with the least work.
#[derive(Serialize)]
struct JsonKnot<'a> {
    members: Vec<&'a str>,
    caller: Option<&'a str>,
    hook: Option<&'a str>,
}

impl<'a> JsonKnot<'a> {
    fn of(report: &'a Report, knot: &Knot) -> JsonKnot<'a> {
        let name = |place: usize| report.scan.blockers[place].name.as_str();
        JsonKnot {
            members: knot.members.iter().map(|place| name(*place)).collect(),
            caller: knot.cheapest.map(|(from, _)| name(from)),
            hook: knot.cheapest.map(|(_, to)| name(to)),
        }
    }
}

#[derive(Serialize)]
struct Node<'a> {
    name: &'a str,
    kind: &'static str,
    file: Option<&'a str>,
    line: Option<u32>,
    verdict: Verdict,
    depends_on: &'a [String],
    /// What the series of `fix` does: `converted`, or `twin` for one that takes a desc beside it.
    series: Option<&'static str>,
    /// Number of handlers that name it.
    direct: usize,
    /// Number of handlers that wait for it, directly or through other blockers.
    all: usize,
    /// The same numbers for file_operations alone.
    direct_file_operations: usize,
    all_file_operations: usize,
    handlers: Vec<Registered<'a>>,
    implementers: Vec<Registered<'a>>,
}

#[derive(Serialize)]
struct Registered<'a> {
    file: &'a str,
    line: u32,
    handler: Option<&'a str>,
    verdict: Verdict,
}

/// Writes all blockers with the handlers they block, as one JSON document.
///
/// # Errors
/// `out` cannot be written.
pub fn graph_json(report: &Report, fixes: &Fixes, out: &mut dyn Write) -> io::Result<()> {
    let blockers = ranked(report).into_iter().map(|blocker| node(report, fixes, blocker)).collect();
    let knots = knots(&report.scan.blockers).iter().map(|knot| JsonKnot::of(report, knot)).collect();
    let document = Document { schema: 1, target: &report.chosen.target.name, blockers, knots };
    write_json(&document, out)
}

fn node<'a>(report: &'a Report, fixes: &Fixes, blocker: &'a Blocker) -> Node<'a> {
    let place = blocker.place.map(|place| (report.scan.index.file(place.file), place.span));
    Node {
        name: &blocker.name,
        kind: blocker.kind.name(),
        file: place.map(|(file, _)| file.path.as_str()),
        line: place.map(|(file, span)| file.position(span.start).line),
        verdict: blocker.verdict,
        depends_on: &blocker.depends_on,
        series: fixes.fate(report.scan.index, &blocker.name).name(),
        direct: blocker.direct.len(),
        all: blocker.all.len(),
        direct_file_operations: of_files(report, &blocker.direct),
        all_file_operations: of_files(report, &blocker.all),
        handlers: blocker.all.iter().map(|number| registered(report, *number)).collect(),
        implementers: blocker.implementers.iter().map(|number| registered(report, *number)).collect(),
    }
}

fn registered<'a>(report: &'a Report, number: usize) -> Registered<'a> {
    let finding = &report.scan.findings[number];
    let file = report.scan.index.file(finding.registration.file);
    Registered {
        file: &file.path,
        line: file.position(finding.registration.span.start).line,
        handler: finding.handler.as_ref().map(|handler| handler.name.as_str()),
        verdict: finding.verdict,
    }
}
