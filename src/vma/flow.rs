//! The flow of one function, reduced to events and to the values that choose between them.

use std::sync::Arc;

use super::event::Event;
use crate::index::ItemId;
use crate::source::Span;

/// How a function gets at the VMA.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VmaAccess {
    /// Not at all; it is followed for the state it takes.
    None,
    /// By a parameter, from 0, that is a VMA.
    Vma(usize),
    /// By a parameter that is a desc.
    Desc(usize),
    /// Only at its flags, by a parameter that holds them.
    Flags(usize),
    /// By a member of the struct that a parameter points to.
    Holder(usize, String),
}

/// A function, and how it gets at the VMA: what is lowered once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The function or macro.
    pub id: ItemId,
    /// How it gets at the VMA.
    pub root: VmaAccess,
    /// What its caller is known to hand it.
    pub arguments: Arguments,
}

impl Key {
    /// A function of whose other arguments nothing is known.
    pub fn new(id: ItemId, root: VmaAccess) -> Key {
        Key { id, root, arguments: Arguments::default() }
    }
}

/// What is known of the arguments of a call: a bit for each position, from the lowest on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arguments {
    /// Those that point to variables of the caller's own frame, which nobody else sees.
    pub own: u32,
    /// Those that are zero, `NULL` or `false`.
    pub zero: u32,
    /// Those that are constants.
    pub constant: u32,
    /// Whether the function lies in another file than what gets the VMA: what it marks there is its own business.
    pub is_far: bool,
}

impl Arguments {
    /// The positions that `is_it` says, as bits.
    pub fn positions<'a, T: 'a>(arguments: impl IntoIterator<Item = &'a T>, is_it: impl Fn(&T) -> bool) -> u32 {
        (0..u32::BITS).zip(arguments).filter(|(_, argument)| is_it(argument)).fold(0, |bits, (at, _)| bits | 1 << at)
    }
}

/// A value as far as it chooses paths. Variables of the function, and results of its steps, are slots by number.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Anything.
    Unknown,
    /// `0`, `NULL`, `false`.
    Zero,
    /// Something that is neither zero nor an error.
    NonZero,
    /// A negative error number, or a pointer that holds one.
    Errno,
    /// What a variable holds, or what a step left.
    Slot(u32),
}

/// A condition as far as it chooses paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is known.
    Unknown,
    /// The value is not zero.
    True(Value),
    /// The value is an error: `x < 0`, `IS_ERR(x)`.
    Error(Value),
    /// The opposite.
    Not(Box<Condition>),
    /// Both.
    All(Vec<Condition>),
    /// At least one.
    Any(Vec<Condition>),
}

/// An arm of an [`Step::If`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The first.
    Then,
    /// The other.
    Otherwise,
}

/// One step.
#[derive(Clone, Debug)]
pub enum Step {
    /// An event happens; the slot holds the outcome of its call.
    Do {
        /// The event, as its place in [`Lowered::events`].
        event: usize,
        /// Where the outcome goes.
        slot: u32,
    },
    /// A function is called that is followed; of several, any may be meant.
    Call {
        /// The functions.
        callees: Vec<Key>,
        /// The name it is called by.
        name: String,
        /// Where the result goes.
        slot: u32,
    },
    /// A slot gets a value.
    Assign {
        /// The slot.
        slot: u32,
        /// The value.
        value: Value,
    },
    /// Two arms.
    If {
        /// What chooses.
        condition: Condition,
        /// The arm taken where it holds.
        then: Vec<Step>,
        /// The other.
        otherwise: Vec<Step>,
        /// The arm that is taken where a member of a shared object is absent.
        absent: Option<Arm>,
    },
    /// A body that runs any number of times.
    Loop(Vec<Step>),
    /// The arms of a `switch`; each runs into the next where it does not break.
    Switch {
        /// The arms.
        arms: Vec<Vec<Step>>,
        /// Whether one arm is always taken.
        has_default: bool,
    },
    /// Control leaves the function.
    Return(Value, Span),
    /// Control goes to a label.
    Goto(String),
    /// A label.
    Label(String),
    /// Control leaves a loop or a `switch`.
    Break,
    /// Control goes to the end of a loop's body.
    Continue,
}

/// A use of a field or a flag.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldUse {
    /// The field or the flag.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// What is known of one function, for one way in which it gets at the VMA.
// Thirteen fields: one list for each kind of fact that lints and verdicts ask for.
#[derive(Clone, Debug, Default)]
pub struct Lowered {
    /// Its name.
    pub name: String,
    /// Fields read.
    pub reads: Vec<FieldUse>,
    /// Fields written.
    pub writes: Vec<FieldUse>,
    /// Flags set.
    pub sets: Vec<FieldUse>,
    /// Flags cleared.
    pub clears: Vec<FieldUse>,
    /// Flags tested.
    pub tests: Vec<FieldUse>,
    /// What its own body passes the VMA to, as written, in order.
    pub calls: Vec<FieldUse>,
    /// The `vm_operations_struct` variables that it installs.
    pub vm_ops: Vec<FieldUse>,
    /// The hooks of those.
    pub vm_hooks: Vec<VmHook>,
    /// The events that [`Step::Do`] names.
    pub events: Vec<Event>,
    /// Its flows: one for each variant of its conditionals.
    pub flows: Vec<Vec<Step>>,
    /// The functions it is followed into.
    pub callees: Vec<Key>,
    /// Why a part of it was not understood, and where.
    pub trouble: Vec<(Span, String)>,
}

/// A hook of a `vm_operations_struct` that a function installs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VmHook {
    /// The table.
    pub table: String,
    /// The member: `close`.
    pub member: &'static str,
    /// The function.
    pub key: Key,
}

impl Lowered {
    /// Whether at least one variant of it was read from beginning to end.
    pub fn is_understood(&self) -> bool {
        !self.flows.is_empty()
    }

    /// The close hooks of the tables that it installs.
    pub fn closes(&self) -> impl Iterator<Item = &Key> {
        self.vm_hooks.iter().filter(|hook| hook.member == "close").map(|hook| &hook.key)
    }

    /// All that has to be known too: what it is followed into, and the hooks that it installs.
    pub fn reached(&self) -> impl Iterator<Item = &Key> {
        self.callees.iter().chain(self.vm_hooks.iter().map(|hook| &hook.key))
    }

    /// Adds what another variant of the same function does. The same place is the same fact.
    pub fn merge(&mut self, other: Lowered) {
        let offset = self.events.len();
        self.events.extend(other.events);
        self.flows.extend(other.flows.into_iter().map(|flow| renumbered(flow, offset)));
        let lists = [
            (&mut self.reads, other.reads),
            (&mut self.writes, other.writes),
            (&mut self.sets, other.sets),
            (&mut self.clears, other.clears),
            (&mut self.tests, other.tests),
            (&mut self.calls, other.calls),
            (&mut self.vm_ops, other.vm_ops),
        ];
        for (mine, theirs) in lists {
            let new: Vec<FieldUse> = theirs.into_iter().filter(|named| !mine.contains(named)).collect();
            mine.extend(new);
            mine.sort_by_key(|named| named.span);
        }
        self.callees.extend(other.callees);
        self.vm_hooks.extend(other.vm_hooks);
        self.trouble.extend(other.trouble);
    }
}

fn renumbered(flow: Vec<Step>, offset: usize) -> Vec<Step> {
    let inner = |steps| renumbered(steps, offset);
    flow.into_iter()
        .map(|step| match step {
            Step::Do { event, slot } => Step::Do { event: event + offset, slot },
            Step::If { condition, then, otherwise, absent } => {
                Step::If { condition, then: inner(then), otherwise: inner(otherwise), absent }
            }
            Step::Loop(body) => Step::Loop(inner(body)),
            Step::Switch { arms, has_default } => {
                Step::Switch { arms: arms.into_iter().map(inner).collect(), has_default }
            }
            other => other,
        })
        .collect()
}

/// Lowered functions are shared between the threads that follow calls.
pub type Shared = Arc<Lowered>;
