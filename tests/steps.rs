//! The behaviour of a handler as `explain` shows it, step by step: testdata/steps/NAME.c has the function lamp_mmap, and behind it the
//! lines that are expected, each after `//= `. With UPDATE=1 they are written.
#![allow(clippy::unwrap_used)]

#[path = "support/headers.rs"]
mod headers;
mod support;

use std::fs;
use std::process::Command;

use headers::headers;
use support::testdata;

const TABLE: &str = "static const struct file_operations lamp_fops = {\n\t.mmap = lamp_mmap,\n};\n";

#[test]
fn steps_are_those_of_the_code() {
    let tree = headers();
    fs::create_dir_all(tree.path().join("drivers/case")).unwrap();
    let cases: Vec<_> = fs::read_dir(testdata("steps")).unwrap().map(|entry| entry.unwrap().path()).collect();
    assert!(!cases.is_empty());
    for case in cases {
        let text = fs::read_to_string(&case).unwrap();
        let (marks, code): (Vec<&str>, Vec<&str>) = text.lines().partition(|line| line.starts_with("//= "));
        fs::write(tree.path().join("drivers/case/lamp.c"), format!("{}\n{TABLE}", code.join("\n"))).unwrap();
        let mut explain = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        let output = explain.args(["explain", "lamp_mmap"]).arg(tree.path()).output().unwrap();
        let told = String::from_utf8(output.stdout).unwrap();
        let behaviour = told.lines().skip_while(|line| !line.starts_with("behaviour")).skip(1);
        let shown: Vec<&str> = behaviour.map_while(|line| line.strip_prefix("  ")).collect();
        if std::env::var_os("UPDATE").is_some() {
            let marks: String = shown.iter().map(|line| format!("//= {line}\n")).collect();
            fs::write(&case, format!("{}\n{marks}", code.join("\n"))).unwrap();
        }
        assert!(!shown.is_empty(), "{} has no behaviour", case.display());
        let expected: Vec<&str> = marks.iter().map(|line| &line[4..]).collect();
        assert_eq!(shown, expected, "{}", case.display());
    }
}
