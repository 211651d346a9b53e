//! What a conversion does otherwise.

use std::borrow::Cow;
use std::fmt;

use super::Gap;
use super::atom::Literal;
use crate::verdict::Place;

/// Something that a conversion does otherwise.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Difference {
    /// What differs.
    pub kind: DifferenceKind,
    /// The cases in which it shows, each a list of conditions; an empty list means always.
    pub cases: Vec<Vec<Literal>>,
    /// Whether the cases are those of mappings that both hooks accept, and leave out what all such mappings fulfil.
    pub is_of_accepted: bool,
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
    /// Populates by a call with other arguments: an array in place of page after page. The pages are not compared.
    PopulateUnlike,
    /// Writes to objects that others see.
    Store,
    /// Calls for their effect: locks, references, other helpers.
    Call,
    /// Which rounds a loop has.
    Rounds,
}

impl DifferenceKind {
    /// Whether only the number of the error differs, or something is not compared.
    pub fn is_minor(self) -> bool {
        matches!(self, DifferenceKind::Error | DifferenceKind::PopulateUnlike)
    }
}

impl Difference {
    /// A difference that shows always.
    pub(super) fn always(
        kind: DifferenceKind,
        [old, new]: [String; 2],
        [old_place, new_place]: [Place; 2],
    ) -> Difference {
        Difference { kind, cases: vec![Vec::new()], is_of_accepted: false, old, new, old_place, new_place }
    }

    /// Whether another difference says the same, of whatever case.
    pub(super) fn is_same(&self, other: &Difference) -> bool {
        (self.kind, &self.old, &self.new) == (other.kind, &other.old, &other.new)
    }

    /// The cases in words: `a and b, or c`. At most `shown` cases are written out, each with at most `limit` conditions, those that
    /// decide. `None` means always.
    pub fn when(&self, shown: usize, limit: usize, text: impl Fn(&Literal) -> String) -> Option<String> {
        if self.cases.iter().any(Vec::is_empty) {
            return None;
        }
        let case = |literals: &Vec<Literal>| {
            // The last ones decide.
            let shown = literals.len().saturating_sub(limit);
            let mut conditions: Vec<String> = literals[shown..].iter().map(&text).collect();
            if shown > 0 {
                conditions.push("more".to_owned());
            }
            conditions.join(" and ")
        };
        let mut cases: Vec<String> = self.cases.iter().take(shown).map(case).collect();
        match self.cases.len().saturating_sub(shown) {
            0 => {}
            1 => cases.push("in another case".to_owned()),
            more => cases.push(format!("in {more} other cases")),
        }
        Some(cases.join(", or "))
    }
}

/// Maximum number of cases in the text of a difference.
const CASES: usize = 3;

impl fmt::Display for Difference {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(when) = self.when(CASES, usize::MAX, |literal| literal.to_string()) {
            write!(out, "if {when}: ")?;
        }
        write!(out, "old: {}; new: {}", self.old, self.new)
    }
}

/// Why two behaviours cannot be compared.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NotCompared {
    /// The outcomes of one are not all known.
    Gap(Gap),
    /// A variant of one has the `#if` of none of the other's.
    Variants,
    /// The `#if`s of one ask for something that those of the other do not.
    Questions,
    /// Both use this name, which the trees define differently.
    Redefined(String),
}

impl NotCompared {
    /// The reason, as the end of a sentence.
    pub fn reason(&self) -> Cow<'static, str> {
        match self {
            NotCompared::Gap(gap) => Cow::Borrowed(gap.reason()),
            NotCompared::Variants => Cow::Borrowed("its #ifs do not correspond to those before"),
            NotCompared::Questions => Cow::Borrowed("its #ifs ask for something else than those before"),
            NotCompared::Redefined(name) => Cow::Owned(format!("both use {name}, which the change defines otherwise")),
        }
    }
}
