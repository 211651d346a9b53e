//! One line a handler: `file:line: verdict: handler, hook of table: why`.

use std::io::{self, Write};

use super::{Report, subject};

/// Writes a line for each finding.
///
/// # Errors
/// Where `out` cannot be written.
pub fn lines(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    for finding in &report.findings {
        let place = report.at(finding.registration.file, finding.registration.span.start);
        let deciding = finding.judgement.requirements.iter().find(|requirement| requirement.verdict == finding.verdict);
        match deciding {
            Some(requirement) => writeln!(
                out,
                "{place}: {}: {}: {} [{}]",
                finding.verdict,
                subject(finding),
                requirement.text,
                requirement.kind
            )?,
            None => writeln!(out, "{place}: {}: {}", finding.verdict, subject(finding))?,
        }
    }
    Ok(())
}
