//! Repositories that would have git run a command: nothing runs, whichever command of the tool asks git something. Each attack is shown to
//! work against git itself first.
#![cfg(unix)]
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use support::{copy, testdata};
use tempfile::TempDir;

/// A checkout of the made-up kernel with two commits and a change, and a script that leaves a mark.
struct Checkout {
    place: TempDir,
}

impl Checkout {
    fn new() -> Checkout {
        let checkout = Checkout { place: tempfile::tempdir().unwrap() };
        copy(&testdata("kernel"), &checkout.tree());
        let script =
            format!("#!/bin/sh\ntouch '{}'\ncat >/dev/null 2>&1 </dev/null\nexit 1\n", checkout.mark().display());
        fs::write(checkout.script(), script).unwrap();
        fs::set_permissions(checkout.script(), fs::Permissions::from_mode(0o755)).unwrap();
        checkout.git(&["init", "-q", "-b", "main"]);
        checkout.git(&["add", "-A"]);
        checkout.git(&["commit", "-qm", "lamp: base"]);
        checkout.change("drivers/char/lamp/lamp.c");
        checkout.git(&["commit", "-qam", "lamp: second"]);
        checkout.change("drivers/char/lamp/lamp.c");
        checkout
    }

    fn tree(&self) -> PathBuf {
        self.place.path().join("tree")
    }

    fn script(&self) -> PathBuf {
        self.place.path().join("script")
    }

    fn mark(&self) -> PathBuf {
        self.place.path().join("mark")
    }

    fn change(&self, file: &str) {
        let path = self.tree().join(file);
        fs::write(&path, [fs::read(&path).unwrap(), b"/* changed */\n".to_vec()].concat()).unwrap();
    }

    /// Git as somebody runs it who trusts the repository.
    fn plain_git(&self, arguments: &[&str]) -> Output {
        let as_ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "commit.gpgsign=false"];
        let mut git = Command::new("git");
        git.arg("-C").arg(self.tree()).args(as_ada).args(arguments).stdin(Stdio::null()).output().unwrap()
    }

    fn git(&self, arguments: &[&str]) -> String {
        let output = self.plain_git(arguments);
        assert!(output.status.success(), "git {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    }

    fn configure(&self, key: &str, value: &str) {
        self.git(&["config", key, value]);
    }

    /// What the tool says, by each command that asks git.
    fn runs(&self, variables: &[(&str, &str)]) -> Vec<Output> {
        let mails = self.place.path().join("mails");
        let commands: [&[&str]; 4] = [
            &["check", "--base", "HEAD~1"],
            &["check", "--git", "HEAD~1..HEAD"],
            &["check", "--git", "HEAD~1...HEAD"],
            &["fix", "--mbox", mails.to_str().unwrap()],
        ];
        let run = |arguments: &&[&str]| {
            let _ = fs::remove_dir_all(&mails);
            let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
            let tool = tool.arg(arguments[0]).arg(self.tree()).args(&arguments[1..]).envs(variables.iter().copied());
            let output = tool.stdin(Stdio::null()).output().unwrap();
            assert!(!self.mark().exists(), "{arguments:?} ran what the repository names");
            output
        };
        commands.iter().map(run).collect()
    }
}

/// An attack: what it does to a checkout, and what git itself is asked to show that it works.
struct Attack {
    name: &'static str,
    prepare: fn(&Checkout),
    control: &'static [&'static str],
    /// Whether the tool can do its work all the same.
    works: bool,
}

const STATUS: &[&str] = &["status"];
const DIFF: &[&str] = &["diff", "HEAD~1", "--stat"];

const ATTACKS: &[Attack] = &[
    Attack { name: "core.fsmonitor", prepare: fsmonitor, control: STATUS, works: true },
    Attack { name: "include.path", prepare: include, control: STATUS, works: true },
    Attack { name: "includeIf", prepare: include_if, control: STATUS, works: true },
    Attack { name: "config.worktree", prepare: worktree_configuration, control: STATUS, works: true },
    Attack { name: ".git file", prepare: git_file, control: STATUS, works: true },
    Attack { name: ".git link", prepare: git_link, control: STATUS, works: true },
    Attack { name: "submodule", prepare: submodule, control: STATUS, works: true },
    Attack { name: "clean filter", prepare: |at| filter(at, "clean"), control: DIFF, works: true },
    Attack { name: "filter process", prepare: |at| filter(at, "process"), control: DIFF, works: true },
    Attack { name: "filter of info/attributes", prepare: info_attributes, control: DIFF, works: true },
    Attack { name: "core.hooksPath", prepare: hooks_path, control: STATUS, works: true },
    Attack { name: "post-index-change", prepare: hook, control: STATUS, works: true },
    Attack { name: "gpg.program", prepare: signature, control: &["log", "-1"], works: true },
    Attack { name: "gpg.ssh.program", prepare: ssh_signature, control: &["log", "-1"], works: true },
    Attack { name: "diff.external", prepare: external_diff, control: &["diff", "HEAD~1"], works: true },
    Attack {
        name: "diff.command",
        prepare: |at| diff_driver(at, "command"),
        control: &["diff", "HEAD~1"],
        works: true,
    },
    Attack { name: "textconv", prepare: |at| diff_driver(at, "textconv"), control: &["diff", "HEAD~1"], works: true },
    Attack {
        name: "ext transport",
        prepare: ext_transport,
        control: &["show", "HEAD~1:drivers/char/lamp/lamp.c"],
        works: false,
    },
    Attack {
        name: "uploadpack",
        prepare: upload_pack,
        control: &["show", "HEAD~1:drivers/char/lamp/lamp.c"],
        works: false,
    },
    Attack {
        name: "core.sshCommand",
        prepare: ssh_command,
        control: &["show", "HEAD~1:drivers/char/lamp/lamp.c"],
        works: false,
    },
    Attack {
        name: "core.alternateRefsCommand",
        prepare: alternate_refs,
        control: &["-c", "alias.x=!git fetch -q .", "x"],
        works: true,
    },
];

fn script(at: &Checkout) -> String {
    at.script().to_str().unwrap().to_owned()
}

fn fsmonitor(at: &Checkout) {
    at.configure("core.fsmonitor", &script(at));
}

fn include(at: &Checkout) {
    let included = at.place.path().join("included");
    fs::write(&included, format!("[core]\n\tfsmonitor = {}\n", script(at))).unwrap();
    at.configure("include.path", included.to_str().unwrap());
}

fn include_if(at: &Checkout) {
    let included = at.place.path().join("included");
    fs::write(&included, format!("[core]\n\tfsmonitor = {}\n", script(at))).unwrap();
    at.configure("includeIf.gitdir:**.path", included.to_str().unwrap());
}

fn worktree_configuration(at: &Checkout) {
    at.configure("extensions.worktreeConfig", "true");
    at.git(&["config", "--worktree", "core.fsmonitor", &script(at)]);
}

fn git_file(at: &Checkout) {
    fsmonitor(at);
    fs::rename(at.tree().join(".git"), at.place.path().join("elsewhere")).unwrap();
    fs::write(at.tree().join(".git"), "gitdir: ../elsewhere\n").unwrap();
}

fn git_link(at: &Checkout) {
    fsmonitor(at);
    fs::rename(at.tree().join(".git"), at.place.path().join("elsewhere")).unwrap();
    symlink("../elsewhere", at.tree().join(".git")).unwrap();
}

fn submodule(at: &Checkout) {
    let inner = at.tree().join("drivers/inner");
    fs::create_dir(&inner).unwrap();
    fs::write(inner.join("inner.c"), "int inner;\n").unwrap();
    let git = |arguments: &[&str]| {
        let as_ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
        assert!(Command::new("git").arg("-C").arg(&inner).args(as_ada).args(arguments).status().unwrap().success());
    };
    git(&["init", "-q"]);
    git(&["add", "-A"]);
    git(&["commit", "-qm", "inner"]);
    at.git(&["-c", "advice.addEmbeddedRepo=false", "add", "drivers/inner"]);
    at.git(&["commit", "-qm", "lamp: inner"]);
    git(&["config", "core.fsmonitor", &script(at)]);
    fs::write(inner.join("inner.c"), "int changed;\n").unwrap();
}

fn attribute(at: &Checkout, attribute: &str) {
    fs::write(at.tree().join(".gitattributes"), format!("*.c {attribute}\n")).unwrap();
}

fn filter(at: &Checkout, kind: &str) {
    attribute(at, "filter=evil");
    at.configure(&format!("filter.evil.{kind}"), &script(at));
}

fn info_attributes(at: &Checkout) {
    fs::write(at.tree().join(".git/info/attributes"), "*.c filter=evil\n").unwrap();
    at.configure("filter.evil.clean", &script(at));
}

/// The index is written anew where the times of files have changed.
fn touch(at: &Checkout) {
    let path = at.tree().join("Makefile");
    fs::write(&path, fs::read(&path).unwrap()).unwrap();
}

fn hooks_path(at: &Checkout) {
    let hooks = at.place.path().join("hooks");
    fs::create_dir(&hooks).unwrap();
    fs::copy(at.script(), hooks.join("post-index-change")).unwrap();
    at.configure("core.hooksPath", hooks.to_str().unwrap());
    touch(at);
}

fn hook(at: &Checkout) {
    fs::create_dir_all(at.tree().join(".git/hooks")).unwrap();
    fs::copy(at.script(), at.tree().join(".git/hooks/post-index-change")).unwrap();
    touch(at);
}

/// A commit with what looks like a signature.
fn signed(at: &Checkout, kind: &str) {
    let (tree, parent) = (at.git(&["rev-parse", "HEAD^{tree}"]), at.git(&["rev-parse", "HEAD"]));
    let person = "Ada <ada@example.org> 1700000000 +0000";
    let signature = format!("gpgsig -----BEGIN {kind} SIGNATURE-----\n \n AAAA\n -----END {kind} SIGNATURE-----\n");
    let text =
        format!("tree {tree}\nparent {parent}\nauthor {person}\ncommitter {person}\n{signature}\nlamp: signed\n");
    let file = at.place.path().join("commit");
    fs::write(&file, text).unwrap();
    let commit = at.git(&["hash-object", "-t", "commit", "-w", file.to_str().unwrap()]);
    at.git(&["update-ref", "HEAD", &commit]);
    at.configure("log.showSignature", "true");
}

fn signature(at: &Checkout) {
    signed(at, "PGP");
    at.configure("gpg.program", &script(at));
}

fn ssh_signature(at: &Checkout) {
    signed(at, "SSH");
    at.configure("gpg.ssh.allowedSignersFile", &script(at));
    at.configure("gpg.ssh.program", &script(at));
}

fn external_diff(at: &Checkout) {
    at.configure("diff.external", &script(at));
}

fn diff_driver(at: &Checkout, kind: &str) {
    attribute(at, "diff=evil");
    at.configure(&format!("diff.evil.{kind}"), &script(at));
}

/// A partial clone from which a text is missing that the tool wants.
fn partial(at: &Checkout, url: &str) {
    let text = at.git(&["rev-parse", "HEAD~1:drivers/char/lamp/lamp.c"]);
    let object = at.tree().join(".git/objects").join(&text[..2]).join(&text[2..]);
    fs::remove_file(object).unwrap();
    at.configure("core.repositoryFormatVersion", "1");
    at.configure("extensions.partialClone", "origin");
    at.configure("remote.origin.promisor", "true");
    at.configure("remote.origin.url", url);
}

fn ext_transport(at: &Checkout) {
    partial(at, &format!("ext::{} %S", script(at)));
    at.configure("protocol.ext.allow", "always");
}

fn upload_pack(at: &Checkout) {
    partial(at, at.place.path().to_str().unwrap());
    at.configure("remote.origin.uploadpack", &script(at));
}

fn ssh_command(at: &Checkout) {
    partial(at, "ssh://example.invalid/x");
    at.configure("core.sshCommand", &script(at));
}

fn alternate_refs(at: &Checkout) {
    let other = at.place.path().join("other");
    assert!(Command::new("git").args(["init", "-q", "--bare"]).arg(&other).status().unwrap().success());
    fs::write(at.tree().join(".git/objects/info/alternates"), format!("{}\n", other.join("objects").display()))
        .unwrap();
    at.configure("core.alternateRefsCommand", &script(at));
}

#[test]
fn nothing_that_a_repository_names_is_run() {
    let clean = Checkout::new();
    let expected: Vec<Vec<u8>> = clean.runs(&[]).into_iter().map(|output| output.stdout).collect();
    for attack in ATTACKS {
        let at = Checkout::new();
        (attack.prepare)(&at);
        at.plain_git(attack.control);
        assert!(at.mark().exists(), "{}: the attack does nothing to git itself", attack.name);
        fs::remove_file(at.mark()).unwrap();
        let runs = at.runs(&[]);
        let is_same =
            |(output, expected): (&Output, &Vec<u8>)| output.status.code() != Some(2) && output.stdout == *expected;
        let first = &runs[0];
        if attack.works {
            assert!(is_same((first, &expected[0])), "{}: {}", attack.name, String::from_utf8_lossy(&first.stderr));
        } else {
            assert_eq!(first.status.code(), Some(2), "{}", attack.name);
            assert!(String::from_utf8_lossy(&first.stderr).contains("unable to read"), "{first:?}");
        }
    }
}

#[test]
fn nothing_that_the_environment_names_is_run() {
    let at = Checkout::new();
    let script = script(&at);
    let nowhere = at.place.path().join("nowhere");
    for variables in [
        &[("GIT_EXTERNAL_DIFF", script.as_str())][..],
        &[("GIT_DIR", nowhere.to_str().unwrap())],
        &[("GIT_WORK_TREE", nowhere.to_str().unwrap())],
        &[("GIT_INDEX_FILE", nowhere.to_str().unwrap())],
        &[("GIT_CONFIG_COUNT", "1"), ("GIT_CONFIG_KEY_0", "core.fsmonitor"), ("GIT_CONFIG_VALUE_0", &script)],
        &[("GIT_CONFIG_PARAMETERS", &format!("'core.fsmonitor={script}'"))],
        &[("GIT_TRACE", nowhere.to_str().unwrap())],
    ] {
        for output in at.runs(variables) {
            assert!(output.status.code().is_some_and(|code| code < 2), "{variables:?}: {output:?}");
        }
        assert!(!nowhere.exists(), "{variables:?}");
    }
}

#[test]
fn a_tree_that_is_a_bare_repository_is_no_checkout() {
    let at = Checkout::new();
    at.configure("core.fsmonitor", &script(&at));
    at.configure("core.worktree", at.tree().to_str().unwrap());
    for entry in fs::read_dir(at.tree().join(".git")).unwrap() {
        let entry = entry.unwrap();
        fs::rename(entry.path(), at.tree().join(entry.file_name())).unwrap();
    }
    fs::remove_dir(at.tree().join(".git")).unwrap();
    at.plain_git(STATUS);
    assert!(at.mark().exists(), "the attack does nothing to git itself");
    fs::remove_file(at.mark()).unwrap();
    let runs = at.runs(&[]);
    assert_eq!(runs[0].status.code(), Some(2));
    assert!(String::from_utf8_lossy(&runs[0].stderr).contains("is no checkout of git"));
}

#[test]
fn the_repository_is_as_it_was() {
    let at = Checkout::new();
    touch(&at);
    let state = |folder: &Path| {
        let files = walkdir::WalkDir::new(folder).sort_by_file_name().into_iter().map(Result::unwrap);
        let files = files.filter(|entry| entry.file_type().is_file());
        files.map(|entry| (entry.path().to_owned(), fs::read(entry.path()).unwrap())).collect::<Vec<_>>()
    };
    let before = state(&at.tree());
    at.runs(&[]);
    let after = state(&at.tree());
    let names = |files: &[(PathBuf, Vec<u8>)], others: &[(PathBuf, Vec<u8>)]| {
        let differs = files.iter().filter(|file| !others.contains(file));
        differs.map(|(path, _)| path.display().to_string()).collect::<Vec<_>>()
    };
    assert!(before == after, "written: {:?}, was: {:?}", names(&after, &before), names(&before, &after));
}

#[test]
fn a_reference_that_looks_like_an_option_is_none() {
    let at = Checkout::new();
    let victim = at.tree().join("victim");
    fs::write(&victim, "untouched").unwrap();
    let name = "--output=victim";
    fs::write(at.tree().join(".git/refs/heads").join(name), at.git(&["rev-parse", "HEAD"])).unwrap();
    let check = |option: String| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        tool.arg("check").arg(at.tree()).arg(option).output().unwrap()
    };
    for option in ["--base=", "--git="] {
        check(format!("{option}{name}"));
        check(format!("{option}{name}..{name}"));
        assert_eq!(fs::read_to_string(&victim).unwrap(), "untouched");
    }
}

#[test]
fn names_with_newlines_and_huge_texts_shift_nothing() {
    let at = Checkout::new();
    let odd = at.tree().join("drivers/odd\nHEAD:Makefile");
    fs::create_dir_all(&odd).unwrap();
    let lamp = fs::read_to_string(at.tree().join("drivers/char/lamp/lamp.c")).unwrap();
    fs::write(odd.join("a\nb.c"), lamp.replace("lamp", "odd")).unwrap();
    // Longer than what is read of a file, and nothing but zeros, which git packs small.
    fs::File::create(at.tree().join("drivers/huge.c")).unwrap().set_len(65 << 20).unwrap();
    at.git(&["add", "-A"]);
    at.git(&["commit", "-qm", "lamp: odd"]);
    fs::remove_dir_all(at.tree().join("drivers/odd\nHEAD:Makefile")).unwrap();
    fs::remove_file(at.tree().join("drivers/huge.c")).unwrap();
    at.change("drivers/relic/relic.c");
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    let output =
        tool.arg("check").arg(at.tree()).args(["--base", "HEAD", "--all", "--format", "json"]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(!text.contains("\"introduced\""), "{text}");
    assert!(output.status.code().is_some_and(|code| code < 2), "{}", String::from_utf8_lossy(&output.stderr));
}

/// Places in which git does not look, and where a driver is hidden: each is told of.
#[test]
fn nothing_is_hidden_from_a_comparison() {
    let handler = |name: &str| {
        let lamp = fs::read_to_string(testdata("kernel/drivers/char/lamp/lamp.c")).unwrap();
        lamp.replace("lamp", name)
    };
    let write = |at: &Checkout, path: &str, text: &str| {
        let path = at.tree().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    type Hide = fn(&Checkout);
    let hidden: [(&str, Hide); 6] = [
        ("a repository beside", |at| {
            let inner = at.tree().join("drivers/evil");
            assert!(Command::new("git").args(["init", "-q"]).arg(&inner).status().unwrap().success());
        }),
        ("a module", |at| {
            let inner = at.tree().join("drivers/evil");
            let git = |arguments: &[&str]| {
                let as_ada = ["-c", "user.name=Ada", "-c", "user.email=ada@example.org"];
                assert!(
                    Command::new("git").arg("-C").arg(&inner).args(as_ada).args(arguments).status().unwrap().success()
                );
            };
            git(&["init", "-q"]);
            git(&["add", "-A"]);
            git(&["commit", "-qm", "evil"]);
            at.git(&["-c", "advice.addEmbeddedRepo=false", "add", "drivers/evil"]);
        }),
        ("assume-unchanged", |at| {
            at.git(&["update-index", "--assume-unchanged", "drivers/gauge/gauge.c"]);
            fs::copy(at.tree().join("drivers/evil/evil.c"), at.tree().join("drivers/gauge/gauge.c")).unwrap();
            fs::remove_dir_all(at.tree().join("drivers/evil")).unwrap();
        }),
        ("skip-worktree", |at| {
            at.git(&["update-index", "--skip-worktree", "drivers/gauge/gauge.c"]);
            fs::copy(at.tree().join("drivers/evil/evil.c"), at.tree().join("drivers/gauge/gauge.c")).unwrap();
            fs::remove_dir_all(at.tree().join("drivers/evil")).unwrap();
        }),
        ("a linked folder", |at| {
            fs::create_dir_all(at.tree().join("tools")).unwrap();
            fs::rename(at.tree().join("drivers/evil"), at.tree().join("tools/evil")).unwrap();
            symlink("../tools/evil", at.tree().join("drivers/evil")).unwrap();
        }),
        ("a name that is no text", |at| {
            use std::os::unix::ffi::OsStrExt;
            let name = std::ffi::OsStr::from_bytes(b"drivers/evil/e\xff.c");
            fs::rename(at.tree().join("drivers/evil/evil.c"), at.tree().join(name)).unwrap();
        }),
    ];
    for (name, hide) in hidden {
        let at = Checkout::new();
        at.git(&["commit", "-qam", "lamp: third"]);
        write(&at, "drivers/evil/evil.c", &handler("evil"));
        hide(&at);
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        let output = tool.arg("check").arg(at.tree()).args(["--base", "HEAD", "--format", "json"]).output().unwrap();
        assert_ne!(output.status.code(), Some(0), "{name}: {output:?}");
    }
    // What a link leads to is compared with what it was.
    let at = Checkout::new();
    write(&at, "tools/evil/evil.c", "int none;\n");
    symlink("../tools/evil", at.tree().join("drivers/evil")).unwrap();
    write(&at, "conf/m.toml", "");
    symlink("conf/m.toml", at.tree().join(".mmaplint.toml")).unwrap();
    at.git(&["add", "-A"]);
    at.git(&["commit", "-qm", "lamp: links"]);
    write(&at, "tools/evil/evil.c", &handler("evil"));
    write(&at, "conf/m.toml", "fail-on = \"never\"\nignore = [\"deprecated-mmap\"]\n");
    let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    let output = tool.arg("check").arg(at.tree()).args(["--base", "HEAD"]).output().unwrap();
    assert_eq!(output.status.code(), Some(1), "{output:?}");
}

#[test]
fn a_pipe_in_a_repository_is_not_waited_for_again_and_again() {
    for name in ["packed-refs", "config", "index", "FETCH_HEAD"] {
        let at = Checkout::new();
        let path = at.tree().join(".git").join(name);
        let _ = fs::remove_file(&path);
        assert!(Command::new("mkfifo").arg(&path).status().unwrap().success());
        let begin = std::time::Instant::now();
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        tool.arg("check").arg(at.tree()).args(["--base", "HEAD"]).output().unwrap();
        assert!(begin.elapsed() < std::time::Duration::from_secs(20), "{name}");
    }
}
