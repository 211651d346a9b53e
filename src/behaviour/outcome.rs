//! The outcomes of a handler: under which condition it does what, and with which result.

use std::collections::BTreeMap;

use super::arithmetic::operation;
use super::atom::Literal;
use super::contradiction::contradict;
use super::term::{Part, Term};
use super::trace::Trace;
use crate::source::operator::Arithmetic;
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
    /// The loops on the path, in order.
    pub(super) rounds: Vec<Round>,
    /// What it asks and does, in order, if that was wanted.
    pub(super) trace: Trace,
    /// The `return`, or the end of the function.
    pub place: Place,
    /// The last condition on the path.
    pub decided: Option<Place>,
}

impl Outcome {
    /// Whether the path is only taken if a flag is set (`true`) or clear.
    pub fn requires(&self, flag: &str, set: bool) -> bool {
        self.condition.iter().any(|literal| literal.is_of_flag(flag) && literal.holds == set)
    }

    /// The populating calls and actions, with their places.
    pub fn populates(&self) -> impl Iterator<Item = (&Populate, &Effect)> {
        self.effects.iter().filter_map(|effect| match &effect.kind {
            EffectKind::Populate(populate) => Some((populate, effect)),
            _ => None,
        })
    }

    /// Whether a mapping can satisfy the conditions of the path and others.
    pub fn is_compatible(&self, others: &[Literal]) -> bool {
        !contradict(self.condition.iter().chain(others))
    }
}

/// A loop on a path, in the round that is followed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Round {
    /// Number of the loop in the walk.
    pub(super) number: usize,
    /// What the macro that heads it is given: the list that it walks.
    pub(super) over: Vec<Term>,
    /// What the loop asks before or behind the round.
    pub(super) conditions: Vec<Literal>,
    /// Whether another round may follow. Otherwise it leaves the loop, by `break`, `goto` or `return`.
    pub(super) goes_on: bool,
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
    /// Whether it is a call that gets the VMA or the desc.
    pub gets_mapping: bool,
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

impl EffectKind {
    /// The effect with other values.
    pub(super) fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> EffectKind {
        match self {
            EffectKind::Populate(populate) => EffectKind::Populate(populate.with_terms(value)),
            // The place itself stays.
            EffectKind::Store(place, stored) => {
                let place = place.as_part().map_or_else(|| value(place), |part| part.with_terms(value).into());
                EffectKind::Store(place, value(stored))
            }
            EffectKind::Call(name, arguments) => EffectKind::Call(name.clone(), arguments.iter().map(value).collect()),
        }
    }
}

/// A populating call or an action.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Populate {
    /// The action, or the call if no action replaces it.
    pub kind: String,
    /// The call as the source names it.
    pub name: String,
    /// Whether it asks for an action, which mm performs behind the hook.
    pub is_request: bool,
    /// Where it starts.
    pub start: Option<Term>,
    /// The PFN or physical address of the first page.
    pub frame: Option<Term>,
    /// Its length in bytes.
    pub size: Option<Term>,
    /// The size of the object in bytes, if the call itself checks that the mapping fits into the object.
    pub object_size: Option<Term>,
    /// The page or its PFN, if the call maps one page.
    pub page: Option<Term>,
    /// How many pages of an array it maps.
    pub count: Option<Term>,
    /// Its protection.
    pub prot: Term,
    /// The page offset that the call reads and skips in its array, if it does.
    pub offset: Option<Term>,
    /// The other arguments.
    pub others: Vec<Term>,
}

impl Populate {
    /// What a call that maps an object from its physical address on does, in the words of `io_remap_pfn_range()`; `None` for other calls.
    /// It maps the whole mapping, from the page at `vm_pgoff` on (mm/memory.c: vm_iomap_memory(), simple_ioremap_prepare()).
    pub(super) fn by_frame(&self) -> Option<Populate> {
        self.object_size.as_ref()?;
        let frame =
            operation(Arithmetic::ShiftRight, self.frame.as_ref()?, &Part::Name("PAGE_SHIFT".to_owned()).into());
        Some(Populate {
            kind: "ioremap".to_owned(),
            start: Some(Part::Start.into()),
            frame: Some(frame.plus(self.offset.as_ref()?)?),
            size: Some(Term::size()),
            object_size: None,
            offset: None,
            ..self.clone()
        })
    }

    /// The call with other values.
    pub(super) fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Populate {
        let other = |term: &Option<Term>| term.as_ref().map(value);
        Populate {
            kind: self.kind.clone(),
            name: self.name.clone(),
            is_request: self.is_request,
            start: other(&self.start),
            frame: other(&self.frame),
            size: other(&self.size),
            object_size: other(&self.object_size),
            page: other(&self.page),
            count: other(&self.count),
            prot: value(&self.prot),
            offset: other(&self.offset),
            others: self.others.iter().map(value).collect(),
        }
    }

    /// The values that it is given.
    pub fn terms(&self) -> impl Iterator<Item = &Term> {
        [&self.start, &self.frame, &self.size, &self.object_size].into_iter().flatten().chain(&self.others)
    }
}

/// Arithmetic on values of the mapping that may wrap before it is compared.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Wrap {
    /// `limit - pgoff`, where pgoff may be larger.
    Difference,
    /// `offset + size`.
    Sum,
    /// `offset + size + base`.
    SumWithBase,
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
    /// It has an expression without a value.
    NotEvaluated,
    /// Calls nest too deep.
    TooDeep,
    /// It writes the VMA or the desc as a whole.
    WritesWhole,
    /// It fills the action of the desc by hand.
    FillsAction,
}

impl Gap {
    /// The reason, as the end of a sentence.
    pub fn reason(self) -> &'static str {
        match self {
            Gap::TooManyPaths => "it has too many paths",
            Gap::JumpsBack => "it jumps backwards",
            Gap::NotParsed => "a part of it does not parse",
            Gap::NotEvaluated => "the value of an expression in it is not understood",
            Gap::TooDeep => "its calls nest too deep",
            Gap::WritesWhole => "it writes the desc as a whole",
            Gap::FillsAction => {
                "it fills desc->action by hand; its helpers (mmap_action_remap() and the like) are compared"
            }
        }
    }
}
