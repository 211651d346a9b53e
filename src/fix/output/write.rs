//! Writes conversions into the tree: all files of a change, or none.

use std::ffi::OsStr;
use std::fmt;
use std::io::{self, Write};
use std::sync::Arc;

use rustix::io::Errno;

use crate::kernel::{FILE_LIMIT, Links, OpenFolder, bounded};
use crate::replace::{Part, together};

/// A file that was not written, with the reason.
#[derive(Debug)]
pub struct WriteError {
    /// The file, relative to the tree.
    pub file: String,
    /// The reason, and the state of the change.
    pub reason: String,
}

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.reason)
    }
}

impl std::error::Error for WriteError {}

/// A file that a change replaces.
#[derive(Debug)]
pub struct Replaced<'a> {
    /// Path relative to the tree.
    pub file: &'a str,
    /// Text that the file has now.
    pub old: Vec<u8>,
    /// New text.
    pub new: Vec<u8>,
}

/// Writes the files of one change into an open tree. The new texts go to files beside the old ones first, so that most errors come before
/// any replacement. If a later replacement fails, the earlier files get their old texts back; a signal waits for the last one.
///
/// # Errors
/// A file is reached through a link, has changed since it was read, or cannot be written. The error names the first one.
pub fn write(tree: &OpenFolder, files: &[Replaced]) -> Result<(), WriteError> {
    let checked = |file: &Replaced| checked(tree, file).map_err(|error| failed(file, &error, UNWRITTEN));
    let parts: Vec<Part> = files.iter().map(checked).collect::<Result<_, _>>()?;
    together(|| put(tree, parts, files))
}

const UNWRITTEN: &str = "nothing of its change was written";

fn failed(file: &Replaced, error: &io::Error, outcome: &str) -> WriteError {
    WriteError { file: file.file.to_owned(), reason: format!("{}; {outcome}", reason(error)) }
}

fn put(tree: &OpenFolder, parts: Vec<Part>, files: &[Replaced]) -> Result<(), WriteError> {
    for (number, (part, file)) in parts.into_iter().zip(files).enumerate() {
        let Err(error) = part.put() else { continue };
        let is_back = files[..number].iter().all(|done| write_below(tree, done.file, &done.old).is_ok());
        let outcome = if is_back { UNWRITTEN } else { "part of its change was written" };
        return Err(failed(file, &error, outcome));
    }
    Ok(())
}

/// Replaces or creates a file below a folder, without following links.
///
/// # Errors
/// The file cannot be written.
pub fn write_below(folder: &OpenFolder, file: &str, text: &[u8]) -> io::Result<()> {
    let (folder, name) = place(folder, file)?;
    let mut part = Part::beside(&folder, name)?;
    if let Ok(there) = folder.file(&name.to_string_lossy(), Links::None) {
        part.with_mode_of(&there)?;
    }
    part.file().write_all(text)?;
    part.file().sync_all()?;
    part.put()
}

fn reason(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw_os_error) {
        Some(Errno::LOOP | Errno::XDEV) => "is reached through a link".to_owned(),
        _ => error.to_string(),
    }
}

/// The folder of a file in the tree, and the file's name.
fn place<'f>(tree: &OpenFolder, file: &'f str) -> io::Result<(Arc<OpenFolder>, &'f OsStr)> {
    let (folder, name) = file.rsplit_once('/').unwrap_or(("", file));
    Ok((Arc::new(tree.folder(folder, Links::None)?), OsStr::new(name)))
}

/// Writes the new text beside a file. Fails if the file has changed since it was read.
fn checked(tree: &OpenFolder, file: &Replaced) -> io::Result<Part> {
    let (folder, name) = place(tree, file.file)?;
    let there = folder.file(&name.to_string_lossy(), Links::None)?;
    if there.metadata()?.permissions().readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "is read-only"));
    }
    let mut part = Part::beside(&folder, name)?;
    part.with_mode_of(&there)?;
    let now = bounded(there, file.old.len() as u64, FILE_LIMIT)?;
    if now != file.old {
        return Err(io::Error::other("has changed since it was read"));
    }
    part.file().write_all(&file.new)?;
    part.file().sync_all()?;
    Ok(part)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The error of `write` for one file, and the file's text afterwards.
    fn refused(old: &[u8], prepare: impl FnOnce(&Path)) -> (String, Vec<u8>) {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("a.c"), b"as it is").unwrap();
        prepare(tree.path());
        let file = Replaced { file: "a.c", old: old.to_vec(), new: b"new".to_vec() };
        let error = write(&OpenFolder::open(tree.path()).unwrap(), &[file]).unwrap_err();
        assert_eq!(fs::read_dir(tree.path()).unwrap().filter(|entry| entry.is_ok()).count(), 1, "something is left");
        (error.reason, fs::read(tree.path().join("a.c")).unwrap())
    }

    #[test]
    fn what_changed_meanwhile_stays() {
        let (reason, text) = refused(b"as it was", |_| ());
        assert_eq!(reason, "has changed since it was read; nothing of its change was written");
        assert_eq!(text, b"as it is");
    }

    #[test]
    fn nothing_is_written_through_a_link() {
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("b.c");
        fs::write(&target, b"as it is").unwrap();
        let (reason, text) = refused(b"as it is", |tree| {
            fs::remove_file(tree.join("a.c")).unwrap();
            std::os::unix::fs::symlink(&target, tree.join("a.c")).unwrap();
        });
        assert_eq!(reason, "is reached through a link; nothing of its change was written");
        assert_eq!(text, b"as it is");
    }

    #[test]
    fn a_folder_that_is_swapped_for_a_link_is_not_written_through() {
        let elsewhere = tempfile::tempdir().unwrap();
        fs::write(elsewhere.path().join("a.c"), b"as it is").unwrap();
        let tree = tempfile::tempdir().unwrap();
        std::os::unix::fs::symlink(elsewhere.path(), tree.path().join("drivers")).unwrap();
        let file = Replaced { file: "drivers/a.c", old: b"as it is".to_vec(), new: b"new".to_vec() };
        assert!(write(&OpenFolder::open(tree.path()).unwrap(), &[file]).is_err());
        assert_eq!(fs::read(elsewhere.path().join("a.c")).unwrap(), b"as it is");
        assert_eq!(fs::read_dir(elsewhere.path()).unwrap().count(), 1);
    }

    #[test]
    fn where_one_file_cannot_be_replaced_the_others_get_their_texts_back() {
        let tree = tempfile::tempdir().unwrap();
        for name in ["a.c", "b.c"] {
            fs::write(tree.path().join(name), name).unwrap();
        }
        let folder = Arc::new(OpenFolder::open(tree.path()).unwrap());
        let files = ["a.c", "b.c"].map(|file| Replaced { file, old: file.as_bytes().to_vec(), new: b"new".to_vec() });
        // A folder of the same name takes the place of the second file just before its replacement.
        let parts: Vec<Part> = files.iter().map(|file| checked(&folder, file).unwrap()).collect();
        fs::remove_file(tree.path().join("b.c")).unwrap();
        fs::create_dir(tree.path().join("b.c")).unwrap();
        let error = put(&folder, parts, &files).unwrap_err();
        assert!(error.reason.ends_with("nothing of its change was written"), "{error}");
        assert_eq!(fs::read(tree.path().join("a.c")).unwrap(), b"a.c");
        assert_eq!(fs::read_dir(tree.path()).unwrap().count(), 2);
    }
}
