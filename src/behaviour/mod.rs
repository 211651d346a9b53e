//! What a handler does, under which condition, with which values.
//!
//! A handler is followed along every path, the driver's own functions included. Each path is an [`Outcome`]: its condition as a list of
//! [`Literal`]s, its result, what it leaves in the mapping, and its other effects. Values are [`Term`]s, which do not depend on spelling: a handler
//! that takes a VMA and its conversion that takes a desc have the same outcomes. Computed only for the handlers that are asked for.

mod atom;
mod call;
mod evaluate;
mod outcome;
mod state;
mod term;
mod walk;

use std::sync::{Arc, PoisonError, RwLock};

use rustc_hash::FxHashMap;

pub use atom::{Atom, Literal, contradict};
pub use outcome::{Effect, EffectKind, Gap, MappingChange, Outcome, Place, Populate, Returned};
pub use term::{Part, Term};

use atom::Compared;
use state::State;
use walk::{Exit, Walk};

use crate::index::ItemId;
use crate::source::ast::Function;
use crate::source::parse;
use crate::vma::flow::{Key, VmaAccess};
use crate::vma::lower::Context;

/// The outcomes of one variant of a handler.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The outcomes, in the order of the source.
    pub outcomes: Vec<Outcome>,
    /// Why they are not all known.
    pub gap: Option<Gap>,
}

/// Computes behaviours, and keeps the functions that it has parsed.
pub struct Functions<'a> {
    pub(crate) context: Context<'a>,
    /// The action that each action call asks for.
    actions: FxHashMap<String, String>,
    parsed: RwLock<FxHashMap<ItemId, Arc<Vec<Arc<Function>>>>>,
}

impl<'a> Functions<'a> {
    /// Looks functions up in an index.
    pub fn new(context: Context<'a>) -> Functions<'a> {
        let mut actions = FxHashMap::default();
        let rewrites = context.rules.targets().iter().filter_map(|target| target.rewrite.as_ref());
        for (name, form) in rewrites.flat_map(|rewrite| &rewrite.actions) {
            // Forms for one call are forms of the action that replaces it.
            let action = context.rules.call(name).and_then(|rule| rule.action.as_ref()).unwrap_or(name);
            for template in form.full.iter().chain(&form.part) {
                if let Some((call, _)) = template.split_once('(') {
                    actions.insert(call.to_owned(), action.clone());
                }
            }
        }
        Functions { context, actions, parsed: RwLock::default() }
    }

    /// The behaviour of a handler, once for each variant of its conditionals.
    pub fn behaviours(&self, key: &Key) -> Vec<Behaviour> {
        self.parsed(key.id).iter().map(|function| self.behaviour(key, function)).collect()
    }

    fn behaviour(&self, key: &Key, function: &Arc<Function>) -> Behaviour {
        let mut state = State::default();
        let mut arguments: Vec<Term> = Vec::new();
        for (number, parameter) in function.parameters.iter().enumerate() {
            let name: Term = Part::Name(parameter.name.clone()).into();
            let ty = &parameter.ty;
            let value = match &key.root {
                VmaAccess::Vma(at) | VmaAccess::Desc(at) if *at == number => Part::Mapping.into(),
                _ if ty.points_to("vm_area_struct") || ty.points_to("vm_area_desc") => Part::Mapping.into(),
                _ if ty.points_to("file") => Part::File.into(),
                VmaAccess::Holder(at, member) if *at == number => {
                    let place = Part::Member(Arc::new(name.clone()), member.clone());
                    state.memory.insert(place.into(), Part::Mapping.into());
                    name
                }
                _ => name,
            };
            arguments.push(value);
        }
        let mut walk = Walk::new(self);
        let exits = walk.function(function, key.id.file, arguments, state);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for outcome in exits.into_iter().flat_map(outcomes_of) {
            let is_same = |known: &Outcome| {
                known.condition == outcome.condition
                    && known.result == outcome.result
                    && known.mapping == outcome.mapping
                    && known.effects == outcome.effects
            };
            if !outcomes.iter().any(is_same) {
                outcomes.push(outcome);
            }
        }
        Behaviour { outcomes, gap: walk.gap }
    }

    /// The variants of a function.
    fn parsed(&self, id: ItemId) -> Arc<Vec<Arc<Function>>> {
        if let Some(known) = self.parsed.read().unwrap_or_else(PoisonError::into_inner).get(&id) {
            return known.clone();
        }
        let source = self.context.index.file(id.file);
        let item = self.context.index.item(id);
        let name = source.name(item);
        let functions = parse::in_every_variant(item.span.of(&source.text), item.span.start);
        let functions: Arc<Vec<Arc<Function>>> =
            Arc::new(functions.into_iter().filter(|function| function.name == name).map(Arc::new).collect());
        self.parsed.write().unwrap_or_else(PoisonError::into_inner).insert(id, functions.clone());
        functions
    }

    /// The driver's own function of this name, as a file means it, with its file.
    fn own(&self, name: &str, near: u32) -> Option<(Arc<Function>, u32)> {
        let index = self.context.index;
        let is_own = |id: &ItemId| {
            !index.file(id.file).is_shared_header() && (index.file(id.file).is_header() || index.same_driver(near, *id))
        };
        let id = index.functions(name, near).into_iter().find(is_own)?;
        let function = self.parsed(id).first()?.clone();
        Some((function, id.file))
    }

    /// The action that an action call asks for.
    fn action_of(&self, name: &str) -> Option<String> {
        self.actions.get(name).cloned()
    }

    /// The name that a helper and its desc twin share.
    fn canonical(&self, name: &str) -> String {
        match self.context.rules.twin_of(name) {
            Some(helper) => helper.to_owned(),
            None => name.replace("mmap_prepare", "mmap"),
        }
    }
}

/// The outcomes of a return: a result that may be an error is one, and so is an action that may fail.
fn outcomes_of(exit: Exit) -> Vec<Outcome> {
    let Exit { state, value, place } = exit;
    let value = value.unwrap_or_default();
    let mut ends: Vec<(State, Option<Term>)> = Vec::new();
    match value.as_part() {
        _ if is_error(&value) => ends.push((state, Some(value))),
        Some(Part::Populated(number)) => {
            let fails = Compared::If(Literal { atom: Atom::Fails(*number), holds: true });
            let decided = state.decide(fails).into_iter();
            ends.extend(decided.map(|(state, fails)| (state, fails.then(|| value.clone()))));
        }
        _ => {
            let decided = state.decide(Compared::zero(&value)).into_iter();
            ends.extend(decided.map(|(state, is_zero)| (state, (!is_zero).then(|| value.clone()))));
        }
    }
    let mut outcomes = Vec::new();
    for (state, error) in ends {
        let Some(number) = state.action.filter(|_| error.is_none()) else {
            outcomes.push(outcome(state, error, place));
            continue;
        };
        for (state, fails) in state.decide(Compared::If(Literal { atom: Atom::Fails(number), holds: true })) {
            let own = Term::from(Part::Populated(number));
            let error = fails.then(|| state.error_override.clone().unwrap_or(own));
            outcomes.push(outcome(state, error, place));
        }
    }
    outcomes
}

fn outcome(state: State, error: Option<Term>, place: Place) -> Outcome {
    let result = error.map_or(Returned::Success, Returned::Error);
    Outcome { condition: state.condition, result, mapping: state.mapping, effects: state.effects, place }
}

/// Whether a value is an error whatever the path: `-EINVAL`, `PTR_ERR(pages)`.
fn is_error(value: &Term) -> bool {
    if value.as_constant().is_some_and(|value| value < 0) {
        return true;
    }
    let is_errno = |name: &str| {
        name.len() > 1
            && name.starts_with('E')
            && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
    };
    if value.times(-1).as_ref().and_then(Term::as_name).is_some_and(is_errno) {
        return true;
    }
    matches!(value.as_part(), Some(Part::Call(name, _)) if name == "PTR_ERR")
}
