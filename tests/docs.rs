//! Documents that are made from data: they are compared with what the data says, and written anew with UPDATE=1.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;

use mmaplint::lint::ALL;
use mmaplint::rules::{Confidence, Group};

fn compare(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "{path} is not what the rules say; run UPDATE=1 cargo test --test docs");
}

#[test]
fn the_page_of_the_lints_is_up_to_date() {
    let mut page = String::from(
        "# Lints\n\n<!-- Made from rules/lints by `UPDATE=1 cargo test --test docs`. -->\n\n\
         `mmaplint check` runs all lints but those of low confidence, which `--select +NAME` adds. What each found in a real tree was read by\n\
         hand; a lint of which less than half was right is of low confidence. Lints that found nothing there are held by the cases of\n\
         testdata/lints and by scripts/check-known-bugs, which takes the fixes of known bugs back.\n\n\
         | lint | level | confidence | findings | right |\n|---|---|---|---|---|\n",
    );
    for lint in ALL {
        let text = lint.text().unwrap();
        let (findings, right) = (text.read.findings, text.read.right);
        assert!(
            right <= findings && (right == findings) == text.read.wrong.trim().is_empty() || text.read.wrong.len() > 10
        );
        assert!(
            findings == 0 || right * 2 >= findings || text.confidence == Confidence::Low,
            "{}: less than half of its findings are right, so its confidence is low",
            lint.id
        );
        let (level, confidence) = (text.level.name(), text.confidence.name());
        writeln!(page, "| [{0}](#{0}) | {level} | {confidence} | {findings} | {right} |", lint.id).unwrap();
    }
    let headings = [
        (Group::Migration, "What the migration leaves behind"),
        (Group::Prepare, "In .mmap_prepare"),
        (Group::Handler, "In either hook"),
    ];
    for (group, heading) in headings {
        writeln!(page, "\n## {heading}").unwrap();
        for lint in ALL.iter().filter(|lint| lint.text().is_ok_and(|text| text.group == group)) {
            let text = lint.text().unwrap();
            write!(page, "\n### {}\n\n{}: {}.\n\n{}\n", lint.id, text.level.name(), text.title, text.why.trim())
                .unwrap();
            write!(page, "\nInstead of\n\n```c\n{}```\n\nwrite\n\n```c\n{}```\n", text.before, text.after).unwrap();
            writeln!(page, "\n- From: {}.", text.sources.join("; ")).unwrap();
            writeln!(page, "- Wrong where: {}", text.false_positives.split_whitespace().collect::<Vec<_>>().join(" "))
                .unwrap();
            let read = &text.read;
            let wrong = if read.wrong.is_empty() { String::new() } else { format!(" {}", read.wrong) };
            writeln!(page, "- Linux {}: {} findings, {} right.{wrong}", read.tree, read.findings, read.right).unwrap();
        }
    }
    compare("docs/lints.md", &page);
}
