//! `check`: what a change introduces, in every format, and what it makes of input that is wrong.
#![allow(clippy::unwrap_used)]

#[path = "support/stdin.rs"]
mod stdin;
mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use serde_sarif::sarif::Sarif;
use stdin::run_with;
use support::{copy, testdata};
use tempfile::TempDir;

/// A copy of the made-up kernel, to be changed.
fn kernel() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), tree.path());
    tree
}

fn check(tree: &Path, arguments: &[&str], stdin: &[u8]) -> Output {
    run_with(stdin, "check", tree, arguments)
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// What JSON lines say of each hazard: file, line, lint, state.
fn hazards(output: &Output) -> Vec<(String, u64, String, String)> {
    let text = |entry: &Value, key: &str| entry[key].as_str().unwrap_or("-").to_owned();
    let entries = stdout(output).lines().map(|line| serde_json::from_str::<Value>(line).unwrap()).collect::<Vec<_>>();
    entries
        .iter()
        .filter(|entry| entry["state"] != "not-understood")
        .map(|entry| (text(entry, "file"), entry["line"].as_u64().unwrap(), text(entry, "lint"), text(entry, "state")))
        .collect()
}

fn patch(name: &str) -> Vec<u8> {
    fs::read(testdata("patches").join(name)).unwrap()
}

/// What a series introduces that adds a driver with .mmap, converts one, and breaks that one.
fn of_the_series() -> Vec<(String, u64, String, String)> {
    let entry = |file: &str, line, lint: &str, state: &str| (file.to_owned(), line, lint.to_owned(), state.to_owned());
    vec![
        entry("drivers/bell/bell.c", 10, "write-refused-maywrite-kept", "introduced"),
        entry("drivers/bell/bell.c", 16, "deprecated-mmap", "introduced"),
        entry("drivers/char/lamp/lamp.c", 22, "conversion-differs", "introduced"),
        entry("drivers/char/lamp/lamp.c", 22, "prepare-takes-state", "introduced"),
        entry("drivers/char/lamp/lamp.c", 34, "-", "converted"),
    ]
}

#[test]
fn a_series_is_told_alike_from_a_file_from_stdin_and_from_git() {
    let tree = kernel();
    let series = testdata("patches/series.mbox");
    let from_file = check(tree.path(), &["--format", "json", "--patch", series.to_str().unwrap()], b"");
    assert_eq!(hazards(&from_file), of_the_series());
    assert_eq!(from_file.status.code(), Some(1));
    let from_stdin = check(tree.path(), &["--format", "json", "--patch", "-"], &patch("series.mbox"));
    assert_eq!(hazards(&from_stdin), of_the_series());

    let git = |arguments: &[&str]| {
        let status = Command::new("git").arg("-C").arg(tree.path()).args(arguments).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    let as_ada = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org"];
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&[as_ada.as_slice(), &["commit", "-qm", "base"]].concat());
    git(&[as_ada.as_slice(), &["am", "-q", series.to_str().unwrap()]].concat());
    let from_git = check(tree.path(), &["--format", "json", "--base", "HEAD~3"], b"");
    assert_eq!(hazards(&from_git), of_the_series());
    assert_eq!(from_git.status.code(), Some(1));
    let one_commit = check(tree.path(), &["--format", "json", "-g", "HEAD~2..HEAD~1"], b"");
    assert_eq!(hazards(&one_commit).len(), 1, "the conversion alone introduces nothing");
    assert_eq!(one_commit.status.code(), Some(0));
    // A file that git does not know yet is part of the change too.
    fs::write(tree.path().join("drivers/bell/extra.c"), fs::read(tree.path().join("drivers/bell/bell.c")).unwrap())
        .unwrap();
    let untracked = check(tree.path(), &["--format", "json", "--base", "HEAD"], b"");
    assert!(hazards(&untracked).iter().all(|(file, ..)| file == "drivers/bell/extra.c"));
    assert_eq!(hazards(&untracked).len(), 2);
    let unknown = check(tree.path(), &["--base", "no-such-branch"], b"");
    assert!(unknown.status.code() == Some(2) && stderr(&unknown).contains("unknown git revision no-such-branch"));
}

#[test]
fn each_patch_has_its_own_verdict() {
    let converts = check(&testdata("kernel"), &["--patch", "-"], &patch("converts.patch"));
    assert_eq!(stdout(&converts), "drivers/char/lamp/lamp.c:33: note: lamp_mmap is converted to lamp_mmap_prepare\n");
    assert_eq!(converts.status.code(), Some(0));
    let adds = check(&testdata("kernel"), &["--patch", "-", "--terse"], &patch("adds.patch"));
    assert_eq!(adds.status.code(), Some(1));
    let lines = stdout(&adds);
    assert!(lines.starts_with("drivers/bell/bell.c:10:5: error: bell_mmap refuses VM_WRITE"), "{lines}");
    assert!(!lines.contains("[deprecated-mmap]"), "--terse names no types without --show-types");
    let all = check(&testdata("kernel"), &["--patch", "-", "--all", "--format", "json"], &patch("converts.patch"));
    let fixed: Vec<_> = hazards(&all).into_iter().filter(|(.., state)| state == "fixed").collect();
    assert_eq!(fixed, [("drivers/char/lamp/lamp.c".into(), 34, "deprecated-mmap".into(), "fixed".into())]);
}

#[test]
fn what_only_moves_is_not_introduced() {
    let lines = b"--- a/drivers/char/lamp/lamp.c\n+++ b/drivers/char/lamp/lamp.c\n@@ -1,2 +1,3 @@\n // SPDX-License-Identifier: GPL-2.0\n+\n /* The registers of a lamp, read-only and uncached: checks, flags, one populate of the whole VMA. */\n";
    let moved = check(&testdata("kernel"), &["--patch", "-", "--format", "json", "--all"], lines);
    let lamp: Vec<_> = hazards(&moved).into_iter().filter(|(file, ..)| file.contains("lamp")).collect();
    assert_eq!(lamp, [("drivers/char/lamp/lamp.c".into(), 35, "deprecated-mmap".into(), "moved".into())]);
    assert_eq!(moved.status.code(), Some(0));

    let rename = b"diff --git a/drivers/char/lamp/lamp.c b/drivers/lamp/light.c\nsimilarity index 100%\nrename from drivers/char/lamp/lamp.c\nrename to drivers/lamp/light.c\n";
    let renamed = check(&testdata("kernel"), &["--patch", "-", "--format", "json", "--all"], rename);
    let light: Vec<_> = hazards(&renamed).into_iter().filter(|(file, ..)| file.contains("light")).collect();
    assert_eq!(light, [("drivers/lamp/light.c".into(), 34, "deprecated-mmap".into(), "moved".into())]);
    assert_eq!(renamed.status.code(), Some(0));

    let delete = fs::read_to_string(testdata("kernel/drivers/tin/tin.c")).unwrap();
    let lines: String = delete.lines().map(|line| format!("-{line}\n")).collect();
    let count = delete.lines().count();
    let delete = format!(
        "diff --git a/drivers/tin/tin.c b/drivers/tin/tin.c\ndeleted file mode 100644\n--- a/drivers/tin/tin.c\n+++ /dev/null\n@@ -1,{count} +0,0 @@\n{lines}"
    );
    let deleted = check(&testdata("kernel"), &["--patch", "-", "--format", "json", "--all"], delete.as_bytes());
    let tin: Vec<_> = hazards(&deleted).into_iter().filter(|(file, ..)| file.contains("tin.c")).collect();
    assert_eq!(tin, [("drivers/tin/tin.c".into(), 11, "deprecated-mmap".into(), "fixed".into())]);
}

#[test]
fn a_patch_that_is_wrong_is_refused_with_its_line() {
    let tree = kernel();
    let head = "--- a/drivers/tin/tin.c\n+++ b/drivers/tin/tin.c\n";
    let wrong: Vec<(String, &str)> = vec![
        ("no diff at all\n".to_owned(), "stdin:1: holds no diff"),
        (format!("{head}@@ -3,3 +3,3 @@\n #include <linux/fs.h>\n"), "stdin:3: hunk 1 of drivers/tin/tin.c is truncated"),
        (
            format!("{head}@@ -3,2 +3,2 @@\n-#include <linux/io.h>\n+#include <linux/mm.h>\n \n"),
            "stdin:3: hunk 1 of drivers/tin/tin.c does not apply: line 3 is `#include <linux/fs.h>` and should be `#include <linux/io.h>`",
        ),
        (
            format!("{head}@@ -3,2 +3,2 @@\n-#include <linux/fs.h>\r\n+#include <linux/mm.h>\r\n \r\n"),
            "stdin:3: hunk 1 of drivers/tin/tin.c does not apply: the patch has CRLF line ends",
        ),
        ("--- a/no/such.c\n+++ b/no/such.c\n@@ -1 +1 @@\n-a\n+b\n".to_owned(), "changes no/such.c, which is no file of the tree"),
        (
            "--- /dev/null\n+++ b/drivers/tin/tin.c\n@@ -0,0 +1 @@\n+a\n".to_owned(),
            "adds drivers/tin/tin.c, which the tree has already",
        ),
        ("--- a/../out.c\n+++ b/../out.c\n@@ -0,0 +1 @@\n+a\n".to_owned(), "\"../out.c\" is no path below the tree"),
        ("--- /dev/null\n+++ b//etc/out.c\n@@ -0,0 +1 @@\n+a\n".to_owned(), "is no path below the tree"),
        (
            "diff --git a/drivers/tin/tin.c b/drivers/tin/tin.c\nindex 1..2 100644\nGIT binary patch\nliteral 3\nKc${Nk\n".to_owned(),
            "drivers/tin/tin.c is changed as binary",
        ),
        (
            "diff --git a/drivers/tin/tin.c b/drivers/tin/tin.c\ndeleted file mode 100644\n--- a/drivers/tin/tin.c\n+++ /dev/null\n@@ -1 +0,0 @@\n-// SPDX-License-Identifier: GPL-2.0\n".to_owned(),
            "deletes drivers/tin/tin.c, and does not know all of it",
        ),
        ("Content-Transfer-Encoding: base64\n\nLS0tIGEv\n".to_owned(), "a mail in base64 encoding"),
        (format!("{head}@@ zwei @@\n"), "stdin:1: hunk 1 of drivers/tin/tin.c is missing"),
        (format!("{head}@@ -zwei @@\n"), "stdin:3: hunk 1 of drivers/tin/tin.c has a head that cannot be read"),
    ];
    for (text, reason) in wrong {
        let output = check(tree.path(), &["--patch", "-"], text.as_bytes());
        assert_eq!(output.status.code(), Some(2), "{text}");
        assert!(stderr(&output).contains(reason), "{reason}\n{}", stderr(&output));
        assert!(output.stdout.is_empty());
    }
    let long = vec![b'x'; (64 << 20) + 2];
    let output = check(tree.path(), &["--patch", "-"], &long);
    assert!(output.status.code() == Some(2) && stderr(&output).contains("is longer than 64 MiB"));
    let missing = check(tree.path(), &["--patch", "no/such.patch"], b"");
    assert!(missing.status.code() == Some(2) && stderr(&missing).contains("no/such.patch: No such file"));
    let elsewhere = tempfile::tempdir().unwrap();
    let linked = kernel();
    std::os::unix::fs::symlink(elsewhere.path(), linked.path().join("drivers/link")).unwrap();
    let through =
        check(linked.path(), &["--patch", "-"], b"--- /dev/null\n+++ b/drivers/link/x.c\n@@ -0,0 +1 @@\n+a\n");
    assert!(stderr(&through).contains("changes drivers/link/x.c, which is reached by a link"), "{}", stderr(&through));
    // Nothing was written by any of them.
    let same = Command::new("diff").arg("-r").arg(testdata("kernel")).arg(tree.path()).status().unwrap();
    assert!(same.success());
}

#[test]
fn what_was_accepted_is_left_out_and_what_accepts_nothing_is_told() {
    let tree = kernel();
    let relic = tree.path().join("drivers/relic/relic.c");
    let lints = |arguments: &[&str]| -> Vec<String> {
        let arguments = [&["--format", "json", "--select", "vma-pointer-kept", "drivers/relic"], arguments].concat();
        hazards(&check(tree.path(), &arguments, b"")).into_iter().map(|(_, _, lint, _)| lint).collect()
    };
    assert_eq!(lints(&[]), ["vma-pointer-kept"]);

    let text = fs::read_to_string(&relic).unwrap();
    let line = text.lines().nth(10).unwrap();
    let accept = |comment: &str| {
        fs::write(&relic, text.replacen(line, &format!("\t/* mmaplint: {comment} */\n{line}"), 1)).unwrap()
    };
    accept("ignore[vma-pointer-kept] the window is closed before the VMA goes");
    assert_eq!(lints(&[]), [""; 0]);
    accept("ignore[vma-pointer-kept]");
    assert_eq!(lints(&[]), ["unused-suppression", "vma-pointer-kept"], "no reason, no suppression");
    accept("ignore[vm-start-edited, vma-pointer-kept] two at once");
    assert_eq!(lints(&[]), [""; 0]);
    accept("ignore[vma-pointer-kepd] a slip of the pen");
    assert_eq!(lints(&[]), ["unused-suppression", "vma-pointer-kept"]);
    fs::write(&relic, &text).unwrap();

    let config = tree.path().join(".mmaplint.toml");
    let entry =
        "[[suppress]]\nrule = \"vma-pointer-kept\"\npath = \"drivers/relic\"\nreason = \"it will be rewritten\"\n";
    fs::write(&config, entry).unwrap();
    assert_eq!(lints(&[]), [""; 0]);
    assert_eq!(lints(&["--no-config"]), ["vma-pointer-kept"]);
    fs::write(&config, entry.replace("drivers/relic", "drivers/relics")).unwrap();
    let unused = check(tree.path(), &[], b"");
    assert!(stderr(&unused).contains("the [[suppress]] of vma-pointer-kept for drivers/relics accepts nothing"));
    for (wrong, reason) in [
        ("ignored = []\n", "unknown field `ignored`"),
        ("ignore = [\"both-hoks\"]\n", "no lint is called both-hoks"),
        ("fail-on = \"sometimes\"\n", "not \"sometimes\""),
        (&*entry.replace("it will be rewritten", " "), "gives no reason"),
    ] {
        fs::write(&config, wrong).unwrap();
        let output = check(tree.path(), &[], b"");
        assert!(output.status.code() == Some(2) && stderr(&output).contains(reason), "{}", stderr(&output));
        assert!(stderr(&output).contains(".mmaplint.toml"));
    }
    fs::write(&config, "ignore = [\"deprecated-mmap\"]\nselect = [\"pgoff-overflow\"]\nfail-on = \"never\"\n").unwrap();
    let output = check(tree.path(), &["--format", "json"], b"");
    assert!(output.status.code() == Some(0) && !stdout(&output).contains("deprecated-mmap"));
    assert_eq!(
        check(tree.path(), &["--fail-on", "warning"], b"").status.code(),
        Some(1),
        "the command line has the last word"
    );
}

#[test]
fn a_baseline_knows_what_there_was() {
    let tree = kernel();
    let baseline = tree.path().join("known.toml");
    let known = baseline.to_str().unwrap();
    assert_eq!(check(tree.path(), &["--baseline", known, "--write-baseline"], b"").status.code(), Some(0));
    let text = fs::read_to_string(&baseline).unwrap();
    assert!(text.contains("[[known]]\npath = \"drivers/relic/relic.c\"\nfunction = \"relic_mmap\"\nrule = \"vma-pointer-kept\"\ncount = 1"), "{text}");
    let clean = check(tree.path(), &["--baseline", known], b"");
    assert_eq!((stdout(&clean).as_str(), clean.status.code()), ("", Some(0)));
    fs::copy(tree.path().join("drivers/relic/relic.c"), tree.path().join("drivers/relic/new.c")).unwrap();
    let new = check(tree.path(), &["--baseline", known, "--format", "json"], b"");
    assert!(hazards(&new).iter().all(|(file, ..)| file == "drivers/relic/new.c") && new.status.code() == Some(1));
    fs::remove_file(tree.path().join("drivers/relic/new.c")).unwrap();
    fs::remove_file(tree.path().join("drivers/relic/relic.c")).unwrap();
    let stale = check(tree.path(), &["--baseline", known], b"");
    let entry = "stale baseline: drivers/relic/relic.c: relic_mmap: 1 of vma-pointer-kept";
    assert!(stderr(&stale).contains(entry));
    // What nothing looked for is not stale.
    let ignored = check(tree.path(), &["--baseline", known, "--ignore", "vma-pointer-kept"], b"");
    assert!(!stderr(&ignored).contains(entry) && stderr(&ignored).contains("stale baseline: "), "{}", stderr(&ignored));
    fs::write(&baseline, "[[known]]\npath = 1\n").unwrap();
    let wrong = check(tree.path(), &["--baseline", known], b"");
    assert!(wrong.status.code() == Some(2) && stderr(&wrong).contains("known.toml: "));
}

/// A tree with a file whose name, function and code try to break out of each format.
fn hostile() -> TempDir {
    let tree = kernel();
    let folder = tree.path().join("drivers/a b,c:d<e>&\"f'");
    fs::create_dir(&folder).unwrap();
    let text = "static int x_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\tkeep->\\u001b[31m\"</script>::error::%0A = vma;\n\t\
                window->vma = vma;\n\treturn 0;\n}\nstatic const struct file_operations x_fops = {\n\t.mmap = x_mmap,\n};\n";
    fs::write(folder.join("x\u{1b}[31m.c"), text).unwrap();
    tree
}

#[test]
fn sarif_is_what_the_schema_says() {
    for tree in [kernel(), hostile()] {
        let output = check(tree.path(), &["--format", "sarif"], b"");
        let log: Sarif = serde_json::from_slice(&output.stdout).unwrap();
        assert_eq!(log.version, "2.1.0");
        let run = &log.runs[0];
        let rules = run.tool.driver.rules.as_ref().unwrap();
        let results = run.results.as_ref().unwrap();
        assert!(results.len() > 10);
        for result in results {
            let rule = &rules[usize::try_from(result.rule_index.unwrap()).unwrap()];
            assert_eq!(Some(&rule.id), result.rule_id.as_ref());
            let place = result.locations.as_ref().unwrap()[0].physical_location.as_ref().unwrap();
            let uri = place.artifact_location.as_ref().unwrap().uri.as_ref().unwrap();
            assert!(uri.bytes().all(|byte| byte.is_ascii_graphic() && !b"<>\"`{}|\\^".contains(&byte)), "{uri}");
            assert!(!uri.starts_with('/') && !uri.contains("://"));
        }
    }
}

#[test]
fn a_fingerprint_survives_a_move_of_lines_and_a_suggestion_is_what_fix_writes() {
    let tree = kernel();
    let of_lamp = |output: &Output| -> Value {
        let log: Value = serde_json::from_slice(&output.stdout).unwrap();
        let results = log["runs"][0]["results"].as_array().unwrap().clone();
        let is_lamp = |result: &Value| {
            result.to_string().contains("drivers/char/lamp/lamp.c") && result["ruleId"] == "deprecated-mmap"
        };
        results.into_iter().find(is_lamp).unwrap()
    };
    let before = of_lamp(&check(tree.path(), &["--format", "sarif"], b""));
    let lamp = tree.path().join("drivers/char/lamp/lamp.c");
    let text = fs::read_to_string(&lamp).unwrap();
    fs::write(&lamp, format!("\n\n{text}")).unwrap();
    let after = of_lamp(&check(tree.path(), &["--format", "sarif"], b""));
    assert_ne!(before["locations"], after["locations"]);
    assert_eq!(before["partialFingerprints"], after["partialFingerprints"]);

    let changes = &before["fixes"][0]["artifactChanges"];
    let mut lines: Vec<Vec<u8>> = text.split_inclusive('\n').map(|line| line.as_bytes().to_vec()).collect();
    let offset = |lines: &[Vec<u8>], line: &Value, column: &Value| {
        let line = line.as_u64().unwrap() as usize;
        lines[..line - 1].iter().map(Vec::len).sum::<usize>() + column.as_u64().unwrap() as usize - 1
    };
    for replacement in changes[0]["replacements"].as_array().unwrap().iter().rev() {
        let region = &replacement["deletedRegion"];
        let start = offset(&lines, &region["startLine"], &region["startColumn"]);
        let end = offset(&lines, &region["endLine"], &region["endColumn"]);
        let mut whole: Vec<u8> = lines.concat();
        whole.splice(start..end, replacement["insertedContent"]["text"].as_str().unwrap().bytes());
        lines = whole.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect();
    }
    fs::write(&lamp, &text).unwrap();
    let fixed = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .arg("fix")
        .arg(tree.path())
        .args(["lamp_mmap", "--write"])
        .output();
    assert!(fixed.unwrap().status.success());
    assert_eq!(String::from_utf8(lines.concat()).unwrap(), fs::read_to_string(&lamp).unwrap());
}

#[test]
fn github_commands_are_one_line_each_and_nothing_breaks_out() {
    let output = check(hostile().path(), &["--format", "github"], b"");
    let text = stdout(&output);
    assert!(text.contains("::warning file=drivers/relic/relic.c,line=11,col=2,endColumn=25,title=vma-pointer-kept::relic_mmap keeps the VMA in window.vma"), "{text}");
    for line in text.lines() {
        let is_command = ["::notice ", "::warning ", "::error "].iter().any(|command| line.starts_with(command));
        assert!(is_command, "{line}");
        let (properties, _) = line[2..].split_once("::").unwrap();
        assert!(!properties.contains('<') || properties.contains("file=drivers/a b%2Cc%3Ad"), "{properties}");
    }
    let by_itself = Command::new(env!("CARGO_BIN_EXE_mmaplint"))
        .args(["check", testdata("kernel").to_str().unwrap()])
        .env("GITHUB_ACTIONS", "true")
        .output()
        .unwrap();
    assert!(stdout(&by_itself).starts_with("::"));
}

#[test]
fn gitlab_checkstyle_and_rdjson_have_their_documented_shapes() {
    let tree = hostile();
    let gitlab: Value = serde_json::from_slice(&check(tree.path(), &["--format", "gitlab"], b"").stdout).unwrap();
    let entries = gitlab.as_array().unwrap();
    assert!(entries.len() > 10);
    let mut fingerprints = std::collections::BTreeSet::new();
    for entry in entries {
        assert!(["info", "minor", "major", "critical", "blocker"].contains(&entry["severity"].as_str().unwrap()));
        assert!(fingerprints.insert(entry["fingerprint"].as_str().unwrap().to_owned()));
        assert!(
            entry["description"].is_string()
                && entry["check_name"].is_string()
                && entry["location"]["path"].is_string()
        );
        assert!(entry["location"]["lines"]["begin"].as_u64().unwrap() > 0);
    }

    let checkstyle = stdout(&check(tree.path(), &["--format", "checkstyle"], b""));
    assert!(
        checkstyle
            .starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<checkstyle version=\"8.0\">\n  <file name=\"")
    );
    assert!(checkstyle.contains("<file name=\"drivers/a b,c:d&lt;e&gt;&amp;&quot;f'/x?[31m.c\">"), "{checkstyle}");
    assert!(checkstyle.contains("<error line=\"11\" column=\"2\" severity=\"warning\" message=\"relic_mmap keeps"));
    assert!(checkstyle.ends_with("</checkstyle>\n"));
    let element = |line: &str| {
        ["<?xml", "<checkstyle", "<file", "</file", "<error", "</checkstyle"]
            .iter()
            .any(|start| line.trim_start().starts_with(start))
    };
    assert!(checkstyle.lines().all(element));

    let rdjson: Value = serde_json::from_slice(&check(tree.path(), &["--format", "rdjson"], b"").stdout).unwrap();
    assert_eq!(rdjson["source"]["name"], "mmaplint");
    for diagnostic in rdjson["diagnostics"].as_array().unwrap() {
        assert!(["INFO", "WARNING", "ERROR"].contains(&diagnostic["severity"].as_str().unwrap()));
        assert!(diagnostic["location"]["range"]["start"]["line"].as_u64().unwrap() > 0);
        assert!(diagnostic["code"]["value"].is_string() && diagnostic["message"].is_string());
    }

    for format in ["text", "terse"] {
        let shown = check(tree.path(), &["--format", format, "--color", "never"], b"").stdout;
        assert!(!shown.contains(&0x1b), "{format} passes an escape sequence on");
    }
}

#[test]
fn lints_are_chosen_by_name() {
    let tree = testdata("kernel");
    let lints = |arguments: &[&str]| {
        let mut lints: Vec<String> = hazards(&check(&tree, &[arguments, &["--format", "json"]].concat(), b""))
            .into_iter()
            .map(|(_, _, lint, _)| lint)
            .collect();
        lints.sort();
        lints.dedup();
        lints
    };
    assert_eq!(lints(&["--select", "vma-pointer-kept"]), ["vma-pointer-kept"]);
    assert_eq!(lints(&["--ignore", "deprecated-mmap"]), ["populate-not-bounded", "vma-pointer-kept"]);
    assert_eq!(lints(&["-f", "drivers/relic/relic.c"]), ["deprecated-mmap", "vma-pointer-kept"]);
    let wrong = check(&tree, &["--select", "vma-pointer"], b"");
    assert!(
        wrong.status.code() == Some(2)
            && stderr(&wrong).contains("no lint is called vma-pointer; did you mean vma-pointer-kept")
    );
    let nowhere = check(&tree, &["drivers/no-such"], b"");
    assert!(nowhere.status.code() == Some(2) && stderr(&nowhere).contains("drivers/no-such: there is no such path"));
}

#[test]
fn kbuild_prints_like_sparse_and_never_stops_the_build() {
    let tree = testdata("kernel");
    let run = |file: &str| {
        Command::new(env!("CARGO_BIN_EXE_mmaplint"))
            .args(["kbuild", "-D__linux__", "-Wbitwise", "-I", "./include", "-Wp,-MMD,x.d"])
            .arg(tree.join(file))
            .env("srctree", &tree)
            .output()
            .unwrap()
    };
    let relic = run("drivers/relic/relic.c");
    assert_eq!(relic.status.code(), Some(0));
    assert!(relic.stdout.is_empty());
    let lines = stderr(&relic);
    assert!(lines.lines().all(|line| line.starts_with(tree.to_str().unwrap())), "{lines}");
    assert!(lines.contains("drivers/relic/relic.c:11:2: warning: relic_mmap keeps the VMA"), "{lines}");
    let missing = run("drivers/relic/none.c");
    assert!(missing.status.code() == Some(0) && stderr(&missing).contains("none.c: No such file"));
}

/// A patch that puts a line behind another line of a file of the made-up kernel.
fn inserting(file: &str, behind: &str, new: &str) -> Vec<u8> {
    let text = fs::read_to_string(testdata("kernel").join(file)).unwrap();
    let number = text.lines().position(|line| line.trim() == behind).unwrap() + 1;
    let line = text.lines().nth(number - 1).unwrap();
    format!("--- a/{file}\n+++ b/{file}\n@@ -{number} +{number},2 @@\n {line}\n+{new}\n").into_bytes()
}

const RELIC: &str = "drivers/relic/relic.c";

#[test]
fn a_baseline_does_not_swallow_what_a_change_introduces() {
    let tree = kernel();
    let known = tree.path().join("known.toml");
    let known = known.to_str().unwrap();
    check(tree.path(), &["--baseline", known, "--write-baseline"], b"");
    let more = inserting(RELIC, "relic->window.vma = vma;", "\trelic->other = vma;");
    let output = check(tree.path(), &["--patch", "-", "--baseline", known, "--format", "json"], &more);
    assert_eq!(hazards(&output), [(RELIC.into(), 12, "vma-pointer-kept".into(), "introduced".into())]);
    assert_eq!(output.status.code(), Some(1));
}

#[test]
fn of_two_that_are_alike_the_new_line_is_the_new_one() {
    for (behind, line) in [("struct relic *relic = file->private_data;", 9), ("relic->window.vma = vma;", 12)] {
        let again = inserting(RELIC, behind, "\trelic->window.vma = vma;");
        let output = check(&testdata("kernel"), &["--patch", "-", "--format", "json"], &again);
        assert_eq!(hazards(&output), [(RELIC.into(), line, "vma-pointer-kept".into(), "introduced".into())]);
    }
    // A table, or a function, that gets another name brings nothing new.
    let text = fs::read_to_string(testdata("kernel").join(RELIC)).unwrap();
    let line = text.lines().find(|line| line.contains("relic_fops")).unwrap();
    let number = text.lines().position(|other| other == line).unwrap() + 1;
    let renamed = line.replace("relic_fops", "relic_operations");
    let patch = format!("--- a/{RELIC}\n+++ b/{RELIC}\n@@ -{number} +{number} @@\n-{line}\n+{renamed}\n");
    let output = check(&testdata("kernel"), &["--patch", "-"], patch.as_bytes());
    assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)));
}

#[test]
fn a_path_may_be_written_in_any_way() {
    let tree = testdata("kernel");
    let absolute = tree.join("drivers/relic/relic.c");
    let ways = ["drivers//relic", "./drivers/relic/", "drivers/../drivers/relic", "drivers/relic/./relic.c"];
    for way in ways.into_iter().chain([absolute.to_str().unwrap()]) {
        let output = check(&tree, &["--select", "vma-pointer-kept", "-f", way, "--format", "json"], b"");
        assert_eq!(hazards(&output).len(), 1, "{way}");
    }
    let outside = check(&tree, &["-f", "../kernel/drivers/relic/relic.c"], b"");
    assert_eq!(outside.status.code(), Some(2));
    let mistyped = check(&tree, &["--patch", "-", "-f", "drivers/bel"], &patch("adds.patch"));
    assert_eq!(mistyped.status.code(), Some(2));
    let added = check(&tree, &["--patch", "-", "-f", "drivers/bell/bell.c", "--format", "json"], &patch("adds.patch"));
    assert_eq!(hazards(&added).len(), 2);
}

#[test]
fn files_are_renamed_and_copied_as_git_does() {
    let copy = format!(
        "diff --git a/{RELIC} b/{RELIC}\n--- a/{RELIC}\n+++ b/{RELIC}\n@@ -11 +11 @@\n-\trelic->window.vma = vma;\n+\trelic->start = vma->vm_start;\n\
         diff --git a/{RELIC} b/drivers/relic/zcopy.c\nsimilarity index 100%\ncopy from {RELIC}\ncopy to drivers/relic/zcopy.c\n"
    );
    let output = check(
        &testdata("kernel"),
        &["--patch", "-", "--select", "vma-pointer-kept", "--format", "json"],
        copy.as_bytes(),
    );
    assert_eq!(
        hazards(&output),
        [("drivers/relic/zcopy.c".into(), 11, "vma-pointer-kept".into(), "introduced".into())]
    );

    let gauge = "drivers/gauge/gauge.c";
    let swap = format!(
        "diff --git a/{RELIC} b/{gauge}\nsimilarity index 100%\nrename from {RELIC}\nrename to {gauge}\n\
         diff --git a/{gauge} b/{RELIC}\nsimilarity index 100%\nrename from {gauge}\nrename to {RELIC}\n"
    );
    let output = check(&testdata("kernel"), &["--patch", "-", "--all", "--format", "json"], swap.as_bytes());
    let states: Vec<_> = hazards(&output).into_iter().filter(|(file, ..)| file == gauge || file == RELIC).collect();
    assert_eq!(states.len(), 3);
    assert!(states.iter().all(|(.., state)| state == "moved"), "{states:?}");

    let over =
        format!("diff --git a/{RELIC} b/{gauge}\nsimilarity index 100%\nrename from {RELIC}\nrename to {gauge}\n");
    let output = check(&testdata("kernel"), &["--patch", "-"], over.as_bytes());
    assert!(
        output.status.code() == Some(2)
            && stderr(&output).contains("adds drivers/gauge/gauge.c, which the tree has already")
    );
}

#[test]
fn patches_of_all_sorts_are_read() {
    let tree = testdata("kernel");
    let rc = |patch: &str| check(&tree, &["--patch", "-"], patch.as_bytes()).status.code();
    // Quilt, and diff -N, date what is new to the epoch.
    let new = "--- linux.orig/drivers/new.c\t1970-01-01 00:00:00\n+++ linux/drivers/new.c\t2026-11-01\n@@ -0,0 +1 @@\n+int x;\n";
    assert_eq!(rc(new), Some(0));
    let kept =
        format!("--- linux/{RELIC}.orig\n+++ linux/{RELIC}\n@@ -1 +1,2 @@\n // SPDX-License-Identifier: GPL-2.0\n+\n");
    assert_eq!(rc(&kept), Some(0));
    // A message may quote a hunk, a header is written in any case, and a mode is no text.
    let series = String::from_utf8(patch("series.mbox")).unwrap();
    let quoting =
        series.replace("Otherwise it may go out.", "@@ -1,3 +1,4 @@\n-like this\nContent-Transfer-Encoding: base64");
    assert_eq!(rc(&quoting), Some(1));
    let encoded =
        series.replace("Subject: [PATCH] bell", "Content-transfer-encoding:quoted-printable\nSubject: [PATCH] bell");
    assert_eq!(rc(&encoded), Some(2));
    assert_eq!(rc("diff --git a/Makefile b/Makefile\nold mode 100644\nnew mode 100755\n"), Some(0));
    let module = "diff --git a/mod b/mod\nindex 1111111..2222222 160000\n--- a/mod\n+++ b/mod\n@@ -1 +1 @@\n-Subproject commit 1\n+Subproject commit 2\n";
    assert_eq!(rc(module), Some(0));
    // With diff.noprefix, names have no a/ and b/.
    for name in ["adds.patch", "converts.patch"] {
        let with = String::from_utf8(patch(name)).unwrap();
        let without = with.replace(" a/drivers", " drivers").replace(" b/drivers", " drivers");
        assert_ne!(with, without);
        let told = |patch: &str| stdout(&check(&tree, &["--patch", "-"], patch.as_bytes()));
        assert_eq!(told(&with), told(&without), "{name}");
        assert!(!told(&with).is_empty(), "{name}");
    }
    let control = "--- /dev/null\n+++ \"b/drivers/x\\n::error::pwned.c\"\n@@ -0,0 +1 @@\n+x\n";
    let output = check(&tree, &["--patch", "-"], control.as_bytes());
    assert!(output.status.code() == Some(2) && stderr(&output).lines().count() == 1);
}

#[test]
fn a_comment_accepts_its_own_line_or_the_next_and_no_more() {
    let tree = kernel();
    let file = tree.path().join(RELIC);
    let text = fs::read_to_string(&file).unwrap();
    let line = "\trelic->window.vma = vma;";
    let found = |new: &str| -> Vec<(u64, String)> {
        fs::write(&file, text.replacen(line, new, 1)).unwrap();
        let output = check(tree.path(), &["--select", "vma-pointer-kept", "--format", "json"], b"");
        hazards(&output).into_iter().map(|(_, line, lint, _)| (line, lint)).collect()
    };
    let ignore = "mmaplint: ignore[vma-pointer-kept] forgotten in close";
    assert_eq!(found(&format!("{line} /* {ignore} */")), []);
    assert_eq!(found(&format!("{line} // {ignore}")), []);
    assert_eq!(found(&format!("{line} /* {ignore} */\n\trelic->other = vma;")), [(12, "vma-pointer-kept".to_owned())]);
    assert_eq!(found(&format!("\t/*\n\t * {ignore}\n\t * as nobody splits it\n\t */\n{line}")), []);
    assert_eq!(found(&format!("\tpr_debug(\"{ignore}\");\n{line}")), [(12, "vma-pointer-kept".to_owned())]);
}

#[test]
fn a_range_of_commits_is_what_git_says_it_is() {
    let tree = kernel();
    let git = |arguments: &[&str]| {
        let as_ada = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org"];
        let status =
            Command::new("git").arg("-C").arg(tree.path()).args(as_ada).args(arguments).stdout(Stdio::null()).status();
        assert!(status.unwrap().success(), "git {arguments:?}");
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "base"]);
    for name in ["drivers/relic/mid.c", "drivers/relic/new.c"] {
        let old = if name.ends_with("mid.c") { RELIC } else { "drivers/relic/mid.c" };
        git(&["mv", old, name]);
        git(&["commit", "-qm", name]);
    }
    for range in ["HEAD~2..HEAD~1", "HEAD~1..HEAD", "HEAD~2...HEAD", "HEAD~1"] {
        let output = check(tree.path(), &["-g", range], b"");
        assert_eq!((stdout(&output).as_str(), output.status.code()), ("", Some(0)), "{range}");
    }
    fs::remove_file(tree.path().join("drivers/relic/new.c")).unwrap();
    let gone = check(tree.path(), &["-g", "HEAD~1..HEAD", "-f", "drivers/relic/new.c"], b"");
    assert_eq!(gone.status.code(), Some(0), "{}", stderr(&gone));
}

#[test]
fn a_conversion_that_asks_for_any_of_what_it_asked_all_of_is_told() {
    let tree = kernel();
    let file = tree.path().join("drivers/char/lamp/lamp.c");
    let text = fs::read_to_string(&file).unwrap();
    let both = "if ((vma->vm_flags & (VM_WRITE | VM_EXEC)) == (VM_WRITE | VM_EXEC))";
    let text = text.replace("if (vma->vm_flags & VM_WRITE)", both);
    fs::write(&file, &text).unwrap();
    let git = |arguments: &[&str]| {
        let as_ada = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org"];
        assert!(
            Command::new("git").arg("-C").arg(tree.path()).args(as_ada).args(arguments).status().unwrap().success()
        );
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "base"]);
    let converted = |test: &str| {
        let text =
            text.replace(both, test).replace("lamp_mmap", "lamp_mmap_prepare").replace(".mmap\t", ".mmap_prepare\t");
        let head = "static int lamp_mmap_prepare(struct file *file, struct vm_area_struct *vma)";
        fs::write(&file, text.replace(head, "static int lamp_mmap_prepare(struct vm_area_desc *desc)")).unwrap();
        let arguments = ["--base", "HEAD", "--select", "test-any-for-all", "--format", "json"];
        hazards(&check(tree.path(), &arguments, b"")).into_iter().filter(|(_, _, lint, _)| lint != "-").count()
    };
    assert_eq!(converted("if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))"), 1);
    assert_eq!(converted("if (vma_desc_test_all(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))"), 0);
    assert_eq!(converted("if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_READ_BIT))"), 0);
    // The mirror image: either was refused, and now only both are.
    let either = "if (vma->vm_flags & (VM_WRITE | VM_EXEC))";
    fs::write(&file, text.replace(both, either)).unwrap();
    git(&["commit", "-qam", "either"]);
    assert_eq!(converted("if (vma_desc_test_all(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))"), 1);
    assert_eq!(converted("if (vma_desc_test_any(desc, VMA_WRITE_BIT, VMA_EXEC_BIT))"), 0);
}

#[test]
fn an_empty_diff_introduces_nothing() {
    let tree = kernel();
    for text in ["", "\n\n"] {
        let output = check(tree.path(), &["--patch", "-", "--quiet"], text.as_bytes());
        assert_eq!((output.status.code(), stdout(&output).as_str(), stderr(&output).as_str()), (Some(0), "", ""));
    }
}

#[test]
fn a_patch_that_is_applied_already_is_told_from_one_that_does_not_fit() {
    let tree = kernel();
    for name in ["adds.patch", "converts.patch"] {
        let mut apply = Command::new("patch");
        apply.args(["-p1", "-s", "-i"]).arg(testdata("patches").join(name)).current_dir(tree.path());
        assert!(apply.status().unwrap().success());
        let output = check(tree.path(), &["--patch", "-"], &patch(name));
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(stderr(&output).contains("the tree already has this change: use --base"), "{}", stderr(&output));
    }
}

/// What no change touches or reaches is no reason to fail it.
#[test]
fn a_strict_check_of_a_change_counts_what_the_change_has_to_do_with() {
    let tree = kernel();
    let lamp = "drivers/char/lamp/lamp.c";
    let text = fs::read_to_string(tree.path().join(lamp)).unwrap();
    let number = text.lines().position(|line| line == "\treturn 0;").unwrap();
    let line = text.lines().nth(number).unwrap();
    let harmless = format!("--- a/{lamp}\n+++ b/{lamp}\n@@ -{0} +{0},2 @@\n+\n {line}\n", number + 1);
    let output = check(tree.path(), &["--patch", "-", "--strict"], harmless.as_bytes());
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    assert!(!stderr(&output).contains("understood"), "{}", stderr(&output));
    // The tree itself has a place that is not understood, in the handler that this change touches.
    let tin = "drivers/tin/tin.c";
    let text = fs::read_to_string(tree.path().join(tin)).unwrap();
    let first = text.lines().next().unwrap();
    let touching = format!("--- a/{tin}\n+++ b/{tin}\n@@ -1 +1,2 @@\n+\n {first}\n");
    let output = check(tree.path(), &["--patch", "-", "--strict"], touching.as_bytes());
    assert_eq!(output.status.code(), Some(1), "{}", stderr(&output));
    assert!(stderr(&output).contains("1 place could not be understood"), "{}", stderr(&output));
}

/// A folder of a kernel tree in the place of the tree means the tree, and that folder of it.
#[test]
fn a_folder_of_a_kernel_is_looked_at_in_its_tree() {
    let tree = kernel();
    let run = |arguments: &[&str]| {
        Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(arguments).current_dir(tree.path()).output().unwrap()
    };
    let of_tree = |command: &str, path: &str, more: &[&str]| {
        let whole = run(&[&[command, ".", path], more].concat());
        let inside = run(&[&[command, path], more].concat());
        assert!(!whole.stdout.is_empty(), "{command}");
        assert_eq!((whole.status.code(), stdout(&whole)), (inside.status.code(), stdout(&inside)), "{command}");
    };
    of_tree("scan", "drivers/ledger", &["--quiet"]);
    of_tree("scan", "drivers/ledger/ledger.c", &["--quiet"]);
    of_tree("check", "drivers/ledger", &["--quiet"]);
    of_tree("fix", "drivers/char", &["--quiet"]);
    let names = |output: &Output| stdout(output).lines().filter(|line| line.starts_with("drivers/ledger")).count();
    for command in ["worklist", "graph"] {
        let whole = run(&[command, "."]);
        let inside = run(&[command, "drivers/ledger"]);
        assert_eq!(inside.status.code(), Some(0), "{command}: {}", stderr(&inside));
        assert!(inside.stdout.len() < whole.stdout.len(), "{command}");
        assert_eq!(names(&whole), names(&inside), "{command}");
    }
    let moved = run(&["compare", "drivers/ledger", "drivers/ledger", "--old-target", "v6.16", "--quiet"]);
    assert!(
        stdout(&moved).contains("0 added, 0 vanished, 0 moved, 0 code-changed, 1 api-changed, 0 same"),
        "{}",
        stdout(&moved)
    );
    // Paths are below that folder.
    let ledger = stdout(&run(&["scan", ".", "drivers/ledger/ledger.c", "--quiet"]));
    assert_eq!(stdout(&run(&["scan", "drivers", "ledger/ledger.c", "--quiet"])), ledger);
    assert_eq!(stdout(&run(&["scan", "drivers/char", "../ledger", "--quiet"])), ledger);
    let below = |arguments: &[&str]| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        tool.args(arguments).arg("--quiet").current_dir(tree.path().join("drivers/ledger")).output().unwrap()
    };
    assert_eq!(stdout(&below(&["scan", ".", "ledger.c"])), ledger);
    assert_eq!(stdout(&below(&["check", "-f", "ledger.c"])), stdout(&run(&["check", "drivers/ledger", "--quiet"])));
    assert!(stdout(&below(&["fix", "..", "char/lamp/lamp.c"])).contains("+++ b/drivers/char/lamp/lamp.c"));
    let explained = run(&["explain", "ledger_mmap", "drivers/ledger"]);
    assert!(stdout(&explained).starts_with("ledger_mmap"), "{}", stderr(&explained));
}

/// Sources that name VMAs and no hook in sight: nothing was looked at, and that is no all-clear.
#[test]
fn a_folder_without_the_headers_of_a_kernel_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("ledger.c"), "void ledger_fill(struct vm_area_struct *vma)\n{\n}\n").unwrap();
    let path = folder.path().to_str().unwrap();
    let commands: [&[&str]; 7] = [
        &["scan", path],
        &["check", path],
        &["fix", path],
        &["worklist", path],
        &["graph", path],
        &["compare", path, path],
        &["check", path, "--patch", "-"],
    ];
    for command in commands {
        let command = [command, &["--kernel", "none", "--quiet"]].concat();
        let output = Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(&command).stdin(Stdio::null()).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command:?}: {}", stdout(&output));
        let said = stderr(&output);
        assert!(said.contains("ledger.c names vm_area_struct, and no handler was found"), "{command:?}: {said}");
        assert!(said.lines().count() == 3 && said.contains("mmaplint scan TREE drivers/char"), "{said}");
    }
}

/// A folder without any C is none either.
#[test]
fn a_folder_without_c_is_no_all_clear() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("notes.txt"), "no C").unwrap();
    let path = folder.path().to_str().unwrap();
    for command in ["scan", "check", "fix", "worklist", "graph"] {
        let output = Command::new(env!("CARGO_BIN_EXE_mmaplint")).args([command, path]).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{command}: {}", stdout(&output));
        assert!(stderr(&output).contains("there is no C file in this directory"), "{command}: {}", stderr(&output));
    }
}

/// A new driver of which something is reported, and what its author would have accepted of it.
const NEW_DRIVER: &str = "diff --git a/drivers/new/new.c b/drivers/new/new.c\nnew file mode 100644\n--- /dev/null\n+++ b/drivers/new/new.c\n\
    @@ -0,0 +1,7 @@\n+static int new_mmap(struct file *file, struct vm_area_struct *vma)\n+{\n+\treturn 0;\n+}\n\
    +static const struct file_operations new_fops = {\n+\t.mmap = new_mmap,\n+};\n";

#[test]
fn a_change_does_not_decide_over_itself() {
    let tree = kernel();
    let config = "fail-on = \"never\"\nignore = [\"deprecated-mmap\"]\nbaseline = \"known\"\n";
    let adds = |path: &str, text: &str| {
        let lines: String = text.lines().map(|line| format!("+{line}\n")).collect();
        let count = text.lines().count();
        format!(
            "diff --git a/{path} b/{path}\nnew file mode 100644\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1,{count} @@\n{lines}"
        )
    };
    let change = format!("{NEW_DRIVER}{}", adds(".mmaplint.toml", config));
    let check_patch = |change: &str| check(tree.path(), &["--patch", "-", "--format", "terse"], change.as_bytes());
    let without = check_patch(NEW_DRIVER);
    let with = check_patch(&change);
    assert_eq!((with.status.code(), stdout(&with)), (Some(1), stdout(&without)));
    assert!(stderr(&with).contains(".mmaplint.toml is changed"), "{}", stderr(&with));
    // What the tree has decided counts, and its baseline lies in it.
    fs::write(tree.path().join(".mmaplint.toml"), "ignore = [\"deprecated-mmap\"]\n").unwrap();
    assert!(!stdout(&check_patch(NEW_DRIVER)).contains("deprecated-mmap"));
    let secret = tree.path().parent().unwrap().join(format!("{}-secret", tree.path().file_name().unwrap().display()));
    fs::write(&secret, "a line that nobody should see\n").unwrap();
    for path in [format!("../{}", secret.file_name().unwrap().display()), secret.display().to_string()] {
        fs::write(tree.path().join(".mmaplint.toml"), format!("baseline = {path:?}\n")).unwrap();
        let output = check(tree.path(), &[], b"");
        assert_eq!(output.status.code(), Some(2));
        assert!(
            stderr(&output).contains("outside the tree") && !stderr(&output).contains("nobody"),
            "{}",
            stderr(&output)
        );
    }
    for (name, link) in [(".mmaplint.toml", secret.clone()), ("known", secret.clone())] {
        fs::remove_file(tree.path().join(".mmaplint.toml")).unwrap();
        if name == "known" {
            fs::write(tree.path().join(".mmaplint.toml"), "baseline = \"known\"\n").unwrap();
        }
        std::os::unix::fs::symlink(link, tree.path().join(name)).unwrap();
        let output = check(tree.path(), &[], b"");
        assert_eq!(output.status.code(), Some(2), "{name}");
        assert!(!stderr(&output).contains("nobody"), "{}", stderr(&output));
    }
    fs::remove_file(secret).unwrap();
}

#[test]
fn a_link_that_a_change_adds_is_named() {
    let tree = kernel();
    for (path, target) in
        [("drivers/new/new.c", "../../../away.c"), ("drivers/new", "../tools"), ("drivers/a.c", "char/lamp/lamp.c")]
    {
        let change = format!(
            "diff --git a/{path} b/{path}\nnew file mode 120000\n--- /dev/null\n+++ b/{path}\n@@ -0,0 +1 @@\n+{target}\n\\ No newline at end of file\n"
        );
        let output = check(tree.path(), &["--patch", "-", "--strict"], change.as_bytes());
        assert_eq!(output.status.code(), Some(1), "{path}");
        assert!(
            stderr(&output).contains(&format!("{path}: link: the change makes it a link to {target}")),
            "{}",
            stderr(&output)
        );
    }
}

#[test]
fn a_mail_with_an_encoded_part_is_refused() {
    let tree = kernel();
    let part = |encoding: &str| {
        format!(
            "From a\nSubject: x\nMIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\n{NEW_DRIVER}\n\
                 --b\nContent-Type: text/x-patch\n{encoding}\n\nZGlmZgo=\n--b--\n"
        )
    };
    for encoding in [
        "Content-Transfer-Encoding: base64",
        "content-transfer-encoding:quoted-printable",
        "Content-Transfer-Encoding:\n base64",
    ] {
        let output = check(tree.path(), &["--patch", "-"], part(encoding).as_bytes());
        assert_eq!(output.status.code(), Some(2), "{encoding}");
        assert!(stderr(&output).contains("decode it"), "{}", stderr(&output));
    }
    assert_eq!(
        check(tree.path(), &["--patch", "-"], part("Content-Transfer-Encoding: 7bit").as_bytes()).status.code(),
        Some(1)
    );
}

/// Patches that git reads in its own way: what it would apply is reported, or the patch is refused.
#[test]
fn a_patch_is_read_as_git_reads_it() {
    let tree = kernel();
    let body: String = NEW_DRIVER.lines().skip(4).map(|line| format!("{line}\n")).collect();
    let new = "drivers/new/new.c";
    let plain = NEW_DRIVER;
    let date = "From 0000000000000000000000000000000000000000 Mon Sep 17 00:00:00 2001\n";
    let two_diffs = format!(
        "{date}Subject: x\n\nx\n---\ndiff --git a/{RELIC} b/{RELIC}\n--- a/{RELIC}\n+++ b/{RELIC}\n@@ -1 +1,2 @@\n // SPDX-License-Identifier: GPL-2.0\n+\n\nFrom here on\n{plain}"
    );
    for (name, text) in [
        ("two names", format!("--- a/{new}\n+++ b/{new}.txt\n{body}")),
        ("half quoted", format!("diff --git a/{new} \"b/{new}\"\nnew file mode 100644\n{body}")),
        ("names that cannot be read", format!("diff --git a/x y b/z\nnew file mode 100644\n{body}")),
        (
            "folded",
            format!(
                "{date}Content-Transfer-Encoding: 7bit\n base64\n\nZGlmZgo=\n{date}Subject: x\n\n{RELIC}\n---\n--- a/x\n+++ b/x\n"
            ),
        ),
        ("blank lines", format!("\n\n{date}Subject: x\nContent-Transfer-Encoding: base64\n\nZGlmZgo=\n{plain}")),
        ("an encoded type", format!("{date}Content-Type: =?utf-8?q?multipart/mixed=3B_boundary=3Dx?=\n\n{plain}")),
        ("other letters", format!("{date}Content-Type: text/plain; charset=UTF-7\n\n{plain}")),
        (
            "binary",
            format!(
                "diff --git a/{new}_shipped b/{new}_shipped\nnew file mode 100644\nGIT binary patch\nliteral 3\nKc${{Nk\n"
            ),
        ),
        ("a line like a mail", two_diffs),
    ] {
        let output = check(tree.path(), &["--patch", "-"], text.as_bytes());
        assert_ne!(output.status.code(), Some(0), "{name}: {output:?}");
    }
    let renames =
        format!("{date}Subject: x\n\nx\n---\ndiff --git a/{RELIC} b/{new}\nrename old {RELIC}\nrename new {new}\n");
    let output = check(tree.path(), &["--patch", "-", "--format", "json", "--all"], renames.as_bytes());
    assert!(stdout(&output).contains(new), "{output:?}");
}

#[test]
fn a_hunk_that_fits_twice_is_refused() {
    let tree = kernel();
    let text = |middle: &str| format!("int a;\n{}int b;\n{middle}int c;\n", "int x;\n".repeat(4));
    fs::write(tree.path().join("drivers/twice.c"), text(&"int y;\nint z;\n".repeat(8))).unwrap();
    let patch = "--- a/drivers/twice.c\n+++ b/drivers/twice.c\n@@ -2,1 +2,2 @@\n int b;\n+int new;\n@@ -11,2 +12,3 @@\n int y;\n+int other;\n int z;\n";
    let output = check(tree.path(), &["--patch", "-"], patch.as_bytes());
    assert!(output.status.code() == Some(2) && stderr(&output).contains("it fits at line"), "{output:?}");
}

/// The settings may say where the texts of lints are; else the output has them.
#[test]
fn a_lint_is_linked_or_explained() {
    let tree = kernel();
    let run = |format: &str| stdout(&check(tree.path(), &["--format", format], b""));
    assert!(!run("sarif").contains("helpUri"));
    assert!(!run("rdjson").contains("\"url\""));
    let explained = run("github");
    let first = explained.lines().next().unwrap().to_owned();
    assert!(first.contains("%0A"), "{first}");
    fs::write(tree.path().join(".mmaplint.toml"), "lints-url = \"https://example.org/lints.html\"\n").unwrap();
    for format in ["sarif", "rdjson", "github", "gitlab", "json"] {
        assert!(run(format).contains("https://example.org/lints.html#"), "{format}");
    }
    fs::write(tree.path().join(".mmaplint.toml"), "lints-url = \"javascript:alert(1)\"\n").unwrap();
    let refused = check(tree.path(), &[], b"");
    assert_eq!(refused.status.code(), Some(2));
    assert!(stderr(&refused).contains("is no address of the web"), "{}", stderr(&refused));
}

#[test]
fn a_check_names_the_handlers_that_lints_do_not_follow() {
    let tree = kernel();
    let tests: String =
        (0..12).map(|bit| format!("\tif (lamp_bits & BIT({bit}))\n\t\tvma->vm_pgoff += {};\n", 1 << bit)).collect();
    let knot = format!(
        "#include <linux/fs.h>\n#include <linux/mm.h>\n\nstatic int knot_mmap(struct file *file, struct vm_area_struct *vma)\n{{\n{tests}\treturn 0;\n}}\n\nstatic const struct file_operations knot_fops = {{\n\t.mmap = knot_mmap,\n}};\n"
    );
    let path = tree.path().join("drivers/char/knot.c");
    fs::write(&path, &knot).unwrap();
    let silent = "lints that follow paths are silent about knot_mmap (drivers/char/knot.c:4: it has too many paths)";
    assert!(stderr(&check(tree.path(), &[], b"")).contains(silent));
    // Not for files that the change leaves alone.
    let patch = patch("slips.patch");
    assert!(!stderr(&check(tree.path(), &["--patch", "-"], &patch)).contains("silent about"));
    assert!(!stderr(&check(tree.path(), &["--select", "deprecated-mmap"], b"")).contains("silent about"));
}

#[test]
fn every_format_says_what_was_not_understood() {
    let tree = kernel();
    let knot = "#include <linux/fs.h>\n#include <linux/mm.h>\n\nstatic const struct file_operations knot_fops = {\n\t.mmap = knot_mmap,\n};\n";
    fs::write(tree.path().join("drivers/char/knot.c"), knot).unwrap();
    let text = "knot_mmap is not found in the tree";
    let said = |format: &str| stdout(&check(tree.path(), &["--format", format, "drivers/char"], b""));
    let lines = said("json");
    let entry = lines.lines().find(|line| line.contains("not-understood")).unwrap();
    let entry: Value = serde_json::from_str(entry).unwrap();
    assert_eq!((&entry["file"], &entry["message"]), (&"drivers/char/knot.c".into(), &text.into()));
    assert!(
        said("markdown").contains("- `drivers/char/knot.c:5`: `knot_mmap` is not found in the tree"),
        "{}",
        said("markdown")
    );
    assert!(said("github").contains(&format!("title=not understood::{text}")));
    let log: Sarif = serde_json::from_str(&said("sarif")).unwrap();
    let invocations = log.runs[0].invocations.clone().unwrap();
    assert_eq!(invocations[0].tool_execution_notifications.as_ref().unwrap().len(), 1);
}

#[test]
fn a_patch_that_moves_a_submodule_says_that_it_is_not_read() {
    let tree = kernel();
    let patch = b"diff --git a/drivers/sub b/drivers/sub\nindex 1111111..2222222 160000\n--- a/drivers/sub\n+++ b/drivers/sub\n@@ -1 +1 @@\n-Subproject commit 1111111111111111111111111111111111111111\n+Subproject commit 2222222222222222222222222222222222222222\n";
    let output = check(tree.path(), &["--patch", "-"], patch);
    assert!(stderr(&output).contains("drivers/sub: link: is a submodule"), "{}", stderr(&output));
    assert_eq!(output.status.code(), Some(0));
    assert_eq!(check(tree.path(), &["--patch", "-", "--strict"], patch).status.code(), Some(1));
}

/// A change of a driver and of a header far from it.
fn header_changed(value: &str) -> String {
    let tree = kernel();
    let (header, driver) = ("include/uapi/linux/lamp.h", "drivers/char/dusk.c");
    let text = |value: &str| format!("#define DUSK_OFFSET {value}\n");
    let handler = |head: &str, pgoff: &str, hook: &str| {
        let table = format!("static const struct file_operations dusk_fops = {{\n\t.{hook} = dusk_{hook},\n}};\n");
        format!(
            "#include <uapi/linux/lamp.h>\nstatic int dusk_{hook}({head})\n{{\n\tif ({pgoff} == DUSK_OFFSET)\n\t\treturn -EINVAL;\n\treturn 0;\n}}\n{table}"
        )
    };
    let (old, new) = (
        handler("struct file *file, struct vm_area_struct *vma", "vma->vm_pgoff", "mmap"),
        handler("struct vm_area_desc *desc", "desc->pgoff", "mmap_prepare"),
    );
    fs::create_dir_all(tree.path().join(header).parent().unwrap()).unwrap();
    fs::write(tree.path().join(header), text("1")).unwrap();
    fs::write(tree.path().join(driver), &old).unwrap();
    let diff = |path: &str, old: &str, new: &str| {
        similar::TextDiff::from_lines(old, new)
            .unified_diff()
            .header(&format!("a/{path}"), &format!("b/{path}"))
            .to_string()
    };
    let patch = diff(header, &text("1"), &text(value)) + &diff(driver, &old, &new);
    stdout(&check(tree.path(), &["--format", "markdown", "--patch", "-"], patch.as_bytes()))
}

#[test]
fn a_macro_that_a_change_defines_otherwise_is_seen_in_any_header() {
    assert!(header_changed("1 /* page */").contains("Same behaviour"), "{}", header_changed("1 /* page */"));
    let told = header_changed("2");
    assert!(told.contains("Not compared: both use DUSK_OFFSET"), "{told}");
    assert!(!told.contains("Same behaviour"), "{told}");
}

#[test]
fn what_a_handler_had_is_not_introduced_by_the_function_that_gets_its_body() {
    let tree = kernel();
    let path = "drivers/char/dusk.c";
    let body = |flags: &str, hook: &str| format!("{{\n\tif ({flags})\n\t\treturn -EPERM;\n\treturn 0;\n}}\n{hook}");
    let table =
        |hook: &str| format!("static const struct file_operations dusk_fops = {{\n\t.{hook} = dusk_{hook},\n}};\n");
    let old = format!(
        "static int dusk_mmap(struct file *file, struct vm_area_struct *vma)\n{}{}",
        body("vma->vm_flags & VM_WRITE", ""),
        table("mmap")
    );
    let hook = "static int dusk_mmap_prepare(struct vm_area_desc *desc)\n{\n\treturn dusk_checked(desc);\n}\n";
    let new = format!(
        "static int dusk_checked(struct vm_area_desc *desc)\n{}{}",
        body("vma_desc_test_flags(desc, VMA_WRITE_BIT)", hook),
        table("mmap_prepare")
    );
    fs::write(tree.path().join(path), &old).unwrap();
    let diff = similar::TextDiff::from_lines(&old, &new)
        .unified_diff()
        .header(&format!("a/{path}"), &format!("b/{path}"))
        .to_string();
    let told = check(tree.path(), &["--format", "json", "--all", "--patch", "-"], diff.as_bytes());
    let states: Vec<String> = hazards(&told)
        .into_iter()
        .filter(|(_, _, lint, _)| lint == "write-refused-maywrite-kept")
        .map(|(.., state)| state)
        .collect();
    assert_eq!(states, ["moved"], "{}", stdout(&told));
}
