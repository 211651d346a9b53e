//! Judges handlers: the requirements of a conversion, each with its evidence, and the verdict.

mod blockers;
mod closes;
mod evidence;
mod finding;
mod judge;
mod knots;
mod merge;
mod path;
mod session;
mod standard;
mod state;
mod target;
mod workspace;

pub use blockers::{Blocker, BlockerKind};
pub use closes::undone;
pub use evidence::{Evidence, Note, Requirement};
pub use finding::{Finding, HandlerPlace, Place, SKETCH_MARK};
pub use judge::{Judgement, PathVerdict, judge};
pub use knots::{Knot, knots};
pub use merge::Merge;
pub use session::{Extent, FoundBlockers, Scan, Session};
pub use target::{ResolvedTarget, TargetFrom, choose};
pub use workspace::Workspace;

use std::fmt;

use schemars::JsonSchema;
use serde::Serialize;

/// Work that a conversion takes, from easy to hard. The hardest requirement decides.
#[derive(Clone, Copy, Debug, JsonSchema, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[schemars(rename = "verdict")]
pub enum Verdict {
    /// `.mmap = NULL`: there is nothing to convert.
    None,
    /// Registers `.mmap_prepare`.
    Converted,
    /// Every use of the VMA has an equivalent on the desc.
    Mechanical,
    /// As mechanical, plus at most one populating call on each path; the target has an action for it.
    Action,
    /// As action, plus per-mapping state that moves to `vm_ops->mapped`.
    Mapped,
    /// Passes the VMA to a helper or a hook outside the driver that must be converted first.
    Blocked,
    /// Needs the finished mapping; no action covers that use.
    Finish,
    /// Keeps the VMA, dispatches to another file, or needs another redesign.
    Manual,
    /// Could not be understood. Never an easier verdict than the true one.
    Unknown,
}

impl Verdict {
    /// All verdicts, from easy to hard.
    pub const ALL: [Verdict; 9] = [
        Verdict::None,
        Verdict::Converted,
        Verdict::Mechanical,
        Verdict::Action,
        Verdict::Mapped,
        Verdict::Blocked,
        Verdict::Finish,
        Verdict::Manual,
        Verdict::Unknown,
    ];

    /// Name in options and reports.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::None => "none",
            Verdict::Converted => "converted",
            Verdict::Mechanical => "mechanical",
            Verdict::Action => "action",
            Verdict::Mapped => "mapped",
            Verdict::Blocked => "blocked",
            Verdict::Finish => "finish",
            Verdict::Manual => "manual",
            Verdict::Unknown => "unknown",
        }
    }

    /// Meaning, in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Verdict::None => "the hook is set to NULL; nothing to convert",
            Verdict::Converted => "registers .mmap_prepare already",
            Verdict::Mechanical => "every use of the VMA has an equivalent in the desc",
            Verdict::Action => "populates once; the target has an mmap action for it",
            Verdict::Mapped => "takes state per mapping; it moves to vm_ops->mapped",
            Verdict::Blocked => "waits for a helper or hook that must be converted first",
            Verdict::Finish => "needs the finished mapping, or populates by a call that no action replaces",
            Verdict::Manual => "stores, edits or redirects the VMA; needs a redesign",
            Verdict::Unknown => "could not be analysed",
        }
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.pad(self.name())
    }
}
