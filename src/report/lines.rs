//! One line per handler: `file:line: verdict: handler, hook of table: reason [kind]`.

use std::io::{self, Write};

use super::escape::printable;
use super::{Report, subject};
use crate::verdict::Finding;

/// Writes one line per finding.
///
/// # Errors
/// `out` cannot be written.
pub fn lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        writeln!(out, "{}", printable(&line(report, finding)))?;
    }
    Ok(())
}

/// Line of a finding.
pub(super) fn line(report: &Report, finding: &Finding) -> String {
    let place = report.at(finding.registration.file, finding.registration.span.start);
    let deciding = finding.judgement.deciding(finding.verdict);
    let subject = subject(finding);
    match deciding {
        Some(requirement) => {
            format!("{place}: {}: {subject}: {} [{}]", finding.verdict, requirement.text, requirement.kind)
        }
        None => format!("{place}: {}: {subject}", finding.verdict),
    }
}
