//! File systems as they should not be: full, shared, closed, with names that nobody would choose. What was there is whole or as it was.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use tempfile::TempDir;

const TOOL: &str = env!("CARGO_BIN_EXE_mmaplint");
const KERNEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/kernel");

fn kernel() -> TempDir {
    let tree = tempfile::tempdir().unwrap();
    assert!(Command::new("cp").arg("-r").arg(format!("{KERNEL}/.")).arg(tree.path()).status().unwrap().success());
    tree
}

/// Runs a line of shell with the tool as $0 and a tree as $1; the exit code.
fn shell(line: &str, tree: &Path) -> Option<i32> {
    let status = Command::new("bash").args(["-c", line, TOOL]).arg(tree).stdout(Stdio::null()).status().unwrap();
    status.code()
}

/// All files of a tree with what they hold.
fn contents(tree: &Path) -> Vec<(String, Vec<u8>)> {
    let files = walkdir::WalkDir::new(tree).sort_by_file_name().into_iter().map(|entry| entry.unwrap());
    let files = files.filter(|entry| entry.file_type().is_file());
    files.map(|entry| (entry.path().display().to_string(), fs::read(entry.path()).unwrap())).collect()
}

/// What `fix --write` leaves of each file: the old text or the new one, and nothing beside them.
fn assert_whole(tree: &Path) {
    let fixed = kernel();
    assert_eq!(shell("\"$0\" fix \"$1\" --write --quiet", fixed.path()), Some(0));
    let bare = |tree: &Path, (path, text): (String, Vec<u8>)| (path.replace(tree.to_str().unwrap(), ""), text);
    let old: Vec<_> = contents(Path::new(KERNEL)).into_iter().map(|file| bare(Path::new(KERNEL), file)).collect();
    let new: Vec<_> = contents(fixed.path()).into_iter().map(|file| bare(fixed.path(), file)).collect();
    for file in contents(tree).into_iter().map(|file| bare(tree, file)) {
        assert!(old.contains(&file) || new.contains(&file), "{} is neither old nor new", file.0);
    }
}

/// A limit on the size of files stands for a full disk: nothing can be written, not even what is wrong.
#[test]
fn a_full_disk_leaves_what_was_there() {
    let tree = kernel();
    let before = contents(tree.path());
    let full = "trap '' XFSZ; ulimit -f 0; ";
    assert_eq!(shell(&format!("{full} \"$0\" fix \"$1\" --write 2>/dev/null"), tree.path()), Some(2));
    assert_eq!(shell(&format!("{full} \"$0\" scan \"$1\" -o \"$1/out\" 2>/dev/null"), tree.path()), Some(2));
    assert_eq!(shell(&format!("{full} \"$0\" fix \"$1\" --mbox \"$1/mails\" 2>/dev/null"), tree.path()), Some(2));
    // The signal that the limit sends is no reason to leave something behind either.
    assert_eq!(shell("ulimit -f 0; \"$0\" fix \"$1\" --write 2>/dev/null", tree.path()), Some(2));
    assert_eq!(shell("ulimit -f 0; \"$0\" scan \"$1\" -o \"$1/out\" 2>/dev/null", tree.path()), Some(2));
    let after: Vec<_> = contents(tree.path()).into_iter().filter(|(path, _)| !path.contains("/mails/")).collect();
    assert_eq!(before, after);
    for line in [
        "\"$0\" scan \"$1\" 2>/dev/full >/dev/full",
        "\"$0\" check \"$1\" --select x 2>/dev/full",
        "\"$0\" worklist \"$1\" >/dev/full",
    ] {
        assert_eq!(shell(line, tree.path()), Some(2), "{line}");
    }
    assert_eq!(shell("\"$0\" worklist \"$1\" -o \"$1/list\" 2>/dev/full", tree.path()), Some(0));
}

/// As root, a rename makes a file of `/dev/null`, and whatever is thrown away from then on is kept there.
#[test]
fn what_is_no_file_stays_what_it_is_and_gets_the_result() {
    let tree = kernel();
    let command = "\"$0\" scan \"$1\" --format json --quiet";
    let pipe = format!(
        "mkfifo \"$1/pipe\"; cat \"$1/pipe\" >\"$1/read\" & {command} -o \"$1/pipe\"; code=$?; wait; exit $code"
    );
    assert_eq!(shell(&pipe, tree.path()), Some(0));
    let link = format!("touch \"$1/file\"; ln -s file \"$1/link\"; {command} -o \"$1/link\"");
    assert_eq!(shell(&link, tree.path()), Some(0));
    assert_eq!(shell("test -p \"$1/pipe\" -a -L \"$1/link\"", tree.path()), Some(0));
    for file in ["read", "file"] {
        let report: Value = serde_json::from_slice(&fs::read(tree.path().join(file)).unwrap()).unwrap();
        assert_eq!(report["schema"], 1, "{file}");
    }
    let open = format!("{{ echo a; {command} -o /dev/fd/1; echo b; }} >\"$1/open\"");
    assert_eq!(shell(&open, tree.path()), Some(0));
    let open = fs::read_to_string(tree.path().join("open")).unwrap();
    assert!(open.starts_with("a\n{") && open.contains("}\n") && open.len() > 1000, "{open}");
    let nowhere = format!("ln -s nowhere \"$1/dangling\"; {command} -o \"$1/dangling\" 2>/dev/null");
    assert_eq!(shell(&nowhere, tree.path()), Some(2));
    let closed = format!("mkfifo \"$1/closed\"; head -c 1 \"$1/closed\" >\"$1/one\" & {command} -o \"$1/closed\"");
    assert_eq!(shell(&closed, tree.path()), Some(0), "a reader that went away is no error");
    assert_eq!(shell(&format!("{command} -o \"$1/drivers\" 2>\"$1/why\""), tree.path()), Some(2));
    assert!(fs::read_to_string(tree.path().join("why")).unwrap().contains("/drivers: Is a directory"));
}

#[test]
fn a_closed_stdout_or_stderr_is_no_panic() {
    let tree = kernel();
    for command in ["scan", "check", "worklist", "fix", "graph", "docs"] {
        let code = shell(&format!("\"$0\" {command} \"$1\" >&- 2>&-"), tree.path());
        assert!(code.is_some_and(|code| code <= 2), "{command}: {code:?}");
    }
}

#[test]
fn an_interrupted_write_leaves_no_half_of_a_file() {
    // A long file takes long to write.
    let tree = || {
        let tree = kernel();
        let lamp = tree.path().join("drivers/char/lamp/lamp.c");
        let text = [fs::read(&lamp).unwrap(), b"// a line\n".repeat(100_000)].concat();
        fs::write(&lamp, text).unwrap();
        (tree, lamp)
    };
    let start = |tree: &Path| Command::new(TOOL).arg("fix").arg(tree).args(["--write", "--quiet"]).spawn().unwrap();
    let (whole, _) = tree();
    let begin = Instant::now();
    start(whole.path()).wait().unwrap();
    let whole_run = begin.elapsed();
    for part in 1..=16 {
        let (tree, lamp) = tree();
        let before = contents(tree.path()).len();
        let mut run = start(tree.path());
        std::thread::sleep(whole_run * part / 16);
        let signal = ["-INT", "-TERM", "-HUP"][part as usize % 3];
        let _ = Command::new("kill").args([signal, &run.id().to_string()]).stderr(Stdio::null()).status();
        run.wait().unwrap();
        let length = fs::metadata(&lamp).unwrap().len();
        assert!(length > 1_000_000, "{length} bytes are left of a long file");
        assert_eq!(contents(tree.path()).len(), before);
    }
}

/// Somebody puts a link to another folder in the place of a driver's, again and again, while its files are written.
#[test]
fn a_folder_that_becomes_a_link_meanwhile_leads_nowhere() {
    use std::sync::atomic::{AtomicBool, Ordering};
    let outside = tempfile::tempdir().unwrap();
    let lamp = fs::read(Path::new(KERNEL).join("drivers/char/lamp/lamp.c")).unwrap();
    fs::write(outside.path().join("lamp.c"), &lamp).unwrap();
    for _ in 0..120 {
        let tree = kernel();
        let (folder, aside) = (tree.path().join("drivers/char/lamp"), tree.path().join("drivers/char/aside"));
        let is_over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !is_over.load(Ordering::Relaxed) {
                    std::thread::sleep(Duration::from_micros(500));
                    let _ = fs::rename(&folder, &aside);
                    let _ = std::os::unix::fs::symlink(outside.path(), &folder);
                    std::thread::sleep(Duration::from_micros(500));
                    let _ = fs::remove_file(&folder);
                    let _ = fs::rename(&aside, &folder);
                }
            });
            shell("\"$0\" fix \"$1\" --write --quiet 2>/dev/null", tree.path());
            is_over.store(true, Ordering::Relaxed);
        });
        assert!(fs::read(outside.path().join("lamp.c")).unwrap() == lamp, "a file outside was replaced");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}

#[test]
fn two_runs_that_write_at_once_write_each_file_once() {
    let tree = kernel();
    let run = || {
        Command::new(TOOL)
            .arg("fix")
            .arg(tree.path())
            .args(["--write", "--quiet"])
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    };
    let (mut one, mut other) = (run(), run());
    let codes = [one.wait().unwrap().code(), other.wait().unwrap().code()];
    assert!(codes.iter().all(|code| matches!(code, Some(0 | 2))), "{codes:?}");
    assert_whole(tree.path());
    assert!(contents(tree.path()).iter().all(|(path, _)| !path.ends_with(".part")));
}

#[test]
fn names_that_nobody_would_choose_are_told_and_break_no_format() {
    let tree = kernel();
    let text = fs::read_to_string(Path::new(KERNEL).join("drivers/char/lamp/lamp.c")).unwrap();
    for (number, name) in
        [&b"new\nline.c"[..], b"quo\"te'.c", b"esc\x1b[31m.c", b"lat\xe9n.c", b"::error file=x::.c"].iter().enumerate()
    {
        let folder = tree.path().join(format!("drivers/odd{number}"));
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join(OsStr::from_bytes(name)), &text).unwrap();
    }
    let run = |arguments: &[&str]| {
        let output = Command::new(TOOL).arg(arguments[0]).arg(tree.path()).args(&arguments[1..]).output().unwrap();
        // One has a name that is no text, and could not be read.
        assert_eq!(output.status.code(), Some(2));
        assert!(String::from_utf8_lossy(&output.stderr).contains("odd3"));
        output.stdout
    };
    let report: Value = serde_json::from_slice(&run(&["scan", "--format", "json"])).unwrap();
    let lamps = report["handlers"].as_array().unwrap().iter().filter(|handler| handler["table"] == "lamp_fops").count();
    let named = report["trouble"]
        .as_array()
        .unwrap()
        .iter()
        .filter(|trouble| trouble["file"].as_str().unwrap().contains("odd"))
        .count();
    assert!(lamps + named >= 6, "{lamps} found, {named} named");
    for arguments in [
        &["scan"][..],
        &["worklist"],
        &["worklist", "--format", "csv"],
        &["check", "--select", "all", "--format", "github"],
    ] {
        let out = run(arguments);
        assert!(!out.contains(&0x1b), "{arguments:?} writes an escape");
        for line in out.split(|byte| *byte == b'\n').filter(|_| arguments[0] == "check") {
            assert!(
                line.is_empty() || line.starts_with(b"::") && !line.starts_with(b"::error file=x"),
                "a line of its own"
            );
        }
    }
}

#[test]
fn files_that_change_while_they_are_read_cost_no_other() {
    let tree = kernel();
    let odd = tree.path().join("drivers/odd");
    fs::create_dir(&odd).unwrap();
    let text = fs::read(Path::new(KERNEL).join("drivers/char/lamp/lamp.c")).unwrap();
    let writing = std::sync::atomic::AtomicBool::new(true);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            for round in 0.. {
                for number in 0..20 {
                    let path = odd.join(format!("{number}.c"));
                    let _ =
                        if round % 2 == 0 { fs::write(&path, text.repeat(1 + number)) } else { fs::remove_file(&path) };
                }
                if !writing.load(std::sync::atomic::Ordering::Relaxed) {
                    return;
                }
            }
        });
        for _ in 0..20 {
            let output = Command::new(TOOL).arg("scan").arg(tree.path()).args(["--format", "json"]).output().unwrap();
            let report: Value = serde_json::from_slice(&output.stdout).unwrap();
            let handlers = report["handlers"].as_array().unwrap();
            assert!(handlers.iter().any(|handler| handler["file"] == "drivers/char/lamp/lamp.c"));
        }
        writing.store(false, std::sync::atomic::Ordering::Relaxed);
    });
}
