//! Totals: by verdict, what was read, what was not understood, and where the time went.

use std::collections::BTreeMap;
use std::io::{self, Write};

use super::Report;
use crate::verdict::{TargetFrom, Verdict};

/// Trouble of one kind is listed up to so many times in the summary; JSON has all of it.
const TROUBLE_SHOWN: usize = 10;

/// Writes the summary table.
///
/// # Errors
/// Where `out` cannot be written.
pub fn summary(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    let target = &report.chosen.target;
    let why = match report.chosen.from {
        TargetFrom::Headers => "as its headers have it",
        TargetFrom::Option => "as asked",
        TargetFrom::Default => "the newest known, for the tree has no .mmap_prepare",
    };
    let handlers = match report.findings.len() {
        1 => "1 handler".to_owned(),
        count => format!("{count} handlers"),
    };
    let version = report.version.as_ref().map_or(String::new(), |version| format!(" of Linux {version}"));
    writeln!(out, "{handlers}{version}, judged against {} ({why}: {})", target.name, target.why)?;
    for verdict in Verdict::ALL {
        let count = report.findings.iter().filter(|finding| finding.verdict == verdict).count();
        if count > 0 {
            writeln!(out, "{count:8}  {verdict:<10}  {}", verdict.meaning())?;
        }
    }
    writeln!(
        out,
        "{} files read, {} indexed, {} functions parsed, {} not understood",
        scan.files,
        scan.index.files().len(),
        scan.slices,
        scan.trouble.len()
    )?;
    let mut by_kind: BTreeMap<&str, usize> = BTreeMap::new();
    for trouble in &scan.trouble {
        let shown = by_kind.entry(trouble.kind).or_default();
        *shown += 1;
        if *shown <= TROUBLE_SHOWN {
            writeln!(out, "  {trouble}")?;
        }
    }
    for (kind, count) in by_kind.iter().filter(|(_, count)| **count > TROUBLE_SHOWN) {
        writeln!(out, "  {kind}: {} more, all in --format json", count - TROUBLE_SHOWN)?;
    }
    Ok(())
}

/// Writes time and counts by phase.
///
/// # Errors
/// Where `out` cannot be written.
pub fn stats(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    for (phase, time) in &scan.phases {
        writeln!(out, "{phase:<14} {:>9.1} ms", time.as_secs_f64() * 1000.0)?;
    }
    let megabytes = scan.bytes as f64 / 1e6;
    writeln!(
        out,
        "{} files, {megabytes:.1} MB; {} files kept, {} functions parsed",
        scan.files,
        scan.index.files().len(),
        scan.slices
    )
}
