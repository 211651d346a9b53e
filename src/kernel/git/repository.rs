//! The objects and references of a repository that nobody trusts, without anything of it that git would obey.
//!
//! What the configuration of a repository, its hooks or its attributes name is run by git as the user: `core.fsmonitor`, filters, `gpg.program`,
//! transports of a partial clone. So git is never shown that configuration. It is given a repository made for this run, whose references, objects
//! and index are those of the other one, and whose configuration holds the few values that say how those are to be read.

use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::ask::{Clock, ask};
use crate::kernel::bounded;
use crate::replace::Temporary;

/// A repository that holds nothing to be obeyed.
#[derive(Debug)]
pub struct Repository {
    made: Temporary,
    /// Where objects are.
    objects: PathBuf,
    index: PathBuf,
    /// What the user does not want to be told of.
    excluded: PathBuf,
    /// The folder that is checked out, of which the tree is a part or all.
    top: PathBuf,
    /// The tree.
    tree: PathBuf,
    /// The name and the address of the user, where the repository has its own.
    author: [Option<String>; 2],
}

/// What references are made of: those of the folder that is checked out, then those that it shares with others.
const OWN: &[&str] =
    &["HEAD", "FETCH_HEAD", "ORIG_HEAD", "MERGE_HEAD", "CHERRY_PICK_HEAD", "REVERT_HEAD", "REBASE_HEAD", "logs"];
const SHARED: &[&str] = &["refs", "packed-refs", "reftable", "shallow"];

/// The values that are taken over: how objects and references are stored, what `@{upstream}` means, and who the user is.
const TAKEN_OVER: &str =
    r"^(extensions\.(objectformat|refstorage)|branch\..*\.(remote|merge)|remote\..*\.fetch|user\.(name|email))$";

/// Files of a repository that hold a path, or the name of a reference, have no more bytes.
const LINE_LIMIT: u64 = 8 << 10;

impl Repository {
    /// That of the folder that a tree is, or lies in; `None` where there is none.
    ///
    /// # Errors
    /// Where it cannot be read, or git is not installed.
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
            return Err(format!("{}: the index of its git repository is no file", tree.display()));
        }
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

    /// Git with this repository and a question for it, asked in the tree.
    pub fn git(&self, arguments: &[&str]) -> Command {
        let mut git = bare_git();
        git.env("GIT_DIR", self.made.path()).env("GIT_WORK_TREE", &self.top);
        git.env("GIT_OBJECT_DIRECTORY", &self.objects).env("GIT_INDEX_FILE", &self.index);
        git.current_dir(&self.tree).args(arguments);
        git
    }

    /// The option that names the files which are not listed as new.
    pub fn excluded(&self) -> Option<OsString> {
        let mut option = OsString::from("--exclude-from=");
        option.push(&self.excluded);
        self.excluded.is_file().then_some(option)
    }

    /// The name and the address of the user, where the repository has its own.
    pub fn author(&self) -> [Option<&str>; 2] {
        self.author.each_ref().map(Option::as_deref)
    }

    /// The values to be taken over, as git reads them, which follows no `include`.
    fn configuration(&self, file: &Path, clock: &Clock) -> Result<Vec<(String, String)>, String> {
        let mut git = self.git(&["config", "--no-includes", "--null", "--file"]);
        git.arg(file).args(["--get-regexp", TAKEN_OVER]).current_dir(self.made.path());
        // A pipe has no values, and would be waited for.
        if !file.is_file() {
            return Ok(Vec::new());
        }
        let answer = ask(git, Vec::new(), clock)?;
        let text = String::from_utf8_lossy(&answer.out);
        let entries = text.split('\0').filter_map(|entry| entry.split_once('\n'));
        Ok(entries.map(|(key, value)| (key.to_owned(), value.to_owned())).collect())
    }
}

/// Git as it is without any repository: nothing of the environment, nor of the user's configuration, says what it is to run.
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

/// The folder of the repository: `.git` itself, or the one that a file of that name tells.
fn git_folder(top: &Path) -> io::Result<PathBuf> {
    let git = top.join(".git");
    if git.is_dir() {
        return Ok(git);
    }
    let line = line(&git)?;
    let path = line.strip_prefix("gitdir: ").ok_or_else(|| io::Error::other(".git names no repository"))?;
    Ok(top.join(path))
}

/// The folder with what several folders that are checked out share.
fn shared_folder(own: &Path) -> io::Result<PathBuf> {
    match line(&own.join("commondir")) {
        Ok(path) => Ok(own.join(path)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(own.to_owned()),
        Err(error) => Err(error),
    }
}

/// The first line of a small regular file.
fn line(path: &Path) -> io::Result<String> {
    if !fs::metadata(path)?.is_file() {
        return Err(io::Error::other(format!("{} is no file", path.display())));
    }
    let text = bounded(File::open(path)?, 0, LINE_LIMIT)?;
    Ok(String::from_utf8_lossy(&text).lines().next().unwrap_or_default().trim_end().to_owned())
}

/// A repository of links to the references of another.
fn linked(own: &Path, shared: &Path) -> io::Result<Temporary> {
    let made = Temporary::folder("mmaplint-git")?;
    let names = OWN.iter().map(|name| (own, name)).chain(SHARED.iter().map(|name| (shared, name)));
    for (folder, name) in names {
        let target = folder.join(name);
        if !target.is_file() && !target.is_dir() {
            continue;
        }
        // Git wants a HEAD that is no link, or a link to a reference.
        match *name {
            "HEAD" => fs::write(made.path().join(name), line(&target)? + "\n")?,
            _ => symlink(target.canonicalize()?, made.path().join(name))?,
        }
    }
    // An index that is kept in two files has its other half here.
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

/// A configuration with these values, as far as nothing in them would have to be quoted.
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
