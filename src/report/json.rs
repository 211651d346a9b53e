//! JSON, schema 1. Keys may be added; those there are stay.

use std::io::{self, Write};

use rayon::prelude::*;
use serde::Serialize;
use serde_json::value::RawValue;

use super::Report;
use super::layout::{listed, write_json};
use crate::source::Span;
use crate::verdict::{Finding, Place, Requirement, Verdict};

#[derive(Serialize)]
struct Document<'a> {
    schema: u32,
    tool: Tool,
    tree: Tree<'a>,
    handlers: Vec<Box<RawValue>>,
    trouble: Vec<TroubleEntry<'a>>,
    stats: Stats,
}

#[derive(Serialize)]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(Serialize)]
struct Tree<'a> {
    version: Option<&'a str>,
    target: &'a str,
    target_from: &'static str,
}

#[derive(Serialize)]
struct HandlerEntry<'a> {
    file: &'a str,
    line: u32,
    column: u32,
    table: Option<&'a str>,
    ops: &'a str,
    member: &'a str,
    #[serde(rename = "macro")]
    macro_name: Option<&'a str>,
    condition: Option<&'a str>,
    handler: Option<Definition<'a>>,
    verdict: Verdict,
    after: Option<Verdict>,
    paths: Vec<PathEntry>,
    requirements: Vec<Evidence<'a>>,
    notes: Vec<Evidence<'a>>,
    reads: &'a [String],
    writes: &'a [String],
    flags: Flags<'a>,
    calls: &'a [String],
    depends_on: Vec<String>,
    merge: Option<MergeEntry<'a>>,
}

#[derive(Serialize)]
struct MergeEntry<'a> {
    state: &'static str,
    because: &'a [String],
}

#[derive(Serialize)]
struct Definition<'a> {
    name: &'a str,
    file: Option<&'a str>,
    line: Option<u32>,
}

#[derive(Serialize)]
struct PathEntry {
    verdict: Verdict,
    line: u32,
}

#[derive(Serialize)]
struct Evidence<'a> {
    kind: &'a str,
    file: &'a str,
    line: u32,
    column: u32,
    end_line: u32,
    end_column: u32,
    text: &'a str,
    via: &'a [String],
}

#[derive(Serialize)]
struct Flags<'a> {
    set: &'a [String],
    cleared: &'a [String],
    tested: &'a [String],
}

#[derive(Serialize)]
struct TroubleEntry<'a> {
    kind: &'a str,
    file: &'a str,
    line: Option<u32>,
    text: &'a str,
}

#[derive(Serialize)]
struct Stats {
    files: usize,
    bytes: u64,
    files_indexed: usize,
    slices: usize,
    handlers: usize,
    trouble: usize,
}

/// Writes a report as one JSON document.
///
/// # Errors
/// Where `out` cannot be written.
pub fn json(report: &Report, out: &mut dyn Write) -> io::Result<()> {
    let scan = report.scan;
    let document = Document {
        schema: 1,
        tool: Tool { name: env!("CARGO_PKG_NAME"), version: env!("CARGO_PKG_VERSION") },
        tree: Tree {
            version: report.version.as_deref(),
            target: &report.chosen.target.name,
            target_from: report.chosen.from.name(),
        },
        // There are a thousand of them, each with all its evidence.
        handlers: report
            .findings
            .par_iter()
            .map(|finding| listed(&handler(report, finding)))
            .collect::<io::Result<_>>()?,
        trouble: scan
            .trouble
            .iter()
            .map(|trouble| TroubleEntry {
                kind: trouble.kind,
                file: &trouble.file,
                line: trouble.line,
                text: &trouble.text,
            })
            .collect(),
        stats: Stats {
            files: scan.files,
            bytes: scan.bytes,
            files_indexed: scan.index.files().len(),
            slices: scan.slices,
            handlers: report.findings.len(),
            trouble: scan.trouble.len(),
        },
    };
    write_json(&document, out)
}

fn handler<'a>(report: &'a Report, finding: &'a Finding) -> HandlerEntry<'a> {
    let registration = &finding.registration;
    let source = report.scan.index.file(registration.file);
    let position = source.position(registration.span.start);
    HandlerEntry {
        file: &source.path,
        line: position.line,
        column: position.column,
        table: registration.table.as_deref(),
        ops: &registration.hook.record,
        member: &registration.hook.member,
        macro_name: registration.macro_name.as_deref(),
        condition: registration.condition.as_deref(),
        handler: finding.handler.as_ref().map(|handler| {
            let place = handler.place.map(|Place { file, span }| (report.scan.index.file(file), span));
            Definition {
                name: &handler.name,
                file: place.map(|(source, _)| source.path.as_str()),
                line: place.map(|(source, span)| source.position(span.start).line),
            }
        }),
        verdict: finding.verdict,
        after: finding.after,
        paths: finding
            .judgement
            .paths
            .iter()
            .map(|(verdict, file, span)| PathEntry { verdict: *verdict, line: line(report, *file, *span) })
            .collect(),
        requirements: finding.judgement.requirements.iter().map(|requirement| evidence(report, requirement)).collect(),
        notes: finding.judgement.notes.iter().map(|note| evidence(report, note)).collect(),
        reads: &finding.reads,
        writes: &finding.writes,
        flags: Flags { set: &finding.sets, cleared: &finding.clears, tested: &finding.tests },
        calls: &finding.calls,
        depends_on: finding.judgement.depends_on(),
        merge: finding.merge.as_ref().map(|merge| MergeEntry { state: merge.name(), because: merge.because() }),
    }
}

fn line(report: &Report, file: u32, span: Span) -> u32 {
    report.scan.index.file(file).position(span.start).line
}

fn evidence<'a>(report: &'a Report, requirement: &'a Requirement) -> Evidence<'a> {
    let source = report.scan.index.file(requirement.file);
    let (start, end) = (source.position(requirement.span.start), source.position(requirement.span.end));
    Evidence {
        kind: &requirement.kind,
        file: &source.path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        text: &requirement.text,
        via: &requirement.via,
    }
}
