//! `-` in place of TREE: a file that an editor shows and has not saved.
#![allow(clippy::unwrap_used)]

mod support;

use std::io::Write;
use std::process::{Command, Output, Stdio};

use support::{copy, testdata};

const LAMP: &str = "drivers/char/lamp/lamp.c";

/// Runs a command with the text of the lamp driver on stdin, after `edit`.
fn mmaplint(arguments: &[&str], edit: impl Fn(&str) -> String) -> Output {
    let kernel = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), kernel.path());
    let text = edit(&std::fs::read_to_string(kernel.path().join(LAMP)).unwrap());
    let mut command = Command::new(env!("CARGO_BIN_EXE_mmaplint"));
    command.args(arguments).current_dir(kernel.path());
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    // A run that fails at once does not read.
    let _ = child.stdin.take().unwrap().write_all(text.as_bytes());
    child.wait_with_output().unwrap()
}

fn stdout(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn stderr(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

#[test]
fn what_stdin_has_counts_and_the_rest_of_the_tree_is_read() {
    let arguments = ["scan", "-", "--stdin-path", LAMP, "--quiet"];
    let kept = stdout(&mmaplint(&arguments, |text| text.replace("size, vma->vm_page_prot))", "size, kept(vma)))")));
    assert!(kept.starts_with("drivers/char/lamp/lamp.c:34: unknown: lamp_mmap"), "{kept}");
    let saved = stdout(&mmaplint(&arguments, str::to_owned));
    assert!(saved.starts_with("drivers/char/lamp/lamp.c:34: action: lamp_mmap"), "{saved}");
    assert_eq!(saved.lines().count(), 1);
}

#[test]
fn a_file_that_is_not_saved_yet_has_a_place() {
    let output = mmaplint(&["scan", "-", "--stdin-path", "drivers/char/lamp/new.c", "--quiet"], str::to_owned);
    assert!(
        stdout(&output).starts_with("drivers/char/lamp/new.c:34: action"),
        "{}{}",
        stdout(&output),
        stderr(&output)
    );
}

#[test]
fn a_conversion_is_that_of_the_text_on_stdin() {
    let renamed = |text: &str| text.replace("lamp_mmap", "torch_mmap");
    let output = mmaplint(&["fix", "-", "--stdin-path", LAMP, "--quiet"], renamed);
    assert!(
        stdout(&output).contains("+static int torch_mmap_prepare(struct vm_area_desc *desc)"),
        "{}",
        stdout(&output)
    );
    let named = mmaplint(&["fix", "-", "torch_mmap", "--stdin-path", LAMP, "--quiet"], renamed);
    assert_eq!(stdout(&named), stdout(&output));
}

#[test]
fn a_path_that_says_nothing_is_an_error() {
    let refused = |arguments: &[&str], why: &str| {
        let output = mmaplint(arguments, str::to_owned);
        assert_eq!((output.status.code(), stdout(&output)), (Some(2), String::new()), "{arguments:?}");
        assert!(stderr(&output).contains(why), "{}", stderr(&output));
    };
    refused(&["scan", "-"], "- needs --stdin-path");
    refused(&["scan", ".", "--stdin-path", LAMP], "goes with - in place of TREE");
    refused(&["scan", "-", "--stdin-path", "/no/such/lamp.c"], "does not lie in a kernel tree, or in a module");
    refused(&["scan", "-", "--stdin-path", "drivers/char/lamp/Kconfig"], "is no C file");
    refused(&["fix", "-", "--stdin-path", LAMP, "--write"], "not to what stdin has");
}
