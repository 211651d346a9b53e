//! Selects the handlers to convert, and what is converted together with each.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};

use super::candidate::{Candidate, Dispatches};
use super::handler::helpers::rust_helper;
use super::hooks::mapped::mapped;
use super::planner::Planner;
use crate::index::{Handler, Hook, ItemId, Takes, swaps};
use crate::rules::{NoteKind, RequirementKind, prepared_function};
use crate::source::{Span, find_word};
use crate::verdict::{Finding, HandlerPlace, Judgement, Note, Requirement, Verdict, judge};
use crate::vma::EventKind;
use crate::vma::analysis::handler_keys;
use crate::vma::flow::{Key, VmaAccess};

impl Planner<'_> {
    /// Makes a candidate of every handler that a wanted finding registers, with all its registrations, and of those that implement the
    /// hooks that it calls.
    pub(super) fn choose(&mut self, wanted: &dyn Fn(&Finding) -> bool) {
        // A hook is retyped for all its implementers, or for none.
        let mut retyped: BTreeSet<String> = self
            .findings
            .iter()
            .filter(|finding| self.is_retyped(&finding.registration.hook) && wanted(finding))
            .map(|finding| finding.registration.hook.name())
            .collect();
        loop {
            self.choose_with(wanted, &retyped);
            let known = retyped.len();
            retyped.extend(self.candidates.iter().flat_map(Candidate::hooks).map(Hook::name));
            if retyped.len() == known {
                return;
            }
        }
    }

    fn choose_with(&mut self, wanted: &dyn Fn(&Finding) -> bool, retyped: &BTreeSet<String>) {
        self.candidates.clear();
        let mut known: BTreeMap<&HandlerPlace, usize> = BTreeMap::new();
        for (number, finding) in self.findings.iter().enumerate() {
            let hook = &finding.registration.hook;
            let is_chosen = if self.is_retyped(hook) {
                retyped.contains(&hook.name())
            } else {
                wanted(finding) && finding.verdict != Verdict::None
            };
            let handler = finding.handler.as_ref().filter(|_| is_chosen && hook.takes == Takes::Vma);
            let Some(handler) = handler else { continue };
            if let Entry::Vacant(entry) = known.entry(handler) {
                entry.insert(self.candidates.len());
                let retyped = Some(hook.clone()).filter(|hook| self.is_retyped(hook));
                let new_name = match &retyped {
                    Some(_) => format!("{}{}", handler.name, self.rewrite.suffix()),
                    None => prepared_function(&handler.name),
                };
                let mut candidate = Candidate::new(&handler.name, new_name, number, retyped);
                let member = candidate.fix.retyped.as_ref().map(|hook| self.rewrite.renamed(&hook.member));
                candidate.fix.new_member = member;
                self.candidates.push(candidate);
            }
        }
        for (number, finding) in self.findings.iter().enumerate() {
            if let Some(candidate) = finding.handler.as_ref().and_then(|handler| known.get(handler)) {
                self.candidates[*candidate].findings.push(number);
            }
        }
        for candidate in &mut self.candidates {
            candidate.fix.is_chosen = candidate.findings.iter().any(|number| wanted(&self.shared.findings[*number]));
        }
        self.look_across();
        let reasons: Vec<Option<String>> = self.candidates.iter().map(|candidate| self.refusal(candidate)).collect();
        for (candidate, reason) in self.candidates.iter_mut().zip(reasons) {
            candidate.fix.reason = reason;
        }
        self.keep_old_hooks(|planner, number| planner.candidates[number].fix.reason.is_none());
        self.settle();
        self.find_swaps();
        self.look_closer();
        self.settle();
    }

    /// Judges the handlers anew that only wait for functions of other modules, for calls that are made of others, or for hooks.
    fn look_across(&mut self) {
        if !self.with_twins {
            return;
        }
        let waits = |number: &usize| {
            let finding = &self.findings[*number];
            let requirements = &finding.judgement.requirements;
            let is_composed = |kind: &RequirementKind| kind.finish().is_some_and(|call| self.is_composed(call));
            let is_blocked = matches!(finding.verdict, Verdict::Blocked | Verdict::Finish);
            self.is_late()
                || is_blocked && requirements.iter().any(|one| one.blocker.is_some() || is_composed(&one.kind))
        };
        let blocked = (0..self.candidates.len()).filter(|number| self.candidates[*number].findings.iter().any(waits));
        let blocked: Vec<(usize, Vec<Key>)> =
            blocked.map(|number| (number, self.keys(&self.candidates[number]))).collect();
        self.shared.across.add(blocked.iter().flat_map(|(_, keys)| keys).cloned().collect());
        for (number, keys) in blocked {
            let judgements = keys.iter().filter(|key| key.root != VmaAccess::None).map(|key| {
                let place = (key.id.file, self.context.index.item(key.id).name);
                judge(self.context.rules, &self.chosen.target, &self.across.facts(key), place)
            });
            let across = judgements.reduce(|mut all, mut one| {
                all.requirements.append(&mut one.requirements);
                all.notes.append(&mut one.notes);
                all.paths.append(&mut one.paths);
                all
            });
            self.candidates[number].across = across;
        }
    }

    /// Whether a populating call is made of others, which have actions.
    fn is_composed(&self, name: &str) -> bool {
        self.context.rules.call(name).is_some_and(|rule| rule.composed)
    }

    /// Binds handlers together whose tables are swapped for one another in open files.
    fn find_swaps(&mut self) {
        let index = self.context.index;
        for swap in swaps(index) {
            let is_in_reach = |number: &usize| {
                let finding = &self.findings[*number];
                let registration = &finding.registration;
                !self.is_retyped(&registration.hook)
                    && registration.hook.takes == Takes::Vma
                    && finding.verdict != Verdict::None
                    && swap.reaches(index, &index.file(registration.file).path)
            };
            let is_swapped = |number: &usize| self.findings[*number].registration.table.as_ref() == Some(&swap.table);
            let reached: Vec<usize> = (0..self.findings.len()).filter(is_in_reach).collect();
            if !reached.iter().any(is_swapped) {
                continue;
            }
            // A finding without a candidate was not selected or has no handler, and is not converted with the others.
            let is_missed =
                |number: &&usize| !self.candidates.iter().any(|candidate| candidate.findings.contains(*number));
            let missed = reached.iter().find(is_missed).map(|number| {
                let registration = &self.findings[*number].registration;
                let place = index.file(registration.file).at(registration.span.start);
                let at = index.file(swap.by.file).at(swap.span.start);
                format!(
                    "{} is put into open files of this subsystem at {at}, in place of such a table; {place} is not converted with it",
                    swap.table
                )
            });
            for candidate in &mut self.candidates {
                if candidate.findings.iter().any(|number| reached.contains(number)) {
                    candidate.fix.swapped_with = Some(swap.table.clone());
                    if let Some(missed) = &missed {
                        candidate.fix.reason.get_or_insert(missed.clone());
                    }
                }
            }
        }
        self.settle();
    }

    /// Determines what is converted together with each candidate. Skips candidates that cannot be converted.
    fn look_closer(&mut self) {
        let going = (0..self.candidates.len()).filter(|number| self.candidates[*number].fix.reason.is_none());
        let keys: Vec<(usize, Vec<Key>)> = going.map(|number| (number, self.keys(&self.candidates[number]))).collect();
        let (blocked, own): (Vec<_>, Vec<_>) =
            keys.iter().partition(|(number, _)| self.candidates[*number].across.is_some());
        let of = |list: Vec<&(usize, Vec<Key>)>| list.into_iter().flat_map(|(_, keys)| keys).cloned().collect();
        let (blocked, own) = (of(blocked), of(own));
        self.shared.across.add(blocked);
        self.shared.analysis.add(own);
        for (number, keys) in keys {
            let twin = self.twin(&self.candidates[number], &keys);
            let dispatches = self.dispatches(&self.candidates[number], &keys);
            let findings: Vec<&Finding> =
                self.candidates[number].findings.iter().map(|finding| &self.findings[*finding]).collect();
            let mapped = match keys.as_slice() {
                [key] if self.candidates[number].across.is_none() && !self.is_late() => {
                    mapped(&self.shared, &findings, key)
                }
                _ => None,
            };
            let (mut helpers, readers) = match &twin {
                Some(_) => Default::default(),
                None => self.helpers(&self.candidates[number], &keys, &dispatches),
            };
            helpers.extend(self.context.index.vma_functions_named(&rust_helper(&self.candidates[number].fix.name)));
            helpers.retain(|helper| mapped.as_ref().is_none_or(|mapped| mapped.open != *helper));
            let nested = self.nested(&self.candidates[number], &keys);
            let dead_calls = self.dead_calls(&self.candidates[number], &keys);
            let held = match self.is_late() {
                true => None,
                false => self.held_behind_hook(&self.candidates[number], &keys, &dispatches),
            };
            let candidate = &mut self.candidates[number];
            candidate.fix.reason = held;
            candidate.dead_calls = dead_calls;
            candidate.nested = nested;
            candidate.dispatches = dispatches;
            if let Some(twin) = &twin {
                candidate.fix.new_name.clone_from(twin);
            } else {
                candidate.definitions = keys.into_iter().map(|key| key.id).collect();
            }
            candidate.twin = twin;
            candidate.readers = readers;
            candidate.helpers = helpers;
            candidate.mapped = mapped;
        }
    }

    /// Reason from the scan why a handler cannot be converted.
    fn refusal(&self, candidate: &Candidate) -> Option<String> {
        let findings = candidate.findings.iter().map(|number| &self.findings[*number]);
        for finding in findings {
            let (verdict, judgement) = match &candidate.across {
                Some(across) => (self.behind_hooks(across), across),
                None => (finding.verdict, &finding.judgement),
            };
            let registration = &finding.registration;
            let is_retyped = self.is_retyped(&registration.hook);
            let swaps = || judgement.requirements.iter().find(|one| one.kind == RequirementKind::FileSwap);
            if let Some(swap) = swaps().filter(|_| is_retyped && !self.is_late()) {
                let place = self.context.index.file(swap.file).at(swap.span.start);
                return Some(format!(
                    "gives the mapping another file at {place}; a caller with a VMA would take one reference too many"
                ));
            }
            if !matches!(registration.handler, Handler::Function(_)) {
                return Some("is registered by an expression instead of its name".to_owned());
            }
            let is_convertible = match verdict {
                Verdict::Mechanical | Verdict::Action | Verdict::Mapped => true,
                Verdict::None => is_retyped,
                // What cannot be written is found when it is written.
                _ => self.is_late() && verdict != Verdict::Unknown,
            };
            if !is_convertible {
                let behind = |one: &&Requirement| candidate.across.is_none() || one.verdict == verdict;
                let hardest = judgement.requirements.iter().filter(behind).map(|requirement| requirement.verdict).max();
                let hardest = hardest.and_then(|verdict| judgement.deciding(verdict));
                let why = hardest.map_or(verdict.meaning().to_owned(), |requirement| requirement.text.clone());
                // Behind a hook, the place may be in another driver that implements it.
                let own = finding.handler.as_ref().and_then(|handler| handler.place);
                let is_elsewhere = |requirement: &&Requirement| {
                    finding.verdict != verdict || own.is_some_and(|own| own.file != requirement.file)
                };
                let place = hardest.filter(is_elsewhere).map(|requirement| {
                    let place = self.context.index.file(requirement.file).at(requirement.span.start);
                    format!(" in the functions and hooks that it calls ({place})")
                });
                return Some(format!("{verdict}{}: {why}", place.unwrap_or_default()));
            }
            let calls_hook = || judgement.requirements.iter().any(|one| matches!(one.kind, RequirementKind::Hook(_)));
            let is_held = || !self.is_late() && (candidate.across.is_some() || calls_hook());
            if let Some(note) = held_across(judgement).filter(|_| is_held()) {
                let place = self.context.index.file(note.file).at(note.span.start);
                return Some(format!("{place}: {}", note.text));
            }
        }
        None
    }

    /// Reason why a hook cannot be retyped: a place that may implement it could not be analysed.
    pub(super) fn unclear(&self, hook: &Hook) -> Option<String> {
        let index = self.context.index;
        let unclear = index.unclear().iter().find(|unclear| unclear.may_set(hook, index))?;
        Some(format!(
            "{} may be implemented at {}, which could not be analysed",
            hook.name(),
            index.file(unclear.file).at(unclear.at)
        ))
    }

    pub(super) fn keys(&self, candidate: &Candidate) -> Vec<Key> {
        let file = self.findings[candidate.fix.finding].registration.file;
        let mut keys = handler_keys(self.context, &candidate.fix.name, file);
        // A header may define a stub beside the real function.
        for id in self.context.index.functions(&candidate.fix.name, file) {
            if !keys.iter().any(|key| key.id == id) && self.context.index.file(id.file).is_header() {
                keys.push(Key::new(id, VmaAccess::None));
            }
        }
        keys
    }

    /// The desc twin that replaces a handler of another module.
    fn twin(&self, candidate: &Candidate, keys: &[Key]) -> Option<String> {
        let finding = &self.findings[candidate.fix.finding];
        let kind = RequirementKind::Helper(candidate.fix.name.clone());
        let is_helper = finding.judgement.requirements.iter().any(|requirement| requirement.kind == kind);
        let twin = self.context.rules.twin(&self.chosen.target, &candidate.fix.name)?;
        let is_own = keys.iter().any(|key| {
            key.root != VmaAccess::None && self.context.index.same_driver(finding.registration.file, key.id)
        });
        (is_helper || !is_own).then(|| twin.to_owned())
    }

    /// Calls of hooks that nothing implements, with their files.
    fn dead_calls(&self, candidate: &Candidate, keys: &[Key]) -> Vec<(u32, Span, Hook)> {
        let reached = keys.iter().flat_map(|key| self.analysis_of(candidate).reached(key));
        let dead = reached.flat_map(|(key, lowered)| {
            lowered.events.iter().filter_map(|event| match &event.kind {
                EventKind::DeadHook { hook } if !self.lookup.has_positional_table(hook) => {
                    Some((key.id.file, event.span, hook.clone()))
                }
                _ => None,
            })
        });
        dead.collect()
    }

    /// The calls by which a second half passes the mapping to the hook of another file.
    fn nested(&self, candidate: &Candidate, keys: &[Key]) -> Vec<(u32, Span)> {
        if !self.is_late() {
            return Vec::new();
        }
        let reached = keys.iter().flat_map(|key| self.analysis_of(candidate).reached(key));
        let calls = reached.flat_map(|(key, lowered)| {
            let is_nested = |kind: &EventKind| matches!(kind, EventKind::Redispatch { .. });
            lowered.events.iter().filter(move |event| is_nested(&event.kind)).map(|event| (key.id.file, event.span))
        });
        calls.collect()
    }

    /// The functions of headers that stand for a function in configurations without it.
    fn stubs(&self, id: ItemId) -> Vec<ItemId> {
        let index = self.context.index;
        if !index.is_visible_elsewhere(id) {
            return Vec::new();
        }
        let named = index.vma_functions_named(&index.file(id.file).name(index.item(id)));
        named.into_iter().filter(|other| *other != id && index.file(other.file).is_header()).collect()
    }

    /// The functions that get the VMA from a handler: the driver's own, and those of other modules that convert with it. The second list
    /// has those that only read the VMA.
    fn helpers(
        &self,
        candidate: &Candidate,
        keys: &[Key],
        dispatches: &Dispatches,
    ) -> (BTreeSet<ItemId>, BTreeSet<ItemId>) {
        let (index, analysis) = (self.context.index, self.analysis_of(candidate));
        let (mut helpers, mut writers) = (BTreeSet::new(), BTreeSet::new());
        let hooks: BTreeSet<&String> = dispatches.values().flat_map(BTreeMap::keys).collect();
        let implements = |finding: &&Finding| hooks.contains(&finding.registration.hook.name());
        let implementing = self.findings.iter().filter(implements).filter_map(|finding| finding.function(index));
        let implementing: BTreeSet<ItemId> = implementing.map(|key| key.id).collect();
        let mut stack: Vec<Key> = keys.to_vec();
        while let Some(key) = stack.pop() {
            let Some(lowered) = analysis.lowered(&key) else { continue };
            for callee in lowered.callees.iter().filter(|callee| matches!(callee.root, VmaAccess::Vma(_))) {
                let is_ours = candidate.across.is_some() || index.same_driver(key.id.file, callee.id);
                if !is_ours || implementing.contains(&callee.id) {
                    continue;
                }
                if analysis.reached(callee).iter().any(|(_, lowered)| lowered.changes_vma()) {
                    writers.insert(callee.id);
                }
                if helpers.insert(callee.id) {
                    stack.push(callee.clone());
                }
            }
        }
        for helper in helpers.clone() {
            let stubs = self.stubs(helper);
            if writers.contains(&helper) {
                writers.extend(stubs.iter().copied());
            }
            helpers.extend(stubs);
        }
        if self.is_late() {
            // A second half calls hooks of the mapping by its operations.
            let bodies: Vec<ItemId> = keys.iter().map(|key| key.id).chain(helpers.iter().copied()).collect();
            helpers.retain(|helper| {
                let name = index.file(helper.file).name(index.item(*helper));
                let names = |id: &ItemId| {
                    let item = index.item(*id);
                    let body = Span { start: item.body, end: item.span.end };
                    find_word(body.of(&self.lookup.code(id.file)), name.as_bytes(), 0).is_some()
                };
                !self.lookup.is_vm_hook(helper.file, &name) || bodies.iter().any(names)
            });
        }
        let readers = helpers.difference(&writers).copied().collect();
        (helpers, readers)
    }
}

/// The note that a lock or a reference is held while a function of another module populates, and given up before an action runs.
fn held_across(judgement: &Judgement) -> Option<&Note> {
    judgement.notes.iter().find(|note| matches!(note.kind, NoteKind::LockAcrossPopulate | NoteKind::RefLookup))
}
