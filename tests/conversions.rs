//! Conversions and what `check --patch` says of them: testdata/conversions/NAME.c has the driver before, then each conversion of its handler with
//! `//~ TEXT` on each line that a finding has to name.
#![allow(clippy::unwrap_used)]

mod support;

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;
use similar::TextDiff;
use support::{copy, testdata};

/// A driver before, and the name and text of each conversion.
fn case(text: &str) -> (String, Vec<(String, String)>) {
    let mut parts = text.split("//- ").skip(1).map(|part| part.split_once('\n').unwrap());
    let (head, before) = parts.next().unwrap();
    assert_eq!(head.trim(), "before");
    let afters = parts.map(|(name, text)| (name.trim_start_matches("after ").to_owned(), text.to_owned())).collect();
    (before.to_owned(), afters)
}

/// The driver with its handler replaced by a conversion.
fn converted(before: &str, conversion: &str) -> String {
    let start = before.find("static int lamp_mmap(").unwrap();
    let end = start + before[start..].find("\n}\n").unwrap() + 3;
    let driver = format!("{}{conversion}{}", &before[..start], &before[end..]);
    driver.replace(".mmap = lamp_mmap", ".mmap_prepare = lamp_mmap_prepare")
}

/// Line and message of each finding of `conversion-differs` in a change of a driver.
fn findings(tree: &Path, path: &str, before: &str, after: &str) -> Vec<(u64, String)> {
    fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
    fs::write(tree.join(path), before).unwrap();
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    let patch = TextDiff::from_lines(before, after).unified_diff().header(&old, &new).to_string();
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .args(["check", "--patch", "-", "--select", "conversion-differs", "--format", "json"])
        .arg(tree)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    tool.stdin.take().unwrap().write_all(patch.as_bytes()).unwrap();
    let output = tool.wait_with_output().unwrap();
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entries = entries.filter(|entry| entry["lint"] == "conversion-differs");
    entries.map(|entry| (entry["line"].as_u64().unwrap(), entry["message"].as_str().unwrap().to_owned())).collect()
}

#[test]
fn a_conversion_that_does_something_else_is_found_and_no_other() {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel/include"), &tree.path().join("include"));
    for name in ["Makefile", "MAINTAINERS"] {
        fs::copy(testdata("kernel").join(name), tree.path().join(name)).unwrap();
    }
    let mut wrong = Vec::new();
    for entry in fs::read_dir(testdata("conversions")).unwrap() {
        let (before, afters) = case(&fs::read_to_string(entry.unwrap().path()).unwrap());
        assert!(afters.len() > 2);
        for (name, conversion) in afters {
            let after = converted(&before, &conversion);
            let found = findings(tree.path(), "drivers/case/lamp.c", &before, &after);
            let mut met = BTreeSet::new();
            for (number, line) in (1u64..).zip(after.lines()) {
                for wanted in line.split("//~ ").skip(1).map(str::trim) {
                    let is_it = |(line, message): &(u64, String)| *line == number && message.contains(wanted);
                    let places: Vec<usize> = (0..found.len()).filter(|place| is_it(&found[*place])).collect();
                    if places.is_empty() {
                        wrong.push(format!("{name}: line {number}: not found: {wanted}"));
                    }
                    met.extend(places);
                }
            }
            let more = (0..found.len()).filter(|place| !met.contains(place));
            wrong.extend(more.map(|place| format!("{name}: found: {:?}", found[place])));
        }
    }
    assert!(wrong.is_empty(), "\n{}\n", wrong.join("\n"));
}
