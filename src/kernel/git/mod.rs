//! History of a tree, if it is a git checkout and git is installed.
//!
//! Git reads objects, references and the index, but nothing that it would obey: see [`repository`]. Revisions are resolved to hashes once,
//! and only hashes are passed on. Comparisons return only paths and hashes; texts are then read by hash.

mod ask;
mod repository;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use ask::{Answer, Clock, ask};
use repository::{Repository, bare_git};

use walkdir::WalkDir;

use super::{FILE_LIMIT, FileTrouble, Laid, Overlay, TroubleKind};

/// History of a tree. Git runs on first use.
#[derive(Debug)]
pub struct Git {
    root: PathBuf,
    repository: OnceLock<Result<Option<Repository>, String>>,
    /// The files that the index marks as not to be checked.
    marked: OnceLock<Result<BTreeSet<String>, String>>,
    clock: Clock,
}

/// A commit by its hash.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Commit(String);

/// Number of commits that decide the subject prefix of changes to a file.
const SUBJECTS: &str = "-n20";

/// Maximum length in bytes of the texts of a revision that differ from those on disk, all together.
const TOTAL_BYTES: u64 = 128 << 20;

/// Git's modes of links, of submodules, and of missing files.
const LINK: &str = "120000";
const MODULE: &str = "160000";
const NOTHING: &str = "000000";

/// Command that compares files. It runs no external diff or textconv command.
const COMPARE: &[&str] = &[
    "diff",
    "--raw",
    "-z",
    "--no-abbrev",
    "--relative",
    "--no-ext-diff",
    "--no-textconv",
    "--ignore-submodules=dirty",
];

/// A file that differs between two revisions, or between a revision and the disk.
#[derive(Debug)]
struct Difference {
    old_mode: String,
    old_text: String,
    status: char,
    path: String,
    /// New path of a file that moved.
    to: Option<String>,
}

impl Git {
    /// History of the tree at `root`.
    pub fn new(root: &Path) -> Git {
        Git { root: root.to_owned(), repository: OnceLock::new(), marked: OnceLock::new(), clock: Clock::default() }
    }

    /// Path of the tree below the top of its repository; empty if it is the top, or no checkout.
    pub fn below_top(&self) -> String {
        let Ok(root) = self.root.canonicalize() else { return String::new() };
        let top = root.ancestors().find(|folder| folder.join(".git").exists());
        let below = top.and_then(|top| root.strip_prefix(top).ok());
        below.map(|below| below.to_string_lossy().into_owned()).unwrap_or_default()
    }

    fn repository(&self) -> Result<&Repository, String> {
        let repository = self.repository.get_or_init(|| Repository::of(&self.root, &self.clock));
        let missing = || format!("{}: is no checkout of git", self.root.display());
        repository.as_ref().map_err(Clone::clone)?.as_ref().ok_or_else(missing)
    }

    /// Output of a git command that succeeds.
    fn ask(&self, arguments: &[&str], input: Vec<u8>) -> Result<Vec<u8>, String> {
        match ask(self.repository()?.git(arguments), input, &self.clock)? {
            Answer { out, failed: None } => Ok(out),
            Answer { failed: Some(why), .. } => Err(format!("git {}: {why}", arguments[0])),
        }
    }

    /// Reason why a commit may be missing, for messages.
    fn hint(&self) -> &'static str {
        let is_shallow = self.repository().is_ok_and(Repository::is_shallow);
        if is_shallow { " (the clone is shallow: fetch more of its history)" } else { "" }
    }

    /// Resolves a revision to a commit.
    ///
    /// # Errors
    /// The tree is not a git checkout, git is not installed, or the revision does not exist.
    pub fn commit(&self, revision: &str) -> Result<Commit, String> {
        let named = format!("{revision}^{{commit}}");
        let question = ["rev-parse", "--verify", "--quiet", "--end-of-options", &named];
        let answer = ask(self.repository()?.git(&question), Vec::new(), &self.clock)?;
        let unknown = || format!("{}: unknown git revision {revision}{}", self.root.display(), self.hint());
        hash(&answer.out).map(Commit).ok_or_else(unknown)
    }

    /// Overlay that makes the tree look like a commit. It holds each file that differs, with its text in the commit. It hides untracked
    /// files that are not ignored, because the commit lacks them.
    ///
    /// # Errors
    /// Git fails, or an object is missing.
    pub fn overlay_of(&self, commit: &Commit) -> Result<Overlay, String> {
        Ok(self.laid(commit, "--no-renames")?.0)
    }

    /// The same overlay, with the old names of files that moved since.
    ///
    /// # Errors
    /// Git fails, or an object is missing.
    pub fn overlay_before(&self, commit: &Commit) -> Result<Overlay, String> {
        let (mut overlay, moved) = self.laid(commit, "-M")?;
        overlay.renamed(&moved);
        Ok(overlay)
    }

    fn laid(&self, commit: &Commit, renames: &str) -> Result<(Overlay, Vec<(String, String)>), String> {
        let (mut overlay, mut there, mut moved) = (Overlay::default(), Vec::new(), Vec::new());
        let (differences, (new, hidden)) = rayon::join(
            || self.differences(&[renames, &commit.0, "--"]),
            || rayon::join(|| self.new_files(), || self.hidden(commit)),
        );
        new?.iter().for_each(|path| self.lay_new(path, &mut overlay));
        for difference in differences?.into_iter().chain(hidden?) {
            if let Some(to) = &difference.to {
                overlay.set(to, None);
                moved.push((difference.path.clone(), to.clone()));
            }
            match difference.old_mode.as_str() {
                _ if difference.status == 'A' => self.lay_new(&difference.path, &mut overlay),
                LINK => {
                    let trouble =
                        FileTrouble::of(&difference.path, TroubleKind::Link, "is a link in the revision; not read");
                    overlay.lay(&difference.path, Laid::Unread(trouble));
                }
                MODULE => overlay.lay_submodule(&difference.path),
                NOTHING => {}
                _ => there.push(difference),
            }
        }
        self.lay(&there, &mut overlay)?;
        Ok((overlay, moved))
    }

    /// Removes a new file; if it is another repository, all files of it.
    fn lay_new(&self, path: &str, overlay: &mut Overlay) {
        overlay.set(path.trim_end_matches('/'), None);
        let folder = self.root.join(path);
        if folder.symlink_metadata().is_ok_and(|there| there.is_dir()) {
            for entry in WalkDir::new(&folder).into_iter().filter_map(Result::ok) {
                let below = entry.path().strip_prefix(&self.root).map(|path| path.to_string_lossy().into_owned());
                below.into_iter().filter(|_| !entry.file_type().is_dir()).for_each(|path| overlay.set(&path, None));
            }
        }
    }

    /// State at a commit of the files that the index marks as not to be checked (assume-unchanged, skip-worktree). Git does not tell if
    /// they differ on disk.
    fn hidden(&self, commit: &Commit) -> Result<Vec<Difference>, String> {
        // Files that are not checked out are absent on both sides.
        let mut hidden = self.marked()?.clone();
        hidden.retain(|path| self.root.join(path).symlink_metadata().is_ok());
        let mut found = self.known_at(commit, &hidden)?;
        let old: BTreeSet<String> = found.iter().map(|known| known.path.clone()).collect();
        let (none, added) = (NOTHING.to_owned(), hidden.difference(&old));
        found.extend(added.map(|path| Difference {
            old_mode: none.clone(),
            old_text: String::new(),
            status: 'A',
            path: path.clone(),
            to: None,
        }));
        Ok(found)
    }

    /// The files that the index marks as not to be checked.
    fn marked(&self) -> Result<&BTreeSet<String>, String> {
        self.marked.get_or_init(|| self.list_marked()).as_ref().map_err(Clone::clone)
    }

    fn list_marked(&self) -> Result<BTreeSet<String>, String> {
        let answer = self.ask(&["ls-files", "-v", "-z"], Vec::new())?;
        let entries = answer.split(|byte| *byte == 0).filter_map(|entry| entry.split_first_chunk::<2>());
        let is_marked = |mark: &u8| mark.is_ascii_lowercase() || *mark == b'S';
        let marked = entries.filter(|([mark, _], _)| is_marked(mark));
        Ok(marked.map(|(_, path)| String::from_utf8_lossy(path).into_owned()).collect())
    }

    /// State of files at a commit, without those that it lacks.
    fn known_at(&self, commit: &Commit, paths: &BTreeSet<String>) -> Result<Vec<Difference>, String> {
        if paths.is_empty() {
            return Ok(Vec::new());
        }
        let listed = self.ask(&["ls-tree", "-r", "-z", &commit.0], Vec::new())?;
        let known = listed.split(|byte| *byte == 0).filter_map(|entry| {
            // `MODE TYPE HASH`, a tab, the path.
            let entry = String::from_utf8_lossy(entry).into_owned();
            let (head, path) = entry.split_once('\t')?;
            let parts: Vec<&str> = head.split(' ').collect();
            let [mode, _, text] = parts.as_slice() else { return None };
            let (old_mode, old_text) = ((*mode).to_owned(), (*text).to_owned());
            Some(Difference { old_mode, old_text, status: 'M', path: path.to_owned(), to: None })
        });
        Ok(known.filter(|known| paths.contains(&known.path)).collect())
    }

    /// Adds to the two sides of a comparison the files that differ between them and that a sparse checkout leaves out. Returns the number
    /// of the other files that it leaves out.
    ///
    /// # Errors
    /// Git fails, or an object is missing.
    pub fn lay_left_out(&self, from: (&Commit, &mut Overlay), to: (&Commit, &mut Overlay)) -> Result<usize, String> {
        let mut left_out = self.marked()?.clone();
        left_out.retain(|path| self.root.join(path).symlink_metadata().is_err());
        if left_out.is_empty() {
            return Ok(0);
        }
        let changed = self.differences(&["--no-renames", &from.0.0, &to.0.0, "--"])?;
        let touched: BTreeSet<String> =
            changed.into_iter().map(|file| file.path).filter(|path| left_out.contains(path)).collect();
        for (commit, overlay) in [from, to] {
            self.lay(&self.known_at(commit, &touched)?, overlay)?;
        }
        Ok(left_out.len() - touched.len())
    }

    /// Old and new paths of the files that moved between two commits.
    ///
    /// # Errors
    /// Git fails.
    pub fn renames(&self, from: &Commit, to: &Commit) -> Result<Vec<(String, String)>, String> {
        let moved = self.differences(&["-M", "--diff-filter=R", &from.0, &to.0, "--"])?;
        Ok(moved.into_iter().filter_map(|file| Some((file.path, file.to?))).collect())
    }

    /// Merge base of two commits.
    ///
    /// # Errors
    /// Git fails, or there is none.
    pub fn merge_base(&self, one: &Commit, other: &Commit) -> Result<Commit, String> {
        // Git fails without a word if there is none.
        let answer = ask(self.repository()?.git(&["merge-base", &one.0, &other.0]), Vec::new(), &self.clock)?;
        let missing = || format!("git finds no merge base of {} and {}{}", one.0, other.0, self.hint());
        hash(&answer.out).map(Commit).ok_or_else(missing)
    }

    fn differences(&self, arguments: &[&str]) -> Result<Vec<Difference>, String> {
        let answer = self.ask(&[COMPARE, arguments].concat(), Vec::new())?;
        let mut fields = answer.split(|byte| *byte == 0).map(|field| String::from_utf8_lossy(field).into_owned());
        let mut found = Vec::new();
        // `:MODE MODE HASH HASH STATUS`, the path, and the new path if the file moved.
        while let Some(head) = fields.next().filter(|head| head.starts_with(':')) {
            let parts: Vec<&str> = head[1..].split(' ').collect();
            let ([old_mode, _, old_text, _, status], Some(path)) = (parts.as_slice(), fields.next()) else { break };
            let status = status.chars().next().unwrap_or('X');
            let to = if matches!(status, 'R' | 'C') { fields.next() } else { None };
            let (old_mode, old_text) = ((*old_mode).to_owned(), (*old_text).to_owned());
            found.push(Difference { old_mode, old_text, status, path, to });
        }
        Ok(found)
    }

    /// Untracked files on disk that are not ignored.
    fn new_files(&self) -> Result<Vec<String>, String> {
        let repository = self.repository()?;
        let mut git = repository.git(&["ls-files", "--others", "--exclude-standard", "-z"]);
        git.args(repository.excluded());
        let Answer { out, failed } = ask(git, Vec::new(), &self.clock)?;
        if let Some(why) = failed {
            return Err(format!("git ls-files: {why}"));
        }
        let paths = out.split(|byte| *byte == 0).filter(|path| !path.is_empty());
        Ok(paths.map(|path| String::from_utf8_lossy(path).into_owned()).collect())
    }

    /// Adds the old texts of files to an overlay, by their hashes. Texts that are too long are not read.
    fn lay(&self, files: &[Difference], overlay: &mut Overlay) -> Result<(), String> {
        let sizes = self.ask(&["cat-file", "--batch-check=%(objecttype) %(objectsize)"], hashes(files.iter()))?;
        let sizes = String::from_utf8_lossy(&sizes).into_owned();
        let (mut read, mut total) = (Vec::new(), 0);
        for (file, size) in files.iter().zip(sizes.lines()) {
            let Some(size) = size.strip_prefix("blob ").and_then(|size| size.parse::<u64>().ok()) else {
                return Err(format!("{}: its text at that revision is missing (a partial clone?)", file.path));
            };
            if size > FILE_LIMIT || total + size > TOTAL_BYTES {
                let limit = if size > FILE_LIMIT { FILE_LIMIT } else { TOTAL_BYTES };
                let text = format!(
                    "too long at that revision: over {} MiB, alone or with the texts before it; not read",
                    limit >> 20
                );
                overlay.lay(&file.path, Laid::Unread(FileTrouble::of(&file.path, TroubleKind::TooLarge, text)));
                continue;
            }
            total += size;
            read.push((file, size as usize));
        }
        let answer = self.ask(&["cat-file", "--batch"], hashes(read.iter().map(|(file, _)| *file)))?;
        let mut rest = answer.as_slice();
        for (file, size) in read {
            let head = memchr::memchr(b'\n', rest).map(|end| end + 1);
            let Some((text, behind)) = head.and_then(|head| rest[head..].split_at_checked(size)) else {
                return Err(format!("git cat-file: {} is cut off", file.path));
            };
            overlay.set(&file.path, Some(text.to_vec()));
            rest = behind.get(1..).unwrap_or_default();
        }
        Ok(())
    }

    /// Hash of the commit that is checked out.
    pub fn head(&self) -> Option<String> {
        self.commit("HEAD").ok().map(|commit| commit.0)
    }

    /// Name and address of the user from the git configuration, or placeholders.
    pub fn author(&self) -> (String, String) {
        let [name, address] = self.repository().map_or([None, None], Repository::author);
        let known = |own: Option<&str>, key: &str| {
            own.map(str::to_owned).or_else(|| {
                let mut git = bare_git();
                // Only the user writes the global configuration.
                git.env_remove("GIT_CONFIG_GLOBAL").args(["config", "--global", "--get", key]).current_dir("/");
                let answer = ask(git, Vec::new(), &self.clock).ok()?;
                let text = String::from_utf8_lossy(&answer.out).trim().to_owned();
                (!text.is_empty()).then_some(text)
            })
        };
        (
            known(name, "user.name").unwrap_or_else(|| "Your Name".to_owned()),
            known(address, "user.email").unwrap_or_else(|| "you@example.com".to_owned()),
        )
    }

    /// Most frequent subject prefix of changes to some files, without the last colon.
    pub fn prefix(&self, files: &[&str]) -> Option<String> {
        let head = self.head()?;
        let mut arguments =
            vec!["log", SUBJECTS, "--no-merges", "--no-show-signature", "--format=%s", head.as_str(), "--"];
        arguments.extend(files);
        let answer = self.ask(&arguments, Vec::new()).ok()?;
        let subjects = String::from_utf8_lossy(&answer).into_owned();
        let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
        for prefix in subjects.lines().filter_map(|subject| subject.rsplit_once(": ")).map(|(prefix, _)| prefix) {
            // Reverts quote a subject, and a sentence is no prefix.
            if !prefix.contains('"') && prefix.split_whitespace().count() <= 3 {
                *counts.entry(prefix).or_default() += 1;
            }
        }
        counts.into_iter().max_by_key(|(_, count)| *count).map(|(prefix, _)| prefix.to_owned())
    }
}

/// Hash that git printed on a line of its own.
fn hash(answer: &[u8]) -> Option<String> {
    let text = std::str::from_utf8(answer).ok()?.trim();
    let is_hash = text.len() >= 40 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    is_hash.then(|| text.to_owned())
}

/// Hashes of the old texts of files, one per line.
fn hashes<'d>(files: impl Iterator<Item = &'d Difference>) -> Vec<u8> {
    files.flat_map(|file| [file.old_text.as_bytes(), b"\n"].concat()).collect()
}
