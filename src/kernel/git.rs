//! What git knows of a tree, where it is a checkout and git is installed.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::Overlay;

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

    /// What has to be laid over the tree to make it that of a revision: the files that differ, as they are there. Files that git
    /// does not know and does not ignore are new, and absent from it.
    ///
    /// # Errors
    /// Where the tree is no checkout, git is not installed, or there is no such revision.
    pub fn overlay_of(&self, revision: &str) -> Result<Overlay, String> {
        let named = format!("{revision}^{{commit}}");
        let commit = self
            .ask(&["rev-parse", "--verify", "--quiet", "--end-of-options", &named])
            .ok_or_else(|| format!("{}: git knows no revision {revision}", self.root.display()))?;
        let mut overlay = Overlay::default();
        let changed =
            self.list(&["diff", "--relative", "--no-ext-diff", "--name-status", "-z", "-M", &commit, "--"])?;
        let mut fields = changed.into_iter();
        let mut there: Vec<String> = Vec::new();
        while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
            match status.as_bytes().first() {
                Some(b'A') => overlay.set(&path, None),
                Some(b'R' | b'C') => {
                    let Some(now) = fields.next() else { break };
                    overlay.set(&now, None);
                    overlay.renamed(&path, &now);
                    there.push(path);
                }
                _ => there.push(path),
            }
        }
        for path in self.list(&["ls-files", "--others", "--exclude-standard", "-z"])? {
            overlay.set(&path, None);
        }
        for path in there {
            overlay.set(&path, Some(self.output(&["cat-file", "blob", &format!("{commit}:./{path}")])?));
        }
        Ok(overlay)
    }

    /// The commit that is checked out.
    pub fn head(&self) -> Option<String> {
        self.ask(&["rev-parse", "HEAD"]).filter(|_| self.is_checkout)
    }

    /// What git prints.
    fn output(&self, arguments: &[&str]) -> Result<Vec<u8>, String> {
        let output = Command::new("git").arg("-C").arg(&self.root).args(arguments).output();
        let output = output.map_err(|error| format!("git: {error}"))?;
        if output.status.success() {
            return Ok(output.stdout);
        }
        let why = String::from_utf8_lossy(&output.stderr).trim().replace('\n', "; ");
        Err(format!("git {}: {why}", arguments[0]))
    }

    /// What git prints with NULs between the entries.
    fn list(&self, arguments: &[&str]) -> Result<Vec<String>, String> {
        let output = self.output(arguments)?;
        let entries = output.split(|byte| *byte == 0).filter(|entry| !entry.is_empty());
        Ok(entries.map(|entry| String::from_utf8_lossy(entry).into_owned()).collect())
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
