//! Names and texts that would be obeyed by who reads the result: terminals, runners of workflows, Emacs, `git am`.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{copy, testdata};
use tempfile::TempDir;

/// What terminals, runners and editors obey, in one name.
const EVIL: &str = "##[error]e\u{1b}]8;;x\u{7}\u{202e}\u{61c}\u{9b}31m [[elisp:(x)][y]]";

/// The made-up kernel with evil names: of folders and files, in MAINTAINERS, in the version, in comments.
fn tree() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), tree.path());
    let lamp = fs::read_to_string(tree.path().join("drivers/char/lamp/lamp.c")).unwrap();
    let write = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    // What is quoted of a source is evil too.
    let commented = lamp.replace("return -EINVAL;", &format!("return -EINVAL; /* {EVIL} */"));
    write(&format!("drivers/{EVIL}/x.c"), &commented.replace("lamp", "evil"));
    write("::error::top.c", &lamp.replace("lamp", "top"));
    write("drivers/new\nFrom: x\n\n---\n@@ -1 +1 @@/x.c", &lamp.replace("lamp", "line"));
    let makefile = fs::read_to_string(tree.path().join("Makefile")).unwrap();
    write("Makefile", &format!("{makefile}EXTRAVERSION = -rc1{EVIL}\n"));
    let maintainers = fs::read_to_string(tree.path().join("MAINTAINERS")).unwrap();
    let section = format!(
        "{EVIL}\nM:\tEve \"{EVIL}\"\r <eve@example.org>\nL:\t{EVIL}@example.org\nS:\t{EVIL}\nF:\tdrivers/\nF:\t*\n\n"
    );
    write("MAINTAINERS", &format!("{section}{maintainers}"));
    tree
}

fn run(tree: &Path, arguments: &[&str]) -> Output {
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    tool.arg(arguments[0]).arg(tree).args(&arguments[1..]).stdin(Stdio::null()).output().unwrap()
}

/// What a result must not hold, whatever its format is.
fn assert_inert(output: &[u8], of: &str, commands: bool) {
    // The rows of a table end with both.
    let text = std::str::from_utf8(output).unwrap().replace("\r\n", "\n");
    let obeyed =
        |letter: &char| (letter.is_control() && !matches!(letter, '\n' | '\t')) || "\u{202e}\u{61c}".contains(*letter);
    assert_eq!(text.chars().find(obeyed), None, "{of}");
    assert!(!text.contains("##["), "{of}");
    for line in text.lines().filter(|line| line.trim_start().starts_with("::")) {
        assert!(
            commands
                && (line.starts_with("::warning ") || line.starts_with("::error ") || line.starts_with("::notice ")),
            "{of}: {line}"
        );
    }
}

#[test]
fn no_format_of_any_command_holds_what_would_be_obeyed() {
    let tree = tree();
    let old = testdata("kernel");
    let old = old.to_str().unwrap();
    for (command, formats) in [
        ("scan", &["text", "lines", "json"][..]),
        ("check", &["text", "terse", "json", "sarif", "github", "gitlab", "checkstyle", "rdjson"]),
        ("worklist", &["text", "markdown", "csv", "json", "org", "html"]),
        ("graph", &["dot", "json", "lines"]),
        ("docs", &["text", "json"]),
    ] {
        for format in formats {
            let output = run(tree.path(), &[command, "--format", format]);
            assert!(output.status.code().is_some_and(|code| code < 2), "{command} {format}");
            assert_inert(&output.stdout, &format!("{command} {format}"), *format == "github");
            assert_inert(&output.stderr, &format!("stderr of {command} {format}"), false);
            assert!(!output.stdout.is_empty() || command == "docs", "{command} {format}");
        }
    }
    for format in ["text", "markdown", "csv", "json", "html"] {
        let output = run(tree.path(), &["compare", old, "--format", format]);
        assert_inert(&output.stdout, &format!("compare {format}"), false);
        assert_inert(&output.stderr, "stderr of compare", false);
    }
    assert_inert(&run(tree.path(), &["fix"]).stderr, "stderr of fix", false);
    assert_inert(&run(tree.path(), &["fix", EVIL.trim_start_matches('#')]).stderr, "stderr of fix", false);
    assert_inert(&run(tree.path(), &["check", "--base", EVIL]).stderr, "stderr of check", false);
    let org = run(tree.path(), &["worklist", "--format", "org"]).stdout;
    assert!(!String::from_utf8(org).unwrap().contains("elisp:"));
}

#[test]
fn no_error_holds_what_would_be_obeyed() {
    let tree = tree();
    fs::write(tree.path().join(".mmaplint.toml"), format!("{EVIL} =\n::error::x\n")).unwrap();
    let output = run(tree.path(), &["check"]);
    assert_eq!(output.status.code(), Some(2));
    assert_inert(&output.stderr, "a configuration", false);
    let file = tree.path().join(format!("drivers/{EVIL}/x.c"));
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    assert_inert(&tool.args(["kbuild", file.to_str().unwrap()]).output().unwrap().stderr, "kbuild", false);
    let patch = tree.path().join("patch");
    fs::write(&patch, format!("--- a/{EVIL}\n+++ b/{EVIL}\n@@ -1 +1 @@\n-a\n+b\n")).unwrap();
    assert_inert(
        &run(tree.path(), &["check", "--no-config", "--patch", patch.to_str().unwrap()]).stderr,
        "a patch",
        false,
    );
}

/// Each mail holds its own patch and no other, and no header but its own.
#[test]
fn mails_carry_what_they_should_and_no_more() {
    let tree = tree();
    let git = |arguments: &[&str]| {
        let as_ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        let status =
            Command::new("git").arg("-C").arg(tree.path()).args(as_ada).args(arguments).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", &format!("lamp\u{1b}{EVIL}: subject")]);
    git(&["config", "user.name", "Ada\nBcc: eve@example.org\n\ndiff --git a/x b/x"]);
    git(&["config", "user.email", "ada@example.org>\nX: y"]);
    let place = tempfile::tempdir().unwrap();
    let mails = place.path().join("mails");
    assert_eq!(run(tree.path(), &["fix", "--mbox", mails.to_str().unwrap()]).status.code(), Some(0));
    let mut count = 0;
    for entry in fs::read_dir(&mails).unwrap().map(Result::unwrap) {
        let mail = fs::read_to_string(entry.path()).unwrap();
        let (headers, rest) = mail.split_once("\n\n").unwrap();
        let (body, patch) = rest.split_once("\n---\n").unwrap();
        let known = ["From ", "From: ", "Date: ", "Subject: ", "To: ", "Cc: ", "MIME-Version: ", "Content-", "    "];
        for line in headers.lines() {
            assert!(known.iter().any(|name| line.starts_with(name)), "{line:?}");
        }
        assert_eq!(headers.lines().filter(|line| line.starts_with("From")).count(), 2);
        let subject = headers.lines().find(|line| line.starts_with("Subject: ")).unwrap();
        assert!(subject.is_ascii(), "{subject:?}");
        for part in [headers, body] {
            assert!(!part.chars().any(|letter| letter.is_control() && letter != '\n'), "{part:?}");
        }
        for line in body.lines() {
            assert!(!["---", "+++", "@@", "diff", "From"].iter().any(|meant| line.starts_with(meant)), "{line:?}");
        }
        // What git makes of the patch is one diff for each file that the diffstat counts.
        let files = patch.lines().find_map(|line| line.trim().split_once(" changed,")).unwrap().0;
        let files: usize = files.split(' ').next().unwrap().parse().unwrap();
        let names = Command::new("git").args(["apply", "--numstat", "-z"]).arg(entry.path()).output().unwrap();
        assert!(names.status.success(), "{}", String::from_utf8_lossy(&names.stderr));
        assert_eq!(names.stdout.split(|byte| *byte == 0).filter(|name| !name.is_empty()).count(), files);
        count += 1;
    }
    assert!(count >= 3, "{count} mails");
    fs::remove_dir_all(tree.path().join(".git/rebase-apply")).ok();
    let paths: Vec<_> = fs::read_dir(&mails).unwrap().map(|entry| entry.unwrap().path()).collect();
    for path in paths {
        let check =
            Command::new("git").arg("-C").arg(tree.path()).args(["apply", "--check"]).arg(path).output().unwrap();
        assert!(check.status.success(), "{}", String::from_utf8_lossy(&check.stderr));
    }
}
