//! Writes conversions into the tree, all of a change or nothing.

use std::fmt;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

/// Why a file was not written.
#[derive(Debug)]
pub struct WriteError {
    /// The file, relative to the tree.
    pub file: String,
    /// The reason.
    pub reason: String,
}

impl fmt::Display for WriteError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}; nothing of its change was written", self.file, self.reason)
    }
}

impl std::error::Error for WriteError {}

/// Writes the files of one change: path relative to the tree, what it held when it was read, what it is to hold. New texts are
/// written beside the files first, so that what can fail fails before any file is replaced.
///
/// # Errors
/// The first file that is not inside the tree, has changed since it was read, or cannot be written.
pub fn write(root: &Path, files: &[(&str, &[u8], Vec<u8>)]) -> Result<(), WriteError> {
    let failed = |file: &str, reason: String| WriteError { file: file.to_owned(), reason };
    let top = root.canonicalize().map_err(|error| failed("", error.to_string()))?;
    let mut parts: Vec<(PathBuf, PathBuf)> = Vec::new();
    let result = files.iter().try_for_each(|(file, old, new)| {
        let path = top.join(file);
        let inside = path.canonicalize().map_err(|error| failed(file, error.to_string()))?;
        if inside != path {
            return Err(failed(file, "is reached through a link".to_owned()));
        }
        let now = fs::read(&path).map_err(|error| failed(file, error.to_string()))?;
        if now != *old {
            return Err(failed(file, "has changed since it was read".to_owned()));
        }
        let part = prepare(&path, new).map_err(|error| failed(file, error.to_string()))?;
        parts.push((part, path));
        Ok(())
    });
    let result = result.and_then(|()| {
        parts.iter().zip(files).try_for_each(|((part, path), (file, ..))| {
            fs::rename(part, path).map_err(|error| failed(file, error.to_string()))
        })
    });
    if result.is_err() {
        for (part, _) in &parts {
            let _ = fs::remove_file(part);
        }
    }
    result
}

/// Where a file is written before it is put in its place: beside it, under a name that no other run takes.
///
/// # Errors
/// Where the path names no file.
pub fn part_beside(path: &Path) -> io::Result<PathBuf> {
    let name = path.file_name().ok_or_else(|| io::Error::other("is no file name"))?;
    Ok(path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id())))
}

/// Writes the new text beside a file, with the file's own mode.
fn prepare(path: &Path, text: &[u8]) -> io::Result<PathBuf> {
    let permissions = fs::metadata(path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "is read-only"));
    }
    let part = part_beside(path)?;
    let written = File::create_new(&part)
        .and_then(|mut out| out.write_all(text).and_then(|()| out.sync_all()))
        .and_then(|()| fs::set_permissions(&part, permissions));
    if let Err(error) = written {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    Ok(part)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What `write` says where a file of the tree was meant to be replaced, and what the file holds then.
    fn refused(old: &[u8], prepare: impl FnOnce(&Path)) -> (String, Vec<u8>) {
        let tree = tempfile::tempdir().unwrap();
        fs::write(tree.path().join("a.c"), b"as it is").unwrap();
        prepare(tree.path());
        let error = write(tree.path(), &[("a.c", old, b"new".to_vec())]).unwrap_err();
        assert_eq!(fs::read_dir(tree.path()).unwrap().filter(|entry| entry.is_ok()).count(), 1, "something is left");
        (error.reason, fs::read(tree.path().join("a.c")).unwrap())
    }

    #[test]
    fn what_changed_meanwhile_stays() {
        let (reason, text) = refused(b"as it was", |_| ());
        assert_eq!((reason.as_str(), text.as_slice()), ("has changed since it was read", &b"as it is"[..]));
    }

    #[cfg(unix)]
    #[test]
    fn nothing_is_written_through_a_link() {
        let elsewhere = tempfile::tempdir().unwrap();
        let target = elsewhere.path().join("b.c");
        fs::write(&target, b"as it is").unwrap();
        let (reason, text) = refused(b"as it is", |tree| {
            fs::remove_file(tree.join("a.c")).unwrap();
            std::os::unix::fs::symlink(&target, tree.join("a.c")).unwrap();
        });
        assert_eq!((reason.as_str(), text.as_slice()), ("is reached through a link", &b"as it is"[..]));
    }
}
