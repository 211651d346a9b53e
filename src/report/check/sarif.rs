//! SARIF 2.1.0, for code scanning services.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::{Check, Reported, Suggestion, Texts, squeezed};
use crate::check::State;
use crate::check::accepted::UNUSED;
use crate::kernel::FileTrouble;
use crate::lint::Lint;
use crate::report::layout::write_json;
use crate::rules::Level;
use crate::source::Position;

const SCHEMA: &str = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json";

/// Writes a log with one run.
///
/// # Errors
/// `out` cannot be written.
pub fn sarif(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let rules: Vec<Value> =
        check.lints.iter().filter_map(|lint| rule(check, lint)).chain([unused_suppression()]).collect();
    let columns = Columns(Texts::of(check.tree));
    let results: Vec<Value> = check.reported.iter().map(|reported| result(check, &columns, reported)).collect();
    let log = json!({
        "$schema": SCHEMA,
        "version": "2.1.0",
        "runs": [{
            "tool": {"driver": {
                "name": "mmaplint",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "originalUriBaseIds": {"SRCROOT": {"description": {"text": "The top of the kernel tree."}}},
            "results": results,
            "invocations": [{
                "executionSuccessful": true,
                "toolExecutionNotifications": check.trouble.iter().map(|trouble| notification(check, trouble)).collect::<Vec<_>>(),
            }],
        }],
    });
    write_json(&log, out)
}

fn rule(check: &Check, lint: &Lint) -> Option<Value> {
    let text = lint.text().ok()?;
    let mut rule = json!({
        "id": lint.id,
        "name": pascal_case(lint.id),
        "shortDescription": {"text": sentence(&text.title)},
        "fullDescription": {"text": squeezed(&text.why)},
        "help": {
            "text": format!("{}\n\nInstead of\n\n{}\nwrite\n\n{}", squeezed(&text.why), text.before, text.after),
            "markdown": format!("{}\n\nInstead of\n\n```c\n{}```\n\nwrite\n\n```c\n{}```\n", squeezed(&text.why), text.before, text.after),
        },
        "defaultConfiguration": {"level": text.level.name()},
        "properties": {
            "precision": text.confidence.name(),
            "tags": ["mmap", "linux-kernel"],
        },
    });
    if let Some(url) = check.url(lint.id) {
        rule["helpUri"] = url.into();
    }
    Some(rule)
}

/// A place that was not understood.
fn notification(check: &Check, trouble: &FileTrouble) -> Value {
    let mut notification = json!({"level": "warning", "message": {"text": sentence(&trouble.text)}});
    if !trouble.file.is_empty() {
        let mut place = json!({"artifactLocation": artifact(&check.in_repository(&trouble.file))});
        if let Some(line) = trouble.line {
            place["region"] = json!({"startLine": line});
        }
        notification["locations"] = json!([{"physicalLocation": place}]);
    }
    notification
}

fn unused_suppression() -> Value {
    json!({
        "id": UNUSED,
        "name": pascal_case(UNUSED),
        "shortDescription": {"text": "A comment suppresses nothing."},
        "defaultConfiguration": {"level": Level::Warning.name()},
    })
}

fn result(check: &Check, columns: &Columns, reported: &Reported) -> Value {
    let hazard = &reported.hazard;
    let rule = check.lints.iter().position(|lint| lint.id == hazard.lint).unwrap_or(check.lints.len());
    let mut result = json!({
        "ruleId": hazard.lint,
        "ruleIndex": rule,
        "level": hazard.level.name(),
        "message": {"text": sentence(&hazard.message)},
        "locations": [{"physicalLocation": {
            "artifactLocation": artifact(&check.in_repository(&hazard.file)),
            "region": columns.region(&hazard.file, hazard.start, hazard.end),
        }}],
        "partialFingerprints": {"mmaplint/v1": hazard.fingerprint()},
        "baselineState": baseline(check, reported.state),
    });
    if !hazard.function.is_empty() {
        result["locations"][0]["logicalLocations"] = json!([{"name": hazard.function}]);
    }
    if let Some(suggestion) = &reported.suggestion {
        result["fixes"] = json!([fix(check, columns, suggestion)]);
    }
    result
}

fn fix(check: &Check, columns: &Columns, suggestion: &Suggestion) -> Value {
    let changes: Vec<Value> = suggestion
        .iter()
        .map(|(file, edits)| {
            let replacements: Vec<Value> = edits
                .iter()
                .map(|(start, end, text)| json!({"deletedRegion": columns.region(file, *start, *end), "insertedContent": {"text": text}}))
                .collect();
            json!({"artifactLocation": artifact(&check.in_repository(file)), "replacements": replacements})
        })
        .collect();
    json!({"description": {"text": "Convert the handler to .mmap_prepare."}, "artifactChanges": changes})
}

fn artifact(file: &str) -> Value {
    json!({"uri": uri(file), "uriBaseId": "SRCROOT"})
}

/// Path as a URI: every byte except ASCII letters, digits and `/-._~+,` becomes `%XX`.
fn uri(path: &str) -> String {
    let mut uri = String::new();
    for byte in path.bytes() {
        if byte.is_ascii_alphanumeric() || b"/-._~+,".contains(&byte) {
            uri.push(byte as char);
        } else {
            uri.push_str(&format!("%{byte:02X}"));
        }
    }
    uri
}

/// Converts columns from bytes to characters, as SARIF counts them.
struct Columns<'a>(Texts<'a>);

impl Columns<'_> {
    fn region(&self, file: &str, start: Position, end: Position) -> Value {
        json!({
            "startLine": start.line,
            "startColumn": self.column(file, start),
            "endLine": end.line,
            "endColumn": self.column(file, end),
        })
    }

    fn column(&self, file: &str, position: Position) -> usize {
        let bytes = position.column as usize - 1;
        let Some(text) = self.0.get(file) else { return bytes + 1 };
        let line = &text.bytes[text.line(position.line)];
        String::from_utf8_lossy(&line[..bytes.min(line.len())]).chars().count() + 1
    }
}

fn baseline(check: &Check, state: State) -> &'static str {
    match state {
        State::Introduced => "new",
        State::Moved => "updated",
        State::Unchanged if !check.is_change => "new",
        State::Unchanged => "unchanged",
        State::Fixed => "absent",
    }
}

/// Turns a message into a sentence.
fn sentence(text: &str) -> String {
    let text = text.trim();
    let mut characters = text.chars();
    let first = characters.next().map(|first| first.to_uppercase().collect::<String>()).unwrap_or_default();
    // A name at the start of a message keeps its spelling.
    let is_name = text.split_whitespace().next().is_some_and(|word| word.contains(['_', '-', '>', '.', '(']));
    let start = if is_name { text.to_owned() } else { first + characters.as_str() };
    if start.ends_with('.') { start } else { format!("{start}.") }
}

fn pascal_case(id: &str) -> String {
    id.split('-')
        .map(|word| {
            let mut characters = word.chars();
            characters.next().map_or(String::new(), |first| first.to_uppercase().chain(characters).collect())
        })
        .collect()
}
