//! Requirements of a late hook, which runs after the VMA exists, and what less would do in its place, counted. The mail that introduced
//! `.mmap_prepare` asks for them (linux-mm, 14 May 2025).

use std::collections::{BTreeMap, BTreeSet};

use super::statistics::{Count, ranked};
use crate::index::Takes;
use crate::rules::{NoteKind, RequirementKind as K, Rules};
use crate::verdict::{Finding, Requirement, Scan, Verdict};

/// Counts over the functions that need the finished mapping, each once, whatever else they wait for.
#[derive(Debug, Default)]
pub struct LateHook {
    /// Number of functions.
    pub functions: usize,
    /// Number of their registrations.
    pub registrations: usize,
    /// Calls that the hook would wrap, most frequent first. The following fields have the same order.
    pub wrappers: Vec<Count>,
    /// Fields of the VMA that it would show.
    pub fields: Vec<Count>,
    /// What it would have to promise.
    pub promises: Vec<Count>,
    /// What would do in place of the hook: each function once, by the least that frees it.
    pub instead: Vec<Count>,
}

impl LateHook {
    /// Counts the handlers of a scan.
    pub fn of(scan: &Scan, rules: &Rules, is_meant: impl Fn(&Finding) -> bool) -> LateHook {
        let mut late = LateHook::default();
        let mut all: [BTreeMap<String, usize>; 4] = Default::default();
        let mut seen = BTreeSet::new();
        for finding in scan.findings.iter().filter(|finding| is_meant(finding)) {
            let place = finding.handler.as_ref().and_then(|handler| handler.place);
            let (Some(place), true) = (place, finding.registration.hook.takes == Takes::Vma) else { continue };
            if !finding.judgement.requirements.iter().any(is_late) {
                continue;
            }
            late.registrations += 1;
            if !seen.insert((place.file, place.span.start)) {
                continue;
            }
            late.functions += 1;
            let named = [wrappers(finding), finding.reads.iter().cloned().collect(), promises(finding)];
            for (counts, names) in all.iter_mut().zip(named) {
                names.into_iter().for_each(|name| *counts.entry(name).or_default() += 1);
            }
            *all[3].entry(instead(finding, rules).text().to_owned()).or_default() += 1;
        }
        let [wrappers, fields, promises, instead] = all.map(ranked);
        LateHook { wrappers, fields, promises, instead, ..late }
    }
}

/// Whether a requirement is that of the finished mapping.
pub(super) fn is_late(requirement: &Requirement) -> bool {
    requirement.verdict == Verdict::Finish
}

/// Whether a requirement is a call of which `fix` writes a twin.
pub(super) fn is_composed(kind: &K, rules: &Rules) -> bool {
    kind.finish().and_then(|name| rules.call(name)).is_some_and(|rule| rule.composed)
}

fn kinds(finding: &Finding) -> BTreeSet<&K> {
    finding.judgement.requirements.iter().filter(|requirement| is_late(requirement)).map(|one| &one.kind).collect()
}

fn wrappers(finding: &Finding) -> BTreeSet<String> {
    kinds(finding).into_iter().filter_map(K::finish).map(str::to_owned).collect()
}

/// What a hook promises beside its wrappers, as far as the handler needs it.
fn promises(finding: &Finding) -> BTreeSet<String> {
    let has = |is: &dyn Fn(&K) -> bool| finding.judgement.requirements.iter().any(|requirement| is(&requirement.kind));
    let notes = |kind: NoteKind| finding.judgement.notes.iter().any(|note| note.kind == kind);
    let is_state = |kind: &K| matches!(kind, K::State(_) | K::OpenCall);
    let promises = [
        (has(&|kind| *kind == K::MultiRemap), "populates several ranges"),
        (has(&|kind| *kind == K::PostPopulate), "continues after the populate"),
        (has(&|kind| *kind == K::AllocBeforePopulate), "its failure frees the allocated memory"),
        (has(&is_state), "takes state per mapping, and releases it on failure"),
        (notes(NoteKind::LockAcrossPopulate), "a lock is held from the look-up to the populate"),
        (notes(NoteKind::RefLookup), "an object is pinned from the look-up to the populate"),
        (notes(NoteKind::ErrorOverride), "its error reaches user space"),
        (notes(NoteKind::ProtOverride), "a page protection of its own"),
    ];
    promises.into_iter().filter(|(is_needed, _)| *is_needed).map(|(_, promise)| promise.to_owned()).collect()
}

/// The least that frees a function from its need of the finished mapping.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instead {
    Twin,
    ByPage,
    Ranges,
    Pinned,
    Allocated,
    /// Nothing less than the late hook.
    Nothing,
}

impl Instead {
    pub(super) fn text(self) -> &'static str {
        match self {
            Instead::Twin => "a desc twin of the helper that populates",
            Instead::ByPage => "an action that gets pages from a callback (v7.4)",
            Instead::Ranges => "an action for several ranges",
            Instead::Pinned => "an action that looks up its object under a lock, or pins it",
            Instead::Allocated => "an action that allocates what it maps",
            Instead::Nothing => "only a hook that runs after the VMA exists",
        }
    }
}

/// Finds the least that frees the function of a finding.
pub(super) fn instead(finding: &Finding, rules: &Rules) -> Instead {
    let late = kinds(finding);
    let rule = |kind: &K| kind.finish().and_then(|call| rules.call(call));
    let all = |is: &dyn Fn(&K) -> bool| late.iter().all(|kind| is(kind));
    let by_page = |kind: &K| rule(kind).is_some_and(|rule| rule.action_by_page.is_some());
    let has_action = |kind: &K| by_page(kind) || rule(kind).is_some_and(|rule| rule.action.is_some());
    let is_composed = |kind: &K| is_composed(kind, rules);
    let is_held = finding.judgement.notes.iter().any(|note| note.kind == NoteKind::LockAcrossPopulate);
    if all(&is_composed) {
        Instead::Twin
    } else if all(&by_page) && !is_held {
        Instead::ByPage
    } else if all(&|kind| *kind == K::MultiRemap || has_action(kind)) && !is_held {
        Instead::Ranges
    } else if all(&|kind| has_action(kind) || is_composed(kind)) {
        Instead::Pinned
    } else if all(&|kind| *kind == K::AllocBeforePopulate || has_action(kind)) {
        Instead::Allocated
    } else {
        Instead::Nothing
    }
}
