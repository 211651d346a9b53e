//! Every lint has its text and its cases: testdata/lints/ID.c, with `//~ ID` on each line that it has to find, and code beside that it has
//! to let pass. `//@ OPTIONS` at the top is for the command. `//~ ID: TEXT` also wants the text in the message. `//- PATH` starts another
//! file of the same case; without it a case is `drivers/ID/ID.c`.
#![allow(clippy::unwrap_used)]

#[path = "support/case.rs"]
mod case;
#[path = "support/headers.rs"]
mod headers;
mod support;

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

use headers::headers;
use mmaplint::lint::ALL;
use serde_json::Value;
use support::testdata;

/// Kind of a piece of a case.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Piece {
    Function,
    Table,
    Text,
}

/// The functions, tables and paragraphs of a text that say something about mappings, each with whether it has a mark.
fn pieces(text: &str) -> Vec<(Piece, bool)> {
    let mut pieces = Vec::new();
    let (mut piece, mut is_open) = (String::new(), false);
    for line in text.lines().chain([""]) {
        piece.push_str(line);
        piece.push('\n');
        is_open |= line.ends_with('{') && !line.starts_with(char::is_whitespace) || line == "{";
        let ends = if is_open { line.starts_with('}') } else { line.is_empty() };
        if !ends {
            continue;
        }
        is_open = false;
        let kind = match () {
            () if piece.contains("= {") && !piece.contains("\n{") => Piece::Table,
            () if piece.contains("\n}") => Piece::Function,
            () => Piece::Text,
        };
        let words = ["vma", "desc", "vmf", "mmap", "private_data", "f_op", "``"];
        if words.iter().any(|word| piece.contains(word)) {
            pieces.push((kind, piece.contains("//~ ")));
        }
        piece.clear();
    }
    pieces
}

/// Whether a piece has no mark that is of the same kind as one with a mark.
fn has_passing(files: &[(String, String)]) -> bool {
    let all: Vec<(Piece, bool)> = files.iter().flat_map(|(_, text)| pieces(text)).collect();
    all.iter().any(|(kind, is_marked)| !is_marked && all.contains(&(*kind, true)))
}

/// What one lint finds in a tree with its case alone: file, line and lint, with the message.
fn found(id: &str, files: &[(String, String)]) -> BTreeMap<(String, u64, String), String> {
    let tree = headers();
    case::write(tree.path(), files);
    let options = files[0].1.lines().next().and_then(|line| line.strip_prefix("//@ ")).unwrap_or_default();
    let output = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .arg("check")
        .arg(tree.path())
        .args(["--select", id, "--format", "json"])
        .args(options.split_whitespace())
        .output()
        .unwrap();
    assert_ne!(output.status.code(), Some(2), "{id}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout)
        .unwrap()
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).unwrap())
        .filter(|entry| entry["state"] != "not-understood")
        .map(|entry| {
            let text = |key: &str| entry[key].as_str().unwrap().to_owned();
            ((text("file"), entry["line"].as_u64().unwrap(), text("lint")), text("message"))
        })
        .collect()
}

#[test]
fn each_lint_finds_what_it_has_to_and_nothing_else() {
    let mut wrong = Vec::new();
    // What needs a change has its cases in testdata/conversions.
    for lint in ALL.iter().filter(|lint| lint.id != "conversion-differs") {
        let case = testdata("lints").join(format!("{}.c", lint.id));
        let files = case::files(&case, &format!("drivers/{0}/{0}.c", lint.id));
        let mut expected = BTreeMap::new();
        for (path, text) in &files {
            for (number, line) in (1u64..).zip(text.lines()) {
                if let Some((_, id)) = line.split_once("//~ ") {
                    let (id, text) = id.split_once(": ").unwrap_or((id, ""));
                    assert_eq!(id.trim(), lint.id, "{path}:{number}");
                    expected.insert((path.clone(), number, lint.id.to_owned()), text.trim().to_owned());
                }
            }
        }
        assert!(!expected.is_empty(), "{} has no case that fails", lint.id);
        assert!(has_passing(&files), "{} has no case that passes", lint.id);
        let found = found(lint.id, &files);
        let is_found = |place, text: &str| found.get(place).is_some_and(|message: &String| message.contains(text));
        let missed = expected.iter().filter(|(place, text)| !is_found(*place, text));
        wrong.extend(missed.map(|missed| format!("not found: {missed:?}")));
        let more = found.iter().filter(|(place, _)| !expected.contains_key(*place));
        wrong.extend(more.map(|more| format!("found: {more:?}")));
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

#[test]
fn each_lint_says_all_that_a_reader_needs() {
    for lint in ALL {
        let text = lint.text().unwrap();
        for (key, value) in [
            ("title", &text.title),
            ("why", &text.why),
            ("before", &text.before),
            ("after", &text.after),
            ("false_positives", &text.false_positives),
        ] {
            assert!(!value.trim().is_empty(), "{}: {key} says nothing", lint.id);
        }
        assert!(!text.sources.is_empty() && text.sources.iter().all(|source| source.len() > 8), "{}: sources", lint.id);
        assert_ne!(text.before, text.after, "{}: before and after are the same", lint.id);
    }
    let on_disk = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/lints")).unwrap().count();
    assert_eq!(on_disk, ALL.len(), "rules/lints has texts of no lint");
}
