//! Control flow of one function, reduced to events and the values that select paths.

use std::sync::Arc;

use super::event::{Event, EventKind};
use crate::index::{Hook, ItemId};
use crate::source::Span;

/// Access of a function to the VMA.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum VmaAccess {
    /// No access. The function is followed for the state that it takes.
    None,
    /// By a VMA parameter at this position, from 0.
    Vma(usize),
    /// By a desc parameter at this position.
    Desc(usize),
    /// Only to its flags, by a parameter at this position.
    Flags(usize),
    /// By this member of a struct, to which the parameter at this position points.
    Holder(usize, String),
}

/// A function and its access to the VMA: the unit that is lowered once.
#[derive(Clone, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Key {
    /// The function or macro.
    pub id: ItemId,
    /// Its access to the VMA.
    pub root: VmaAccess,
    /// Known properties of its arguments.
    pub arguments: Arguments,
}

impl Key {
    /// A key without any known property of the arguments.
    pub fn new(id: ItemId, root: VmaAccess) -> Key {
        Key { id, root, arguments: Arguments::default() }
    }
}

/// Known properties of the arguments of a call: one bit per position, from the lowest on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Arguments {
    /// Arguments that point into the caller's stack frame, which is not shared.
    pub own: u32,
    /// Arguments that are zero, `NULL` or `false`.
    pub zero: u32,
    /// Arguments that are constants.
    pub constant: u32,
    /// Arguments that the caller of the hook passed, and that are handed on.
    pub handed_on: u32,
    /// Arguments that are the addresses of members of shared objects: `&lamp->users`.
    pub shared: u32,
    /// Whether the function is in another file than the function with the VMA. Its marks are then no claims of the mapping.
    pub is_far: bool,
}

impl Default for Arguments {
    /// Those of a hook: nothing is known, and its caller passes all of them.
    fn default() -> Arguments {
        Arguments { own: 0, zero: 0, constant: 0, handed_on: u32::MAX, shared: 0, is_far: false }
    }
}

impl Arguments {
    /// Bits of the positions whose argument satisfies `is_it`.
    pub fn positions<'a, T: 'a>(arguments: impl IntoIterator<Item = &'a T>, is_it: impl Fn(&T) -> bool) -> u32 {
        (0..u32::BITS).zip(arguments).filter(|(_, argument)| is_it(argument)).fold(0, |bits, (at, _)| bits | 1 << at)
    }
}

/// A value, reduced to the cases that select paths. Variables and results of steps are numbered slots.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Value {
    /// Any value.
    Unknown,
    /// `0`, `NULL`, `false`.
    Zero,
    /// A value that is neither zero nor an error.
    NonZero,
    /// A negative error number, or a pointer that holds one.
    Errno,
    /// The content of a slot: a variable, or the result of a step.
    Slot(u32),
}

/// A condition, reduced to the cases that select paths.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Condition {
    /// Nothing is known.
    Unknown,
    /// The value is not zero.
    True(Value),
    /// The value is an error: `x < 0`, `IS_ERR(x)`.
    Error(Value),
    /// The negation.
    Not(Box<Condition>),
    /// All of them hold.
    All(Vec<Condition>),
    /// At least one holds.
    Any(Vec<Condition>),
}

/// An arm of an [`Step::If`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Arm {
    /// The arm for a condition that holds.
    Then,
    /// The other arm.
    Otherwise,
}

/// One step of a flow.
#[derive(Clone, Debug)]
pub enum Step {
    /// An event happens. The slot holds the result of its call.
    Do {
        /// The event, as an index into [`Lowered::events`].
        event: usize,
        /// Slot of the result.
        slot: u32,
    },
    /// A followed function is called. Of several candidates, any may be the callee.
    Call {
        /// The candidates.
        callees: Vec<Key>,
        /// The callee's name in the call.
        name: String,
        /// Slot of the result.
        slot: u32,
    },
    /// A slot gets a value.
    Assign {
        /// The slot.
        slot: u32,
        /// The value.
        value: Value,
    },
    /// A branch with two arms.
    If {
        /// The condition.
        condition: Condition,
        /// The arm taken if it holds.
        then: Vec<Step>,
        /// The other arm.
        otherwise: Vec<Step>,
        /// The arm taken if a member of a shared object is absent.
        absent: Option<Arm>,
    },
    /// A body that runs any number of times.
    Loop(Vec<Step>),
    /// The arms of a `switch`. Each falls through to the next unless it breaks.
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
    /// Its location.
    pub span: Span,
}

/// Facts and flow of one function, for one access to the VMA.
/// It has one list for each kind of fact that lints and verdicts ask for.
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
    /// Callees to which its own body passes the VMA, as written, in order.
    pub calls: Vec<FieldUse>,
    /// The `vm_operations_struct` variables that it installs.
    pub vm_ops: Vec<FieldUse>,
    /// The hooks of those tables.
    pub vm_hooks: Vec<VmHook>,
    /// Functions that may be `close` of a table that it installs and that is not known.
    pub possible_closes: Vec<Key>,
    /// The hooks to which it passes a desc. They block nothing, so they are no events.
    pub desc_hooks: Vec<Hook>,
    /// The events, in the order of [`Step::Do`] indices.
    pub events: Vec<Event>,
    /// Its flows, one per variant of its conditionals.
    pub flows: Vec<Vec<Step>>,
    /// The functions it is followed into.
    pub callees: Vec<Key>,
    /// Locations that were not understood, with the reason.
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
    /// Whether at least one variant of it was lowered.
    pub fn is_understood(&self) -> bool {
        !self.flows.is_empty()
    }

    /// Whether its own body changes the VMA, or lets code that is not followed do so.
    pub fn changes_vma(&self) -> bool {
        let is_change = |event: &Event| {
            matches!(
                event.kind,
                EventKind::Populate(_)
                    | EventKind::Finish { .. }
                    | EventKind::Helper { .. }
                    | EventKind::Hook { .. }
                    | EventKind::Redispatch { .. }
                    | EventKind::Unknown { .. }
            )
        };
        let written = [&self.writes, &self.sets, &self.clears, &self.vm_ops];
        written.iter().any(|uses| !uses.is_empty()) || self.events.iter().any(is_change)
    }

    /// The hooks that it calls with its mapping.
    pub fn called_hooks(&self) -> impl Iterator<Item = &Hook> {
        let of_vma = self.events.iter().filter_map(|event| match &event.kind {
            EventKind::Hook { hook, .. } => hook.as_ref(),
            _ => None,
        });
        of_vma.chain(&self.desc_hooks)
    }

    /// The close hooks of the tables that it installs.
    pub fn closes(&self) -> impl Iterator<Item = &Key> {
        self.vm_hooks.iter().filter(|hook| hook.member == "close").map(|hook| &hook.key)
    }

    /// Functions to lower as well: followed callees, and the hooks that it installs.
    pub fn reached(&self) -> impl Iterator<Item = &Key> {
        self.callees.iter().chain(self.vm_hooks.iter().map(|hook| &hook.key)).chain(&self.possible_closes)
    }

    /// Adds the facts of another variant of the same function. A use at the same location is the same fact.
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
        self.desc_hooks.extend(other.desc_hooks);
        self.callees.extend(other.callees);
        self.vm_hooks.extend(other.vm_hooks);
        self.possible_closes.extend(other.possible_closes);
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

/// A lowered function, shared between the threads that follow calls.
pub type Shared = Arc<Lowered>;
