//! Blockers: helpers and hooks that must be converted first, with their own dependencies and the handlers they block.

use std::collections::{BTreeMap, BTreeSet};

use rustc_hash::FxHashMap;

use super::{Finding, Judgement, Place, ResolvedTarget, Verdict, judge};
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
    let mut next: BTreeMap<String, BlockerRef> =
        findings.iter().flat_map(|finding| named(&finding.judgement)).collect();
    while !next.is_empty() {
        let round: Vec<(String, BlockerRef, Vec<Key>)> = std::mem::take(&mut next)
            .into_iter()
            .filter(|(name, _)| !known.contains_key(name))
            .map(|(name, what)| {
                let keys = if what.is_hook { Vec::new() } else { handler_keys(context, &name, what.near) };
                (name, what, keys)
            })
            .collect();
        analysis.add(round.iter().flat_map(|(_, _, keys)| keys.clone()).collect());
        for (name, what, keys) in round {
            let blocker = if what.is_hook {
                hook(&name, implementers.get(&name).cloned().unwrap_or_default(), findings)
            } else {
                let (blocker, more) = helper(context, analysis, chosen, &name, &keys);
                next.extend(more);
                blocker
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
    /// File from which the name is resolved.
    near: u32,
}

/// Blockers named in a judgement.
fn named(judgement: &Judgement) -> impl Iterator<Item = (String, BlockerRef)> {
    judgement.requirements.iter().filter_map(|requirement| {
        let is_hook = matches!(requirement.kind, RequirementKind::Hook(_));
        Some((requirement.blocker.clone()?, BlockerRef { is_hook, near: requirement.file }))
    })
}

fn helper(
    context: Context<'_>,
    analysis: &Analysis,
    chosen: &ResolvedTarget,
    name: &str,
    keys: &[Key],
) -> (Blocker, Vec<(String, BlockerRef)>) {
    let place = |key: &Key| (key.id.file, context.index.item(key.id).name);
    let judgements: Vec<Judgement> =
        keys.iter().map(|key| judge(context.rules, &chosen.target, &analysis.facts(key), place(key))).collect();
    let verdict = judgements.iter().map(Judgement::verdict).max().unwrap_or(Verdict::Unknown);
    let mut depends_on: Vec<String> = judgements.iter().flat_map(Judgement::depends_on).collect();
    depends_on.dedup();
    let more = judgements.iter().flat_map(named).collect();
    let place = keys.first().map(place).map(|(file, span)| Place { file, span });
    (blocker(name, BlockerKind::Helper, place, verdict, depends_on), more)
}

fn hook(name: &str, implementers: Vec<usize>, findings: &[Finding]) -> Blocker {
    let verdict = implementers.iter().map(|number| findings[*number].verdict).max().unwrap_or(Verdict::None);
    let waits = implementers.iter().flat_map(|number| findings[*number].judgement.depends_on());
    let depends_on: BTreeSet<String> = waits.filter(|other| other != name).collect();
    Blocker { implementers, ..blocker(name, BlockerKind::Hook, None, verdict, depends_on.into_iter().collect()) }
}

fn blocker(name: &str, kind: BlockerKind, place: Option<Place>, verdict: Verdict, depends_on: Vec<String>) -> Blocker {
    let (direct, all, implementers) = (Vec::new(), Vec::new(), Vec::new());
    Blocker { name: name.to_owned(), kind, place, verdict, depends_on, direct, all, implementers }
}
