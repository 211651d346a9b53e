//! What git knows of a tree, where it is a checkout and git is installed.

use std::collections::BTreeMap;
use std::io::{self, BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

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
        let options =
            ["diff", "--relative", "--no-ext-diff", "--ignore-submodules=all", "--no-renames", "--name-status", "-z"];
        let changed = self.list(&[options.as_slice(), &[&commit, "--"]].concat())?;
        let mut fields = changed.into_iter();
        let mut there: Vec<String> = Vec::new();
        while let (Some(status), Some(path)) = (fields.next(), fields.next()) {
            if status == "A" { overlay.set(&path, None) } else { there.push(path) }
        }
        for path in self.list(&["ls-files", "--others", "--exclude-standard", "-z"])? {
            overlay.set(&path, None);
        }
        let texts = self.blobs(&commit, &there)?;
        for (path, text) in there.iter().zip(texts) {
            overlay.set(path, text);
        }
        Ok(overlay)
    }

    /// The files that were renamed from one revision to another, or to what is checked out: old and new path.
    ///
    /// # Errors
    /// Where git cannot say.
    pub fn renames(&self, from: &str, to: Option<&str>) -> Result<Vec<(String, String)>, String> {
        let mut arguments = vec!["diff", "--relative", "--no-ext-diff", "--name-status", "-z", "-M", "--diff-filter=R"];
        arguments.push(from);
        arguments.extend(to);
        arguments.push("--");
        let changed = self.list(&arguments)?;
        Ok(changed.chunks_exact(3).map(|entry| (entry[1].clone(), entry[2].clone())).collect())
    }

    /// Where two revisions parted.
    ///
    /// # Errors
    /// Where git cannot say.
    pub fn merge_base(&self, one: &str, other: &str) -> Result<String, String> {
        self.ask(&["merge-base", "--end-of-options", one, other])
            .ok_or_else(|| format!("git knows no merge base of {one} and {other}"))
    }

    /// The texts of files at a commit, by one process for all of them; `None` for what is no file there.
    fn blobs(&self, commit: &str, paths: &[String]) -> Result<Vec<Option<Vec<u8>>>, String> {
        let failed = |error: io::Error| format!("git cat-file: {error}");
        let mut child = Command::new("git")
            .arg("-C")
            .arg(&self.root)
            .args(["cat-file", "--batch"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(failed)?;
        let names: String = paths.iter().map(|path| format!("{commit}:./{path}\n")).collect();
        let Some((mut stdin, stdout)) = child.stdin.take().zip(child.stdout.take()) else { return Ok(Vec::new()) };
        let texts = std::thread::scope(|scope| {
            scope.spawn(move || stdin.write_all(names.as_bytes()));
            let mut out = BufReader::new(stdout);
            paths.iter().map(|_| blob(&mut out)).collect::<io::Result<Vec<_>>>()
        });
        child.wait().map_err(failed)?;
        texts.map_err(failed)
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

/// One answer of `git cat-file --batch`: `HASH TYPE LENGTH`, the text, a newline; or a line that says why not.
fn blob(out: &mut impl BufRead) -> io::Result<Option<Vec<u8>>> {
    let mut head = String::new();
    out.read_line(&mut head)?;
    let mut fields = head.split_whitespace().skip(1);
    let (Some(kind), Some(Ok(length))) = (fields.next(), fields.next().map(str::parse::<usize>)) else {
        return Ok(None);
    };
    let mut text = vec![0; length + 1];
    out.read_exact(&mut text)?;
    text.pop();
    Ok((kind == "blob").then_some(text))
}
