//! What has to be converted first: helpers and hooks, what stands in their own way, and whom they keep.

use std::collections::{BTreeMap, BTreeSet};

use super::{Chosen, Finding, Judgement, Place, Verdict, judge};
use crate::vma::Analysis;
use crate::vma::analysis::handler_keys;
use crate::vma::lower::Context;

/// What a blocker is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BlockerKind {
    /// A function that takes a VMA.
    Helper,
    /// A member of an ops table.
    Hook,
}

impl BlockerKind {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            BlockerKind::Helper => "helper",
            BlockerKind::Hook => "hook",
        }
    }
}

/// Something that has to be converted before handlers can be.
#[derive(Clone, Debug)]
pub struct Blocker {
    /// The helper, or `struct.member`.
    pub name: String,
    /// What it is.
    pub kind: BlockerKind,
    /// Where the helper is defined, if it was found.
    pub place: Option<Place>,
    /// The helper's own verdict, or that of the hook's hardest implementer.
    pub verdict: Verdict,
    /// What has to be converted before it.
    pub depends_on: Vec<String>,
    /// The findings that name it, as places in the scan's list.
    pub direct: Vec<usize>,
    /// The findings that it keeps, directly or by way of others.
    pub all: Vec<usize>,
    /// The findings that implement the hook.
    pub implementers: Vec<usize>,
}

/// Finds all blockers of the findings, and those of the blockers.
pub(super) fn blockers(
    context: Context<'_>,
    analysis: &mut Analysis,
    chosen: &Chosen,
    findings: &[Finding],
) -> Vec<Blocker> {
    let mut known: BTreeMap<String, Blocker> = BTreeMap::new();
    let mut next: Vec<(String, BlockerKind, u32)> =
        findings.iter().flat_map(|finding| named(&finding.judgement)).collect();
    while !next.is_empty() {
        next.sort_by(|left, right| left.0.cmp(&right.0));
        next.dedup_by(|left, right| left.0 == right.0);
        let mut found = Vec::new();
        for (name, kind, near) in std::mem::take(&mut next) {
            if known.contains_key(&name) {
                continue;
            }
            let (blocker, more) = match kind {
                BlockerKind::Helper => helper(context, analysis, chosen, &name, near),
                BlockerKind::Hook => (hook(&name, findings), Vec::new()),
            };
            found.extend(more);
            known.insert(name, blocker);
        }
        next = found;
    }
    for (number, finding) in findings.iter().enumerate() {
        let direct = finding.judgement.depends_on();
        for name in reached(&known, &direct) {
            if let Some(blocker) = known.get_mut(&name) {
                blocker.all.push(number);
                if direct.contains(&name) {
                    blocker.direct.push(number);
                }
            }
        }
    }
    known.into_values().collect()
}

/// The blockers that a judgement names: their names, what they are, and a file that sees them.
fn named(judgement: &Judgement) -> Vec<(String, BlockerKind, u32)> {
    let blocked =
        judgement.requirements.iter().filter_map(|requirement| Some((requirement, requirement.blocker.clone()?)));
    blocked
        .map(|(requirement, name)| {
            let is_hook = requirement.kind.starts_with("hook:");
            (name, if is_hook { BlockerKind::Hook } else { BlockerKind::Helper }, requirement.file)
        })
        .collect()
}

fn helper(
    context: Context<'_>,
    analysis: &mut Analysis,
    chosen: &Chosen,
    name: &str,
    near: u32,
) -> (Blocker, Vec<(String, BlockerKind, u32)>) {
    let keys = handler_keys(context, name, near);
    analysis.add(keys.clone());
    let place = keys.first().map(|key| Place { file: key.id.file, span: context.index.item(key.id).name });
    let judgements: Vec<Judgement> = keys
        .iter()
        .map(|key| {
            let place = (key.id.file, context.index.item(key.id).name);
            judge(context.rules, &chosen.target, analysis, &analysis.facts(key), place)
        })
        .collect();
    let verdict = judgements.iter().map(Judgement::verdict).max().unwrap_or(Verdict::Unknown);
    let mut depends_on: Vec<String> = judgements.iter().flat_map(Judgement::depends_on).collect();
    depends_on.dedup();
    let more = judgements.iter().flat_map(named).collect();
    (blocker(name, BlockerKind::Helper, place, verdict, depends_on), more)
}

fn hook(name: &str, findings: &[Finding]) -> Blocker {
    let is_it = |finding: &Finding| {
        format!("{}.{}", finding.registration.hook.record, finding.registration.hook.member) == name
    };
    let implementers: Vec<usize> = (0..findings.len()).filter(|number| is_it(&findings[*number])).collect();
    let verdict = implementers.iter().map(|number| findings[*number].verdict).max().unwrap_or(Verdict::None);
    let depends_on: BTreeSet<String> = implementers
        .iter()
        .flat_map(|number| findings[*number].judgement.depends_on())
        .filter(|other| other != name)
        .collect();
    Blocker { implementers, ..blocker(name, BlockerKind::Hook, None, verdict, depends_on.into_iter().collect()) }
}

fn blocker(name: &str, kind: BlockerKind, place: Option<Place>, verdict: Verdict, depends_on: Vec<String>) -> Blocker {
    let (direct, all, implementers) = (Vec::new(), Vec::new(), Vec::new());
    Blocker { name: name.to_owned(), kind, place, verdict, depends_on, direct, all, implementers }
}

/// The blockers that are reached from some by what they depend on, those included.
fn reached(known: &BTreeMap<String, Blocker>, from: &[String]) -> BTreeSet<String> {
    let mut seen: BTreeSet<String> = BTreeSet::new();
    let mut stack = from.to_vec();
    while let Some(name) = stack.pop() {
        if seen.insert(name.clone()) {
            stack.extend(known.get(&name).map(|blocker| blocker.depends_on.clone()).unwrap_or_default());
        }
    }
    seen
}
