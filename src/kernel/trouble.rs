//! What could not be used as it should be.

use std::fmt;

/// What sort of trouble there is with a file, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// A handler is not found in the tree.
    HandlerNotFound,
    /// It includes something that is not read.
    Include,
    /// It is a link that is not followed.
    Link,
    /// The directory does not look like a kernel tree.
    NoKernelTree,
    /// It is neither a file nor a folder.
    NotAFile,
    /// A use of the VMA is not understood.
    NotUnderstood,
    /// It holds bytes that are no UTF-8.
    NotUtf8,
    /// A function does not parse.
    Parse,
    /// A registration is not understood.
    Registration,
    /// It is longer than what is read.
    TooLarge,
    /// It has more of something than is looked at.
    TooMany,
    /// It could not be read: what was found says nothing about it.
    Unreadable,
}

impl TroubleKind {
    /// Its name in JSON and in summaries.
    pub fn name(self) -> &'static str {
        match self {
            TroubleKind::HandlerNotFound => "handler-not-found",
            TroubleKind::Include => "include",
            TroubleKind::Link => "link",
            TroubleKind::NoKernelTree => "no-kernel-tree",
            TroubleKind::NotAFile => "not-a-file",
            TroubleKind::NotUnderstood => "not-understood",
            TroubleKind::NotUtf8 => "not-utf8",
            TroubleKind::Parse => "parse",
            TroubleKind::Registration => "registration",
            TroubleKind::TooLarge => "too-large",
            TroubleKind::TooMany => "too-many",
            TroubleKind::Unreadable => "unreadable",
        }
    }
}

impl fmt::Display for TroubleKind {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}

/// Something about a file that could not be used as it should be. It is reported and counted, and the run goes on.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTrouble {
    /// Path relative to the tree, with `/`; empty where it is about the tree.
    pub file: String,
    /// The line, from 1, where it is about one.
    pub line: Option<u32>,
    /// The sort.
    pub kind: TroubleKind,
    /// The reason in words.
    pub text: String,
}

impl FileTrouble {
    /// About a file as a whole.
    pub fn of(file: &str, kind: TroubleKind, text: impl Into<String>) -> FileTrouble {
        FileTrouble { file: file.to_owned(), line: None, kind, text: text.into() }
    }

    /// About a line of a file, from 1.
    pub fn at(file: &str, line: u32, kind: TroubleKind, text: impl Into<String>) -> FileTrouble {
        FileTrouble { file: file.to_owned(), line: Some(line), kind, text: text.into() }
    }
}

impl fmt::Display for FileTrouble {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let FileTrouble { file, line, kind, text } = self;
        match line {
            Some(line) => write!(formatter, "{file}:{line}: {kind}: {text}"),
            None if file.is_empty() => write!(formatter, "{kind}: {text}"),
            None => write!(formatter, "{file}: {kind}: {text}"),
        }
    }
}
