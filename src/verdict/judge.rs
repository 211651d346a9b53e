//! Judges the paths of one handler against a target.

use std::collections::BTreeSet;

use super::Verdict;
use super::evidence::{Evidence, Note, Requirement};
use super::path::PathJudge;
use crate::rules::{NoteKind, RequirementKind, Rules, Target};
use crate::source::Span;
use crate::vma::analysis::Part;
use crate::vma::event::EventKind;
use crate::vma::flow::Named;
use crate::vma::paths::Legend;
use crate::vma::{HandlerFacts, PathItem};

/// What converting a handler takes.
#[derive(Clone, Debug, Default)]
pub struct Judgement {
    /// What decides, in the order of the source.
    pub requirements: Vec<Requirement>,
    /// What a conversion has to keep in mind and what decides nothing.
    pub notes: Vec<Note>,
    /// The verdict of each sort of path, with a place that shows it.
    pub paths: Vec<(Verdict, u32, Span)>,
}

impl Judgement {
    /// The hardest path.
    pub fn verdict(&self) -> Verdict {
        self.paths.iter().map(|(verdict, _, _)| *verdict).max().unwrap_or(Verdict::Mechanical)
    }

    /// The verdict once all blockers are converted; `None` where nothing blocks.
    pub fn after(&self) -> Option<Verdict> {
        let blocked = self.requirements.iter().any(|requirement| requirement.blocker.is_some());
        let rest = self
            .requirements
            .iter()
            .filter(|requirement| requirement.blocker.is_none())
            .map(|requirement| requirement.verdict);
        blocked.then(|| rest.max().unwrap_or(Verdict::Mechanical).max(Verdict::Mechanical))
    }

    /// What has to be converted first, each once, in the order of the source.
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
    let judge = Judge { rules, target, legend: &facts.ways.legend };
    let mut judgement = Judgement::default();
    let always = judge.whatever_the_path(facts);
    let floor = always.iter().map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical);
    let mut requirements: BTreeSet<Requirement> = always.into_iter().collect();
    let mut notes = BTreeSet::new();
    for path in facts.ways.paths.iter() {
        if let Some(item) = &path.rewritten {
            notes.insert(judge.note(
                item,
                NoteKind::ErrorOverride,
                "its error is replaced by another; an action has error_override for that",
            ));
        }
        if path.fails {
            continue;
        }
        let (mut found, more) = PathJudge::run(&judge, path);
        if path.is_cut {
            found.push(not_followed(
                place,
                "a function does not parse, calls nest too deep, or too much happens on one path",
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
        if !judgement.paths.iter().any(|(known, _, _)| *known == verdict) {
            judgement.paths.push((verdict, file, span));
        }
        requirements.extend(found);
    }
    if facts.ways.paths.is_empty() {
        let requirement = not_followed(place, "no path through the handler could be read");
        judgement.paths.push((requirement.verdict, place.0, place.1));
        requirements.insert(requirement);
    }
    if judgement.paths.is_empty() {
        judgement.paths.push((floor, place.0, place.1));
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

/// What a handler, and what it hands its VMA to, writes to objects that others see, without that it is state of the mapping.
fn file_state(facts: &HandlerFacts, requirements: &[Requirement]) -> Vec<Note> {
    let mut found = Vec::new();
    for Part { file, lowered, .. } in facts.parts.iter().filter(|part| part.has_vma) {
        for event in &lowered.events {
            let EventKind::SharedWrite { object, .. } = &event.kind else { continue };
            if requirements.iter().any(|requirement| (requirement.file, requirement.span) == (*file, event.span)) {
                continue;
            }
            let text = format!(
                "writes {object}, state of the file: it stays where the mapping fails or merges, and later mappings write it again"
            );
            found.push(Evidence::new((*file, event.span), NoteKind::FileState, Verdict::Mechanical, text));
        }
    }
    found
}

/// A handler of which not everything is known that it does.
fn not_followed(place: (u32, Span), why: &str) -> Requirement {
    let (kind, text) = not_understood(format!("followed no further: {why}"));
    Evidence::new(place, kind, Verdict::Unknown, text)
}

/// A use of the VMA that is not understood: the kind and the text of the requirement.
pub(super) fn not_understood(why: String) -> (RequirementKind, String) {
    let text = format!("not understood: {why}");
    (RequirementKind::Unknown(Some(why)), text)
}

/// Judges the paths of one handler.
pub(super) struct Judge<'a> {
    pub(super) rules: &'a Rules,
    pub(super) target: &'a Target,
    pub(super) legend: &'a Legend,
}

impl Judge<'_> {
    /// Requirements that do not depend on paths: fields that a desc does not have, and what was not understood.
    pub(super) fn whatever_the_path(&self, facts: &HandlerFacts) -> Vec<Requirement> {
        let mut found = Vec::new();
        for Part { file, lowered, .. } in &facts.parts {
            for read in lowered.reads.iter().filter(|read| !self.target.reads_field(&read.name)) {
                let text = format!("reads {}, which a desc does not have", read.name);
                let kind = RequirementKind::Finish(read.name.clone());
                found.push(Evidence::new((*file, read.span), kind, Verdict::Finish, text));
            }
            let is_allowed = |write: &&Named| self.target.writes_field(&write.name) || write.name == "vm_file";
            for write in lowered.writes.iter().filter(|write| !is_allowed(write)) {
                let text = format!("changes {}, which a desc does not allow", write.name);
                let kind = RequirementKind::Edit(write.name.clone());
                found.push(Evidence::new((*file, write.span), kind, Verdict::Manual, text));
            }
        }
        for (file, span, text, has_vma) in &facts.trouble {
            // A function without the VMA can do no more than take state.
            let verdict = if *has_vma { Verdict::Unknown } else { self.mapped() };
            let text = format!("does not parse: {text}");
            found.push(Evidence::new((*file, *span), RequirementKind::Unknown(None), verdict, text));
        }
        found
    }

    pub(super) fn kind(&self, item: &PathItem) -> &EventKind {
        &self.legend.event(item).kind
    }

    pub(super) fn evidence<K>(
        &self,
        item: &PathItem,
        kind: K,
        verdict: Verdict,
        text: impl Into<String>,
    ) -> Evidence<K> {
        let place = (self.legend.file(item), self.legend.event(item).span);
        Evidence { via: self.legend.via(item), ..Evidence::new(place, kind, verdict, text) }
    }

    pub(super) fn note(&self, item: &PathItem, kind: NoteKind, text: &str) -> Note {
        self.evidence(item, kind, Verdict::Mechanical, text)
    }

    /// The verdict of work that moves to `vm_ops->mapped`.
    pub(super) fn mapped(&self) -> Verdict {
        if self.target.mapped { Verdict::Mapped } else { Verdict::Finish }
    }
}
