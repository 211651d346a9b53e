//! Conversions and what `check --patch` says of them: testdata/conversions/NAME.c has the driver before, then each conversion of its
//! handler (`after`), or of the driver (`whole`, or the hunks of a `change`), with `//~ TEXT` on each line that a finding has to name.
#![allow(clippy::unwrap_used)]

#[path = "support/headers.rs"]
mod headers;
#[path = "support/stdin.rs"]
mod stdin;
mod support;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::Command;

use headers::headers;
use serde_json::Value;
use similar::TextDiff;
use stdin::run_with;
use support::testdata;

/// A driver before, and the name of each conversion with the driver after it.
fn case(text: &str) -> (String, Vec<(String, String)>) {
    let mut parts = text.split("//- ").skip(1).map(|part| part.split_once('\n').unwrap());
    let (head, before) = parts.next().unwrap();
    assert_eq!(head.trim(), "before");
    let afters = parts.map(|(name, text)| match name.split_once(' ').unwrap() {
        ("whole", name) => (name.to_owned(), text.to_owned()),
        ("change", name) => (name.to_owned(), changed(before, text)),
        (_, name) => (name.to_owned(), converted(before, text)),
    });
    (before.to_owned(), afters.collect())
}

/// The driver with the hunks of a change. Each begins with `@@`; its lines have a space, `-` or `+` before them, as in a diff.
fn changed(before: &str, change: &str) -> String {
    let (mut done, mut rest) = (String::new(), before);
    for hunk in change.split("@@\n").skip(1) {
        let side = |sign: char| -> String {
            let lines = hunk.lines().filter(|line| !line.starts_with(sign));
            lines.map(|line| format!("{}\n", line.get(1..).unwrap_or_default())).collect()
        };
        let (old, new) = (side('+'), side('-'));
        let at = rest.find(&old).unwrap_or_else(|| panic!("not in the driver:\n{old}"));
        done.push_str(&rest[..at]);
        done.push_str(&new);
        rest = &rest[at + old.len()..];
    }
    done + rest
}

/// The driver with its handler replaced by a conversion.
fn converted(before: &str, conversion: &str) -> String {
    let start = before.find("static int lamp_mmap(").unwrap();
    let end = start + before[start..].find("\n}\n").unwrap() + 3;
    let driver = format!("{}{conversion}{}", &before[..start], &before[end..]);
    driver.replace(".mmap = lamp_mmap", ".mmap_prepare = lamp_mmap_prepare")
}

/// Line and message of each finding of a lint that a change of a driver introduces.
fn introduced(lint: &str, tree: &Path, path: &str, before: &str, after: &str) -> Vec<(u64, String)> {
    fs::create_dir_all(tree.join(path).parent().unwrap()).unwrap();
    fs::write(tree.join(path), before).unwrap();
    let (old, new) = (format!("a/{path}"), format!("b/{path}"));
    let patch = TextDiff::from_lines(before, after).unified_diff().header(&old, &new).to_string();
    let arguments = ["--patch", "-", "--select", lint, "--format", "json"];
    let output = run_with(patch.as_bytes(), "check", tree, &arguments);
    assert_ne!(output.status.code(), Some(2), "{}", String::from_utf8_lossy(&output.stderr));
    let lines = String::from_utf8(output.stdout).unwrap();
    let entries = lines.lines().map(|line| serde_json::from_str::<Value>(line).unwrap());
    let entries = entries.filter(|entry| entry["lint"] == lint && entry["state"] == "introduced");
    entries.map(|entry| (entry["line"].as_u64().unwrap(), entry["message"].as_str().unwrap().to_owned())).collect()
}

/// A driver with one handler; `head` and `body` are those of the handler.
fn driver(hook: &str, head: &str, body: &str) -> String {
    let name = head.split(['(', ' ']).find(|word| word.contains("mmap")).unwrap();
    format!(
        "#include <linux/mm.h>\n\n{head}\n{{\n{body}}}\n\nstatic const struct file_operations lamp_fops = {{\n\t.{hook} = {name},\n}};\n"
    )
}

#[test]
fn a_hazard_that_was_there_is_not_introduced_by_rewriting_its_handler() {
    let head = "static int lamp_mmap(struct file *file, struct vm_area_struct *vma)";
    let before = driver(
        "mmap",
        head,
        "\tunsigned long size = vma->vm_end - vma->vm_start;\n\n\treturn remap_pfn_range(vma, vma->vm_start, lamp_pfn, size, vma->vm_page_prot);\n",
    );
    let renamed = driver(
        "mmap",
        "static int lamp_mmap(struct file *filp, struct vm_area_struct *area)",
        "\tunsigned long length = area->vm_end - area->vm_start;\n\n\treturn remap_pfn_range(area, area->vm_start, lamp_pfn, length, area->vm_page_prot);\n",
    );
    let converted = driver(
        "mmap_prepare",
        "static int lamp_mmap_prepare(struct vm_area_desc *desc)",
        "\tmmap_action_remap_full(desc, lamp_pfn);\n\treturn 0;\n",
    );
    let harmless = driver("mmap", head, "\treturn vm_iomap_memory(vma, lamp_base, lamp_length);\n");
    let tree = headers();
    let new = |before: &str, after: &str| {
        introduced("populate-not-bounded", tree.path(), "drivers/case/lamp.c", before, after).len()
    };
    assert_eq!(new(&harmless, &before), 1);
    assert_eq!(new(&before, &renamed), 0);
    assert_eq!(new(&before, &converted), 0);
    assert_eq!(new(&converted, &harmless), 0);
}

#[test]
fn json_has_the_behaviour_on_request() {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    let scan = tool.arg("scan").arg(testdata("kernel")).arg("drivers/ledger");
    let output = scan.args(["--format", "json", "--behaviour"]).output().unwrap();
    let document: Value = serde_json::from_slice(&output.stdout).unwrap();
    let outcomes = document["handlers"][0]["behaviour"][0]["outcomes"].as_array().unwrap();
    let success = outcomes.iter().find(|outcome| outcome["returns"] == "0").unwrap();
    let then = success["then"].as_array().unwrap().iter().map(|change| change.as_str().unwrap());
    assert!(then.into_iter().any(|change| change.starts_with("populates by vm_iomap_memory: from ")));
    assert!(outcomes.iter().any(|outcome| outcome["returns"] == "the result of populating call 1"));
}

#[test]
fn a_conversion_that_does_something_else_is_found_and_no_other() {
    let tree = headers();
    let mut wrong = Vec::new();
    let entries: Vec<_> = fs::read_dir(testdata("conversions")).unwrap().collect();
    assert!(!entries.is_empty());
    for entry in entries {
        let (before, afters) = case(&fs::read_to_string(entry.unwrap().path()).unwrap());
        assert!(!afters.is_empty());
        for (name, after) in afters {
            let found = introduced("conversion-differs", tree.path(), "drivers/case/lamp.c", &before, &after);
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
