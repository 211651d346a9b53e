//! A short overview: the counts, and the handlers that need most thought.

use std::io::{self, Write};

use super::escape::printable;
use super::lines::line;
use super::{Report, summary};
use crate::verdict::{Finding, Verdict};

/// Maximum number of handlers that are shown.
const SHOWN: usize = 8;

/// Writes the summary, then the handlers that need a person, hardest first. The reader finds the others by the options that are named.
///
/// # Errors
/// `out` cannot be written.
pub fn overview(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    summary(report, out)?;
    let mut hard: Vec<&Finding> =
        report.findings.iter().copied().filter(|finding| finding.verdict >= Verdict::Manual).collect();
    hard.sort_by_key(|finding| std::cmp::Reverse(finding.verdict));
    if !hard.is_empty() {
        writeln!(out, "\nNeed a person:")?;
    }
    for finding in hard.iter().take(SHOWN) {
        writeln!(out, "  {}", printable(&line(report, finding)))?;
    }
    if hard.len() > SHOWN {
        writeln!(out, "  and {} more: --only manual,unknown", hard.len() - SHOWN)?;
    }
    writeln!(
        out,
        "\n--details shows each handler with its evidence, --format lines has a line for each, PATH selects some."
    )
}
