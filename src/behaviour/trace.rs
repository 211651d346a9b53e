//! What a path asks and does, in order: for showing it. Comparisons do not depend on the order.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::atom::Literal;
use super::outcome::Effect;
use super::term::Term;

/// Something that happens on a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// A question with its answer.
    Asks(Literal),
    /// A loop begins; its head, if that is a macro.
    Loops(Option<String>),
    /// The round is over, and so is the loop, if it was the last.
    RoundEnds,
    /// The round leaves the loop.
    LoopLeft,
    /// The loop has no round.
    NoRound,
    /// The condition of a loop, in the round that is followed.
    Repeats(Literal),
    /// A field of the VMA gets a value.
    Writes(String, Term),
    /// Flags of the VMA are set (`true`) or cleared.
    Flags(BTreeSet<String>, bool),
    /// An effect.
    Does(Effect),
    /// A lock is taken, and released at the end of the scope.
    Holds(Effect),
    /// A call gives a value, and may do something that is not known.
    Evaluates(Term),
    /// A call whose result is not used, and that a comparison does not look at.
    Calls(Term),
}

/// The events of a path, if they are wanted. Paths share the events before they part.
#[derive(Clone, Debug, Default)]
pub struct Trace {
    is_kept: bool,
    last: Option<Arc<Node>>,
}

#[derive(Debug)]
struct Node {
    event: Event,
    before: Trace,
}

impl Trace {
    /// A trace that is kept, or one that stays empty.
    pub(super) fn new(is_kept: bool) -> Trace {
        Trace { is_kept, last: None }
    }

    pub(super) fn push(&mut self, event: Event) {
        if self.is_kept {
            let before = Trace { is_kept: true, last: self.last.take() };
            self.last = Some(Arc::new(Node { event, before }));
        }
    }

    /// Takes back the last event, if it is one of a kind.
    pub(super) fn take_back(&mut self, is_it: impl Fn(&Event) -> bool) {
        if let Some(before) = self.last.as_ref().filter(|last| is_it(&last.event)).map(|last| last.before.clone()) {
            *self = before;
        }
    }

    /// Takes back the events since another trace, of which this is a continuation.
    pub(super) fn since(&mut self, start: &Trace) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(node) = self.last.as_ref().filter(|node| !start.is_at(node)).cloned() {
            events.push(node.event.clone());
            *self = node.before.clone();
        }
        events.reverse();
        events
    }

    fn is_at(&self, node: &Arc<Node>) -> bool {
        self.last.as_ref().is_some_and(|own| Arc::ptr_eq(own, node))
    }

    /// The events, in order.
    pub(super) fn events(&self) -> Vec<Event> {
        let mut events = Vec::new();
        let mut last = self;
        while let Some(node) = &last.last {
            events.push(node.event.clone());
            last = &node.before;
        }
        events.reverse();
        events
    }
}

impl Drop for Node {
    /// Drops the events one by one: a path may have many, and each would drop the one before within its own drop.
    fn drop(&mut self) {
        let mut before = self.before.last.take();
        while let Some(mut node) = before.and_then(Arc::into_inner) {
            before = node.before.last.take();
        }
    }
}
