//! Documents that are made from data: they are compared with what the data says, and written anew with UPDATE=1.
#![allow(clippy::unwrap_used)]

use std::fmt::Write;
use std::path::Path;
use std::process::Command;

use mmaplint::lint::ALL;
use mmaplint::rules::{Confidence, Group, Rules};
use mmaplint::verdict::Verdict;

fn compare(path: &str, text: &str) {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    if std::env::var_os("UPDATE").is_some() {
        std::fs::write(&file, text).unwrap();
    }
    let written = std::fs::read_to_string(&file).unwrap_or_default();
    assert!(written == text, "{path} is not what the rules say; run UPDATE=1 cargo test --test docs");
}

#[test]
fn the_schemas_are_those_of_the_types() {
    for of in ["scan", "config"] {
        let written = Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(["schema", of]).output().unwrap();
        assert!(written.status.success());
        compare(&format!("docs/schema/{of}.json"), &String::from_utf8(written.stdout).unwrap());
    }
}

#[test]
fn the_page_of_verdicts_requirements_and_targets_is_up_to_date() {
    let rules = Rules::built_in().unwrap();
    let mut page = String::from(
        "# Verdicts, requirements, targets\n\n<!-- Made from rules/ by `UPDATE=1 cargo test --test docs`. -->\n\n\
         `mmaplint explain NAME` says the same of each at a terminal, and `mmaplint rules` lists them with all calls that are known.\n\n\
         ## Verdicts\n\nFrom easy to hard. The hardest requirement on the hardest path decides; what is not understood is never easier.\n\n\
         | verdict | meaning |\n|---|---|\n",
    );
    for verdict in Verdict::ALL {
        writeln!(page, "| `{verdict}` | {} |", verdict.meaning()).unwrap();
    }
    page.push_str(
        "\n## Requirements\n\nEach has the lines that prove it. A kind that ends in a colon is followed by a name.\n\n",
    );
    page.push_str("| kind | what was found | what to do |\n|---|---|---|\n");
    for known in rules.requirements() {
        writeln!(page, "| `{}` | {} | {} |", known.kind, known.means, known.advice).unwrap();
    }
    page.push_str(
        "\n## Notes\n\nThey decide no verdict, and say what a conversion has to keep in mind.\n\n\
         | kind | what was found | what to do |\n|---|---|---|\n",
    );
    for known in rules.notes() {
        writeln!(page, "| `{}` | {} | {} |", known.kind, known.means, known.advice).unwrap();
    }
    page.push_str("\n## Targets\n\nA verdict is against a target: what its `vm_area_desc` offers. `--target auto` picks by what the tree's headers have.\n\n");
    page.push_str("| target | what it brought | actions | `vm_ops->mapped` |\n|---|---|---|---|\n");
    for target in rules.targets() {
        let actions = if target.actions.is_empty() {
            "none".to_owned()
        } else {
            target.actions.iter().map(|action| action.name.as_str()).collect::<Vec<_>>().join(", ")
        };
        let mapped = if target.mapped { "yes" } else { "no" };
        writeln!(page, "| `{}` | {} | {actions} | {mapped} |", target.name, target.why).unwrap();
    }
    compare("docs/reference.md", &page);
}

/// Every kind of note that the cases expect has a text.
#[test]
fn every_note_is_explained() {
    let rules = Rules::built_in().unwrap();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/cases");
    let mut seen = std::collections::BTreeSet::new();
    for entry in std::fs::read_dir(cases).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        for marks in text.lines().filter_map(|line| line.split_once("//? ")).map(|(_, marks)| marks) {
            let kind = marks.split([' ', ',']).next().unwrap_or_default().to_owned();
            assert!(rules.notes().iter().any(|known| known.kind == kind), "no text explains {kind}");
            seen.insert(kind);
        }
    }
    assert!(seen.len() >= 5, "{seen:?}");
}

/// Every kind that a scan of the cases requires has a text.
#[test]
fn every_requirement_is_explained() {
    let rules = Rules::built_in().unwrap();
    let cases = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/cases");
    let mut seen = 0;
    for entry in std::fs::read_dir(cases).unwrap() {
        let text = std::fs::read_to_string(entry.unwrap().path()).unwrap();
        let marks = text.lines().filter_map(|line| line.split_once("//~ ")).map(|(_, marks)| marks);
        for kind in marks.flat_map(|marks| {
            marks.split("//").next().unwrap_or_default().split([' ', ',']).filter(|kind| !kind.is_empty())
        }) {
            let known = rules
                .requirements()
                .iter()
                .any(|known| known.kind == kind || known.kind.ends_with(':') && kind.starts_with(&known.kind));
            assert!(known, "rules/requirements.toml has nothing on {kind}");
            seen += 1;
        }
    }
    assert!(seen > 100, "{seen} kinds in the cases");
}

#[test]
fn the_page_of_the_lints_is_up_to_date() {
    let mut page = String::from(
        "# Lints\n\n<!-- Made from rules/lints by `UPDATE=1 cargo test --test docs`. -->\n\n\
         `mmaplint check` runs all lints but those of low confidence, which `--select +NAME` adds. What each found in a real tree was read by\n\
         hand; a lint of which less than half was right is of low confidence. Lints that found nothing there are held by the cases of\n\
         testdata/lints and by scripts/check-known-bugs, which takes the fixes of known bugs back.\n\n\
         Two readers who did not know the code of mmaplint judged all findings of the defaults but deprecated-mmap. Linux 6.12: 44, of which 43 are true.\n\
         Linux 7.3: 49, of which 48 are true. A few of them are latent: nothing in the tree reaches the code in the state that the finding needs.\n\n\
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
