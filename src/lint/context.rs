//! Facts that lints query: the handlers of a tree, and all functions that get the VMA of a handler.

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashMap;

use super::function_view::{FunctionView, Variant};
use super::vm_ops::VmOpsHook;
use crate::behaviour::{Behaviour, EffectKind, Functions, Gap, Literal, Outcome, Reading, Returned};
use crate::index::{FunctionSyntax, ItemId, Takes};
use crate::kernel::Tree;
use crate::memo::Memo;
use crate::rules::{Call, Rules, unprepared};
use crate::source::Span;
use crate::verdict::{Finding, ResolvedTarget, Session, undone};
use crate::vma::flow::{Key, Lowered, Shared};
use crate::vma::lower::Context;
use crate::vma::{Analysis, HandlerFacts};

/// Facts of a tree, prepared for lints.
pub struct Facts<'a> {
    /// The tree.
    pub tree: &'a Tree,
    /// Index and rules of the tree.
    pub context: Context<'a>,
    /// API that handlers are judged against.
    pub chosen: &'a ResolvedTarget,
    /// Facts of the tree before the checked change, if there is one.
    pub before: Option<&'a Facts<'a>>,
    /// Whether to look at documents, and at code in other languages.
    pub documents: bool,
    /// All registrations.
    pub findings: &'a [Finding],
    /// The handlers to look at, with a known function, one entry for each function.
    pub handlers: Vec<HandlerView<'a>>,
    /// Other handlers that call hooks: what they check holds for the implementers.
    dispatchers: Vec<HandlerView<'a>>,
    analysis: &'a Analysis<'a>,
    /// Behaviours of handlers, computed on demand.
    functions: Functions<'a>,
    behaviours: Memo<Key, Vec<Behaviour>>,
    accepting: Memo<Key, Vec<Outcome>>,
    pub(super) fault_hooks: Memo<(Key, &'static str), Vec<VmOpsHook>>,
}

/// A handler and the functions that it reaches.
pub struct HandlerView<'a> {
    /// Its first registration.
    pub finding: &'a Finding,
    /// Key of its function.
    pub key: Key,
    /// Argument of its hook: a VMA or a desc.
    pub takes: Takes,
    /// Facts of all its paths.
    pub facts: HandlerFacts,
    /// Its own function, then its callees; without those of shared headers.
    pub bodies: Vec<FunctionView<'a>>,
    reach: Reach,
}

/// Reachability between a handler's functions. Computed once, because lints query every pair of places.
struct Reach {
    numbers: FxHashMap<Key, usize>,
    /// For each function, a bit set of itself and its direct and indirect callees.
    reached: Vec<Vec<u64>>,
    /// The reverse: for each function, a bit set of those that reach it.
    leading: Vec<Vec<u64>>,
}

impl Reach {
    fn new(bodies: &[FunctionView]) -> Reach {
        let numbers: FxHashMap<Key, usize> =
            bodies.iter().enumerate().map(|(number, body)| (body.key.clone(), number)).collect();
        let words = bodies.len().div_ceil(64);
        let mut reached = vec![vec![0; words]; bodies.len()];
        let mut leading = vec![vec![0; words]; bodies.len()];
        for from in 0..bodies.len() {
            let mut stack = vec![from];
            while let Some(next) = stack.pop() {
                if is_set(&reached[from], next) {
                    continue;
                }
                reached[from][next / 64] |= 1 << (next % 64);
                leading[next][from / 64] |= 1 << (from % 64);
                stack.extend(bodies[next].lowered.callees.iter().filter_map(|callee| numbers.get(callee).copied()));
            }
        }
        Reach { numbers, reached, leading }
    }
}

fn is_set(bits: &[u64], number: usize) -> bool {
    bits[number / 64] & (1 << (number % 64)) != 0
}

/// Indexes of the set bits.
fn set_bits(bits: &[u64]) -> impl Iterator<Item = usize> {
    let words = bits.iter().enumerate();
    words.flat_map(|(number, word)| (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| number * 64 + bit))
}

impl<'a> Facts<'a> {
    /// Facts of all handlers.
    pub fn new(session: &'a Session<'a>, before: Option<&'a Facts<'a>>) -> Facts<'a> {
        Facts::of(session, before, &|_, _| true)
    }

    /// Facts of chosen handlers.
    pub fn of(
        session: &'a Session<'a>,
        before: Option<&'a Facts<'a>>,
        is_chosen: &dyn Fn(&Finding, &Key) -> bool,
    ) -> Facts<'a> {
        let mut first: Vec<(&'a Finding, Key)> = Vec::new();
        let mut seen: FxHashMap<Key, ()> = FxHashMap::default();
        for finding in session.findings() {
            for key in session.handlers(&finding.registration) {
                if seen.insert(key.clone(), ()).is_none() {
                    first.push((finding, key));
                }
            }
        }
        let (chosen, others): (Vec<_>, Vec<_>) = first.into_iter().partition(|(finding, key)| is_chosen(finding, key));
        let calls_hook = |(_, key): &(&'a Finding, Key)| {
            session.analysis.reached(key).iter().any(|(_, lowered)| lowered.called_hooks().next().is_some())
        };
        let others: Vec<(&'a Finding, Key)> = others.into_iter().filter(calls_hook).collect();
        let functions = Functions::new(session.context);
        let views = |of: Vec<(&'a Finding, Key)>| -> Vec<HandlerView<'a>> {
            of.into_par_iter().map(|(finding, key)| HandlerView::new(session, finding, key)).collect()
        };
        let (handlers, dispatchers) = (views(chosen), views(others));
        Facts {
            tree: session.tree(),
            context: session.context,
            chosen: &session.chosen,
            before,
            documents: true,
            findings: session.findings(),
            handlers,
            dispatchers,
            analysis: &session.analysis,
            functions,
            behaviours: Memo::default(),
            accepting: Memo::default(),
            fault_hooks: Memo::default(),
        }
    }

    /// The rules.
    pub fn rules(&self) -> &'a Rules {
        self.context.rules
    }

    /// Facts of a function that a handler reaches, or of a hook that it installs.
    pub fn lowered(&self, key: &Key) -> Option<&Lowered> {
        self.analysis.lowered(key).map(AsRef::as_ref)
    }

    /// Facts of a function, and of those that it calls.
    pub fn reached<'k>(&'k self, key: &'k Key) -> Vec<(&'k Key, &'k Shared)> {
        self.analysis.reached(key)
    }

    /// The first release, in a hook or a function that it calls, of state that the same function did not take, with its file.
    pub fn first_undone(&self, hook: &Key) -> Option<(u32, Span)> {
        let reached = self.analysis.reached(hook);
        reached.into_iter().find_map(|(key, lowered)| Some((key.id.file, undone(&lowered.events).next()?.0.span)))
    }

    /// Asks each handler something, in parallel; the answers are in the order of the handlers.
    pub fn of_each<T: Send>(
        &self,
        ask: impl Fn(&HandlerView<'a>) -> T + Sync,
    ) -> impl Iterator<Item = (&HandlerView<'a>, T)> {
        let answers: Vec<T> = self.handlers.par_iter().map(&ask).collect();
        self.handlers.iter().zip(answers)
    }

    /// Handlers whose hook takes a VMA, or a desc.
    pub fn taking(&self, takes: Takes) -> impl Iterator<Item = &HandlerView<'a>> {
        self.handlers.iter().filter(move |handler| handler.takes == takes)
    }

    /// Handlers that call the hook that this handler implements, directly or through other hooks.
    pub fn callers<'s>(&'s self, handler: &HandlerView) -> Vec<&'s HandlerView<'a>> {
        let mut found: Vec<&HandlerView> = Vec::new();
        let mut hooks = vec![&handler.finding.registration.hook];
        while let Some(hook) = hooks.pop() {
            for caller in self.handlers.iter().chain(&self.dispatchers) {
                let calls = || caller.lowered().flat_map(Lowered::called_hooks).any(|called| called.is_same(hook));
                if !found.iter().any(|known| known.key == caller.key) && calls() {
                    hooks.push(&caller.finding.registration.hook);
                    found.push(caller);
                }
            }
        }
        found
    }

    /// The conditions under which callers of a handler's hook call it, one list for each path; one empty list if no handler calls it, and
    /// `None` if the conditions are not known.
    pub fn caller_conditions(&self, handler: &HandlerView) -> Option<Vec<Vec<Literal>>> {
        let callers = self.callers(handler);
        if callers.is_empty() {
            // Not all callers of a subsystem's hook are found.
            let is_of_core = self.rules().is_migrating(&handler.finding.registration.hook.record);
            return is_of_core.then(|| vec![Vec::new()]);
        }
        // Behaviour calls a hook by its old name, so that conversions compare equal.
        let member = format!("->{}", unprepared(&handler.finding.registration.hook.member));
        let is_call = |kind: &EffectKind| matches!(kind, EffectKind::Call(name, _) if name.ends_with(&member));
        let mut conditions = Vec::new();
        for caller in callers {
            for behaviour in self.behaviours(&caller.key).iter().filter(|behaviour| behaviour.gap.is_none()) {
                let calls = |outcome: &&Outcome| outcome.effects.iter().any(|effect| is_call(&effect.kind));
                conditions.extend(behaviour.outcomes.iter().filter(calls).map(|outcome| outcome.condition.clone()));
            }
        }
        (!conditions.is_empty()).then_some(conditions)
    }

    /// Notes the names that the checked change defines otherwise.
    pub fn note_redefined(&mut self, names: BTreeSet<String>) {
        self.functions.note_redefined(names);
    }

    /// The functions of the tree, for questions about behaviour.
    pub fn functions(&self) -> &Functions<'a> {
        &self.functions
    }

    /// The behaviour of a handler, or of a hook of its vm_ops, once for each variant of its conditionals.
    pub fn behaviours(&self, key: &Key) -> Arc<Vec<Behaviour>> {
        self.behaviours.get(key.clone(), || self.functions.behaviours(key, &Reading::default()))
    }

    /// The handlers whose behaviour a lint has asked for and whose outcomes are not all known, with the reason. Such lints are silent about
    /// them.
    pub fn not_followed(&self) -> impl Iterator<Item = (&HandlerView<'a>, Gap)> {
        self.handlers.iter().filter_map(|handler| {
            let behaviours = self.behaviours.known(&handler.key)?;
            Some((handler, behaviours.iter().find_map(|behaviour| behaviour.gap)?))
        })
    }

    /// The outcomes of a handler in which it accepts the mapping; none if not all outcomes are known.
    pub fn accepting(&self, handler: &HandlerView) -> Arc<Vec<Outcome>> {
        self.accepting.get(handler.key.clone(), || {
            let behaviours = self.behaviours(&handler.key);
            let is_known = behaviours.iter().all(|behaviour| behaviour.gap.is_none());
            let outcomes = behaviours.iter().filter(|_| is_known).flat_map(|behaviour| &behaviour.outcomes);
            outcomes.filter(|outcome| outcome.result == Returned::Success).cloned().collect()
        })
    }

    /// A function as syntax.
    pub fn syntax(&self, id: ItemId) -> Arc<FunctionSyntax> {
        self.context.function(id)
    }
}

impl<'a> HandlerView<'a> {
    fn new(session: &'a Session<'a>, finding: &'a Finding, key: Key) -> HandlerView<'a> {
        let reached = session.analysis.reached(&key).into_iter();
        // Code of the kernel's own headers is not the driver's fault, and not the driver's check.
        let own = reached
            .filter(|(reached, _)| *reached == &key || !session.context.index.file(reached.id.file).is_shared_header());
        let bodies: Vec<FunctionView> = own
            .map(|(key, lowered)| {
                let function = session.context.function(key.id);
                FunctionView::new(session.context, key.clone(), lowered.clone(), &function.variants)
            })
            .collect();
        HandlerView {
            finding,
            takes: finding.registration.hook.takes,
            facts: session.analysis.facts(&key),
            reach: Reach::new(&bodies),
            bodies,
            key,
        }
    }

    /// Its name.
    pub fn name(&self) -> &str {
        self.bodies.first().map_or("", |body| body.lowered.name.as_str())
    }

    /// Facts of its functions, outer before inner.
    pub fn lowered(&self) -> impl Iterator<Item = &Lowered> {
        self.bodies.iter().map(|body| body.lowered.as_ref())
    }

    /// Every variant of every function, with its function.
    pub fn variants(&self) -> impl Iterator<Item = (&FunctionView<'a>, &Variant<'a>)> {
        self.bodies.iter().flat_map(|body| body.variants.iter().map(move |variant| (body, variant)))
    }

    /// A function, its callers and its callees: everything that one call may run through.
    pub fn related<'s>(&'s self, body: &FunctionView<'a>) -> impl Iterator<Item = &'s FunctionView<'a>> {
        let number = self.reach.numbers.get(&body.key).copied();
        let bits = |all: &'s [Vec<u64>]| number.map(|number| all[number].as_slice()).unwrap_or_default();
        let (reached, leading) = (bits(&self.reach.reached), bits(&self.reach.leading));
        let either: Vec<u64> = reached.iter().zip(leading).map(|(one, other)| one | other).collect();
        set_bits(&either).collect::<Vec<_>>().into_iter().map(|number| &self.bodies[number])
    }

    /// Whether any function sets a flag.
    pub fn sets(&self, flag: &str) -> bool {
        self.lowered().any(|lowered| lowered.sets.iter().any(|named| named.name == flag))
    }

    /// Whether any function tests a flag.
    pub fn tests(&self, flag: &str) -> bool {
        self.lowered().any(|lowered| lowered.tests.iter().any(|named| named.name == flag))
    }

    /// Calls with a rule, in all its functions, and the rule.
    pub fn ruled_calls(&self, rules: &'a Rules) -> impl Iterator<Item = (&str, &'a Call)> {
        self.lowered()
            .flat_map(|lowered| &lowered.calls)
            .filter_map(move |call| rules.call(&call.name).map(|rule| (call.name.as_str(), rule)))
    }

    /// Flags that it sets: by name, and through calls that imply them.
    pub fn final_flags(&self, rules: &'a Rules) -> Vec<&str> {
        let implied = self.ruled_calls(rules).flat_map(|(_, rule)| rule.implies.iter().map(String::as_str));
        let named = self.lowered().flat_map(|lowered| lowered.sets.iter().map(|named| named.name.as_str()));
        named.chain(implied).collect()
    }
}
