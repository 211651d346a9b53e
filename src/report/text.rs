//! Text for people: each handler with its verdict, and the lines that decide it.

use std::io::{self, Write};

use codespan_reporting::diagnostic::{Diagnostic, Label, Severity};
use codespan_reporting::term::{self, Config};

use super::sources::Sources;
use super::{Report, subject, summary};
use crate::source::Span;
use crate::verdict::{Finding, Requirement, Verdict};

/// Writes each finding with its excerpts, then the summary; with colour sequences if `coloured`.
///
/// # Errors
/// `out` cannot be written.
pub fn text(report: &Report, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let config = Config { before_label_lines: 0, after_label_lines: 0, ..Config::default() };
    let sources = Sources::new(report.scan.index);
    for finding in &report.findings {
        let diagnostic = diagnostic(report, finding);
        let mut buffer = if coloured { term::termcolor::Buffer::ansi() } else { term::termcolor::Buffer::no_color() };
        term::emit_to_write_style(&mut buffer, &config, &sources, &diagnostic).map_err(io::Error::other)?;
        out.write_all(buffer.as_slice())?;
    }
    summary(report, out)
}

fn diagnostic(report: &Report, finding: &Finding) -> Diagnostic<u32> {
    let registration = &finding.registration;
    let mut labels =
        vec![Label::primary(registration.file, range(registration.span)).with_message(registered(finding))];
    if let Some(place) = finding.handler.as_ref().and_then(|handler| handler.place) {
        labels.push(Label::secondary(place.file, range(place.span)).with_message("the handler"));
    }
    labels.extend(finding.judgement.requirements.iter().map(|requirement| label(requirement, finding.verdict)));
    labels.dedup();
    let mut notes: Vec<String> = finding
        .judgement
        .notes
        .iter()
        .map(|note| format!("{} at {}: {}", note.kind, report.at(note.file, note.span.start), note.text))
        .collect();
    let depends_on = finding.judgement.depends_on();
    if !depends_on.is_empty() {
        let after = finding.after.map_or(String::new(), |after| format!("; the rest is {after}"));
        notes.push(format!("convert first: {}{after}", depends_on.join(", ")));
    }
    if let [_, _, ..] = finding.judgement.paths.as_slice() {
        let paths: Vec<String> = finding
            .judgement
            .paths
            .iter()
            .map(|path| format!("{} at {}", path.verdict, report.at(path.file, path.span.start)))
            .collect();
        notes.push(format!("by path: {}", paths.join(", ")));
    }
    Diagnostic::new(severity(finding.verdict))
        .with_code(finding.verdict.name())
        .with_message(subject(finding))
        .with_labels(labels)
        .with_notes(notes)
}

fn registered(finding: &Finding) -> String {
    let registration = &finding.registration;
    let by = registration.macro_name.as_ref().map_or(String::new(), |name| format!(" by {name}"));
    let under = registration.condition.as_ref().map_or(String::new(), |condition| format!(" under {condition}"));
    format!("registered here{by}{under}")
}

fn label(requirement: &Requirement, verdict: Verdict) -> Label<u32> {
    let via = if requirement.via.is_empty() { String::new() } else { format!(" (via {})", requirement.via.join(", ")) };
    let make = if requirement.verdict == verdict { Label::primary } else { Label::secondary };
    make(requirement.file, range(requirement.span))
        .with_message(format!("{}{via} [{}]", requirement.text, requirement.kind))
}

fn range(span: Span) -> std::ops::Range<usize> {
    span.start as usize..span.end as usize
}

/// Severity of a verdict: a note for a handler whose author has little to do, or can do nothing yet, a warning for state that has to move,
/// an error for work that needs thought.
fn severity(verdict: Verdict) -> Severity {
    match verdict {
        Verdict::None
        | Verdict::Converted
        | Verdict::Mechanical
        | Verdict::Action
        | Verdict::Blocked
        | Verdict::Finish => Severity::Note,
        Verdict::Mapped => Severity::Warning,
        Verdict::Manual | Verdict::Unknown => Severity::Error,
    }
}
