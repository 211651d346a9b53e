//! Totals by verdict, of files read and of trouble; time and bytes by phase.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{self, Write};

use super::Report;
use super::escape::printable;
use crate::kernel::TroubleKind;
use crate::profile;
use crate::verdict::{Finding, HandlerPlace, TargetFrom, Verdict};
use crate::words::counted;

/// Maximum number of troubles of one kind in the summary. JSON has all of them.
const TROUBLE_SHOWN: usize = 10;

/// Number of registrations, and of the handlers that they register: several tables may register one function.
pub fn amount<'f>(findings: impl Iterator<Item = &'f Finding>) -> String {
    let handlers: Vec<Option<&HandlerPlace>> = findings.map(|finding| finding.handler.as_ref()).collect();
    // Hooks that are NULL have no handler. One whose function is not found counts for each registration.
    let placed: Vec<&HandlerPlace> =
        handlers.iter().flatten().filter(|handler| handler.place.is_some()).copied().collect();
    let distinct = placed.iter().collect::<BTreeSet<_>>().len() + handlers.iter().flatten().count() - placed.len();
    match distinct == handlers.len() {
        true => counted(distinct, "handler"),
        false => format!("{} of {}", counted(handlers.len(), "registration"), counted(distinct, "handler")),
    }
}

/// Writes the summary table.
///
/// # Errors
/// `out` cannot be written.
pub fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    let target = &report.chosen.target;
    let why = match report.chosen.from {
        TargetFrom::Headers if report.chosen.is_assumed => "assumed, as no kernel is given",
        TargetFrom::Headers => "detected from the headers",
        TargetFrom::Option => "given by --target",
        TargetFrom::Default => "the newest released API; the tree has no .mmap_prepare",
    };
    let live = || report.findings.iter().filter(|finding| !finding.registration.is_dead);
    let title = report.title.as_ref().map_or(String::new(), |title| format!(" in {title}"));
    let amount = amount(live().copied());
    writeln!(out, "{amount}{title}, judged against the {} API, {why} ({})", target.name, target.why)?;
    for verdict in Verdict::ALL {
        let count = live().filter(|finding| finding.verdict == verdict).count();
        if count > 0 {
            writeln!(out, "{count:8}  {verdict:<10}  {}", verdict.meaning())?;
        }
    }
    let dead = report.findings.len() - live().count();
    if dead > 0 {
        writeln!(out, "{dead:8}  {:<10}  not compiled for this kernel, and not counted", "dead")?;
    }
    writeln!(
        out,
        "{} files read, {} indexed, {} functions parsed, {} not understood, {} unclear registrations",
        scan.files,
        scan.index.files().len(),
        scan.slices,
        report.trouble.len(),
        scan.index.unclear().len()
    )?;
    let mut by_kind: BTreeMap<TroubleKind, usize> = BTreeMap::new();
    for trouble in &report.trouble {
        let shown = by_kind.entry(trouble.kind).or_default();
        *shown += 1;
        if *shown <= TROUBLE_SHOWN {
            writeln!(out, "  {}", printable(&trouble.to_string()))?;
        }
    }
    for (kind, count) in by_kind.iter().filter(|(_, count)| **count > TROUBLE_SHOWN) {
        writeln!(out, "  {kind}: {} more, all in --format json", count - TROUBLE_SHOWN)?;
    }
    Ok(())
}

/// For each phase, writes its time, the number of work items, and the bytes it read.
///
/// # Errors
/// `out` cannot be written.
pub fn stats(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let all: f64 = profile::taken().map(|(_, milliseconds, ..)| milliseconds).sum();
    writeln!(out, "{:<8} {:>9} {:>6} {:>9} {:>9}", "phase", "busy ms", "share", "pieces", "MB")?;
    for (phase, milliseconds, pieces, bytes) in profile::taken() {
        let share = 100.0 * milliseconds / all.max(f64::MIN_POSITIVE);
        let bytes = if bytes > 0 { format!("{:.1}", megabytes(bytes)) } else { String::new() };
        writeln!(out, "{:<8} {milliseconds:>9.1} {share:>5.1}% {pieces:>9} {bytes:>9}", phase.name())?;
    }
    writeln!(
        out,
        "{} files, {:.1} MB; {} files indexed, {} functions parsed, {} handlers",
        scan.files,
        megabytes(scan.bytes),
        scan.index.files().len(),
        scan.slices,
        scan.findings.len(),
    )?;
    let threads = rayon::current_num_threads();
    match profile::peak_memory() {
        Some(bytes) => writeln!(out, "{threads} threads, peak memory {:.0} MB", megabytes(bytes)),
        None => writeln!(out, "{threads} threads"),
    }
}
