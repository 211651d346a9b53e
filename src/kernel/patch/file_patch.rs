//! What a patch does to one file, in hunks.

use std::fmt;

/// What a patch does to one file.
#[derive(Clone, Debug, Default)]
pub struct FilePatch<'t> {
    /// The path before, relative to the tree; `None` for a file that is new.
    pub old: Option<String>,
    /// The path after; `None` for a file that goes.
    pub new: Option<String>,
    /// The hunks in order.
    pub hunks: Vec<Hunk<'t>>,
    /// Whether what it changes is not text.
    pub is_binary: bool,
    /// Whether the old file stays as it is: a copy.
    pub is_copy: bool,
    /// Whether the new file is a link, of which the text is the path that it leads to.
    pub is_link: bool,
    /// Which mail of a series it stands in, from 0.
    pub mail: usize,
    /// Whether a `diff --git` line begins it, which says what is renamed and what is new.
    pub is_git: bool,
    /// Whether `---` and `+++` lines name it, behind which hunks follow.
    pub(super) is_named: bool,
    /// The line of the patch, from 1, on which it starts.
    pub line: usize,
}

/// One hunk.
#[derive(Clone, Debug, Default)]
pub struct Hunk<'t> {
    /// The first line it speaks of in the old file, from 1; 0 where there is none.
    pub start: usize,
    /// Its lines with their newlines, in order.
    pub lines: Vec<(Mark, &'t [u8])>,
    /// The line of the patch, from 1, on which it starts.
    pub line: usize,
}

/// What a line of a hunk says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// It stays.
    Context,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// Why a patch cannot be read or applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// The line of the patch, from 1.
    pub line: usize,
    /// The reason, with the file and the hunk.
    pub reason: String,
}

impl fmt::Display for PatchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.line, self.reason)
    }
}

impl std::error::Error for PatchError {}

impl<'t> FilePatch<'t> {
    /// The path to name it by.
    pub fn path(&self) -> &str {
        self.new.as_deref().or(self.old.as_deref()).unwrap_or("?")
    }

    /// The patch that takes this one back.
    pub(in crate::kernel) fn reversed(&self) -> FilePatch<'t> {
        let mark = |mark| match mark {
            Mark::Context => Mark::Context,
            Mark::Removed => Mark::Added,
            Mark::Added => Mark::Removed,
        };
        let hunk = |hunk: &Hunk<'t>| {
            let lines = hunk.lines.iter().map(|(was, line)| (mark(*was), *line)).collect();
            Hunk { lines, start: hunk.start, line: hunk.line }
        };
        let (old, new) = (self.new.clone(), self.old.clone().filter(|_| !self.is_copy));
        let hunks = self.hunks.iter().map(hunk).collect();
        let FilePatch { is_binary, is_link, mail, is_git, is_named, line, .. } = *self;
        FilePatch { old, new, hunks, is_binary, is_copy: false, is_link, mail, is_git, is_named, line }
    }
}
