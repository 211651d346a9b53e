//! What a conversion does otherwise.

use std::fmt;

use super::Gap;
use super::atom::Literal;
use crate::verdict::Place;

/// Something that a conversion does otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// Conditions under which it differs, as far as old and new do not share them.
    pub when: Vec<Literal>,
    /// The old value, or what the old handler did.
    pub old: String,
    /// The new one.
    pub new: String,
    /// The return of the old outcome.
    pub old_place: Place,
    /// The return of the new outcome, or the effect that is new.
    pub new_place: Place,
}

/// What differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum DifferenceKind {
    /// The old handler refused a mapping that the new one accepts.
    RefusalLost,
    /// The new handler refuses a mapping that the old one accepted.
    RefusalAdded,
    /// Both refuse, with different errors.
    Error,
    /// Flags of the VMA.
    Flags,
    /// Another field of the VMA.
    Field,
    /// Populates: range, object, protection.
    Populate,
    /// Writes to objects that others see.
    Store,
    /// Calls for their effect: locks, references, other helpers.
    Call,
}

impl DifferenceKind {
    /// Whether only the number of the error differs.
    pub fn is_minor(self) -> bool {
        self == DifferenceKind::Error
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let when = self.when.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
        match when.is_empty() {
            true => write!(out, "old: {}; new: {}", self.old, self.new),
            false => write!(out, "if {when}: old: {}; new: {}", self.old, self.new),
        }
    }
}

/// Why two behaviours cannot be compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotCompared {
    /// The outcomes of one are not all known.
    Gap(Gap),
    /// A variant of one has the `#if` of none of the other's.
    Variants,
}

impl NotCompared {
    /// The reason, as the end of a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            NotCompared::Gap(gap) => gap.reason(),
            NotCompared::Variants => "its #ifs do not correspond to those before",
        }
    }
}
