//! What is known at one place of one path.

use std::collections::{BTreeMap, BTreeSet};

use super::atom::{Atom, Compared, Literal};
use super::contradiction::conflicts;
use super::flags::with_flags;
use super::outcome::{Effect, EffectKind, MappingChange, Round};
use super::term::{Operation, Part, Term};
use super::trace::{Event, Trace};
use crate::verdict::Place;

/// What is known at one place of one path.
#[derive(Clone, Debug, Default)]
pub(super) struct State {
    /// Variables of the running function.
    pub locals: BTreeMap<String, Term>,
    /// Values stored in objects.
    pub memory: BTreeMap<Term, Term>,
    pub mapping: MappingChange,
    pub condition: Vec<Literal>,
    pub effects: Vec<Effect>,
    /// How many populating calls there were.
    pub populates: usize,
    /// The action that runs once the hook has returned.
    pub action: Option<usize>,
    /// The error that replaces that of the action.
    pub error_override: Option<Term>,
    /// The last condition that chose the path.
    pub decided: Option<Place>,
    /// Members that were asked for before a lock was taken or given back: they may have changed since.
    pub stale: BTreeSet<Term>,
    /// Those of them that were read since.
    pub read_again: BTreeSet<Term>,
    /// Fields of the VMA that a helper or a hook may have set, with what they are called then.
    pub left: BTreeMap<String, Term>,
    /// The loops on the path, in order.
    pub rounds: Vec<Round>,
    /// What happened, in order.
    pub trace: Trace,
}

impl State {
    /// The state in which a literal holds too; `None` if it cannot.
    pub fn assume(&self, literal: Literal) -> Option<State> {
        if self.condition.contains(&literal) {
            return Some(self.clone());
        }
        if conflicts(&self.condition, &literal) {
            return None;
        }
        let mut state = self.clone();
        // What follows from the rest says nothing.
        if !conflicts(&self.condition, &literal.negated()) {
            state.trace.push(Event::Asks(literal.clone()));
            state.condition.push(literal);
        }
        Some(state)
    }

    /// The states in which a comparison comes out one way and the other.
    pub fn decide(self, compared: Compared) -> Vec<(State, bool)> {
        match compared {
            Compared::Always(holds) => vec![(self, holds)],
            Compared::If(literal) => {
                let literal = self.asked_again(literal);
                let answers = [(literal.clone(), true), (literal.negated(), false)];
                answers.into_iter().filter_map(|(literal, holds)| Some((self.assume(literal)?, holds))).collect()
            }
        }
    }

    /// The question, or the same of a member that may have changed since it was asked.
    fn asked_again(&self, literal: Literal) -> Literal {
        match &literal.atom {
            Atom::Zero(term)
                if self.read_again.contains(term) && self.condition.iter().any(|known| known.atom == literal.atom) =>
            {
                let again = Part::Operation(Operation::Again, vec![term.clone()]);
                Literal { atom: Atom::Zero(again.into()), holds: literal.holds }
            }
            _ => literal,
        }
    }

    /// Asks a question of each item until the answer is yes. The answer is whether it was yes once.
    pub fn any_of<T>(
        self,
        items: impl IntoIterator<Item = T>,
        ask: impl Fn(State, &T) -> Vec<(State, bool)>,
    ) -> Vec<(State, bool)> {
        let (mut answers, mut left) = (Vec::new(), vec![self]);
        for item in items {
            let (yes, no): (Vec<_>, Vec<_>) =
                left.into_iter().flat_map(|state| ask(state, &item)).partition(|(_, holds)| *holds);
            answers.extend(yes);
            left = no.into_iter().map(|(state, _)| state).collect();
        }
        answers.extend(left.into_iter().map(|state| (state, false)));
        answers
    }

    /// Asks whether a flag is set, as the handler has left it.
    pub fn flag(self, name: &str) -> Vec<(State, bool)> {
        match self.mapping.flags.get(name).copied() {
            Some(set) => vec![(self, set)],
            None => self.decide(Compared::flag(name)),
        }
    }

    /// Forgets the call that gave a value: the variable that holds it gives back what the call took.
    pub fn forget_call(&mut self, value: &Term) {
        let Some(Part::Call(name, arguments)) = value.as_part() else { return };
        let is_it = |effect: &Effect| matches!(&effect.kind, EffectKind::Call(called, given) if called == name && given == arguments);
        if self.effects.last().is_some_and(is_it) {
            self.effects.pop();
            self.trace.take_back(|event| matches!(event, Event::Does(effect) if is_it(effect)));
        }
    }

    /// Changes what is known of the loop of a number, if the path is in it or behind it.
    pub fn in_round(&mut self, number: usize, change: impl FnOnce(&mut Round)) {
        if let Some(round) = self.rounds.iter_mut().rfind(|round| round.number == number) {
            change(round);
        }
    }

    /// Notes that a lock is taken or given back: a member that was asked whether it is 0 may have changed. Drivers ask such members again,
    /// `dev->disconnected` above all.
    pub fn lock_changes(&mut self) {
        let is_kept = |base: &Term| match base.as_part() {
            Some(Part::Mapping | Part::File) => true,
            // Members of an ops table are constant.
            Some(Part::Member(_, table)) => table.ends_with("ops"),
            _ => base.as_name() == Some("current"),
        };
        for literal in &self.condition {
            if let Atom::Zero(term) = &literal.atom
                && let Some(Part::Member(base, _)) = term.as_part()
                && !is_kept(base)
            {
                self.stale.insert(term.clone());
            }
        }
    }

    /// A value, or 0 where the path knows that it is.
    pub fn settled(&self, value: &Term) -> Term {
        let is_zero = |literal: &Literal| literal.is_zero_result(value);
        if self.condition.iter().any(is_zero) { Term::default() } else { value.clone() }
    }

    /// Whether a value is the address of an object that holds the mapping, as `struct vm_fault` does.
    pub fn holds_mapping(&self, object: &Term) -> bool {
        let is_held = |place: &Term| matches!(place.as_part(), Some(Part::Member(base, _)) if **base == *object);
        self.memory.iter().any(|(place, value)| matches!(value.as_part(), Some(Part::Mapping)) && is_held(place))
    }

    /// Notes that a call had the mapping, and may have set what drivers look at behind such calls.
    pub fn left_by(&mut self, call: &Term) {
        for field in ["vm_ops", "vm_private_data", "vm_page_prot", "vm_pgoff", "vm_file"] {
            let value = Part::Operation(Operation::FieldAfter(field.to_owned()), vec![call.clone()]);
            self.left.insert(field.to_owned(), value.into());
        }
    }

    /// The flags of the VMA, if the path has changed them.
    pub fn flags(&self) -> Option<Term> {
        let named = |wanted: bool| -> BTreeSet<String> {
            let flags = self.mapping.flags.iter().filter(|(_, set)| **set == wanted);
            flags.map(|(name, _)| name.clone()).collect()
        };
        let changes = [true, false].map(|set| (named(set), set)).into_iter().filter(|(flags, _)| !flags.is_empty());
        let at_entry = Term::from(Part::Field("vm_flags".to_owned()));
        let value = changes.fold(at_entry, |value, (flags, set)| with_flags(value, flags, set));
        (!self.mapping.flags.is_empty()).then_some(value)
    }

    /// The value of a field of the VMA.
    pub fn field(&self, name: &str) -> Term {
        if let Some(value) = self.left.get(name) {
            return value.clone();
        }
        if let Some(value) = self.mapping.fields.get(name) {
            return value.clone();
        }
        match name {
            "vm_start" => Part::Start.into(),
            "vm_end" => Term::from(Part::Start).plus(&Term::size()).unwrap_or_default(),
            "vm_pgoff" => Part::PageOffset.into(),
            "vm_file" => Part::File.into(),
            _ => Part::Field(name.to_owned()).into(),
        }
    }
}
