//! Every command that the documents name in passing is one that runs, on the made-up kernel, and every script and test that they name
//! is there. (What README prints is compared by tests/commands.rs.)
#![allow(clippy::unwrap_used)]

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

mod support;
use support::{copy, testdata};

/// What stands for something of the reader's own, and what is put there.
const STANDS_FOR: &[(&str, &str)] = &[
    ("TREE", "."),
    ("OLD", "."),
    ("NEW", "."),
    ("NAME", "mapped"),
    ("ID", "pgoff-overflow"),
    ("DIR", "out"),
    ("FILE", "known.toml"),
    ("SHELL", "bash"),
    ("\"origin/${{ github.base_ref }}\"", "origin/main"),
    ("\"$CI_MERGE_REQUEST_DIFF_BASE_SHA\"", "origin/main"),
];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The documents, with their texts.
fn documents() -> Vec<(PathBuf, String)> {
    let folders = ["docs", "docs/ci"].map(|folder| fs::read_dir(root().join(folder)).unwrap());
    let files = folders.into_iter().flatten().map(|entry| entry.unwrap().path()).filter(|path| path.is_file());
    let files = files.chain(["README.md", "CONTRIBUTING.md"].map(|name| root().join(name)));
    files.map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
}

/// What stands between backticks in a document, or on a line of its own in what configures CI.
fn code<'t>(path: &Path, text: &'t str) -> Vec<&'t str> {
    if path.extension().is_some_and(|ending| ending == "yml") {
        return text.lines().map(|line| line.trim().trim_start_matches("- ").trim_start_matches("run: ")).collect();
    }
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The arguments of the command that a piece of code runs; what is optional is left out.
fn arguments(code: &str) -> Option<Vec<String>> {
    let command =
        code.split("| ").map(|part| part.trim_end_matches('\\').trim()).find(|part| part.starts_with("mmaplint "))?;
    let mut command = command.to_owned();
    for (name, value) in STANDS_FOR.iter().filter(|(name, _)| name.starts_with('"')) {
        command = command.replace(name, value);
    }
    let words = command.split_whitespace().skip(1).filter(|word| !word.starts_with('[') && !word.ends_with(']'));
    let own =
        |word: &str| STANDS_FOR.iter().find(|(name, _)| *name == word).map_or(word, |(_, value)| value).to_owned();
    Some(words.map(own).collect())
}

/// The made-up kernel as a repository with a branch to compare with, and the rule that docs/extending.md begins with.
fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), tree.path());
    let extending = fs::read_to_string(root().join("docs/extending.md")).unwrap();
    let rule = extending.split("```toml\n").nth(1).and_then(|rest| rest.split("```").next()).unwrap();
    fs::create_dir(tree.path().join("mine")).unwrap();
    fs::write(tree.path().join("mine/lamp.toml"), rule).unwrap();
    for arguments in [
        "init -q",
        "add -A",
        "-c user.name=a -c user.email=a@b commit -qm kernel",
        "update-ref refs/remotes/origin/main HEAD",
    ] {
        let done = Command::new("git").args(arguments.split(' ')).current_dir(tree.path()).status().unwrap();
        assert!(done.success(), "git {arguments}");
    }
    tree
}

#[test]
fn every_command_runs() {
    let tree = tree();
    let patch = testdata("patches").join("adds.patch");
    let documents = documents();
    let commands: BTreeSet<Vec<String>> =
        documents.iter().flat_map(|(path, text)| code(path, text)).filter_map(arguments).collect();
    assert!(commands.len() > 20, "{commands:?}");
    for mut arguments in commands {
        if arguments == ["kbuild"] {
            // What make adds.
            arguments.extend(["-D__KERNEL__", "drivers/tin/tin.c"].map(str::to_owned));
        }
        let mut command = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        command.args(&arguments).current_dir(tree.path()).stdin(Stdio::from(fs::File::open(&patch).unwrap()));
        let done = command.output().unwrap();
        let told = String::from_utf8_lossy(&done.stderr);
        assert!(matches!(done.status.code(), Some(0 | 1)), "mmaplint {}: {told}", arguments.join(" "));
    }
}

#[test]
fn every_script_and_test_is_there() {
    let mut seen = 0;
    for (path, text) in documents() {
        for code in code(&path, &text) {
            let words: Vec<&str> = code.split_whitespace().collect();
            let scripts = words.iter().filter(|word| word.starts_with("scripts/") || word.starts_with(".ci/"));
            let tests = words.windows(2).filter(|pair| pair[0] == "--test").map(|pair| format!("tests/{}.rs", pair[1]));
            for named in scripts.map(|script| (*script).to_owned()).chain(tests) {
                assert!(root().join(&named).exists(), "{}: {named}", path.display());
                seen += 1;
            }
        }
    }
    assert!(seen > 15, "{seen}");
}

#[test]
fn manual_pages_have_examples_and_exit_codes_and_completions_know_the_names() {
    let mmaplint =
        |arguments: &[&str]| Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(arguments).output().unwrap().stdout;
    let pages = TempDir::new().unwrap();
    mmaplint(&["man", "--directory", pages.path().to_str().unwrap()]);
    let page = |name: &str| fs::read_to_string(pages.path().join(name)).unwrap();
    let names: Vec<String> =
        fs::read_dir(pages.path()).unwrap().map(|page| page.unwrap().file_name().into_string().unwrap()).collect();
    for name in &names {
        let text = page(name);
        if name == "mmaplint-kbuild.1" {
            continue;
        }
        assert!(
            text.contains(".SH \"EXIT STATUS\"\n.TP\n0\n") && text.contains(".SH EXAMPLES\n.TP\n"),
            "{name}: {text}"
        );
    }
    assert!(names.len() > 10);
    let completions = String::from_utf8(mmaplint(&["completions", "bash"])).unwrap();
    for name in ["pgoff-overflow", "mmap-finish", "mechanical"] {
        assert!(completions.contains(name), "{name}");
    }
}
