//! Whom `Maintainers` names for the files of a real tree is what its own scripts/get_maintainer.pl names. Needs a tree in MMAPLINT_TREE
//! and perl; without them it says that it was skipped. MMAPLINT_PATHS is how many paths are drawn, 40 unless it is set.
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::Command;

use mmaplint::kernel::{Maintainers, Tree};

/// The files of a tree, sorted.
fn files(root: &Path, below: &Path, found: &mut Vec<String>) {
    let mut entries: Vec<PathBuf> = std::fs::read_dir(below).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_symlink() {
            continue;
        }
        match path.strip_prefix(root).unwrap().to_str() {
            Some(".git") | None => {}
            Some(_) if path.is_dir() => files(root, &path, found),
            Some(name) => found.push(name.to_owned()),
        }
    }
}

/// Addresses and lists, names without quotes. Of an address that two sections spell in different cases the script takes now the one, now
/// the other, for it goes over sections as Perl's hashes come.
fn plain(line: &str) -> String {
    line.replace(['"', '\\'], "").trim().to_lowercase()
}

#[test]
fn maintainers_are_those_that_the_tree_s_own_script_names() {
    let Some(root) = std::env::var_os("MMAPLINT_TREE").map(PathBuf::from) else {
        eprintln!("SKIPPED: MMAPLINT_TREE names no tree");
        return;
    };
    let tree = Tree::open(&root).unwrap();
    let maintainers = Maintainers::read(&tree);
    let mut all = Vec::new();
    files(&root, &root, &mut all);
    let count = std::env::var("MMAPLINT_PATHS").map_or(40, |count| count.parse().unwrap());
    let handlers = std::env::var("MMAPLINT_HANDLERS").unwrap_or_default();
    let mut drawn: BTreeSet<String> = handlers.split_whitespace().map(str::to_owned).collect();
    // The same files each time: a step that has no factor in common with most numbers.
    drawn.extend((0..count).map(|number: usize| all[number * 7_919 % all.len()].clone()));
    let mut wrong = Vec::new();
    for path in &drawn {
        let told = maintainers.recipients(&[path], b"");
        let ours: BTreeSet<String> = told.to.iter().chain(&told.cc).map(|line| plain(line)).collect();
        let output = Command::new("perl")
            .arg("scripts/get_maintainer.pl")
            .args(["--nogit", "--nogit-fallback", "--norolestats", "-f", path])
            .current_dir(&root)
            .output()
            .unwrap();
        let theirs: BTreeSet<String> = String::from_utf8_lossy(&output.stdout).lines().map(plain).collect();
        if ours != theirs {
            wrong.push(format!(
                "{path}: only ours {:?}, only theirs {:?}",
                ours.difference(&theirs).collect::<Vec<_>>(),
                theirs.difference(&ours).collect::<Vec<_>>()
            ));
        }
    }
    assert!(wrong.is_empty(), "{} of {}:\n{}", wrong.len(), drawn.len(), wrong.join("\n"));
}
