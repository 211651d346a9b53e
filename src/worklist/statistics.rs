//! Counts for the discussion of the API: what handlers do, and what a future hook or action would have to offer.

use std::collections::BTreeMap;

use super::late_hook::LateHook;
use crate::rules::{RequirementKind, Rules};
use crate::verdict::{Finding, Merge, Scan, Verdict};

/// A name, and the number of handlers that it is true of.
pub type Count = (String, usize);

/// Counts over the registrations of a scan. All but `verdicts` count only those of handlers that still take a VMA; `late` counts functions.
#[derive(Debug, Default)]
pub struct Statistics {
    /// Registrations by verdict, easy to hard.
    pub verdicts: Vec<Count>,
    /// Flags that handlers set, most frequent first. The following fields have the same order.
    pub sets: Vec<Count>,
    /// Flags that they clear.
    pub clears: Vec<Count>,
    /// Flags that they test.
    pub tests: Vec<Count>,
    /// Actions that cover a populating call.
    pub actions: Vec<Count>,
    /// Calls that need the finished mapping: no action covers them.
    pub finishes: Vec<Count>,
    /// What a late hook would have to offer.
    pub late: LateHook,
    /// Calls that are a handler's only obstacle.
    pub frees: Vec<Count>,
    /// Handlers that relied on the removed merge retry.
    pub retried: usize,
    /// Handlers that replace `vm_file`.
    pub swaps: usize,
    /// Handlers that still take a VMA.
    pub left: usize,
}

impl Statistics {
    /// Counts the handlers of a scan.
    pub fn of(scan: &Scan, rules: &Rules, is_meant: impl Fn(&Finding) -> bool) -> Statistics {
        let mut all: [BTreeMap<String, usize>; 6] = Default::default();
        let mut statistics = Statistics::default();
        let mut verdicts: BTreeMap<Verdict, usize> = BTreeMap::new();
        for finding in scan.findings.iter().filter(|finding| is_meant(finding)) {
            *verdicts.entry(finding.verdict).or_default() += 1;
            if !finding.takes_vma() {
                continue;
            }
            statistics.left += 1;
            let [sets, clears, tests, actions, finishes, frees] = &mut all;
            let add = |counts: &mut BTreeMap<String, usize>, name: &str| {
                *counts.entry(name.to_owned()).or_default() += 1;
            };
            finding.sets.iter().for_each(|flag| add(sets, flag));
            finding.clears.iter().for_each(|flag| add(clears, flag));
            finding.tests.iter().for_each(|flag| add(tests, flag));
            let requirements = &finding.judgement.requirements;
            let mut kinds: Vec<&RequirementKind> = requirements.iter().map(|requirement| &requirement.kind).collect();
            kinds.sort_unstable();
            kinds.dedup();
            let missing: Vec<&str> = kinds.iter().filter_map(|kind| kind.finish()).collect();
            for kind in &kinds {
                if let RequirementKind::Action(action) = kind {
                    add(actions, action);
                }
            }
            missing.iter().for_each(|call| add(finishes, call));
            let hard = requirements.iter().filter(|requirement| requirement.verdict > Verdict::Mapped);
            let only = |call: &str| hard.clone().all(|requirement| requirement.kind.finish() == Some(call));
            missing.iter().filter(|call| only(call)).for_each(|call| add(frees, call));
            statistics.retried += usize::from(matches!(finding.merge, Some(Merge::Retried(_))));
            statistics.swaps += usize::from(kinds.contains(&&RequirementKind::FileSwap));
        }
        let [sets, clears, tests, actions, finishes, frees] = all.map(ranked);
        let late = LateHook::of(scan, rules, &is_meant);
        let verdicts = verdicts.into_iter().map(|(verdict, count)| (verdict.name().to_owned(), count)).collect();
        Statistics { verdicts, sets, clears, tests, actions, finishes, late, frees, ..statistics }
    }

    /// Actions and calls by which handlers populate, most frequent first.
    pub fn populates(&self) -> Vec<Count> {
        let covered = self.actions.iter().map(|(action, count)| (format!("{action} (an action covers it)"), *count));
        ranked(covered.chain(self.finishes.iter().cloned()))
    }

    /// All lists with their headings.
    pub fn lists(&self) -> [(&'static str, &[Count]); 11] {
        [
            ("Registrations by verdict", &self.verdicts),
            ("Flags set (registrations)", &self.sets),
            ("Flags cleared (registrations)", &self.clears),
            ("Flags tested (registrations)", &self.tests),
            ("Actions that cover a populating call (registrations)", &self.actions),
            ("Calls that no action covers (registrations)", &self.finishes),
            ("Calls that are the only obstacle of a registration", &self.frees),
            ("Late hook: calls to wrap (functions)", &self.late.wrappers),
            ("Late hook: fields of the VMA to show (functions)", &self.late.fields),
            ("Late hook: promises (functions)", &self.late.promises),
            ("Late hook: the least that would do in its place (functions)", &self.late.instead),
        ]
    }
}

pub(super) fn ranked(counts: impl IntoIterator<Item = Count>) -> Vec<Count> {
    let mut ranked: Vec<Count> = counts.into_iter().collect();
    ranked.sort_by(|left, right| (right.1, &left.0).cmp(&(left.1, &right.0)));
    ranked
}
