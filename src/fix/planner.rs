//! Decides which handlers are converted together, and with which functions.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;

use super::edit::{Edit, sorted};
use super::lookup::{Lookup, Memo};
use super::mapped::{Mapped, mapped};
use super::member::{self, member};
use super::plan::{Applicability, Change, Fixes, HandlerFix};
use super::rewriter::OpenPoint;
use super::work::Work;
use crate::index::{Handler, Hook, ItemId, Takes};
use crate::rules::Rewrite;
use crate::verdict::{Chosen, Finding, HandlerPlace, Inside, Verdict};
use crate::vma::Analysis;
use crate::vma::analysis::handler_keys;
use crate::vma::flow::{Key, Root};
use crate::vma::lower::Context;

/// A handler that is to be converted.
pub(super) struct Candidate {
    /// All findings that register it.
    pub(super) findings: Vec<usize>,
    /// The helper for a desc that takes its place, where it is another module's.
    pub(super) twin: Option<String>,
    /// The functions that are converted with it.
    pub(super) definitions: BTreeSet<ItemId>,
    pub(super) helpers: BTreeSet<ItemId>,
    /// What of its state moves to `vm_ops->mapped`.
    pub(super) mapped: Option<Mapped>,
    pub(super) fix: HandlerFix,
}

impl Candidate {
    fn new(name: &str, finding: usize, retyped: Option<Hook>) -> Candidate {
        Candidate {
            findings: Vec::new(),
            twin: None,
            definitions: BTreeSet::new(),
            helpers: BTreeSet::new(),
            mapped: None,
            fix: HandlerFix {
                new_name: format!("{name}_prepare"),
                name: name.to_owned(),
                finding,
                retyped,
                applicability: Applicability::None,
                reason: None,
                open_points: Vec::new(),
                remarks: BTreeSet::new(),
                edits: BTreeMap::new(),
            },
        }
    }
}

/// What became of a handler: its edits by file, its open points, remarks, and why it is not converted.
type Outcome = (member::Edits, Vec<(u32, OpenPoint)>, BTreeSet<String>, Option<String>);

/// Decides what is converted together.
pub(super) struct Planner<'a> {
    pub(super) context: Context<'a>,
    pub(super) chosen: &'a Chosen,
    pub(super) rewrite: &'a Rewrite,
    pub(super) findings: &'a [Finding],
    pub(super) analysis: Analysis<'a>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) lookup: Lookup<'a>,
    /// What retyping a hook changes, by the hook's name.
    members: Memo<String, Result<member::Edits, String>>,
}

impl<'a> Planner<'a> {
    pub(super) fn new(inside: &Inside<'a>, rewrite: &'a Rewrite) -> Planner<'a> {
        Planner {
            context: inside.context,
            chosen: inside.chosen,
            rewrite,
            findings: inside.findings,
            analysis: inside.analysis.clone(),
            candidates: Vec::new(),
            lookup: Lookup::new(inside.context.index),
            members: Memo::new(),
        }
    }

    /// What retyping a hook changes where it is declared and called.
    pub(super) fn member(&self, hook: &Hook) -> Arc<Result<member::Edits, String>> {
        self.members.get(hook.name(), || member(self, hook))
    }

    /// Whether a hook is left on its own: `.mmap` of file_operations has its twin beside it, all others are retyped.
    pub(super) fn is_retyped(&self, hook: &Hook) -> bool {
        !self.context.rules.is_migrating(&hook.record)
    }

    /// Makes a candidate of every handler that a wanted finding registers, with all that register it.
    pub(super) fn choose(&mut self, wanted: &dyn Fn(&Finding) -> bool) {
        let mut known: BTreeMap<&HandlerPlace, usize> = BTreeMap::new();
        // A hook is retyped for all that implement it, or for none.
        let retyped: BTreeSet<String> = self
            .findings
            .iter()
            .filter(|finding| self.is_retyped(&finding.registration.hook) && wanted(finding))
            .map(|finding| finding.registration.hook.name())
            .collect();
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
                self.candidates.push(Candidate::new(&handler.name, number, retyped));
            }
        }
        for (number, finding) in self.findings.iter().enumerate() {
            if let Some(candidate) = finding.handler.as_ref().and_then(|handler| known.get(handler)) {
                self.candidates[*candidate].findings.push(number);
            }
        }
        let reasons: Vec<Option<String>> = self.candidates.iter().map(|candidate| self.refusal(candidate)).collect();
        for (candidate, reason) in self.candidates.iter_mut().zip(reasons) {
            candidate.fix.reason = reason;
        }
        self.settle_hooks();
        // What cannot be converted is not looked at any closer.
        let going = (0..self.candidates.len()).filter(|number| self.candidates[*number].fix.reason.is_none());
        let keys: Vec<(usize, Vec<Key>)> = going.map(|number| (number, self.keys(&self.candidates[number]))).collect();
        self.analysis.add(keys.iter().flat_map(|(_, keys)| keys).cloned().collect());
        for (number, keys) in keys {
            let twin = self.twin(&self.candidates[number], &keys);
            let findings: Vec<&Finding> =
                self.candidates[number].findings.iter().map(|finding| &self.findings[*finding]).collect();
            let mapped = match keys.as_slice() {
                [key] => mapped(self, &findings, key),
                _ => None,
            };
            let mut helpers = if twin.is_some() { BTreeSet::new() } else { self.helpers(&keys) };
            helpers.retain(|helper| mapped.as_ref().is_none_or(|mapped| mapped.open != *helper));
            let candidate = &mut self.candidates[number];
            if let Some(twin) = &twin {
                candidate.fix.new_name.clone_from(twin);
            } else {
                candidate.definitions = keys.into_iter().map(|key| key.id).collect();
            }
            candidate.twin = twin;
            candidate.helpers = helpers;
            candidate.mapped = mapped;
        }
    }

    /// Why a handler cannot be converted by what the scan says of it.
    fn refusal(&self, candidate: &Candidate) -> Option<String> {
        let findings = candidate.findings.iter().map(|number| &self.findings[*number]);
        for finding in findings {
            let registration = &finding.registration;
            let is_retyped = self.is_retyped(&registration.hook);
            if is_retyped && finding.reads.iter().any(|field| field == "vm_private_data") {
                let hook = registration.hook.name();
                return Some(format!("reads private data, which who calls {hook} with a VMA would not hand over"));
            }
            if let Some(name) = &registration.macro_name {
                return Some(format!("the macro {name} registers it, for all that use the macro"));
            }
            if !matches!(registration.handler, Handler::Function(_)) {
                return Some("is registered by something that is no name".to_owned());
            }
            let is_convertible = match finding.verdict {
                Verdict::Mechanical | Verdict::Action | Verdict::Mapped => true,
                Verdict::None => is_retyped,
                Verdict::Finish => self.is_split(finding),
                _ => false,
            };
            if !is_convertible {
                let hardest = finding.judgement.requirements.iter().max_by_key(|requirement| requirement.verdict);
                let why = hardest.map_or(finding.verdict.meaning().to_owned(), |requirement| requirement.text.clone());
                return Some(format!("{}: {why}", finding.verdict));
            }
        }
        None
    }

    /// Whether all that needs the finished mapping are calls that the target's second half has.
    fn is_split(&self, finding: &Finding) -> bool {
        let Some(form) = &self.rewrite.finish else { return false };
        let mut hardest =
            finding.judgement.requirements.iter().filter(|requirement| requirement.verdict == Verdict::Finish);
        hardest.all(|requirement| {
            requirement.kind.strip_prefix("finish:").is_some_and(|call| form.calls.contains_key(call))
        })
    }

    fn keys(&self, candidate: &Candidate) -> Vec<Key> {
        let file = self.findings[candidate.fix.finding].registration.file;
        let mut keys = handler_keys(self.context, &candidate.fix.name, file);
        // A stub in a header stands beside the real one.
        for id in self.context.index.functions(&candidate.fix.name, file) {
            if !keys.iter().any(|key| key.id == id) && self.context.index.file(id.file).is_header() {
                keys.push(Key { id, root: Root::None });
            }
        }
        keys
    }

    /// The helper for a desc that takes the place of a handler of another module.
    fn twin(&self, candidate: &Candidate, keys: &[Key]) -> Option<String> {
        let finding = &self.findings[candidate.fix.finding];
        let kind = format!("helper:{}", candidate.fix.name);
        let is_helper = finding.judgement.requirements.iter().any(|requirement| requirement.kind == kind);
        let twin = self.context.rules.twin(&self.chosen.target, &candidate.fix.name)?;
        let is_own = keys
            .iter()
            .any(|key| key.root != Root::None && self.context.index.same_driver(finding.registration.file, key.id));
        (is_helper || !is_own).then(|| twin.to_owned())
    }

    /// The driver's own functions that get the VMA from a handler.
    fn helpers(&self, keys: &[Key]) -> BTreeSet<ItemId> {
        let mut helpers = BTreeSet::new();
        let mut stack: Vec<Key> = keys.to_vec();
        while let Some(key) = stack.pop() {
            let Some(lowered) = self.analysis.lowered(&key) else { continue };
            for callee in lowered.callees.iter().filter(|callee| matches!(callee.root, Root::Vma(_))) {
                if self.context.index.same_driver(key.id.file, callee.id) && helpers.insert(callee.id) {
                    stack.push(callee.clone());
                }
            }
        }
        helpers
    }

    /// Converts all candidates, then again without those that failed, for what is shared with them cannot be retyped.
    pub(super) fn convert(&mut self) {
        self.settle_members();
        loop {
            let going: BTreeSet<usize> =
                (0..self.candidates.len()).filter(|number| self.candidates[*number].fix.reason.is_none()).collect();
            let converted: BTreeSet<ItemId> = going
                .iter()
                .filter(|number| self.is_planned_safe(**number))
                .flat_map(|number| {
                    let candidate = &self.candidates[*number];
                    candidate.definitions.iter().chain(&candidate.helpers).copied()
                })
                .collect();
            let done: Vec<(usize, Outcome)> =
                going.par_iter().map(|number| (*number, self.converted(*number, &converted))).collect();
            let mut failed = false;
            for (number, (edits, open_points, remarks, reason)) in done {
                let was_safe = self.is_planned_safe(number);
                let fix = &mut self.candidates[number].fix;
                (fix.edits, fix.open_points, fix.remarks, fix.reason) = (edits, open_points, remarks, reason);
                failed |= was_safe && !self.is_planned_safe(number);
            }
            failed |= self.settle_hooks();
            if !failed {
                return;
            }
        }
    }

    /// Takes back what implements a hook that cannot be retyped, before the work on all that implement it begins.
    fn settle_members(&mut self) {
        let mut retyped: Vec<(&Hook, Vec<usize>)> = self.retyped().into_values().collect();
        for (_, numbers) in &mut retyped {
            numbers.retain(|number| self.candidates[*number].fix.reason.is_none());
        }
        retyped.retain(|(_, numbers)| !numbers.is_empty());
        // Many hooks have the same name, so that who uses members of it is found out first.
        let members: BTreeSet<&str> = retyped.iter().map(|(hook, _)| hook.member.as_str()).collect();
        members.iter().for_each(|member| drop(self.lookup.users(member)));
        retyped.par_iter().for_each(|(hook, _)| drop(self.member(hook)));
        for (hook, numbers) in retyped {
            if let Err(reason) = &*self.member(hook) {
                for number in numbers {
                    self.candidates[number].fix.reason.get_or_insert(reason.clone());
                }
            }
        }
        self.settle_hooks();
    }

    /// The hooks that the candidates register and that are retyped, by name, with the candidates of each.
    fn retyped(&self) -> BTreeMap<String, (&'a Hook, Vec<usize>)> {
        let findings = self.findings;
        let mut hooks: BTreeMap<String, (&Hook, Vec<usize>)> = BTreeMap::new();
        for (number, candidate) in self.candidates.iter().enumerate() {
            for finding in &candidate.findings {
                let hook = &findings[*finding].registration.hook;
                if self.is_retyped(hook) {
                    hooks.entry(hook.name()).or_insert((hook, Vec::new())).1.push(number);
                }
            }
        }
        hooks
    }

    /// Takes back what else implements a hook that one handler cannot be converted to. Whether there was any.
    fn settle_hooks(&mut self) -> bool {
        let mut settled = false;
        for (hook, (_, numbers)) in self.retyped() {
            let failed = numbers.iter().find_map(|number| {
                let fix = &self.candidates[*number].fix;
                Some(format!("{}: {}", fix.name, fix.reason.as_ref()?))
            });
            let Some(failed) = failed else { continue };
            for number in numbers {
                let fix = &mut self.candidates[number].fix;
                settled |= fix.reason.is_none();
                fix.reason.get_or_insert(format!("{hook} is retyped together with all that implement it; {failed}"));
            }
        }
        settled
    }

    /// The conversions that are safe: a hook's are where those of all its handlers are.
    fn safe(&self) -> BTreeSet<usize> {
        let mut safe: BTreeSet<usize> =
            (0..self.candidates.len()).filter(|number| self.is_planned_safe(*number)).collect();
        for (_, numbers) in self.retyped().into_values() {
            if !numbers.iter().all(|number| safe.contains(number)) {
                safe.retain(|number| !numbers.contains(number));
            }
        }
        safe
    }

    /// Whether nothing is known yet that makes a conversion less than safe.
    fn is_planned_safe(&self, number: usize) -> bool {
        let candidate = &self.candidates[number];
        let is_mapped = candidate.findings.iter().any(|finding| self.findings[*finding].verdict == Verdict::Mapped);
        candidate.fix.reason.is_none() && candidate.fix.open_points.is_empty() && !is_mapped
    }

    /// The conversion of one handler, where the functions of all those are converted.
    fn converted(&self, number: usize, converted: &BTreeSet<ItemId>) -> Outcome {
        let candidate = &self.candidates[number];
        let mut converted = converted.clone();
        converted.extend(candidate.definitions.iter().chain(&candidate.helpers));
        let mut work = Work::new(self, candidate, converted);
        work.run();
        let Work { mut edits, mut open_points, remarks, reason, .. } = work;
        for (file, edits) in &mut edits {
            keep_line_ends(&self.context.index.file(*file).text, edits);
        }
        open_points.sort();
        open_points.dedup();
        (edits, open_points, remarks, reason)
    }

    /// Groups what was converted into changes.
    pub(super) fn finish(mut self, sketches: bool) -> Fixes {
        let safe = self.safe();
        for number in 0..self.candidates.len() {
            let is_safe = safe.contains(&number);
            let left =
                if self.candidates[number].mapped.is_some() { &[][..] } else { &self.candidates[number].findings };
            let state: Vec<(u32, OpenPoint)> = left
                .iter()
                .flat_map(|finding| {
                    let finding = &self.findings[*finding];
                    let requirements = finding.judgement.requirements.iter();
                    requirements.filter(|requirement| requirement.verdict == Verdict::Mapped).map(|requirement| {
                        let text = format!("{}; it moves to vm_ops->mapped", requirement.text);
                        (requirement.file, OpenPoint { offset: requirement.span.start, text })
                    })
                })
                .collect();
            let fix = &mut self.candidates[number].fix;
            fix.applicability = match fix.reason {
                Some(_) => Applicability::None,
                None if is_safe => Applicability::Safe,
                None => Applicability::Sketch,
            };
            if fix.applicability == Applicability::Sketch {
                fix.open_points.extend(state);
                fix.open_points.sort();
                fix.open_points.dedup();
            }
        }
        let mut handlers: Vec<HandlerFix> = self.candidates.into_iter().map(|candidate| candidate.fix).collect();
        loop {
            let changes = grouped(&handlers, sketches);
            let clash = |change: &&Change| change.files.values().any(|edits| sorted(edits.clone()).is_err());
            // A sketch gives way before what is safe.
            let is_sketch = |number: &&usize| handlers[**number].applicability == Applicability::Sketch;
            let last = changes.iter().find(clash).and_then(|change| {
                let numbers = change.handlers.iter();
                numbers.clone().rfind(is_sketch).or_else(|| numbers.clone().last()).copied()
            });
            let Some(last) = last else { return Fixes { handlers, changes } };
            handlers[last].applicability = Applicability::None;
            handlers[last].reason = Some("changes what another conversion changes differently".to_owned());
        }
    }
}

/// Ends the lines of what is written as those of the file end.
fn keep_line_ends(text: &[u8], edits: &mut [Edit]) {
    let first = memchr::memchr(b'\n', text).unwrap_or(0);
    if text[..first].ends_with(b"\r") {
        for edit in edits {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
}

/// Changes that edit one file are one.
fn grouped(handlers: &[HandlerFix], sketches: bool) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for (number, fix) in handlers.iter().enumerate() {
        let is_wanted = match fix.applicability {
            Applicability::Safe => true,
            Applicability::Sketch => sketches,
            Applicability::None => false,
        };
        if !is_wanted {
            continue;
        }
        let mut change = Change { handlers: vec![number], files: fix.edits.clone() };
        let (shared, apart): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|other| other.files.keys().any(|file| change.files.contains_key(file)));
        for other in shared {
            change.handlers.extend(other.handlers);
            for (file, edits) in other.files {
                change.files.entry(file).or_default().extend(edits);
            }
        }
        change.handlers.sort_unstable();
        changes = apart;
        changes.push(change);
    }
    for change in &mut changes {
        for edits in change.files.values_mut() {
            edits.sort();
            edits.dedup();
        }
    }
    changes.sort_by_key(|change| change.handlers.first().copied());
    changes
}
