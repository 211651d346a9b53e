//! What `fix` writes: the cases of testdata/fix, and what has to hold for every conversion.
#![allow(clippy::unwrap_used)]

#[path = "support/case.rs"]
mod case;
mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use case::{files, write};
use serde_json::Value;
use support::{copy, testdata};
use tempfile::TempDir;

fn mmaplint(arguments: &[&str], tree: &Path) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mmaplint")).args(&arguments[..1]).arg(tree).args(&arguments[1..]).output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

/// A tree with the headers of the made-up kernel, and with a case at `drivers/case/`; `//- PATH` in it starts another file.
fn tree(case: &Path) -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel/include"), &tree.path().join("include"));
    fs::write(tree.path().join("Makefile"), "VERSION = 7\nPATCHLEVEL = 3\n").unwrap();
    fs::write(tree.path().join("MAINTAINERS"), "").unwrap();
    let name = case.file_name().unwrap().to_string_lossy();
    write(tree.path(), &files(case, &format!("drivers/case/{name}")));
    tree
}

fn cases() -> Vec<PathBuf> {
    let mut cases: Vec<PathBuf> = fs::read_dir(testdata("fix")).unwrap().map(|entry| entry.unwrap().path()).collect();
    cases.retain(|path| path.extension().is_some_and(|extension| extension == "c"));
    cases.sort();
    assert!(!cases.is_empty());
    cases
}

/// The endings of the expectations beside a case: the target, empty for v7.3, or `sketch`. Each `.diff` must belong to a target.
fn targets(case: &Path) -> Vec<String> {
    let stem = format!("{}.", case.file_stem().unwrap().to_str().unwrap());
    let beside = fs::read_dir(case.parent().unwrap()).unwrap().map(|entry| entry.unwrap().file_name());
    let mut targets: Vec<String> = beside
        .filter_map(|name| {
            let ending = name.to_str()?.strip_prefix(&stem)?.strip_suffix("diff")?;
            Some(ending.trim_end_matches('.').to_owned())
        })
        .filter(|target| !target.is_empty())
        .collect();
    targets.push("v7.3".to_owned());
    targets.sort();
    targets
}

/// What `fix` says of each handler and what it writes stands beside each case, for v7.3 in NAME.diff and for other targets, where
/// there is one, in NAME.TARGET.diff; with `--sketch` in NAME.sketch.diff or NAME.TARGET.sketch.diff. `UPDATE=1` writes it anew.
#[test]
fn each_case_is_converted_as_expected() {
    for case in cases() {
        for target in targets(&case) {
            let target = target.as_str();
            let suffix = if target == "v7.3" { "diff".to_owned() } else { format!("{target}.diff") };
            let expected = case.with_extension(suffix);
            let tree = tree(&case);
            let arguments = match target.strip_suffix("sketch") {
                Some("") => vec!["fix", "--target", "v7.3", "--sketch"],
                Some(target) => vec!["fix", "--target", target.trim_end_matches('.'), "--sketch"],
                None => vec!["fix", "--target", target],
            };
            let output = mmaplint(&arguments, tree.path());
            let shown = format!("{}{}", String::from_utf8(output.stderr.clone()).unwrap(), stdout(&output));
            if std::env::var_os("UPDATE").is_some() {
                fs::write(&expected, &shown).unwrap();
            }
            let wanted = fs::read_to_string(&expected).unwrap();
            assert!(shown == wanted, "{}: differs from {}:\n{shown}", case.display(), expected.display());
        }
    }
}

/// The headers of v7.4, as far as public text shows them, over those of the made-up kernel.
fn with_v7_4_headers(tree: &Path) {
    copy(&testdata("v7.4/include"), &tree.join("include"));
}

#[test]
fn the_headers_of_v7_4_are_detected_and_decide() {
    let tree = tree(&testdata("fix").join("pages.c"));
    let verdicts = |tree: &Path| {
        let json: Value = serde_json::from_str(&stdout(&mmaplint(&["scan", "--format", "json"], tree))).unwrap();
        let verdicts = json["handlers"].as_array().unwrap().iter().map(|handler| handler["verdict"].as_str().unwrap());
        (json["tree"]["target"].as_str().unwrap().to_owned(), verdicts.map(str::to_owned).collect::<Vec<_>>())
    };
    assert_eq!(verdicts(tree.path()), ("v7.3".to_owned(), vec!["finish".to_owned(); 7]));
    with_v7_4_headers(tree.path());
    let expected = [["action"; 5].as_slice(), &["finish"; 2]].concat().into_iter().map(str::to_owned).collect();
    assert_eq!(verdicts(tree.path()), ("v7.4".to_owned(), expected));
}

/// Callbacks that `fix` proposes are C that the declarations of v7.4 accept.
#[test]
fn sketches_for_v7_4_compile() {
    let tree = tree(&testdata("fix").join("pages.c"));
    with_v7_4_headers(tree.path());
    assert_eq!(mmaplint(&["fix", "--sketch", "--write", "--quiet"], tree.path()).status.code(), Some(0));
    let output = Command::new("cc")
        .args(["-fsyntax-only", "-Wall", "-Werror", "-nostdinc", "-include"])
        .arg(testdata("v7.4/prelude.h"))
        .arg("-I")
        .arg(tree.path().join("include"))
        .arg("-include")
        .arg(tree.path().join("include/linux/fs.h"))
        // The handlers that are left compile, too.
        .args(["-DALBUM_PFN=1", "-Dmutex_lock(lock)=", "-Dmutex_unlock(lock)="])
        .args(["-Wno-unused-function", "-Wno-unused-const-variable", "-Wno-unused-variable"])
        .arg(tree.path().join("drivers/case/pages.c"))
        .output()
        .unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}

/// A template of the wrong unit: what it writes compiles, and `fix` finds that the new hook refuses other mappings.
#[test]
fn a_conversion_that_behaves_otherwise_is_not_called_safe() {
    let built_in = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/targets/v7.3.toml");
    let wrong = "\n[[rewrite.calls]]\nnames = [\"vma_pages\"]\nto = [\"vma_desc_size({desc})\"]\n";
    let rules = tempfile::tempdir().unwrap();
    fs::write(rules.path().join("v7.3.toml"), fs::read_to_string(built_in).unwrap() + wrong).unwrap();
    let tree = tree(&testdata("fix").join("fields.c"));
    let output = mmaplint(&["fix", "--target", "v7.3", "--rules", rules.path().to_str().unwrap()], tree.path());
    let said = String::from_utf8(output.stderr.clone()).unwrap();
    let sketch = said.lines().find(|line| line.contains("sketch: shelf_mmap")).unwrap();
    assert!(
        sketch.contains("pages > MAX_PAGES and size <= MAX_PAGES: old: returned -EINVAL; new: accepts the mapping"),
        "{said}"
    );
    assert!(
        !stdout(&output).contains("vma_desc_size(desc) > MAX_PAGES"),
        "a change that behaves otherwise is not written"
    );
}

fn verdicts(tree: &Path) -> Vec<(String, String)> {
    let report: Value =
        serde_json::from_str(&stdout(&mmaplint(&["scan", "--target", "v7.3", "--format", "json"], tree))).unwrap();
    let handlers = report["handlers"].as_array().unwrap().iter();
    let name = |handler: &Value| handler["handler"]["name"].as_str().unwrap_or_default().to_owned();
    handlers.map(|handler| (name(handler), handler["verdict"].as_str().unwrap().to_owned())).collect()
}

/// The trees that the promises are tested on: every case, and the made-up kernel.
fn trees() -> Vec<TempDir> {
    let mut trees: Vec<TempDir> = cases().iter().map(|case| tree(case)).collect();
    let kernel = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), kernel.path());
    trees.push(kernel);
    trees
}

#[test]
fn what_was_written_is_converted_and_is_not_written_again() {
    for tree in trees() {
        let before = verdicts(tree.path());
        let safe: Vec<String> = stdout(&mmaplint(&["fix", "--target", "v7.3", "--quiet"], tree.path()))
            .lines()
            .filter_map(|line| Some(line.strip_prefix("safe: ")?.split_once(" becomes ")?.1.to_owned()))
            .collect();
        assert_eq!(mmaplint(&["fix", "--target", "v7.3", "--write", "--quiet"], tree.path()).status.code(), Some(0));
        let after = verdicts(tree.path());
        assert_eq!(before.len(), after.len());
        for name in &safe {
            let found = after.iter().filter(|(handler, _)| handler == name);
            assert!(
                found.clone().count() > 0 && found.clone().all(|(_, verdict)| verdict == "converted"),
                "{name}: {after:?}"
            );
        }
        assert_eq!(stdout(&mmaplint(&["fix", "--target", "v7.3", "--quiet"], tree.path())), "");
        // Nothing is left beside the files.
        let left = Command::new("find").arg(tree.path()).args(["-name", "*.part"]).output().unwrap();
        assert_eq!(stdout(&left), "");
    }
}

#[test]
fn line_ends_stay_what_they_are() {
    let case = testdata("fix/flags.c");
    let (plain, dos) = (tree(&case), tree(&case));
    let file = |tree: &TempDir| tree.path().join("drivers/case/flags.c");
    let with_returns = |text: &str| text.replace('\n', "\r\n");
    fs::write(file(&dos), with_returns(&fs::read_to_string(&case).unwrap())).unwrap();
    for tree in [&plain, &dos] {
        assert_eq!(mmaplint(&["fix", "--target", "v7.3", "--write", "--quiet"], tree.path()).status.code(), Some(0));
    }
    let written = fs::read_to_string(file(&plain)).unwrap();
    assert_ne!(written, fs::read_to_string(&case).unwrap());
    assert_eq!(fs::read_to_string(file(&dos)).unwrap(), with_returns(&written));
}

#[test]
fn patch_and_git_take_the_diff() {
    let mut taken = 0;
    for tree in trees() {
        let diff = mmaplint(&["fix", "--target", "v7.3", "--quiet"], tree.path()).stdout;
        if diff.is_empty() {
            continue;
        }
        taken += 1;
        let written = tempfile::tempdir().unwrap();
        copy(tree.path(), written.path());
        mmaplint(&["fix", "--target", "v7.3", "--write", "--quiet"], written.path());
        for tool in [["patch", "-p1", "-s"].as_slice(), &["git", "apply", "-"]] {
            let patched = tempfile::tempdir().unwrap();
            copy(tree.path(), patched.path());
            let mut child = Command::new(tool[0])
                .args(&tool[1..])
                .current_dir(patched.path())
                .stdin(Stdio::piped())
                .spawn()
                .unwrap();
            std::io::Write::write_all(&mut child.stdin.take().unwrap(), &diff).unwrap();
            assert!(child.wait().unwrap().success(), "{tool:?}");
            let same = Command::new("diff").arg("-r").args([written.path(), patched.path()]).output().unwrap();
            assert_eq!(stdout(&same), "", "{tool:?}");
        }
    }
    assert!(taken >= 4);
}

/// The files below a folder, in the order of their paths.
fn below(folder: &Path) -> Vec<String> {
    let mut entries: Vec<_> = fs::read_dir(folder).into_iter().flatten().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    let files = |path: std::path::PathBuf| match path.is_dir() {
        true => below(&path),
        false => vec![path.to_string_lossy().into_owned()],
    };
    entries.into_iter().flat_map(files).collect()
}

/// The mails of a series apply one after the other, and end in the tree that `--write` makes. So do those of one series for each subsystem.
#[test]
fn git_takes_the_series_patch_by_patch() {
    let git = |tree: &Path, arguments: &[&str]| {
        let identity = ["-c", "user.name=a", "-c", "user.email=a@b", "-c", "commit.gpgsign=false"];
        let output = Command::new("git").args(identity).args(arguments).current_dir(tree).output().unwrap();
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        stdout(&output)
    };
    let mut patches = 0;
    let mut series = 0;
    for (tree, split) in trees().into_iter().flat_map(|tree| {
        let tree = std::rc::Rc::new(tree);
        [(tree.clone(), &[][..]), (tree, &["--by", "subsystem"][..])]
    }) {
        let mails = tempfile::tempdir().unwrap();
        let directory = mails.path().join("mails");
        let options = ["fix", "--target", "v7.3", "--quiet", "--mbox", directory.to_str().unwrap(), "--cover-letter"];
        mmaplint(&[&options[..], split].concat(), tree.path());
        let (covers, names): (Vec<String>, Vec<String>) =
            below(&directory).into_iter().partition(|name| name.ends_with("/0000-cover-letter.patch"));
        if names.is_empty() {
            continue;
        }
        assert!(covers.len() == 1 || !split.is_empty());
        series += covers.len();
        let counts: Vec<String> = names.iter().map(|name| name.rsplit_once('/').unwrap().0.to_owned()).collect();
        for cover in covers {
            let folder = cover.rsplit_once('/').unwrap().0.to_owned();
            let count = counts.iter().filter(|own| **own == folder).count();
            let subject = format!("Subject: [PATCH {0:01$}/{count}]", 0, count.to_string().len());
            assert!(fs::read_to_string(cover).unwrap().contains(&subject));
        }
        let written = tempfile::tempdir().unwrap();
        copy(tree.path(), written.path());
        mmaplint(&["fix", "--target", "v7.3", "--write", "--quiet"], written.path());
        let patched = tempfile::tempdir().unwrap();
        copy(tree.path(), patched.path());
        git(patched.path(), &["init", "--quiet"]);
        git(patched.path(), &["add", "--all"]);
        git(patched.path(), &["commit", "--quiet", "--message", "base"]);
        for name in &names {
            git(patched.path(), &["am", "--quiet", name]);
            // `git am -3` finds the base by the blobs that the mail names.
            let mail = fs::read_to_string(name).unwrap();
            let blobs = mail.lines().filter_map(|line| line.strip_prefix("index ")?.strip_suffix(" 100644"));
            for blob in blobs.flat_map(|range| range.split("..")) {
                git(patched.path(), &["cat-file", "-e", blob]);
            }
            patches += 1;
        }
        let same =
            Command::new("diff").args(["-r", "-x", ".git"]).args([written.path(), patched.path()]).output().unwrap();
        assert_eq!(stdout(&same), "");
    }
    assert!(patches >= 40 && series >= 20, "{patches} {series}");
}

#[test]
fn what_cannot_be_written_is_named_and_nothing_is_half_written() {
    let case = testdata("fix/helpers.c");
    let tree = tree(&case);
    let file = tree.path().join("drivers/case/helpers.c");
    let mut permissions = fs::metadata(&file).unwrap().permissions();
    permissions.set_readonly(true);
    fs::set_permissions(&file, permissions).unwrap();
    let output = mmaplint(&["fix", "--target", "v7.3", "--write"], tree.path());
    assert_eq!(output.status.code(), Some(2));
    assert!(String::from_utf8(output.stderr).unwrap().contains("drivers/case/helpers.c: is read-only"));
    assert_eq!(fs::read(&file).unwrap(), fs::read(&case).unwrap());
}

#[test]
fn who_asks_for_what_is_not_there_is_told() {
    let case = testdata("fix/helpers.c");
    let tree = tree(&case);
    let refused = |arguments: &[&str], text: &str| {
        let output = mmaplint(arguments, tree.path());
        assert_eq!(output.status.code(), Some(2), "{arguments:?}");
        let said = String::from_utf8(output.stderr).unwrap();
        assert!(said.contains(text), "{arguments:?}: {said}");
    };
    refused(&["fix", "no_such_mmap"], "no_such_mmap: neither a path of the tree nor a handler");
    refused(&["fix", "shared_mmap"], "shared_mmap is used at drivers/case/helpers.c:");
    refused(&["fix", "--target", "v9.9"], "no target is called");
    let chosen = mmaplint(&["fix", "drivers/case/helpers.c:note_mmap", "--quiet"], tree.path());
    assert_eq!(chosen.status.code(), Some(0));
    assert!(stdout(&chosen).starts_with("safe: note_mmap becomes note_mmap_prepare\n"));
}

/// An argument that no template speaks of is left to a person.
#[test]
fn an_argument_that_is_not_written_is_an_open_point() {
    let rules = tempfile::tempdir().unwrap();
    let rule = "[[call]]\nnames = [\"lamp_remap\"]\ndoes = \"populate\"\nvma = 0\naction = \"remap_pfn\"\nstart = 1\nframe = 2\nsize = 3\n";
    fs::write(rules.path().join("lamp.toml"), rule).unwrap();
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel/include"), &tree.path().join("include"));
    let source = "static int lamp_mmap(struct file *file, struct vm_area_struct *vma)\n{\n\
                  \treturn lamp_remap(vma, vma->vm_start, lamp_pfn, vma->vm_end - vma->vm_start, vma->vm_pgoff);\n}\n\
                  static const struct file_operations lamp_fops = { .mmap = lamp_mmap };\n";
    fs::create_dir(tree.path().join("drivers")).unwrap();
    fs::write(tree.path().join("drivers/lamp.c"), source).unwrap();
    let rules = rules.path().to_str().unwrap();
    let output = mmaplint(&["fix", "--target", "v7.3", "--rules", rules], tree.path());
    let said = String::from_utf8(output.stderr).unwrap();
    assert!(said.contains("drivers/lamp.c:3: the action is not given vma->vm_pgoff"), "{said}");
}
