//! What git knows of a tree, where it is a checkout and git is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

/// The history of a tree, asked only when it is needed.
#[derive(Debug)]
pub struct Git {
    root: PathBuf,
    is_checkout: bool,
}

/// So many commits tell how changes to a file are called.
const SUBJECTS: &str = "-n20";

impl Git {
    /// The history of the tree at `root`.
    pub fn new(root: &Path) -> Git {
        Git { root: root.to_owned(), is_checkout: root.join(".git").exists() }
    }

    fn ask(&self, arguments: &[&str]) -> Option<String> {
        let output = Command::new("git").arg("-C").arg(&self.root).args(arguments).output().ok()?;
        let text = String::from_utf8(output.stdout).ok()?;
        (output.status.success() && !text.trim().is_empty()).then(|| text.trim().to_owned())
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Option<String> {
        self.ask(&["rev-parse", "HEAD"]).filter(|_| self.is_checkout)
    }

    /// Who works here, as git knows them.
    pub fn author(&self) -> String {
        let name = self.ask(&["config", "user.name"]).unwrap_or_else(|| "Your Name".to_owned());
        let address = self.ask(&["config", "user.email"]).unwrap_or_else(|| "you@example.com".to_owned());
        format!("{name} <{address}>")
    }

    /// What the subjects of changes to some files start with most often, without the last colon.
    pub fn prefix(&self, files: &[&str]) -> Option<String> {
        if !self.is_checkout {
            return None;
        }
        let mut arguments = vec!["log", SUBJECTS, "--no-merges", "--format=%s", "--"];
        arguments.extend(files);
        let subjects = self.ask(&arguments)?;
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for prefix in subjects.lines().filter_map(|subject| subject.rsplit_once(": ")).map(|(prefix, _)| prefix) {
            // Reverts quote, and a sentence is no prefix.
            if !prefix.contains('"') && prefix.split_whitespace().count() <= 3 {
                *counts.entry(prefix).or_default() += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(prefix, _)| prefix.to_owned())
    }
}
