//! JSON of a scan, schema 1. Keys may be added; existing keys stay.

use std::io::{self, Write};

use rayon::prelude::*;
use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde::Serialize;
use serde_json::value::RawValue;

use super::Report;
use super::behaviour::BehaviourEntry;
use super::layout::{listed, write_json};
use crate::ITEMS_PER_JOB;
use crate::behaviour::Reading;
use crate::source::{Condition, Span};
use crate::verdict::{self, Finding, Place, Verdict};

/// Keys may be added; existing keys stay. Paths are relative to the tree, with `/`. Lines and columns count from 1, columns in bytes.
#[derive(JsonSchema, Serialize)]
#[schemars(title = "mmaplint scan --format json, schema 1")]
struct Document<'a> {
    #[schemars(extend("const" = 1))]
    schema: u32,
    tool: Tool,
    tree: Tree<'a>,
    /// All registrations, sorted by file and line.
    #[schemars(with = "Vec<HandlerEntry<'a>>")]
    handlers: Vec<Box<RawValue>>,
    /// Places that could not be read or understood.
    trouble: Vec<TroubleEntry<'a>>,
    stats: Stats,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "tool")]
struct Tool {
    name: &'static str,
    version: &'static str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "tree")]
struct Tree<'a> {
    /// Kernel version, if the tree states one.
    version: Option<&'a str>,
    /// Target API that the handlers are judged against.
    target: &'a str,
    /// Origin of the target: the headers of the tree, an option, or the default.
    #[schemars(extend("enum" = ["headers", "option", "default"]))]
    target_from: &'static str,
}

// More than twelve fields: one for each key of the JSON.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "handler")]
struct HandlerEntry<'a> {
    /// File of the registration.
    file: &'a str,
    #[schemars(range(min = 1))]
    line: u32,
    #[schemars(range(min = 1))]
    column: u32,
    /// Variable whose initialiser registers the handler.
    table: Option<&'a str>,
    /// Tag of the struct.
    ops: &'a str,
    member: &'a str,
    /// Macro that registers the handler.
    #[serde(rename = "macro")]
    macro_name: Option<&'a str>,
    /// Conditions under which the registration is compiled.
    condition: Option<String>,
    /// With `--all`: the kernel that the module is built against does not compile it.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    #[schemars(default)]
    dead: bool,
    /// Handler function; null if there is none.
    handler: Option<Definition<'a>>,
    verdict: Verdict,
    /// Verdict after the blockers are converted.
    after: Option<Verdict>,
    /// Verdict of each path, and a line that shows it.
    paths: Vec<PathEntry>,
    requirements: Vec<Evidence<'a>>,
    notes: Vec<Evidence<'a>>,
    /// Fields of the VMA.
    reads: &'a [String],
    writes: &'a [String],
    flags: Flags<'a>,
    /// Functions to which the handler's body passes the VMA.
    calls: &'a [String],
    /// Helpers and hooks to convert first.
    depends_on: Vec<String>,
    merge: Option<MergeEntry<'a>>,
    /// With `--behaviour`: the outcomes of the handler, once for each variant of its conditionals.
    #[serde(skip_serializing_if = "Option::is_none")]
    behaviour: Option<Vec<BehaviourEntry>>,
}

/// Merging of the mappings with their neighbours, and its reasons.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "merge")]
struct MergeEntry<'a> {
    state: &'static str,
    because: &'a [String],
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "definition")]
struct Definition<'a> {
    name: &'a str,
    file: Option<&'a str>,
    #[schemars(range(min = 1))]
    line: Option<u32>,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "path")]
struct PathEntry {
    verdict: Verdict,
    #[schemars(range(min = 1))]
    line: u32,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "evidence")]
struct Evidence<'a> {
    /// Kind of requirement or note, as `mmaplint rules` lists it.
    kind: String,
    file: &'a str,
    #[schemars(range(min = 1))]
    line: u32,
    #[schemars(range(min = 1))]
    column: u32,
    #[schemars(range(min = 1))]
    end_line: u32,
    #[schemars(range(min = 1))]
    end_column: u32,
    text: &'a str,
    /// Call chain from the handler, outermost first.
    via: &'a [String],
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "flags")]
struct Flags<'a> {
    set: &'a [String],
    cleared: &'a [String],
    tested: &'a [String],
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "trouble")]
struct TroubleEntry<'a> {
    kind: &'a str,
    /// Empty if the trouble concerns the whole tree.
    file: &'a str,
    #[schemars(range(min = 1))]
    line: Option<u32>,
    text: &'a str,
}

#[derive(JsonSchema, Serialize)]
#[schemars(rename = "stats")]
struct Stats {
    files: usize,
    bytes: u64,
    files_indexed: usize,
    slices: usize,
    handlers: usize,
    trouble: usize,
    /// Places that may register something and are not understood: trouble of the kind `registration`.
    unclear_registrations: usize,
}

/// JSON Schema of the document, generated from the types that write it.
pub fn schema() -> Schema {
    SchemaSettings::draft2020_12().for_serialize().into_generator().into_root_schema_for::<Document<'static>>()
}

/// Writes a report as one JSON document.
///
/// # Errors
/// `out` cannot be written.
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
        // In parallel: a kernel has a thousand handlers, each with all its evidence.
        handlers: report
            .findings
            .par_iter()
            .with_max_len(ITEMS_PER_JOB)
            .map(|finding| listed(&handler(report, finding)))
            .collect::<io::Result<_>>()?,
        trouble: scan
            .trouble
            .iter()
            .map(|trouble| TroubleEntry {
                kind: trouble.kind.name(),
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
            unclear_registrations: scan.index.unclear().len(),
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
        condition: registration.condition.as_ref().map(Condition::to_string),
        dead: registration.is_dead,
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
            .map(|path| PathEntry { verdict: path.verdict, line: line(report, path.file, path.span) })
            .collect(),
        requirements: finding.judgement.requirements.iter().map(|requirement| evidence(report, requirement)).collect(),
        notes: finding.judgement.notes.iter().map(|note| evidence(report, note)).collect(),
        reads: &finding.reads,
        writes: &finding.writes,
        flags: Flags { set: &finding.sets, cleared: &finding.clears, tested: &finding.tests },
        calls: &finding.calls,
        depends_on: finding.judgement.depends_on(),
        merge: finding.merge.as_ref().map(|merge| MergeEntry { state: merge.name(), because: merge.because() }),
        behaviour: report.functions.and_then(|functions| {
            let behaviours = functions.behaviours(&finding.function(functions.index())?, &Reading::as_written());
            Some(behaviours.iter().map(|behaviour| BehaviourEntry::new(functions.index(), behaviour)).collect())
        }),
    }
}

fn line(report: &Report, file: u32, span: Span) -> u32 {
    report.scan.index.file(file).position(span.start).line
}

fn evidence<'a, K: ToString>(report: &'a Report, requirement: &'a verdict::Evidence<K>) -> Evidence<'a> {
    let source = report.scan.index.file(requirement.file);
    let (start, end) = (source.position(requirement.span.start), source.position(requirement.span.end));
    Evidence {
        kind: requirement.kind.to_string(),
        file: &source.path,
        line: start.line,
        column: start.column,
        end_line: end.line,
        end_column: end.column,
        text: &requirement.text,
        via: &requirement.via,
    }
}
