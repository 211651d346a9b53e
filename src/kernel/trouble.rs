//! Trouble: input that could not be used as it should be.

use std::fmt;

/// Kind of trouble with a file, in the order of the names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TroubleKind {
    /// A handler is not found in the tree.
    HandlerNotFound,
    /// The file includes something that is not read.
    Include,
    /// The file is a link that is not followed.
    Link,
    /// The directory does not look like a kernel tree.
    NoKernelTree,
    /// The path is neither a file nor a folder.
    NotAFile,
    /// A use of the VMA is not understood.
    NotUnderstood,
    /// The file holds bytes that are not UTF-8.
    NotUtf8,
    /// A function does not parse.
    Parse,
    /// A registration is not understood.
    Registration,
    /// The file is longer than a limit.
    TooLarge,
    /// The file has more of something than a limit.
    TooMany,
    /// The file could not be read, so the result says nothing about it.
    Unreadable,
}

impl TroubleKind {
    /// Name in JSON and in summaries.
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

/// Part of the input that could not be used as it should be. It is reported and counted, and the run continues.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct FileTrouble {
    /// Path relative to the tree, with `/`; empty if the trouble concerns the tree.
    pub file: String,
    /// Line, from 1, if the trouble concerns one.
    pub line: Option<u32>,
    /// Kind of trouble.
    pub kind: TroubleKind,
    /// Reason in words.
    pub text: String,
}

impl FileTrouble {
    /// Trouble with a whole file.
    pub fn of(file: &str, kind: TroubleKind, text: impl Into<String>) -> FileTrouble {
        FileTrouble { file: file.to_owned(), line: None, kind, text: text.into() }
    }

    /// Trouble with a line of a file, from 1.
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
