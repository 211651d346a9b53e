//! Changes of a patch to one file, in hunks.

use std::fmt;

/// Change of a patch to one file.
#[derive(Clone, Debug, Default)]
pub struct FilePatch<'t> {
    /// Path before the change, relative to the tree; `None` for a new file.
    pub old: Option<String>,
    /// Path after the change; `None` for a deleted file.
    pub new: Option<String>,
    /// Hunks in order.
    pub hunks: Vec<Hunk<'t>>,
    /// Whether the file is binary.
    pub is_binary: bool,
    /// Whether it is a submodule, of which a patch has only the commit.
    pub is_module: bool,
    /// Whether the new file is a copy, so that the old one stays.
    pub is_copy: bool,
    /// Whether the new file is a link. Its text is then the target path.
    pub is_link: bool,
    /// Number of the mail that holds the change, from 1; 0 before the first mail.
    pub mail: usize,
    /// Whether a `diff --git` line starts it. Git states renames and new files explicitly.
    pub is_git: bool,
    /// Whether its names have no `a/` and `b/`.
    pub is_bare: bool,
    /// Whether `---` and `+++` lines name it, so that hunks must follow.
    pub(super) is_named: bool,
    /// First line of the change in the patch, from 1.
    pub line: usize,
}

/// A hunk.
#[derive(Clone, Debug, Default)]
pub struct Hunk<'t> {
    /// First line of the hunk in the old file, from 1; 0 if there is none.
    pub start: usize,
    /// Lines with their newlines, in order.
    pub lines: Vec<(Mark, &'t [u8])>,
    /// First line of the hunk in the patch, from 1.
    pub line: usize,
}

/// Role of a line in a hunk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// The line stays.
    Context,
    /// The line is removed.
    Removed,
    /// The line is added.
    Added,
}

/// Error in reading or applying a patch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatchError {
    /// Line of the patch, from 1.
    pub line: usize,
    /// Reason, with the file and the hunk.
    pub reason: String,
}

impl fmt::Display for PatchError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.line, self.reason)
    }
}

impl std::error::Error for PatchError {}

impl<'t> FilePatch<'t> {
    /// Path for messages: the new one if there is one.
    pub fn path(&self) -> &str {
        self.new.as_deref().or(self.old.as_deref()).unwrap_or("?")
    }

    /// The patch that undoes this one.
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
        let FilePatch { is_binary, is_module, is_link, mail, is_git, is_bare, is_named, line, .. } = *self;
        FilePatch {
            old,
            new,
            hunks,
            is_binary,
            is_module,
            is_copy: false,
            is_link,
            mail,
            is_git,
            is_bare,
            is_named,
            line,
        }
    }
}
