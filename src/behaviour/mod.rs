//! What a handler does, under which condition, with which values.
//!
//! A handler is followed along every path, the driver's own functions included. Each path is an [`Outcome`]: its condition as a list of
//! [`Literal`]s, its result, what it leaves in the mapping, and its other effects. Values are [`Term`]s, which do not depend on spelling: a
//! handler that takes a VMA and its conversion that takes a desc have the same outcomes. Computed only for the handlers that are asked for.

mod abbreviated;
mod arithmetic;
mod atom;
mod beyond;
mod bound;
mod call;
mod cases;
mod compare;
mod consequence;
mod constants;
mod contradiction;
mod conversion;
mod decide;
mod difference;
mod evaluate;
mod flags;
mod locked;
mod loops;
mod opaque;
mod outcome;
mod pair;
mod populated;
mod redefined;
mod rounds;
mod scopes;
mod state;
mod steps;
mod store;
mod term;
mod trace;
mod vm_ops;
mod walk;
mod wrap;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rustc_hash::FxHashMap;

pub use abbreviated::{Abbreviated, abbreviated};
pub use atom::{Atom, Literal};
pub use bound::{Unbounded, is_fault_bounded, unbounded};
pub use consequence::Consequence;
pub use conversion::{Conversion, conversion};
pub use difference::{Difference, DifferenceKind, NotCompared};
pub use outcome::{Effect, EffectKind, Gap, MappingChange, Outcome, Populate, Returned, Wrap};
pub use redefined::redefined_between;
pub use steps::{Step, steps};
pub use term::{Part, Term, listed};
pub use trace::Event;

use atom::Compared;
use constants::Constants;
use state::State;
use trace::Trace;
use walk::{Exit, Walk};

use crate::index::{Index, ItemId};
use crate::rules::{Guard, Rewrite, Rules, unprepared};
use crate::source::ast::{Expression, ExpressionKind, Function, Type};
use crate::source::visit::{self, Seen};
use crate::source::{Assumed, Condition, ItemKind, find_word, is_identifier_byte};
use crate::verdict::Place;
use crate::vma::flow::{Key, VmaAccess};
use crate::vma::lower::Context;

/// The outcomes of one variant of a handler.
#[derive(Clone, Debug)]
pub struct Behaviour {
    /// The conditions of `#if` under which the handler is this variant.
    pub assumed: Assumed,
    /// The outcomes, in the order of the source.
    pub outcomes: Vec<Outcome>,
    /// Why they are not all known.
    pub gap: Option<Gap>,
    /// Comparisons of sums and differences that may have wrapped.
    pub wraps: BTreeMap<Place, Wrap>,
}

/// How a handler is read.
#[derive(Clone, Debug, Default)]
pub struct Reading {
    /// Names for its parameters beside mapping and file, so that those of a conversion are called alike.
    pub parameters: Vec<String>,
    /// Functions that are followed although they get nothing of the mapping.
    pub follow: BTreeSet<String>,
    /// Functions that are not followed: the other handler calls them too, and they cannot be followed there.
    pub leave: BTreeSet<String>,
    /// Whether the outcomes are shown to people: functions and members keep their names, and paths what happens on them. Otherwise a hook
    /// and the one that takes a desc have one name, and so do helpers, so that they can be compared.
    pub is_shown: bool,
    /// Constants that are read by their values: the other handler does not name them.
    constants: Constants,
}

impl Reading {
    /// A handler by itself, with the names of its source.
    pub fn as_written() -> Reading {
        Reading { is_shown: true, ..Reading::default() }
    }
}

/// Maximum number of the driver's own functions that a handler is said to call.
const CALLEES_LIMIT: usize = 200;

/// The functions that a function calls, directly or by way of the driver's own.
#[derive(Default)]
struct Callees {
    /// The driver's own functions, with their files.
    own: BTreeMap<String, (Arc<Function>, u32)>,
    /// The names of others.
    others: BTreeSet<String>,
}

impl Callees {
    /// Whether a function is called.
    fn calls(&self, name: &str) -> bool {
        self.own.contains_key(name) || self.others.contains(name)
    }
}

/// Computes behaviours.
pub struct Functions<'a> {
    pub(crate) context: Context<'a>,
    /// The action that each action call asks for.
    actions: FxHashMap<String, String>,
    /// Maps each desc twin, and each call on a desc that a conversion writes, to the old call.
    twins: FxHashMap<String, String>,
    /// Maps each wrapper that finds the VMA behind a desc to the wrapped call. It takes the start as an offset.
    wrappers: FxHashMap<String, String>,
    /// Wrappers that call the hooks of another file: with the desc, the table and the file.
    nested: BTreeSet<String>,
    /// Names that the checked change defines otherwise, in whatever file.
    redefined: BTreeSet<String>,
}

impl<'a> Functions<'a> {
    /// Looks functions up in an index.
    pub fn new(context: Context<'a>) -> Functions<'a> {
        let mut actions = FxHashMap::default();
        let mut twins = FxHashMap::default();
        let rewrites: Vec<&Rewrite> =
            context.rules.targets().iter().filter_map(|target| target.rewrite.as_ref()).collect();
        for form in rewrites.iter().flat_map(|rewrite| &rewrite.calls) {
            if let ([template], Some(name)) = (form.to.as_slice(), form.names.first())
                && let Some((call, _)) = template.split_once('(')
            {
                twins.insert(call.to_owned(), name.clone());
            }
        }
        twins.extend(context.rules.twins().into_iter().map(|(twin, helper)| (twin.to_owned(), helper.to_owned())));
        for (name, form) in rewrites.iter().flat_map(|rewrite| &rewrite.actions) {
            // Forms for one call are forms of the action that replaces it.
            let action = context.rules.call(name).and_then(|rule| rule.action.as_ref()).unwrap_or(name);
            for template in form.full.iter().chain(&form.part) {
                if let Some((call, _)) = template.split_once('(') {
                    actions.insert(call.to_owned(), action.clone());
                }
            }
        }
        let late = rewrites.iter().filter_map(|rewrite| rewrite.finish.as_ref());
        let nested =
            late.clone().filter_map(|form| form.nested.split_once('(')).map(|(call, _)| call.to_owned()).collect();
        let wrapper = |(name, template): (&String, &String)| {
            template.split_once('(').map(|(wrapper, _)| (wrapper.to_owned(), name.clone()))
        };
        let wrappers = late.flat_map(|form| form.calls.iter().filter_map(wrapper)).collect();
        Functions { context, actions, twins, wrappers, nested, redefined: BTreeSet::new() }
    }

    /// Notes the names that the checked change defines otherwise ([`redefined_between`]).
    pub fn note_redefined(&mut self, names: BTreeSet<String>) {
        self.redefined = names;
    }

    /// The index that functions are looked up in.
    pub fn index(&self) -> &'a Index {
        self.context.index
    }

    /// The behaviour of a handler, once for each variant of its conditionals.
    pub fn behaviours(&self, key: &Key, reading: &Reading) -> Vec<Behaviour> {
        self.context.function(key.id).variants.iter().map(|function| self.behaviour(key, function, reading)).collect()
    }

    /// The parameters of a handler beside mapping and file.
    pub fn parameters(&self, key: &Key) -> Vec<String> {
        let function = self.context.function(key.id);
        let parameters = function.variants.first().into_iter().flat_map(|function| &function.parameters);
        parameters.filter(|parameter| is_other(&parameter.ty)).map(|parameter| parameter.name.clone()).collect()
    }

    /// A function, in each variant, and those of the driver's own functions that it calls, directly or indirectly, with their files. The
    /// predicate says which functions are followed.
    pub fn with_callees(&self, id: ItemId, is_followed: &dyn Fn(ItemId) -> bool) -> Vec<(Arc<Function>, u32)> {
        let syntax = self.context.function(id);
        let variants = syntax.variants.iter().map(|function| (function.clone(), id.file));
        variants.chain(self.callees(id, is_followed).own.into_values()).collect()
    }

    /// The driver's own functions that a function calls, directly or indirectly, each with its file.
    pub fn own_callees(&self, id: ItemId) -> impl Iterator<Item = (String, u32)> {
        self.callees(id, &|_| true).own.into_iter().map(|(name, (_, file))| (name, file))
    }

    /// The functions that a function calls. Those of the driver that are not followed are none of its own.
    fn callees(&self, id: ItemId, is_followed: &dyn Fn(ItemId) -> bool) -> Callees {
        let mut found = Callees::default();
        let mut stack: Vec<(Arc<Function>, u32)> =
            self.context.function(id).variants.iter().map(|function| (function.clone(), id.file)).collect();
        while let Some((function, file)) = stack.pop() {
            visit::statements(&function.body, &mut |seen| {
                let Seen::Expression(Expression { kind: ExpressionKind::Call { callee, .. }, .. }) = seen else {
                    return;
                };
                if let Some(guard) = self.guard_of(callee) {
                    found.others.extend([guard.take.clone(), guard.undo.clone()]);
                }
                let Some(name) = callee.name() else { return };
                if found.calls(name) || found.own.len() >= CALLEES_LIMIT {
                    return;
                }
                match self.own_item(name, file).filter(|id| is_followed(*id)).and_then(|id| self.first(id)) {
                    Some(own) => {
                        found.own.insert(name.to_owned(), own.clone());
                        stack.push(own);
                    }
                    None => drop(found.others.insert(name.to_owned())),
                }
            });
        }
        found
    }

    /// The lock of `guard(mutex)` in `guard(mutex)(&lock)`.
    fn guard_of(&self, callee: &Expression) -> Option<&'a Guard> {
        let ExpressionKind::Call { callee: guard, arguments: names } = &callee.bare().kind else { return None };
        let [name] = names.as_slice() else { return None };
        (guard.name() == Some("guard")).then(|| self.context.rules.guard(name.name()?)).flatten()
    }

    fn behaviour(&self, key: &Key, function: &Arc<Function>, reading: &Reading) -> Behaviour {
        let mut state = State { trace: Trace::new(reading.is_shown), ..State::default() };
        let mut arguments: Vec<Term> = Vec::new();
        let mut names = reading.parameters.iter();
        for (number, parameter) in function.parameters.iter().enumerate() {
            let name = if is_other(&parameter.ty) { names.next() } else { None };
            let name: Term = Part::Name(name.unwrap_or(&parameter.name).clone()).into();
            let ty = &parameter.ty;
            let value = match &key.root {
                VmaAccess::Vma(at) | VmaAccess::Desc(at) if *at == number => Part::Mapping.into(),
                _ if ty.points_to("vm_area_struct") || ty.points_to("vm_area_desc") => Part::Mapping.into(),
                _ if ty.points_to("file") => Part::File.into(),
                VmaAccess::Holder(at, member) if *at == number => {
                    let place = |member: &str| Part::Member(Arc::new(name.clone()), member.to_owned()).into();
                    state.memory.insert(place(member), Part::Mapping.into());
                    if ty.points_to("vm_fault") {
                        let page = Term::from(Part::FaultPage);
                        let pgoff = page.plus(&Part::PageOffset.into()).unwrap_or_default();
                        let address = page.times_pages(1).plus(&Part::Start.into()).unwrap_or_default();
                        state.memory.extend([(place("pgoff"), pgoff), (place("address"), address)]);
                    }
                    name
                }
                _ => name,
            };
            arguments.push(value);
        }
        let mut walk = Walk::new(self, reading);
        walk.is_in_mmap = !matches!(key.root, VmaAccess::Holder(..));
        let exits = walk.function(function, key.id.file, arguments, state);
        let mut outcomes: Vec<Outcome> = Vec::new();
        for outcome in exits.into_iter().flat_map(|exit| outcomes_of(self.context.rules, exit)) {
            let is_same = |known: &Outcome| {
                known.condition == outcome.condition
                    && known.result == outcome.result
                    && known.mapping == outcome.mapping
                    && known.effects == outcome.effects
                    && known.rounds == outcome.rounds
            };
            if !outcomes.iter().any(is_same) {
                outcomes.push(outcome);
            }
        }
        Behaviour { assumed: function.assumed.clone(), outcomes, gap: walk.gap, wraps: walk.wraps }
    }

    /// The driver's own function of this name, as a file means it, in its first variant, with its file.
    fn own(&self, name: &str, near: u32) -> Option<(Arc<Function>, u32)> {
        self.first(self.own_item(name, near)?)
    }

    /// The first variant of a function, with its file.
    fn first(&self, id: ItemId) -> Option<(Arc<Function>, u32)> {
        Some((self.context.function(id).variants.first()?.clone(), id.file))
    }

    /// The driver's own function of this name, as a file means it. A fallback for what another file may define is none.
    fn own_item(&self, name: &str, near: u32) -> Option<ItemId> {
        let index = self.context.index;
        let is_own = |id: &ItemId| {
            let file = index.file(id.file);
            !file.is_shared_header() && (file.is_header() || index.same_driver(near, *id))
        };
        let id = index.functions(name, near).into_iter().find(is_own)?;
        (!self.is_fallback(id, name)).then_some(id)
    }

    /// Whether another file may define a function in place of this one: it is weak, or stands under `#ifndef ARCH_HAS_VALID_RANGE`.
    fn is_fallback(&self, id: ItemId, name: &str) -> bool {
        /// A fallback is short, unless the name of the condition says that it is one.
        const SHORT: u32 = 256;
        let (file, item) = (self.context.index.file(id.file), self.context.index.item(id));
        if find_word(item.head().of(&file.text), b"__weak", 0).is_some() {
            return true;
        }
        let is_short = item.span.end - item.span.start <= SHORT;
        let says_so =
            |question: &str| question == name || question.split('_').any(|word| word == "HAVE" || word == "HAS");
        let is_asked = |question: &str| {
            question.bytes().all(is_identifier_byte)
                && !question.starts_with("CONFIG_")
                && (is_short || says_so(question))
        };
        let condition = file.condition_at(item.name.start);
        condition
            .is_some_and(|condition| condition.answers().iter().any(|(question, holds)| !holds && is_asked(question)))
    }

    /// The definitions of one function in arms of `#if`, with their conditions. A function that is defined once has none.
    fn arms(&self, id: ItemId, name: &str) -> Vec<(ItemId, Option<Condition>)> {
        let file = self.context.index.file(id.file);
        let ids: Vec<ItemId> =
            file.named(ItemKind::Function, name).map(|item| ItemId { file: id.file, item }).collect();
        match ids.len() {
            0 | 1 => vec![(id, None)],
            _ => ids.into_iter().map(|id| (id, file.condition_at(self.context.index.item(id).name.start))).collect(),
        }
    }

    /// The function of this name, as a file means it, whatever module it is in.
    fn foreign_item(&self, name: &str, near: u32) -> Option<ItemId> {
        self.context.index.functions(name, near).into_iter().next()
    }

    /// The helper whose desc twin a function is.
    fn helper_of(&self, key: &Key) -> Option<&str> {
        let file = self.context.index.file(key.id.file);
        self.twins.get(&file.name(self.context.index.item(key.id))).map(String::as_str)
    }

    /// Whether a call of this name has a desc twin.
    fn has_twin(&self, name: &str) -> bool {
        self.context.rules.call(name).is_some_and(|rule| rule.twin.is_some())
    }

    /// The call that a wrapper wraps.
    fn wrapped(&self, name: &str) -> Option<&str> {
        self.wrappers.get(name).map(String::as_str)
    }

    /// The action that an action call asks for.
    fn action_of(&self, name: &str) -> Option<String> {
        self.actions.get(name).cloned()
    }

    /// The name that a helper and its desc twin share. The names of functions that get the mapping say more: `map_prepare`, `fits_desc` and
    /// `check_desc` are twins of `map`, `fits` and `check_vma`.
    fn canonical(&self, name: &str, gets_mapping: bool) -> String {
        if let Some(helper) = self.twins.get(name) {
            return helper.clone();
        }
        let name = unprepared(name);
        if !gets_mapping {
            return name;
        }
        let suffixes = ["_prepare", "_finish", "_desc"];
        let stem = suffixes.into_iter().find_map(|suffix| name.strip_suffix(suffix)).unwrap_or(&name);
        stem.split('_').map(|part| if part == "desc" { "vma" } else { part }).collect::<Vec<_>>().join("_")
    }
}

/// Whether a parameter is neither the mapping nor the file.
fn is_other(ty: &Type) -> bool {
    !["vm_area_struct", "vm_area_desc", "file"].iter().any(|tag| ty.points_to(tag))
}

/// The outcomes of a `return`: one for each possible result. A value that may be an error gives two, and so does a requested action, which
/// may fail. Such an action may take the protection that the desc has at the end of the hook.
fn outcomes_of(rules: &Rules, exit: Exit) -> Vec<Outcome> {
    let Exit { mut state, value, place } = exit;
    let protection = state.field("vm_page_prot");
    for effect in &mut state.effects {
        if let EffectKind::Populate(populate) = &mut effect.kind
            && rules.call(&populate.name).is_some_and(|rule| rule.takes_late_prot)
        {
            populate.prot = protection.clone();
        }
    }
    let value = value.unwrap_or_default();
    let mut ends: Vec<(State, Option<Term>)> = Vec::new();
    match value.as_part() {
        _ if is_error(&value) => ends.push((state, Some(value))),
        Some(Part::Populated(number)) => {
            let decided = state.decide(Compared::fails(*number)).into_iter();
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
        for (state, fails) in state.decide(Compared::fails(number)) {
            let own = Term::from(Part::Populated(number));
            let error = fails.then(|| state.error_override.clone().unwrap_or(own));
            outcomes.push(outcome(state, error, place));
        }
    }
    outcomes
}

fn outcome(state: State, error: Option<Term>, place: Place) -> Outcome {
    let result = error.map_or(Returned::Success, Returned::Error);
    let State { condition, mapping, effects, decided, rounds, trace, .. } = state;
    Outcome { condition, result, mapping, effects, rounds, trace, place, decided }
}

/// Whether a value is an error whatever the path: `-EINVAL`, `PTR_ERR(pages)`.
fn is_error(value: &Term) -> bool {
    value.as_constant().is_some_and(|value| value < 0)
        || value.is_errno()
        || matches!(value.as_part(), Some(Part::Call(name, _)) if name == "PTR_ERR")
}
