//! Candidates that pass the VMA to hooks: when they can call the hooks with a desc instead.

use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Dispatched, Dispatches};
use super::planner::Planner;
use crate::index::Hook;
use crate::rules::{RequirementKind, StateKind};
use crate::verdict::{Judgement, Requirement, Verdict};
use crate::vma::EventKind;
use crate::vma::event::holds_lock;
use crate::vma::flow::Key;

impl Planner<'_> {
    /// The verdict of a handler after the hooks that it calls are converted. A hook of an unknown table stays a blocker.
    pub(super) fn behind_hooks(&self, judgement: &Judgement) -> Verdict {
        let is_known = |name: &String| self.findings.iter().any(|finding| finding.registration.hook.name() == *name);
        let is_hook = |one: &&Requirement| {
            matches!(one.kind, RequirementKind::Hook(_)) && one.blocker.as_ref().is_some_and(is_known)
        };
        let others = judgement.requirements.iter().filter(|requirement| !is_hook(requirement));
        others.map(|requirement| requirement.verdict).max().unwrap_or(Verdict::Mechanical).max(Verdict::Mechanical)
    }

    /// The hooks of other tables that get the VMA, by the functions that call them.
    pub(super) fn dispatches(&self, candidate: &Candidate, keys: &[Key]) -> Dispatches {
        let mut dispatches = Dispatches::new();
        let reached = keys.iter().flat_map(|key| self.analysis_of(candidate).reached(key));
        for (key, event) in reached.flat_map(|(key, lowered)| lowered.events.iter().map(move |event| (key, event))) {
            let EventKind::Hook { hook: Some(hook), .. } = &event.kind else { continue };
            let of_function = dispatches.entry(key.id).or_default();
            of_function
                .entry(hook.name())
                .or_insert_with(|| Dispatched { hook: hook.clone(), populates: self.may_populate(hook) });
        }
        dispatches
    }

    /// Whether an implementer of a hook may populate: it does, or passes the mapping on, or is not understood.
    fn may_populate(&self, hook: &Hook) -> bool {
        let mut implementers = self.findings.iter().filter(|finding| finding.registration.hook.is_same(hook));
        implementers.any(|finding| {
            let requirements = &finding.judgement.requirements;
            let passes_on = |one: &Requirement| {
                one.blocker.is_some() || matches!(one.kind, RequirementKind::Action(_) | RequirementKind::Hook(_))
            };
            finding.verdict > Verdict::Mapped || requirements.iter().any(passes_on)
        })
    }

    /// Reason why a candidate cannot call its hooks with a desc: what it does behind the call would come before an action that the hook
    /// asks for, or it holds a lock across the call.
    pub(super) fn held_behind_hook(
        &self,
        candidate: &Candidate,
        keys: &[Key],
        dispatches: &Dispatches,
    ) -> Option<String> {
        let all = dispatches.values().flatten();
        let populating: BTreeSet<&String> = all.filter(|(_, one)| one.populates).map(|(name, _)| name).collect();
        if populating.is_empty() {
            return None;
        }
        let analysis = self.analysis_of(candidate);
        let populates = |kind: &EventKind| match kind {
            EventKind::Hook { hook: Some(hook), .. } => Some(hook.name()).filter(|name| populating.contains(name)),
            _ => None,
        };
        keys.iter().find_map(|key| {
            let facts = analysis.facts(key);
            let table = &facts.function_paths.event_table;
            facts.function_paths.paths.iter().find_map(|path| {
                let events: Vec<&EventKind> = path.items.iter().map(|item| &table.event(item).kind).collect();
                let (at, hook) = events.iter().enumerate().find_map(|(at, kind)| Some((at, populates(kind)?)))?;
                let held = || holds_lock(events[..at].iter().copied()).then(|| "holds a lock across".to_owned());
                let what = done_behind(&events[at + 1..]).or_else(held)?;
                Some(format!("{what} the call of {hook}, whose action would run later"))
            })
        })
    }

    /// Rejects candidates that call a hook which some implementer does not convert to. Returns whether there were any.
    pub(super) fn settle_dispatchers(&mut self) -> bool {
        let mut settled = false;
        loop {
            let retyped = self.retyped();
            let held: Vec<(usize, String)> = (0..self.candidates.len())
                .filter(|number| self.candidates[*number].fix.reason.is_none())
                .filter_map(|number| Some((number, self.held_by_hook(&self.candidates[number], &retyped)?)))
                .collect();
            if held.is_empty() {
                return settled;
            }
            settled = true;
            for (number, reason) in held {
                self.candidates[number].fix.reason = Some(reason);
            }
        }
    }

    /// Reason why a candidate cannot call a hook with a desc.
    fn held_by_hook(&self, candidate: &Candidate, retyped: &BTreeMap<String, (&Hook, Vec<usize>)>) -> Option<String> {
        candidate.hooks().find_map(|hook| {
            let name = hook.name();
            let blocked = format!("{}: passes the VMA to {name}", Verdict::Blocked);
            let Some((_, implementers)) = retyped.get(&name) else {
                return Some(format!("{blocked}, which takes no desc"));
            };
            // A second half can also call the old hook.
            if self.is_late() {
                return None;
            }
            let is_left = |number: &&usize| !self.is_planned_safe(**number);
            // One that only waits may convert in the end.
            let is_rejected = |number: &&usize| self.candidates[**number].fix.reason.is_some();
            let left = implementers.iter().find(|number| is_left(number) && is_rejected(number));
            if let Some(left) = left.or_else(|| implementers.iter().find(is_left)) {
                return Some(format!(
                    "{blocked}, which {} implements and does not convert",
                    self.candidates[*left].fix.name
                ));
            }
            self.members.is_twin(hook).then(|| format!("{blocked}, which keeps its old form"))
        })
    }
}

/// What a path does behind a hook that has to wait for the populated mapping.
fn done_behind(events: &[&EventKind]) -> Option<String> {
    events.iter().find_map(|kind| match kind {
        EventKind::Undo { kind, object, .. } => {
            let verb = match kind {
                StateKind::Lock => "unlocks",
                StateKind::Alloc => "frees",
                StateKind::Ref | StateKind::Counter | StateKind::List => "gives back",
            };
            Some(format!("{verb} {object} after"))
        }
        // The flags of the mapping are those that the last hook leaves.
        EventKind::WriteField { field } if !matches!(field.as_str(), "vm_flags" | "vm_ops" | "vm_private_data") => {
            Some(format!("writes {field} after"))
        }
        _ => None,
    })
}
