//! A folder held open: files are opened only below it, whatever links appear in the tree meanwhile.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::ffi::OsStrExt;
use std::path::{Component, Path};

use rustix::fs::{CWD, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;

/// Maximum length of a file in bytes.
pub const FILE_LIMIT: u64 = 64 << 20;

/// A folder held open.
#[derive(Debug)]
pub struct OpenFolder {
    held: OwnedFd,
}

/// Links that a path may lead through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Links {
    /// No links.
    None,
    /// Links that stay below the folder.
    Below,
}

/// Opening a pipe does not block, and a terminal does not become the controlling terminal.
const READ: OFlags = OFlags::RDONLY.union(OFlags::NONBLOCK).union(OFlags::NOCTTY);
const FOLDER: OFlags = OFlags::RDONLY.union(OFlags::DIRECTORY);

impl OpenFolder {
    /// Opens a folder at a path that the user gave.
    ///
    /// # Errors
    /// The folder does not exist or cannot be listed.
    pub fn open(path: &Path) -> io::Result<OpenFolder> {
        Ok(OpenFolder { held: openat(CWD, path, FOLDER | OFlags::CLOEXEC, Mode::empty())? })
    }

    /// Opens a folder below this one; an empty path means this one.
    ///
    /// # Errors
    /// The folder does not exist, or the path leads through a forbidden link.
    pub fn folder(&self, path: impl AsRef<OsStr>, links: Links) -> io::Result<OpenFolder> {
        let path = Path::new(path.as_ref());
        let path = if path.as_os_str().is_empty() { Path::new(".") } else { path };
        Ok(OpenFolder { held: self.below(path, FOLDER, links)? })
    }

    /// Opens a regular file below the folder for reading.
    ///
    /// # Errors
    /// The file does not exist, cannot be read, is not regular, or is reached by a forbidden link.
    pub fn file(&self, path: &str, links: Links) -> io::Result<File> {
        Ok(self.regular(path, links)?.0)
    }

    /// Opens a regular file. Also returns its length in bytes.
    fn regular(&self, path: &str, links: Links) -> io::Result<(File, u64)> {
        regular(self.below(Path::new(path), READ, links)?)
    }

    /// Opens a file that was listed as a regular file directly in this folder. Its type is not checked again: reads are bounded, and a pipe
    /// in its place reads as empty.
    ///
    /// # Errors
    /// The file cannot be opened, or is a link.
    pub fn listed_file(&self, name: &str) -> io::Result<File> {
        Ok(File::from(openat(&self.held, name, READ | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?))
    }

    /// Type of the file at a path, if there is one.
    pub fn kind(&self, path: &str) -> Option<FileType> {
        let there = self.below(Path::new(path), OFlags::PATH, Links::Below).ok()?;
        Some(FileType::from_raw_mode(fstat(there).ok()?.st_mode))
    }

    /// Whether a path, or a folder on it, is a link.
    pub fn is_reached_by_link(&self, path: &str) -> bool {
        let there = self.below(Path::new(path), OFlags::PATH, Links::None);
        there.is_err_and(|error| error.raw_os_error() == Some(Errno::LOOP.raw_os_error()))
    }

    /// Text of a regular file of at most `limit` bytes.
    ///
    /// # Errors
    /// As for [`file`](Self::file); `FileTooLarge` if the file is longer, `OutOfMemory` if memory does not suffice.
    pub fn read(&self, path: &str, limit: u64) -> io::Result<Vec<u8>> {
        let (file, length) = self.regular(path, Links::Below)?;
        short(file, length, limit)
    }

    /// Opens a path below the folder. The kernel refuses to leave the folder by any link, `..` or mount trick. A kernel without `openat2`
    /// follows no link at all.
    #[cfg(target_os = "linux")]
    fn below(&self, path: &Path, flags: OFlags, links: Links) -> io::Result<OwnedFd> {
        use rustix::fs::{ResolveFlags, openat2};
        let resolve = match links {
            Links::None => ResolveFlags::NO_SYMLINKS | ResolveFlags::BENEATH,
            Links::Below => ResolveFlags::NO_MAGICLINKS | ResolveFlags::BENEATH,
        };
        loop {
            match openat2(&self.held, path, flags | OFlags::CLOEXEC, Mode::empty(), resolve) {
                // A rename in the tree raced with the lookup.
                Err(Errno::AGAIN) => {}
                Err(Errno::NOSYS | Errno::PERM) => return step_by_step(&self.held, path, flags),
                opened => return Ok(opened?),
            }
        }
    }

    #[cfg(not(target_os = "linux"))]
    fn below(&self, path: &Path, flags: OFlags, _links: Links) -> io::Result<OwnedFd> {
        step_by_step(&self.held, path, flags)
    }
}

impl AsFd for OpenFolder {
    fn as_fd(&self) -> std::os::fd::BorrowedFd<'_> {
        self.held.as_fd()
    }
}

/// Opens a path below a folder without following any link.
fn step_by_step(folder: &OwnedFd, path: &Path, flags: OFlags) -> io::Result<OwnedFd> {
    let never = OFlags::CLOEXEC | OFlags::NOFOLLOW;
    let mut held = None;
    let mut parts = path.components().peekable();
    while let Some(part) = parts.next() {
        let name = match part {
            Component::Normal(name) => name,
            Component::CurDir => OsStr::from_bytes(b"."),
            _ => return Err(Errno::XDEV.into()),
        };
        let flags = if parts.peek().is_some() { FOLDER } else { flags };
        held = Some(openat(held.as_ref().unwrap_or(folder), name, flags | never, Mode::empty())?);
    }
    held.ok_or_else(|| Errno::NOENT.into())
}

/// Text of a regular file of at most `limit` bytes, at a path that the user or the system gave. Its links are followed.
///
/// # Errors
/// The file does not exist, cannot be read, is not regular, or is longer.
pub fn given_file(path: &Path, limit: u64) -> io::Result<Vec<u8>> {
    let (file, length) = regular(openat(CWD, path, READ | OFlags::CLOEXEC, Mode::empty())?)?;
    short(file, length, limit)
}

/// A regular file with its length in bytes.
fn regular(held: OwnedFd) -> io::Result<(File, u64)> {
    let status = fstat(&held)?;
    match FileType::from_raw_mode(status.st_mode) {
        FileType::RegularFile => Ok((File::from(held), u64::try_from(status.st_size).unwrap_or_default())),
        FileType::Directory => Err(Errno::ISDIR.into()),
        _ => Err(io::Error::new(io::ErrorKind::InvalidInput, "is neither a file nor a folder")),
    }
}

/// Everything in a file of at most `limit` bytes.
fn short(file: File, length: u64, limit: u64) -> io::Result<Vec<u8>> {
    let text = bounded(file, length, limit)?;
    if text.len() as u64 > limit { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(text) }
}

/// Reads everything, up to one byte beyond the limit; `length` is the expected length.
///
/// # Errors
/// The data cannot be read, or memory does not suffice.
pub fn bounded(from: impl Read, length: u64, limit: u64) -> io::Result<Vec<u8>> {
    let mut text = Vec::new();
    let expected = usize::try_from(length.min(limit)).unwrap_or_default();
    text.try_reserve_exact(expected + 1)?;
    from.take(limit + 1).read_to_end(&mut text)?;
    Ok(text)
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn nothing_outside_is_opened_by_either_way() {
        let outside = tempfile::tempdir().unwrap();
        let tree = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("a.c"), "outside").unwrap();
        fs::create_dir(tree.path().join("sub")).unwrap();
        fs::write(tree.path().join("sub/a.c"), "inside").unwrap();
        symlink(outside.path(), tree.path().join("folder")).unwrap();
        symlink(outside.path().join("a.c"), tree.path().join("file.c")).unwrap();
        symlink("sub/a.c", tree.path().join("inside.c")).unwrap();
        let folder = OpenFolder::open(tree.path()).unwrap();
        for path in ["folder/a.c", "file.c", "../a.c", "sub/../../a.c", "/etc/passwd"] {
            assert!(folder.read(path, 100).is_err(), "{path}");
            assert!(step_by_step(&folder.held, Path::new(path), READ).is_err(), "{path}");
        }
        assert_eq!(folder.read("sub/a.c", 100).unwrap(), b"inside");
        assert_eq!(folder.read("inside.c", 100).unwrap(), b"inside");
        assert!(folder.listed_file("inside.c").is_err());
        assert!(folder.folder("sub", Links::None).unwrap().listed_file("a.c").is_ok());
        assert!(step_by_step(&folder.held, Path::new("sub/a.c"), READ).is_ok());
        assert!(step_by_step(&folder.held, Path::new("inside.c"), READ).is_err());
        assert_eq!(folder.read("sub/a.c", 5).unwrap_err().kind(), io::ErrorKind::FileTooLarge);
        assert_eq!(folder.read("sub", 5).unwrap_err().kind(), io::ErrorKind::IsADirectory);
    }
}
