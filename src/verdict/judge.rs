//! Judges the paths of one handler against a target.

use std::collections::BTreeSet;

use super::Verdict;
use super::evidence::{Evidence, Note, Requirement};
use super::path::PathJudge;
use super::standard::{Standard, not_understood};
use crate::rules::{NoteKind, RequirementKind, Rules, Target};
use crate::source::Span;
use crate::vma::analysis::Part;
use crate::vma::event::EventKind;
use crate::vma::{HandlerFacts, Path};

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

/// Judges a handler by its facts. `place` is the handler's name.
pub fn judge(rules: &Rules, target: &Target, facts: &HandlerFacts, place: (u32, Span)) -> Judgement {
    let standard = Standard::new(rules, target, facts);
    let always = standard.whatever_the_path(facts);
    let floor = always.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical);
    let mut judge = Judge {
        standard: &standard,
        place,
        floor,
        requirements: always.into_iter().collect(),
        notes: BTreeSet::new(),
        paths: Vec::new(),
    };
    facts.function_paths.paths.iter().for_each(|path| judge.path(path));
    if facts.function_paths.paths.is_empty() {
        let requirement = not_followed(place, "no path through the handler could be read");
        judge.show(requirement.verdict, place);
        judge.requirements.insert(requirement);
    }
    if judge.paths.is_empty() {
        judge.show(floor, place);
    }
    judge.judgement(facts)
}

/// Judges one handler, path by path.
struct Judge<'s> {
    standard: &'s Standard<'s>,
    /// The handler's name, which stands for paths without a place.
    place: (u32, Span),
    /// Verdict of what holds on every path.
    floor: Verdict,
    requirements: BTreeSet<Requirement>,
    notes: BTreeSet<Note>,
    paths: Vec<PathVerdict>,
}

impl Judge<'_> {
    fn path(&mut self, path: &Path) {
        if let Some(item) = &path.rewritten {
            self.notes.insert(self.standard.note(
                item,
                NoteKind::ErrorOverride,
                "the handler replaces this call's errno; an action has error_override for that",
            ));
        }
        // The core undoes what a populating call has begun, and so do failing paths behind one.
        if path.fails && path.populate_failed {
            return;
        }
        let (mut found, more) = PathJudge::run(self.standard, path);
        if path.fails {
            found.retain(|requirement| uses_vma(&requirement.kind));
            if let Some(verdict) = found.iter().map(|requirement| requirement.verdict).max() {
                self.show_first(&found, verdict, self.place);
            }
        } else {
            if path.is_cut {
                let why = "a function does not parse, calls nest too deep, or a path has too many events";
                found.push(not_followed(self.place, why));
            }
            self.notes.extend(more);
            let hardest = found.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical);
            self.show_first(&found, hardest.max(self.floor), (self.place.0, path.returns.unwrap_or(self.place.1)));
        }
        self.requirements.extend(found);
    }

    /// Notes the verdict of a path, with the first requirement that gives it, or another place.
    fn show_first(&mut self, found: &[Requirement], verdict: Verdict, otherwise: (u32, Span)) {
        let first = found.iter().find(|requirement| requirement.verdict == verdict);
        self.show(verdict, first.map_or(otherwise, |requirement| (requirement.file, requirement.span)));
    }

    /// Notes a verdict with a place that shows it, if it is the first of its kind.
    fn show(&mut self, verdict: Verdict, (file, span): (u32, Span)) {
        if !self.paths.iter().any(|known| known.verdict == verdict) {
            self.paths.push(PathVerdict { verdict, file, span });
        }
    }

    fn judgement(mut self, facts: &HandlerFacts) -> Judgement {
        self.paths.sort();
        let mut requirements: Vec<Requirement> = self.requirements.into_iter().collect();
        requirements
            .dedup_by(|left, right| left.kind == right.kind && left.file == right.file && left.span == right.span);
        self.notes.extend(file_state(facts, &requirements));
        Judgement { requirements, notes: self.notes.into_iter().collect(), paths: self.paths }
    }
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
