//! A directory as a kernel tree: the files worth reading, its version, its API, its maintainers, its history, a change laid over it.

mod apply;
mod bindings;
mod file_pattern;
mod git;
mod mailmap;
mod maintainers;
mod open_folder;
mod overlay;
mod patch;
mod paths;
mod read;
mod tree;
mod walk;

pub use apply::apply;
pub use git::Git;
pub use mailmap::Person;
pub use maintainers::{Maintainers, Recipients, Section};
pub use open_folder::{Links, OpenFolder, bounded};
pub use overlay::{Laid, Overlay};
pub use patch::{FilePatch, PATCH_LIMIT, PatchError, parse_patch};
pub use paths::{Paths, is_below};
pub use read::{FILE_LIMIT, Sieve, Sifted, sift};
pub use tree::{Tree, TreeError};
pub use walk::{Listing, is_listed, walk};

/// Something about a file that could not be used as it should be. It is reported and counted, and the run goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTrouble {
    /// Path relative to the tree, with `/`.
    pub file: String,
    /// The line, from 1, where it is about one.
    pub line: Option<u32>,
    /// `unreadable`, `too-large`, `too-many`, `not-a-file`, `link`, `not-utf8`, `registration`, `handler-not-found`, `parse`.
    pub kind: &'static str,
    /// The reason in words.
    pub text: String,
}

/// The kind of trouble with a file that could not be read: what was found says nothing about it.
pub const UNREADABLE: &str = "unreadable";

impl FileTrouble {
    /// About a file as a whole.
    pub fn of(file: &str, kind: &'static str, text: impl Into<String>) -> FileTrouble {
        FileTrouble { file: file.to_owned(), line: None, kind, text: text.into() }
    }
}

impl std::fmt::Display for FileTrouble {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.line {
            Some(line) => write!(formatter, "{}:{line}: {}: {}", self.file, self.kind, self.text),
            None if self.file.is_empty() => write!(formatter, "{}: {}", self.kind, self.text),
            None => write!(formatter, "{}: {}: {}", self.file, self.kind, self.text),
        }
    }
}
