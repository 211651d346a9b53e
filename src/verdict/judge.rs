//! Judges the paths of one handler against a target.

use std::collections::BTreeSet;

use super::Verdict;
use super::evidence::{Evidence, Note, Requirement};
use super::path::PathJudge;
use super::standard::{Standard, not_understood};
use crate::rules::{NoteKind, RequirementKind, Rules, StateKind, Target};
use crate::source::Span;
use crate::vma::HandlerFacts;
use crate::vma::analysis::Part;
use crate::vma::event::EventKind;

/// Result of judging a handler.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// Requirements, in source order.
    pub requirements: Vec<Requirement>,
    /// Reminders for the conversion. They do not affect the verdict.
    pub notes: Vec<Note>,
    /// Distinct verdicts of the paths, each with a location that shows it.
    pub paths: Vec<PathVerdict>,
}

/// Verdict of one or more execution paths, and a line that proves it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathVerdict {
    /// Verdict of the paths.
    pub verdict: Verdict,
    /// File number of the location, in the index.
    pub file: u32,
    /// Location in the file.
    pub span: Span,
}

impl Judgement {
    /// Verdict of the hardest path.
    pub fn verdict(&self) -> Verdict {
        self.paths.iter().map(|path| path.verdict).max().unwrap_or(Verdict::Mechanical)
    }

    /// The requirement that explains a verdict best. What is done behind a populating call, or by a hook behind another, says less than the
    /// call itself.
    pub fn deciding(&self, verdict: Verdict) -> Option<&Requirement> {
        let rank = |requirement: &&Requirement| match requirement.kind {
            RequirementKind::MultiRemap => 0,
            RequirementKind::PostPopulate | RequirementKind::NestedFs => 2,
            _ => 1,
        };
        self.requirements.iter().filter(|requirement| requirement.verdict == verdict).min_by_key(rank)
    }

    /// Adds a requirement that holds on every path.
    pub(super) fn add_to_all_paths(&mut self, requirement: Requirement) {
        let Requirement { verdict, file, span, .. } = requirement;
        self.paths
            .iter_mut()
            .filter(|path| path.verdict < verdict)
            .for_each(|path| *path = PathVerdict { verdict, file, span });
        self.paths.sort();
        self.paths.dedup_by_key(|path| path.verdict);
        self.requirements.push(requirement);
    }

    /// Verdict after all blockers are converted; `None` if nothing blocks.
    pub fn after(&self) -> Option<Verdict> {
        let blocked = self.requirements.iter().any(|requirement| requirement.blocker.is_some());
        let rest = self
            .requirements
            .iter()
            .filter(|requirement| requirement.blocker.is_none())
            .map(|requirement| requirement.verdict);
        blocked.then(|| rest.max().unwrap_or(Verdict::Mechanical).max(Verdict::Mechanical))
    }

    /// Names of the blockers, without duplicates, in source order.
    pub fn depends_on(&self) -> Vec<String> {
        let mut seen = BTreeSet::new();
        self.requirements
            .iter()
            .filter_map(|requirement| requirement.blocker.clone())
            .filter(|blocker| seen.insert(blocker.clone()))
            .collect()
    }
}

/// Judges a handler by its facts.
pub fn judge(rules: &Rules, target: &Target, facts: &HandlerFacts, place: (u32, Span)) -> Judgement {
    let events = facts.parts.iter().flat_map(|part| &part.lowered.events);
    let undone = events.filter_map(|event| match &event.kind {
        EventKind::Undo { kind, object, .. } => Some((*kind, object.as_str())),
        _ => None,
    });
    let (locks, undone): (Vec<_>, Vec<_>) = undone.partition(|(kind, _)| *kind == StateKind::Lock);
    let unlocked = locks.into_iter().map(|(_, object)| object).collect();
    let event_table = &facts.function_paths.event_table;
    let standard = Standard { rules, target, event_table, unlocked, undone };
    let mut judgement = Judgement::default();
    let always = standard.whatever_the_path(facts);
    let floor = always.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical);
    let mut requirements: BTreeSet<Requirement> = always.into_iter().collect();
    let mut notes = BTreeSet::new();
    for path in facts.function_paths.paths.iter() {
        if let Some(item) = &path.rewritten {
            notes.insert(standard.note(
                item,
                NoteKind::ErrorOverride,
                "the handler replaces this call's errno; an action has error_override for that",
            ));
        }
        // The core undoes what a populating call has begun, and so do failing paths behind one.
        if path.fails && path.populate_failed {
            continue;
        }
        let (mut found, more) = PathJudge::run(&standard, path);
        if path.fails {
            found.retain(|requirement| uses_vma(&requirement.kind));
            let verdict = found.iter().map(|requirement| requirement.verdict).max();
            if let Some(first) = found.iter().find(|requirement| Some(requirement.verdict) == verdict) {
                let (verdict, file, span) = (first.verdict, first.file, first.span);
                if !judgement.paths.iter().any(|known| known.verdict == verdict) {
                    judgement.paths.push(PathVerdict { verdict, file, span });
                }
            }
            requirements.extend(found);
            continue;
        }
        if path.is_cut {
            found.push(not_followed(
                place,
                "a function does not parse, calls nest too deep, or a path has too many events",
            ));
        }
        notes.extend(more);
        let verdict =
            found.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical).max(floor);
        let shown = found
            .iter()
            .filter(|requirement| requirement.verdict == verdict)
            .map(|requirement| (requirement.file, requirement.span))
            .next();
        let (file, span) = shown.unwrap_or((place.0, path.returns.unwrap_or(place.1)));
        if !judgement.paths.iter().any(|known| known.verdict == verdict) {
            judgement.paths.push(PathVerdict { verdict, file, span });
        }
        requirements.extend(found);
    }
    if facts.function_paths.paths.is_empty() {
        let requirement = not_followed(place, "no path through the handler could be read");
        judgement.paths.push(PathVerdict { verdict: requirement.verdict, file: place.0, span: place.1 });
        requirements.insert(requirement);
    }
    if judgement.paths.is_empty() {
        judgement.paths.push(PathVerdict { verdict: floor, file: place.0, span: place.1 });
    }
    judgement.paths.sort();
    judgement.requirements = requirements.into_iter().collect();
    judgement
        .requirements
        .dedup_by(|left, right| left.kind == right.kind && left.file == right.file && left.span == right.span);
    notes.extend(file_state(facts, &judgement.requirements));
    judgement.notes = notes.into_iter().collect();
    judgement
}

/// Notes on shared objects written by the handler, or by functions that get its VMA, if the write is not state of the mapping. What only
/// failing paths write undoes something.
fn file_state(facts: &HandlerFacts, requirements: &[Requirement]) -> Vec<Note> {
    let table = &facts.function_paths.event_table;
    let stands_on = |place: (u32, Span), fails: bool| {
        let mut paths = facts.function_paths.paths.iter().filter(|path| path.fails == fails);
        paths.any(|path| path.items.iter().any(|item| (table.file(item), table.event(item).span) == place))
    };
    let with_vma = || facts.parts.iter().filter(|part| part.has_vma);
    // An object that one line changes for this mapping is reset by others.
    let is_required = |place: (u32, Span)| requirements.iter().any(|one| (one.file, one.span) == place);
    let of_mapping: BTreeSet<&str> = with_vma()
        .flat_map(|part| part.lowered.events.iter().filter(move |event| is_required((part.file, event.span))))
        .filter_map(|event| event.kind.changed())
        .collect();
    let mut found = Vec::new();
    for Part { file, lowered, .. } in with_vma() {
        for event in &lowered.events {
            let EventKind::SharedWrite { object, .. } = &event.kind else { continue };
            let place = (*file, event.span);
            if of_mapping.contains(object.as_str()) || stands_on(place, true) && !stands_on(place, false) {
                continue;
            }
            let text = format!("writes {object}: the value stays if the mapping fails");
            found.push(Evidence::new((*file, event.span), NoteKind::FileState, Verdict::Mechanical, text));
        }
    }
    found
}

/// Whether a requirement shows that the VMA itself goes somewhere: to a helper, a hook or a pointer. A desc cannot, whether or not the
/// mapping fails later.
fn uses_vma(kind: &RequirementKind) -> bool {
    matches!(
        kind,
        RequirementKind::Helper(_)
            | RequirementKind::Hook(_)
            | RequirementKind::Redispatch
            | RequirementKind::Escape(_)
            | RequirementKind::Unknown(Some(_))
    )
}

/// Requirement of a handler that was not followed to its end.
fn not_followed(place: (u32, Span), why: &str) -> Requirement {
    let (kind, text) = not_understood(format!("not followed further: {why}"));
    Evidence::new(place, kind, Verdict::Unknown, text)
}
