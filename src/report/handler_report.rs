//! Report of one handler, for a terminal.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::escape::printable;
use super::registered_as;
use crate::fix::Applicability;
use crate::handler_report::{Conversion, Excerpt, HandlerReport};
use crate::verdict::{Blocker, BlockerKind, PathVerdict, Scan, Verdict};
use crate::words::counted;
use crate::worklist::Task;

/// Number of registrations that are listed.
const REGISTRATIONS_SHOWN: usize = 5;

/// Writes the verdict of a blocker with its reasons, and the next step.
///
/// # Errors
/// `out` cannot be written.
pub fn blocker(scan: &Scan, blocker: &Blocker, task: &Task, out: &mut dyn Write) -> io::Result<()> {
    let mut line = |text: String| writeln!(out, "{}", printable(&text));
    let place = if task.file.is_empty() { "not found".to_owned() } else { format!("{}:{}", task.file, task.line) };
    let is_hook = blocker.kind == BlockerKind::Hook;
    let is = if is_hook { ": its hardest implementer is" } else { " is" };
    line(format!("{} ({place}){is} {}: {}", blocker.name, blocker.verdict, blocker.verdict.meaning()))?;
    let what = if is_hook { "hook" } else { "function of another module" };
    line(format!("  {what} that blocks {}", counted(blocker.all.len(), "registration")))?;
    let mut seen = BTreeSet::new();
    for requirement in blocker.requirements.iter().filter(|requirement| seen.insert(&requirement.text)) {
        let place = scan.index.file(requirement.file).at(requirement.span.start);
        line(format!("  {place}: {} [{}]", requirement.text, requirement.kind))?;
    }
    if !blocker.depends_on.is_empty() {
        line(format!("  waits for {}", blocker.depends_on.join(", ")))?;
    }
    line(format!("  to do: {}", task.advice))?;
    contact(task).map_or(Ok(()), line)
}

/// The line with maintainers and lists; `None` if none is known.
fn contact(task: &Task) -> Option<String> {
    let all = [&task.maintainers[..], &task.lists[..]].concat();
    (!all.is_empty()).then(|| format!("  contact: {}", all.join(", ")))
}

/// Writes a handler's registrations, verdict, facts, evidence and maintainers. `hook` says how far the hook is that it
/// implements with others.
///
/// # Errors
/// `out` cannot be written.
pub fn text(
    scan: &Scan,
    report: &HandlerReport,
    conversion: Option<&Conversion>,
    task: &Task,
    hook: Option<&str>,
    out: &mut dyn Write,
) -> io::Result<()> {
    let finding = &scan.findings[report.findings[0]];
    let place = report.place.as_ref().map_or("not found".to_owned(), |(file, line)| format!("{file}:{line}"));
    let mut line = |text: String| writeln!(out, "{}", printable(&text));
    line(format!("{} ({place}) is {}: {}", report.name, finding.verdict, finding.verdict.meaning()))?;
    for number in report.findings.iter().take(REGISTRATIONS_SHOWN) {
        let registration = &scan.findings[*number].registration;
        let place = scan.index.file(registration.file).at(registration.span.start);
        line(format!("  registered as {} at {place}", registered_as(registration)))?;
    }
    if let Some(more @ 1..) = report.findings.len().checked_sub(REGISTRATIONS_SHOWN) {
        line(format!("  and {} (mmaplint scan --format lines lists all)", counted(more, "more registration")))?;
    }
    for PathVerdict { verdict, file, span } in
        finding.judgement.paths.iter().filter(|_| finding.judgement.paths.len() > 1)
    {
        line(format!("  by path: {verdict} at {}", scan.index.file(*file).at(span.start)))?;
    }
    for (what, list) in [
        ("reads", &finding.reads),
        ("writes", &finding.writes),
        ("sets", &finding.sets),
        ("clears", &finding.clears),
        ("tests", &finding.tests),
    ] {
        if !list.is_empty() {
            line(format!("  {what} {}", list.join(", ")))?;
        }
    }
    let safe = conversion.filter(|conversion| conversion.applicability == Applicability::Safe);
    if let Some(hook) = hook.filter(|_| finding.verdict != Verdict::Converted) {
        // A new hook stands beside the old one, which the other implementers keep.
        let is_alone = safe.is_some_and(|conversion| conversion.others == 0);
        line(format!("  {}: {hook}", if is_alone { "its hook" } else { "it is not converted alone" }))?;
    }
    if safe.is_some() && finding.verdict >= Verdict::Blocked {
        line("  fix converts it, together with what it waits for".to_owned())?;
    }
    line(format!("  to do: {}", task.advice))?;
    for note in &task.notes {
        line(format!("  upstream: {note}"))?;
    }
    if let Some(contact) = contact(task) {
        line(contact)?;
    }
    for part in &report.excerpts {
        excerpt(part, out)?;
    }
    Ok(())
}

fn excerpt(excerpt: &Excerpt, out: &mut dyn Write) -> io::Result<()> {
    let way = if excerpt.via.is_empty() { String::new() } else { format!(", via {}", excerpt.via.join(", ")) };
    writeln!(out, "\n{}", printable(&format!("{}{way}", excerpt.file)))?;
    for (number, run) in excerpt.runs().enumerate() {
        if number > 0 {
            writeln!(out, "      ...")?;
        }
        for line in run {
            let text = line.text.replace('\t', "        ");
            writeln!(out, "{}", format!("{:6} {}", line.number, printable(&text)).trim_end())?;
            for mark in &line.marks {
                writeln!(out, "       ^ {}", printable(&format!("{}: {}", mark.kind, mark.text)))?;
            }
        }
    }
    Ok(())
}

/// Writes the conversion of a handler.
///
/// # Errors
/// `out` cannot be written.
pub fn patch(conversion: &Conversion, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "\nconversion: {}", conversion.applicability.name())?;
    for note in conversion.open.iter().chain(&conversion.remarks) {
        writeln!(out, "  {}", printable(note))?;
    }
    if !conversion.diff.is_empty() {
        writeln!(out)?;
    }
    if conversion.others > 0 && !conversion.diff.is_empty() {
        let others = counted(conversion.others, "other handler");
        writeln!(out, "The patch converts {others} too.\n")?;
    }
    for line in conversion.diff.lines() {
        // Without its tabs a diff does not apply.
        writeln!(out, "{}", line.split('\t').map(printable).collect::<Vec<_>>().join("\t"))?;
    }
    Ok(())
}
