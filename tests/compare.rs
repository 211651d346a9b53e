//! `compare`: which registration of one tree was which of another.
#![allow(clippy::unwrap_used)]

mod support;

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use support::{copy, testdata};

fn compare(arguments: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_mmaplint")).arg("compare").args(arguments).arg("--quiet").output().unwrap()
}

/// The made-up kernel with other text in a file.
fn changed(file: &str, from: &str, to: &str) -> tempfile::TempDir {
    let tree = tempfile::tempdir().unwrap();
    copy(&testdata("kernel"), tree.path());
    let path = tree.path().join(file);
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains(from));
    fs::write(path, text.replace(from, to)).unwrap();
    tree
}

fn path(tree: &Path) -> &str {
    tree.to_str().unwrap()
}

#[test]
fn a_table_with_another_name_is_the_same_table_also_for_a_helper_of_many() {
    let old = changed("drivers/frame/tiny/tiny.c", "tiny_fops", "tiny_fops");
    let new = changed("drivers/frame/tiny/tiny.c", "tiny_fops", "tiny_frame_fops");
    let output = compare(&[path(old.path()), path(new.path())]);
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("moved: frame_mmap") && text.contains("its table was tiny_fops"), "{text}");
    assert!(text.contains("0 added, 0 vanished, 1 moved"), "{text}");
}

#[test]
fn options_for_two_trees_are_refused_for_more() {
    let tree = testdata("kernel");
    let tree = path(&tree);
    for option in [&["--behaviour"][..], &["--old-target", "v6.16"]] {
        for format in ["text", "html"] {
            let output = compare(&[&[tree, tree, tree, "--format", format], option].concat());
            let said = String::from_utf8(output.stderr).unwrap();
            assert_eq!(output.status.code(), Some(2), "{option:?}");
            assert!(said.contains("--behaviour and --old-target compare two trees"), "{said}");
        }
    }
}
