//! Runs the tool over every case of testdata/cases and compares what it says with what the cases expect.
//!
//! A case is a C file with its expectations in it:
//!
//! - `//= VERDICT` on a line that registers a handler; lines that register one and do not say so are an error;
//! - `//~ KIND, KIND` on a line that is the evidence for requirements: these, no others, on these lines, no others;
//! - `//? KIND` on a line with notes, of which all have to be there;
//! - `//: KEY names` on a line that registers: `reads`, `writes`, `sets`, `clears`, `tests`, `calls`, `depends`, `after`,
//!   `handler`, `table`, `ops`, `macro`, `condition`, `paths`, `merge`, separated by ` | `; `-` stands for nothing;
//! - `//! KIND` on a line that is named in `trouble`.
//!
//! `//- PATH` starts another file of the same case; without it a case is `drivers/NAME/NAME.c`. All cases lie in one tree with the
//! headers of testdata/kernel, and are judged against its API.
#![allow(clippy::unwrap_used)]

#[path = "support/case.rs"]
mod case;
#[path = "support/headers.rs"]
mod headers;
mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::process::Command;

use case::{files, write};
use headers::headers;
use serde_json::Value;
use support::testdata;

/// The files of all cases: paths and texts.
fn sources() -> Vec<(String, String)> {
    let mut cases: Vec<PathBuf> =
        std::fs::read_dir(testdata("cases")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.sort();
    assert!(!cases.is_empty(), "testdata/cases holds no case");
    let name = |case: &Path| case.file_stem().unwrap().to_string_lossy().into_owned();
    cases.iter().flat_map(|case| files(case, &format!("drivers/{0}/{0}.c", name(case)))).collect()
}

fn scan(tree: &Path, target: &str) -> Value {
    let output = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .arg("scan")
        .arg(tree)
        .args(["--format", "json", "--target", target])
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// What one line of a case expects.
#[derive(Default)]
struct Marks<'t> {
    verdict: Option<&'t str>,
    kinds: Vec<&'t str>,
    notes: Vec<&'t str>,
    facts: Vec<(&'t str, &'t str)>,
    trouble: Vec<&'t str>,
}

fn marks(line: &str) -> Marks<'_> {
    let mut marks = Marks::default();
    for part in line.split("//").skip(1) {
        let (sigil, rest) = part.split_at(part.chars().next().map_or(0, char::len_utf8));
        let names = || rest.trim().split(',').map(str::trim);
        match sigil {
            "=" => marks.verdict = Some(rest.trim()),
            "~" => marks.kinds.extend(names()),
            "?" => marks.notes.extend(names()),
            "!" => marks.trouble.extend(names()),
            ":" => marks.facts.extend(rest.split('|').filter_map(|fact| fact.trim().split_once(' '))),
            _ => {}
        }
    }
    marks
}

fn strings(value: &Value) -> Vec<&str> {
    value.as_array().map_or(Vec::new(), |list| list.iter().filter_map(Value::as_str).collect())
}

/// A fact of a handler as the cases write it.
fn fact(handler: &Value, key: &str) -> String {
    let shown = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let list = |value: &Value| {
        let names = strings(value);
        if names.is_empty() { "-".to_owned() } else { names.join(" ") }
    };
    match key {
        "reads" | "writes" | "calls" => list(&handler[key]),
        "sets" => list(&handler["flags"]["set"]),
        "clears" => list(&handler["flags"]["cleared"]),
        "tests" => list(&handler["flags"]["tested"]),
        "depends" => list(&handler["depends_on"]),
        "handler" => shown(&handler["handler"]["name"]),
        "merge" => shown(&handler["merge"]["state"]),
        "after" | "table" | "ops" | "macro" | "condition" => shown(&handler[key]),
        "paths" => handler["paths"]
            .as_array()
            .unwrap()
            .iter()
            .map(|path| shown(&path["verdict"]))
            .collect::<Vec<_>>()
            .join(" "),
        _ => panic!("no fact is called {key}"),
    }
}

#[test]
fn cases_hold() {
    let sources = sources();
    let tree = headers();
    write(tree.path(), &sources);
    let report = scan(tree.path(), "auto");
    let handlers = report["handlers"].as_array().unwrap();
    let mut wrong = Vec::new();
    for (path, text) in &sources {
        check((path, text), handlers, &report["trouble"], &mut wrong);
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}

/// Lines, and what stands there.
type Places = BTreeSet<(u64, String)>;

fn check((path, text): (&str, &str), handlers: &[Value], trouble: &Value, wrong: &mut Vec<String>) {
    let (mut expected, mut found): (Places, Places) = Default::default();
    let mut registered: BTreeMap<u64, Vec<&Value>> = BTreeMap::new();
    for handler in handlers {
        if handler["file"] == path {
            registered.entry(handler["line"].as_u64().unwrap()).or_default().push(handler);
            found.insert((handler["line"].as_u64().unwrap(), format!("= {}", handler["verdict"].as_str().unwrap())));
        }
        for need in handler["requirements"].as_array().unwrap().iter().filter(|need| need["file"] == path) {
            found.insert((need["line"].as_u64().unwrap(), format!("~ {}", need["kind"].as_str().unwrap())));
        }
    }
    let named = trouble.as_array().unwrap().iter().filter(|entry| entry["file"] == path);
    found.extend(
        named.map(|entry| (entry["line"].as_u64().unwrap_or(1), format!("! {}", entry["kind"].as_str().unwrap()))),
    );
    for (number, line) in (1u64..).zip(text.lines()) {
        let marks = marks(line);
        expected.extend(marks.verdict.map(|verdict| (number, format!("= {verdict}"))));
        expected.extend(marks.kinds.iter().map(|kind| (number, format!("~ {kind}"))));
        expected.extend(marks.trouble.iter().map(|kind| (number, format!("! {kind}"))));
        for note in marks.notes {
            let is_there = handlers
                .iter()
                .flat_map(|handler| handler["notes"].as_array().unwrap())
                .any(|found| found["file"] == path && found["line"] == number && found["kind"] == note);
            if !is_there {
                wrong.push(format!("{}:{number}: expected the note {note}", path));
            }
        }
        for (key, value) in marks.facts {
            let all: Vec<String> =
                registered.get(&number).into_iter().flatten().map(|handler| fact(handler, key)).collect();
            if !all.contains(&value.trim().to_owned()) {
                wrong.push(format!("{}:{number}: expected {key} {}, found {}", path, value.trim(), all.join(" or ")));
            }
        }
    }
    wrong.extend(expected.difference(&found).map(|(line, what)| format!("{}:{line}: expected {what}", path)));
    wrong.extend(found.difference(&expected).map(|(line, what)| format!("{}:{line}: did not expect {what}", path)));
}
