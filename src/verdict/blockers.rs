//! Blockers: helpers and hooks that must be converted first, with their own dependencies and the handlers they block.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Finding, Judgement, Place, Requirement, ResolvedTarget, Verdict, judge};
use crate::rules::RequirementKind;
use crate::vma::Analysis;
use crate::vma::analysis::handler_keys;
use crate::vma::flow::Key;
use crate::vma::lower::Context;

/// Kind of a blocker.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockerKind {
    /// A function that takes a VMA.
    Helper,
    /// A member of an ops table.
    Hook,
}

impl BlockerKind {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            BlockerKind::Helper => "helper",
            BlockerKind::Hook => "hook",
        }
    }
}

/// A helper or hook that must be converted before the handlers that pass their VMA to it.
#[derive(Clone, Debug)]
pub struct Blocker {
    /// Name of the helper, or `struct.member`.
    pub name: String,
    /// Helper or hook.
    pub kind: BlockerKind,
    /// Definition of the helper, if it was found.
    pub place: Option<Place>,
    /// Verdict of the helper, or of the hook's hardest implementer.
    pub verdict: Verdict,
    /// What decides the verdict of a helper, and where it gives the mapping another file.
    pub requirements: Vec<Requirement>,
    /// Blockers to convert before this one, by name.
    pub depends_on: Vec<String>,
    /// Findings that name it, as indices into the scan's findings.
    pub direct: Vec<usize>,
    /// Findings that it blocks, directly or through other blockers.
    pub all: Vec<usize>,
    /// Findings that implement the hook.
    pub implementers: Vec<usize>,
}

/// Finds the blockers of the findings, and the blockers of those.
pub(super) fn blockers(
    context: Context<'_>,
    analysis: &mut Analysis,
    chosen: &ResolvedTarget,
    findings: &[Finding],
) -> Vec<Blocker> {
    let implementers = implementers(findings);
    let mut known: BTreeMap<String, Blocker> = BTreeMap::new();
    let mut next: BTreeMap<String, BlockerRef> = BTreeMap::new();
    findings.iter().for_each(|finding| add_named(&finding.judgement, &mut next));
    while !next.is_empty() {
        let round: Vec<(String, BlockerRef, Vec<Key>)> = std::mem::take(&mut next)
            .into_iter()
            .filter(|(name, _)| !known.contains_key(name))
            .map(|(name, what)| {
                // Architectures may define it, each its own.
                let near = what.near.iter().filter(|_| !what.is_hook);
                let keys: BTreeSet<Key> = near.flat_map(|file| handler_keys(context, &name, *file)).collect();
                (name, what, keys.into_iter().collect())
            })
            .collect();
        analysis.add(round.iter().flat_map(|(_, _, keys)| keys.clone()).collect());
        for (name, what, keys) in round {
            let blocker = if what.is_hook {
                hook(&name, implementers.get(&name).cloned().unwrap_or_default(), findings)
            } else {
                helper(context, analysis, chosen, &name, &keys, &mut next)
            };
            known.insert(name, blocker);
        }
    }
    let mut blockers: Vec<Blocker> = known.into_values().collect();
    count(&mut blockers, findings);
    blockers
}

/// Fills in `direct` and `all` of each blocker.
fn count(blockers: &mut [Blocker], findings: &[Finding]) {
    let places: FxHashMap<String, usize> =
        blockers.iter().enumerate().map(|(place, blocker)| (blocker.name.clone(), place)).collect();
    let place = |name: &String| places.get(name).copied();
    let waits: Vec<Vec<usize>> =
        blockers.iter().map(|blocker| blocker.depends_on.iter().filter_map(place).collect()).collect();
    for (number, finding) in findings.iter().enumerate() {
        let direct: Vec<usize> = finding.judgement.depends_on().iter().filter_map(place).collect();
        for blocker in reached(&waits, &direct) {
            blockers[blocker].all.push(number);
        }
        for blocker in direct {
            blockers[blocker].direct.push(number);
        }
    }
}

/// Blockers reachable from `from` through `waits`, including `from`.
fn reached(waits: &[Vec<usize>], from: &[usize]) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut stack = from.to_vec();
    while let Some(blocker) = stack.pop() {
        if seen.insert(blocker) {
            stack.extend(&waits[blocker]);
        }
    }
    seen
}

/// Findings by the hook that they register for.
fn implementers(findings: &[Finding]) -> FxHashMap<String, Vec<usize>> {
    let mut implementers: FxHashMap<String, Vec<usize>> = FxHashMap::default();
    for (number, finding) in findings.iter().enumerate() {
        implementers.entry(finding.registration.hook.name()).or_default().push(number);
    }
    implementers
}

/// A blocker that is named but not analysed yet.
struct BlockerRef {
    is_hook: bool,
    /// Files that name it, and from which the name is resolved.
    near: BTreeSet<u32>,
}

/// Adds the blockers named in a judgement.
fn add_named(judgement: &Judgement, found: &mut BTreeMap<String, BlockerRef>) {
    for requirement in &judgement.requirements {
        let Some(name) = requirement.blocker.clone() else { continue };
        let is_hook = matches!(requirement.kind, RequirementKind::Hook(_));
        let named = found.entry(name).or_insert(BlockerRef { is_hook, near: BTreeSet::new() });
        named.near.insert(requirement.file);
    }
}

fn helper(
    context: Context<'_>,
    analysis: &Analysis,
    chosen: &ResolvedTarget,
    name: &str,
    keys: &[Key],
    next: &mut BTreeMap<String, BlockerRef>,
) -> Blocker {
    let place = |key: &Key| (key.id.file, context.index.item(key.id).name);
    let judgements: Vec<Judgement> =
        keys.iter().map(|key| judge(context.rules, &chosen.target, &analysis.facts(key), place(key))).collect();
    let verdict = judgements.iter().map(Judgement::verdict).max().unwrap_or(Verdict::Unknown);
    let mut depends_on: Vec<String> = judgements.iter().flat_map(Judgement::depends_on).collect();
    depends_on.dedup();
    judgements.iter().for_each(|judgement| add_named(judgement, next));
    // The hardest definition stands for all.
    let hardest = judgements.iter().position(|judgement| judgement.verdict() == verdict);
    let place = keys.get(hardest.unwrap_or_default()).map(place).map(|(file, span)| Place { file, span });
    let all = judgements.into_iter().flat_map(|judgement| judgement.requirements);
    let decides = |one: &Requirement| one.verdict == verdict || one.kind == RequirementKind::FileSwap;
    let requirements = all.filter(decides).collect();
    Blocker { requirements, ..blocker(name, BlockerKind::Helper, place, verdict, depends_on) }
}

fn hook(name: &str, implementers: Vec<usize>, findings: &[Finding]) -> Blocker {
    let verdict = implementers.iter().map(|number| findings[*number].verdict).max().unwrap_or(Verdict::None);
    let waits = implementers.iter().flat_map(|number| findings[*number].judgement.depends_on());
    let depends_on: BTreeSet<String> = waits.filter(|other| other != name).collect();
    Blocker { implementers, ..blocker(name, BlockerKind::Hook, None, verdict, depends_on.into_iter().collect()) }
}

fn blocker(name: &str, kind: BlockerKind, place: Option<Place>, verdict: Verdict, depends_on: Vec<String>) -> Blocker {
    Blocker {
        name: name.to_owned(),
        kind,
        place,
        verdict,
        requirements: Vec::new(),
        depends_on,
        direct: Vec::new(),
        all: Vec::new(),
        implementers: Vec::new(),
    }
}
