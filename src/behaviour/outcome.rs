//! The outcomes of a handler: under which condition it does what, and with which result.

use std::collections::BTreeMap;

use super::atom::Literal;
use super::term::Term;
use crate::verdict::Place;

/// One path through a handler, its own functions included.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// All of these hold.
    pub condition: Vec<Literal>,
    /// What the handler returns.
    pub result: Returned,
    /// What it leaves in the mapping.
    pub mapping: MappingChange,
    /// What else it does, in order.
    pub effects: Vec<Effect>,
    /// The `return`, or the end of the function.
    pub place: Place,
}

/// The result of a handler.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Returned {
    /// 0.
    Success,
    /// An error: `-EINVAL`, or the error of a call.
    Error(Term),
}

/// Changes of the mapping.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MappingChange {
    /// Flags that are set (`true`) or cleared.
    pub flags: BTreeMap<String, bool>,
    /// Fields that are written, by their names in `struct vm_area_struct`.
    pub fields: BTreeMap<String, Term>,
}

/// Something that a path does beside changing the mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Effect {
    /// What it does.
    pub kind: EffectKind,
    /// Whether it stands in a loop.
    pub is_looped: bool,
    /// Where.
    pub place: Place,
}

/// What an effect does.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EffectKind {
    /// Puts pages into the mapping, or asks for an action that does.
    Populate(Populate),
    /// Writes to an object that others see.
    Store(Term, Term),
    /// Calls a function for its effect.
    Call(String, Vec<Term>),
}

/// A populating call or an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Populate {
    /// The action, or the call if no action replaces it.
    pub kind: String,
    /// The call as the source names it.
    pub name: String,
    /// Where it starts.
    pub start: Option<Term>,
    /// The PFN or physical address of the first page.
    pub frame: Option<Term>,
    /// Its length in bytes.
    pub size: Option<Term>,
    /// The size of the object in bytes, if the call itself checks that the mapping fits into the object.
    pub object_size: Option<Term>,
    /// Its protection.
    pub prot: Term,
    /// The other arguments.
    pub others: Vec<Term>,
}

/// Why the outcomes of a handler are not all known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Gap {
    /// It has more paths than are followed.
    TooManyPaths,
    /// It jumps backwards.
    JumpsBack,
    /// A part of it does not parse.
    NotParsed,
    /// Calls nest too deep.
    TooDeep,
}

impl Gap {
    /// The reason, as the end of a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            Gap::TooManyPaths => "it has too many paths",
            Gap::JumpsBack => "it jumps backwards",
            Gap::NotParsed => "a part of it does not parse",
            Gap::TooDeep => "its calls nest too deep",
        }
    }
}
