//! Objects and references of an untrusted repository, without anything that git would obey.
//!
//! The configuration, hooks and attributes of a repository can name commands that git runs as the user: `core.fsmonitor`, filters,
//! `gpg.program`, transports of a partial clone. So git never sees that configuration. It gets a repository made for this run. That one has
//! the references, objects and index of the original. Its configuration holds only the few values needed to read them.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{self, Read};
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ask::{Clock, ask};
use crate::kernel::bounded;
use crate::replace::Temporary;

/// A repository that holds nothing git would obey.
#[derive(Debug)]
pub struct Repository {
    made: Temporary,
    /// Object folder of the original repository.
    objects: PathBuf,
    index: PathBuf,
    /// `info/exclude` of the user's repository: its ignore patterns.
    excluded: PathBuf,
    /// Top folder of the checkout. The tree is part or all of it.
    top: PathBuf,
    /// Canonical path of the tree.
    tree: PathBuf,
    /// Name and address of the user, if the repository sets them.
    author: [Option<String>; 2],
}

/// References of the checkout itself, then those that it shares with other worktrees.
const OWN: &[&str] =
    &["HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "logs"];
const SHARED: &[&str] = &["refs", "packed-refs", "reftable", "shallow"];

/// Configuration keys that are read: the storage of objects and references, the meaning of `@{upstream}`, and the user's identity.
const TAKEN_OVER: &str =
    r"^(extensions\.(objectformat|refstorage)|branch\..*\.(remote|merge)|remote\..*\.fetch|user\.(name|email))$";

/// Maximum length in bytes of an index; that of a kernel has 10 MB.
const INDEX_LIMIT: u64 = 1 << 30;

/// Maximum length in bytes of a git file that holds only a path (`.git`) or the name of a reference (`HEAD`).
const LINE_LIMIT: u64 = 8 << 10;

impl Repository {
    /// Repository of the checkout that a tree is, or lies in; `None` if there is none.
    ///
    /// # Errors
    /// The repository cannot be read, or git is not installed.
    pub fn of(tree: &Path, clock: &Clock) -> Result<Option<Repository>, String> {
        let failed = |error: io::Error| format!("{}: its git repository cannot be read: {error}", tree.display());
        let tree = tree.canonicalize().map_err(failed)?;
        let Some(top) = tree.ancestors().find(|folder| folder.join(".git").symlink_metadata().is_ok()) else {
            return Ok(None);
        };
        let own = git_folder(top).map_err(failed)?;
        let shared = shared_folder(&own).map_err(failed)?;
        let made = linked(&own, &shared).map_err(failed)?;
        let index = own.join("index");
        if index.exists() && !index.is_file() {
            return Err(format!("{}: the index of its git repository is not a regular file", tree.display()));
        }
        let index = copied_index(&index, made.path()).map_err(failed)?;
        let mut repository = Repository {
            made,
            objects: shared.join("objects"),
            index,
            excluded: shared.join("info/exclude"),
            top: top.to_owned(),
            tree: tree.clone(),
            author: [None, None],
        };
        let configuration = repository.configuration(&shared.join("config"), clock)?;
        repository.author = ["user.name", "user.email"].map(|key| value(&configuration, key));
        fs::write(repository.made.path().join("config"), taken_over(&configuration)).map_err(failed)?;
        Ok(Some(repository))
    }

    /// Git command on this repository, run in the tree.
    pub fn git(&self, arguments: &[&str]) -> Command {
        let mut git = bare_git();
        git.env("GIT_DIR", self.made.path()).env("GIT_WORK_TREE", &self.top);
        git.env("GIT_OBJECT_DIRECTORY", &self.objects).env("GIT_INDEX_FILE", &self.index);
        git.current_dir(&self.tree).args(arguments);
        git
    }

    /// Option that names the file with the ignore patterns, if it exists.
    pub fn excluded(&self) -> Option<OsString> {
        let mut option = OsString::from("--exclude-from=");
        option.push(&self.excluded);
        self.excluded.is_file().then_some(option)
    }

    /// Whether it has a part of its history only.
    pub fn is_shallow(&self) -> bool {
        std::fs::metadata(self.made.path().join("shallow")).is_ok_and(|file| file.len() > 0)
    }

    /// Name and address of the user, if the repository sets them.
    pub fn author(&self) -> [Option<&str>; 2] {
        self.author.each_ref().map(Option::as_deref)
    }

    /// Reads the values of [`TAKEN_OVER`] with git, which follows no `include`.
    fn configuration(&self, file: &Path, clock: &Clock) -> Result<Vec<(String, String)>, String> {
        let mut git = self.git(&["config", "--no-includes", "--null", "--file"]);
        git.arg(file).args(["--get-regexp", TAKEN_OVER]).current_dir(self.made.path());
        // A pipe has no values, and reading it would block.
        if !file.is_file() {
            return Ok(Vec::new());
        }
        let answer = ask(git, Vec::new(), clock)?;
        let text = String::from_utf8_lossy(&answer.out);
        let entries = text.split('\0').filter_map(|entry| entry.split_once('\n'));
        Ok(entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

/// Copy of an index, beside the other parts of a repository made for this run. `git diff` writes the index that it reads.
fn copied_index(index: &Path, made: &Path) -> io::Result<PathBuf> {
    let copy = made.join("index");
    if index.exists() {
        let mut from = File::open(index)?.take(INDEX_LIMIT + 1);
        if io::copy(&mut from, &mut File::create(&copy)?)? > INDEX_LIMIT {
            return Err(io::ErrorKind::FileTooLarge.into());
        }
    }
    Ok(copy)
}

/// Git without any repository. Neither the environment nor the user's configuration makes it run anything.
pub fn bare_git() -> Command {
    let mut git = Command::new("git");
    for (name, _) in std::env::vars_os().filter(|(name, _)| name.as_encoded_bytes().starts_with(b"GIT_")) {
        git.env_remove(name);
    }
    let settings = [
        ("GIT_CONFIG_GLOBAL", "/dev/null"),
        ("GIT_CONFIG_SYSTEM", "/dev/null"),
        ("GIT_CONFIG_NOSYSTEM", "1"),
        ("GIT_ATTR_NOSYSTEM", "1"),
        ("GIT_NO_LAZY_FETCH", "1"),
        ("GIT_NO_REPLACE_OBJECTS", "1"),
        ("GIT_OPTIONAL_LOCKS", "0"),
        ("GIT_ALLOW_PROTOCOL", "none"),
        ("GIT_TERMINAL_PROMPT", "0"),
        ("GIT_LITERAL_PATHSPECS", "1"),
        ("LC_ALL", "C"),
    ];
    git.envs(settings);
    git
}

/// Repository folder of a checkout: `.git` itself, or the folder that a file of this name points to.
fn git_folder(top: &Path) -> io::Result<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return Ok(git);
    }
    let line = line(&git)?;
    let path = line.strip_prefix("gitdir: ").ok_or_else(|| io::Error::other(".git does not start with `gitdir: `"))?;
    Ok(top.join(path))
}

/// Repository folder that several worktrees share.
fn shared_folder(own: &Path) -> io::Result<PathBuf> {
    match line(&own.join("commondir")) {
        Ok(path) => Ok(own.join(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(own.to_owned()),
        Err(error) => Err(error),
    }
}

/// First line of a small regular file.
fn line(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other(format!("{} is not a regular file", path.display())));
    }
    let text = bounded(File::open(path)?, 0, LINE_LIMIT)?;
    Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim_end().to_owned())
}

/// Makes a repository of links to the references of another.
fn linked(own: &Path, shared: &Path) -> io::Result<Temporary> {
    let made = Temporary::folder("mmaplint-git")?;
    let names = OWN.iter().map(|name| (own, name)).chain(SHARED.iter().map(|name| (shared, name)));
    for (folder, name) in names {
        let target = folder.join(name);
        if !target.is_file() && !target.is_dir() {
            continue;
        }
        // Git requires a HEAD that is no link, or a link to a reference.
        match *name {
            "HEAD" => fs::write(made.path().join(name), line(&target)? + "\n")?,
            _ => symlink(target.canonicalize()?, made.path().join(name))?,
        }
    }
    // A split index has its other half here.
    for entry in fs::read_dir(own)?.filter_map(Result::ok) {
        if entry.file_name().as_encoded_bytes().starts_with(b"sharedindex.") {
            symlink(entry.path().canonicalize()?, made.path().join(entry.file_name()))?;
        }
    }
    fs::write(made.path().join("config"), taken_over(&[]))?;
    Ok(made)
}

fn value(configuration: &[(String, String)], wanted: &str) -> Option<String> {
    configuration.iter().rev().find(|(key, _)| key == wanted).map(|(_, value)| value.clone())
}

/// Configuration with these values, without those that would need quotes. The user's identity is left out.
fn taken_over(configuration: &[(String, String)]) -> String {
    let mut out = String::from("[core]\n\trepositoryformatversion = 1\n\tbare = false\n");
    let is_plain = |text: &str| {
        text.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || matches!(letter, '/' | '.' | '_' | '-' | '+' | '*' | ':'))
    };
    for (key, value) in configuration.iter().filter(|(key, value)| !key.starts_with("user.") && is_plain(value)) {
        let Some((section, name)) = key.rsplit_once('.') else { continue };
        match section.split_once('.') {
            Some((section, part)) if is_plain(part) => out += &format!("[{section} \"{part}\"]\n\t{name} = {value}\n"),
            Some(_) => {}
            None => out += &format!("[{section}]\n\t{name} = {value}\n"),
        }
    }
    out
}
