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

/// Writes the new text beside a file, with the file's own mode.
fn prepare(path: &Path, text: &[u8]) -> io::Result<PathBuf> {
    let permissions = fs::metadata(path)?.permissions();
    if permissions.readonly() {
        return Err(io::Error::new(io::ErrorKind::PermissionDenied, "is read-only"));
    }
    let name = path.file_name().ok_or_else(|| io::Error::other("is no file name"))?;
    let part = path.with_file_name(format!(".{}.{}.part", name.to_string_lossy(), std::process::id()));
    let written = File::create_new(&part)
        .and_then(|mut out| out.write_all(text).and_then(|()| out.sync_all()))
        .and_then(|()| fs::set_permissions(&part, permissions));
    if let Err(error) = written {
        let _ = fs::remove_file(&part);
        return Err(error);
    }
    Ok(part)
}
