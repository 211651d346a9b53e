//! `check` of revisions, as CI has them: sparse and shallow clones, drivers that take the place of others, and what a change says of
//! itself.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output, Stdio};

use support::{copy, testdata};
use tempfile::TempDir;

/// A checkout of the made-up kernel with one commit.
struct Checkout(TempDir);

impl Checkout {
    fn new() -> Checkout {
        let checkout = Checkout(tempfile::tempdir().unwrap());
        copy(&testdata("kernel"), checkout.path());
        checkout.git(&["init", "-q"]);
        checkout.commit("base");
        checkout
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn git(&self, arguments: &[&str]) {
        let as_ada = ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org", "-C"];
        let mut git = Command::new("git");
        git.args(as_ada).arg(self.path()).args(arguments).stdout(Stdio::null());
        assert!(git.status().unwrap().success(), "git {arguments:?}");
    }

    fn commit(&self, subject: &str) {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-qm", subject]);
    }

    fn write(&self, file: &str, text: &str) {
        let path = self.path().join(file);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn check(&self, arguments: &[&str]) -> Output {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        tool.arg("check").arg(self.path()).args(arguments).stdin(Stdio::null()).output().unwrap()
    }
}

/// The lints of the lines that a check printed.
fn lints(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let lint = |line: &str| Some(line.rsplit_once('[')?.1.trim_end_matches(']').to_owned());
    text.lines().filter_map(lint).collect()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// A driver whose hook refuses to write under a condition.
fn driver(name: &str, hook: &str, condition: &str) -> String {
    format!(
        "#include <linux/fs.h>\n#include <linux/mm.h>\n\n\
         static int {hook}(struct vm_area_desc *desc)\n{{\n{condition}\tdesc->vm_ops = &{name}_vm_ops;\n\treturn 0;\n}}\n\n\
         static const struct file_operations {name}_fops = {{\n\t.mmap_prepare = {hook},\n}};\n"
    )
}

const REFUSES: &str = "\tif (vma_desc_test(desc, VMA_WRITE_BIT))\n\t\treturn -EPERM;\n";

#[test]
fn a_sparse_checkout_hides_nothing_that_the_change_touches() {
    let checkout = Checkout::new();
    checkout.write("drivers/bell/bell.c", &driver("bell", "bell_mmap_prepare", REFUSES));
    checkout.commit("bell");
    for arguments in [["-g", "HEAD^..HEAD"], ["--base", "HEAD^"]] {
        assert_eq!(lints(&checkout.check(&arguments)), ["write-refused-maywrite-kept"], "{arguments:?}");
    }
    checkout.git(&["sparse-checkout", "set", "fs", "include", "mm"]);
    assert!(!checkout.path().join("drivers/bell").exists());
    for arguments in [["-g", "HEAD^..HEAD"], ["--base", "HEAD^"]] {
        let output = checkout.check(&arguments);
        assert_eq!(lints(&output), ["write-refused-maywrite-kept"], "{arguments:?}");
        assert_eq!(output.status.code(), Some(1), "{arguments:?}");
        assert!(stderr(&output).contains("files are not checked out"), "{}", stderr(&output));
    }
}

#[test]
fn a_driver_that_takes_the_name_of_another_has_hazards_of_its_own() {
    let checkout = Checkout::new();
    checkout.write("drivers/staging/a/a.c", &driver("a", "board_mmap_prepare", REFUSES));
    checkout.commit("a");
    checkout.git(&["rm", "-q", "drivers/staging/a/a.c"]);
    let conditions = "\tstruct other *other = desc->file->private_data;\n\n\
                      \tif (desc->pgoff >= other->pages)\n\t\treturn -EINVAL;\n\
                      \tif (other->sealed && vma_desc_test(desc, VMA_WRITE_BIT))\n\t\treturn -EACCES;\n\
                      \tdesc->private_data = other;\n";
    checkout.write("drivers/b/b.c", &driver("b", "board_mmap_prepare", conditions));
    checkout.commit("b");
    assert_eq!(lints(&checkout.check(&["--base", "HEAD^"])), ["write-refused-maywrite-kept"]);
}

#[test]
fn a_driver_that_moves_with_its_text_has_no_new_hazards() {
    let checkout = Checkout::new();
    checkout.write("drivers/staging/a/a.c", &driver("a", "board_mmap_prepare", REFUSES));
    checkout.commit("a");
    checkout.git(&["rm", "-q", "drivers/staging/a/a.c"]);
    // Its name and the text around change enough for git to see no rename.
    let text = driver("board", "board_mmap_prepare", REFUSES);
    checkout.write("drivers/b/board.c", &format!("{}{text}", "/* Moved out of staging. */\n".repeat(40)));
    checkout.commit("moved");
    let output = checkout.check(&["--base", "HEAD^"]);
    assert_eq!((lints(&output), output.status.code()), (Vec::new(), Some(0)));
}

#[test]
fn what_a_change_accepts_of_itself_is_said() {
    let checkout = Checkout::new();
    let accepted = REFUSES.replacen('\n', " /* mmaplint: ignore[write-refused-maywrite-kept] it is sealed */\n", 1);
    checkout.write("drivers/bell/bell.c", &driver("bell", "bell_mmap_prepare", &accepted));
    checkout.commit("bell");
    let output = checkout.check(&["--base", "HEAD^"]);
    assert_eq!((lints(&output), output.status.code()), (Vec::new(), Some(0)));
    assert!(stderr(&output).contains("the change adds 1 comment to accept findings"), "{}", stderr(&output));
}

#[test]
fn a_clone_without_history_says_so() {
    let checkout = Checkout::new();
    checkout.write("drivers/bell/bell.c", &driver("bell", "bell_mmap_prepare", ""));
    checkout.commit("bell");
    let clone = tempfile::tempdir().unwrap();
    let from = format!("file://{}", checkout.path().display());
    let mut git = Command::new("git");
    git.args(["clone", "-q", "--depth", "1", &from]).arg(clone.path()).stderr(Stdio::null());
    assert!(git.status().unwrap().success());
    let output = Checkout(clone).check(&["--base", "HEAD^"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("HEAD^ (the clone is shallow"), "{}", stderr(&output));
}

#[test]
fn a_change_without_files_is_no_silent_all_clear() {
    let checkout = Checkout::new();
    let output = checkout.check(&["--patch", "-"]);
    assert_eq!(output.status.code(), Some(0));
    assert!(
        stderr(&output).contains("the change touches no file that is read as C: nothing was checked"),
        "{}",
        stderr(&output)
    );
}

/// Services look for files from the top of the repository, people from the top of the tree.
#[test]
fn a_tree_below_the_top_of_its_repository_is_named_for_services() {
    let place = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), &place.path().join("linux"));
    assert!(Command::new("git").arg("-C").arg(place.path()).args(["init", "-q"]).status().unwrap().success());
    let check = |format: &str| {
        let mut tool = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
        let tool = tool.arg("check").arg(place.path().join("linux")).args(["--format", format]);
        String::from_utf8(tool.output().unwrap().stdout).unwrap()
    };
    for (format, named) in [
        ("github", "file=linux/drivers/relic/relic.c"),
        ("gitlab", "\"path\": \"linux/drivers/relic/relic.c\""),
        ("sarif", "\"uri\": \"linux/drivers/relic/relic.c\""),
        ("checkstyle", "name=\"linux/drivers/relic/relic.c\""),
        ("rdjson", "\"linux/drivers/relic/relic.c\""),
        ("terse", "\ndrivers/relic/relic.c:"),
    ] {
        assert!(check(format).contains(named), "{format}: {}", check(format));
    }
}
