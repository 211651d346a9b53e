//! Rules and target that handlers are judged against, and constructors of evidence.

use super::Verdict;
use super::evidence::{Evidence, Note, Requirement};
use crate::rules::{NoteKind, RequirementKind, Rules, StateKind, Target};
use crate::vma::analysis::{NotUnderstood, Part};
use crate::vma::event::EventKind;
use crate::vma::flow::FieldUse;
use crate::vma::paths::EventTable;
use crate::vma::{HandlerFacts, PathItem};

/// Sentence on a function that has a desc twin. The twin may be the function itself, with a desc for its VMA.
pub(super) fn twin_text(name: &str, twin: &str) -> String {
    if name == twin { format!("{name} takes a desc in the target") } else { format!("{name} has the desc twin {twin}") }
}

/// Kind and text of the requirement for a use of the VMA that is not understood.
pub(super) fn not_understood(why: String) -> (RequirementKind, String) {
    let text = format!("not understood: {why}");
    (RequirementKind::Unknown(Some(why)), text)
}

/// Rules, target, and the events of the judged handler.
pub(super) struct Standard<'a> {
    pub(super) rules: &'a Rules,
    pub(super) target: &'a Target,
    pub(super) event_table: &'a EventTable,
    /// The locks that the handler's functions drop somewhere, as written.
    pub(super) unlocked: Vec<&'a str>,
    /// Other state that its functions give back somewhere: kind and object, as written.
    pub(super) undone: Vec<(StateKind, &'a str)>,
}

impl<'a> Standard<'a> {
    pub(super) fn new(rules: &'a Rules, target: &'a Target, facts: &'a HandlerFacts) -> Standard<'a> {
        let events = facts.parts.iter().flat_map(|part| &part.lowered.events);
        let undone = events.filter_map(|event| match &event.kind {
            EventKind::Undo { kind, object, .. } => Some((*kind, object.as_str())),
            _ => None,
        });
        let (locks, undone): (Vec<_>, Vec<_>) = undone.partition(|(kind, _)| *kind == StateKind::Lock);
        let unlocked = locks.into_iter().map(|(_, object)| object).collect();
        Standard { rules, target, event_table: &facts.function_paths.event_table, unlocked, undone }
    }

    /// Requirements that hold on every path: fields that a desc does not have, and code that is not understood.
    pub(super) fn whatever_the_path(&self, facts: &HandlerFacts) -> Vec<Requirement> {
        let mut found = Vec::new();
        for Part { file, lowered, .. } in &facts.parts {
            for read in lowered.reads.iter().filter(|read| !self.target.reads_field(&read.name)) {
                let text = format!("reads {}, which a desc does not have", read.name);
                let kind = RequirementKind::Finish(read.name.clone());
                found.push(Evidence::new((*file, read.span), kind, Verdict::Finish, text));
            }
            let is_allowed = |write: &&FieldUse| self.target.writes_field(&write.name) || write.name == "vm_file";
            for write in lowered.writes.iter().filter(|write| !is_allowed(write)) {
                let text = format!("changes {}, which a desc does not allow", write.name);
                let kind = RequirementKind::Edit(write.name.clone());
                found.push(Evidence::new((*file, write.span), kind, Verdict::Manual, text));
            }
        }
        for NotUnderstood { file, span, text, has_vma } in &facts.trouble {
            // A function without the VMA can do no more than take state.
            let verdict = if *has_vma { Verdict::Unknown } else { self.mapped() };
            found.push(Evidence::new((*file, *span), RequirementKind::Unknown(None), verdict, text.to_string()));
        }
        found
    }

    pub(super) fn kind(&self, item: &PathItem) -> &EventKind {
        &self.event_table.event(item).kind
    }

    pub(super) fn evidence<K>(
        &self,
        item: &PathItem,
        kind: K,
        verdict: Verdict,
        text: impl Into<String>,
    ) -> Evidence<K> {
        let place = (self.event_table.file(item), self.event_table.event(item).span);
        Evidence { via: self.event_table.via(item), ..Evidence::new(place, kind, verdict, text) }
    }

    pub(super) fn note(&self, item: &PathItem, kind: NoteKind, text: &str) -> Note {
        self.evidence(item, kind, Verdict::Mechanical, text)
    }

    /// See [`mapped`].
    pub(super) fn mapped(&self) -> Verdict {
        mapped(self.target)
    }
}

/// Verdict of work that moves to `vm_ops->mapped`.
pub(super) fn mapped(target: &Target) -> Verdict {
    if target.mapped { Verdict::Mapped } else { Verdict::Finish }
}
