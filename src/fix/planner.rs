//! Converts the candidates, and decides which of those that depend on each other are converted in the end.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::candidate::Candidate;
use super::change::{Applicability, Change, Fixes, HandlerFix};
use super::context::FixContext;
use super::handler::{HandlerConversion, Outcome, Round};
use super::hooks::retype::Members;
use super::plan::Held;
use super::rewrite::rewriter::OpenPoint;
use super::series::changes;
use super::text::edit::{Edit, sorted};
use crate::index::{Hook, ItemId};
use crate::rules::{NoteKind, Rewrite};
use crate::verdict::{Judgement, Note, Requirement, Session, Verdict};

/// Decides which candidates are converted together.
pub(super) struct Planner<'a> {
    pub(super) shared: FixContext<'a>,
    pub(super) candidates: Vec<Candidate>,
    /// Whether a new hook may stand beside the old one.
    pub(super) with_twins: bool,
    /// Conversions that are known to behave otherwise.
    held: &'a Held,
    pub(super) members: Members,
}

impl<'a> std::ops::Deref for Planner<'a> {
    type Target = FixContext<'a>;

    fn deref(&self) -> &FixContext<'a> {
        &self.shared
    }
}

impl<'a> Planner<'a> {
    pub(super) fn new(session: &'a Session<'a>, rewrite: &'a Rewrite, with_twins: bool, held: &'a Held) -> Planner<'a> {
        Planner {
            with_twins,
            held,
            shared: FixContext::new(session, rewrite),
            candidates: Vec::new(),
            members: Members::default(),
        }
    }

    /// Converts all candidates. Repeats without those that failed, because functions and hooks shared with them cannot be retyped.
    pub(super) fn convert(&mut self) {
        self.lookup.look_for(self.names());
        self.keep_old_hooks(|planner, number| planner.is_planned_safe(number));
        self.settle_members();
        loop {
            let mut failed = self.convert_those(|planner, number| planner.is_planned_safe(number));
            failed |= self.keep_old_hooks(|planner, number| planner.is_planned_safe(number));
            failed |= self.settle();
            if !failed {
                break;
            }
        }
        // Nothing depends on sketches, so they are written once, beside what converts in the end.
        self.convert_those(|planner, number| !planner.is_planned_safe(number));
    }

    /// Converts the wanted candidates among those that were not rejected. Returns whether one of them turns out not to be safe.
    fn convert_those(&mut self, wanted: impl Fn(&Planner, usize) -> bool) -> bool {
        let is_going = |number: &usize| self.candidates[*number].fix.reason.is_none();
        let going: BTreeSet<usize> = (0..self.candidates.len()).filter(is_going).collect();
        let round = self.round(&going);
        let wanted: Vec<usize> = going.into_iter().filter(|number| wanted(self, *number)).collect();
        let done: Vec<(usize, Outcome)> =
            wanted.par_iter().map(|number| (*number, self.converted(*number, &round))).collect();
        let mut failed = false;
        for (number, outcome) in done {
            let Outcome { edits, open_points, remarks, twins, second, halves, units, hook_callers, reason } = outcome;
            let was_safe = self.is_planned_safe(number);
            let held = self.held;
            let fix = &mut self.candidates[number].fix;
            (fix.edits, fix.open_points, fix.remarks, fix.reason) = (edits, open_points, remarks, reason);
            (fix.twins, fix.halves, fix.units, fix.hook_callers) = (twins, halves, units, hook_callers);
            fix.second = second;
            fix.open_points.extend(held.get(&fix.finding).into_iter().flatten().cloned());
            let is_safe = self.is_planned_safe(number);
            if is_safe && !was_safe {
                // What converts does not count on it.
                let fix = &mut self.candidates[number].fix;
                fix.wait_for_others(&self.shared.findings[fix.finding].registration);
            }
            failed |= was_safe && !is_safe;
        }
        failed
    }

    /// The names that conversions look for: of handlers, helpers, tables and hooks.
    fn names(&self) -> FxHashSet<String> {
        let index = self.context.index;
        let going = || self.candidates.iter().filter(|candidate| candidate.fix.reason.is_none());
        let helpers = going().flat_map(|candidate| &candidate.helpers);
        let mut names: FxHashSet<String> = helpers.map(|id| index.file(id.file).name(index.item(*id))).collect();
        names.extend(going().map(|candidate| candidate.fix.name.clone()));
        for finding in going().flat_map(|candidate| &candidate.findings) {
            let registration = &self.findings[*finding].registration;
            names.extend([registration.hook.record.clone(), registration.hook.member.clone()]);
            names.extend(registration.table.clone());
        }
        names
    }

    /// What converts in the next round, from those candidates that were not rejected.
    fn round(&self, going: &BTreeSet<usize>) -> Round {
        let safe = going.iter().filter(|number| self.is_planned_safe(**number));
        let safe: Vec<&Candidate> = safe.map(|number| &self.candidates[*number]).collect();
        let handlers: BTreeSet<ItemId> = safe.iter().flat_map(|candidate| &candidate.definitions).copied().collect();
        let helpers = safe.iter().flat_map(|candidate| &candidate.helpers);
        Round {
            converted: handlers.iter().chain(helpers).copied().collect(),
            dispatchers: safe.iter().flat_map(|candidate| candidate.dispatches.keys()).copied().collect(),
            readers: going.iter().flat_map(|number| &self.candidates[*number].readers).copied().collect(),
            called: self.candidates.iter().flat_map(|candidate| &candidate.helpers).copied().collect(),
            handlers,
        }
    }

    /// Lets the new hook stand beside the old one where only some implementers convert. Returns whether there are new ones of that kind.
    pub(super) fn keep_old_hooks(&mut self, converts: impl Fn(&Planner, usize) -> bool) -> bool {
        if !self.with_twins {
            return false;
        }
        let is_mixed = |numbers: &[usize]| {
            let (some, others): (Vec<usize>, Vec<usize>) = numbers.iter().partition(|number| converts(self, **number));
            // A twin for handlers that only refuse would be dead code.
            some.iter().any(|number| self.may_map(*number)) && !others.is_empty()
        };
        let mixed: Vec<Hook> = self
            .retyped()
            .into_values()
            .filter(|(hook, numbers)| {
                let is_unclear = || self.unclear(hook).is_some() && numbers.iter().any(|number| self.may_map(*number));
                is_mixed(numbers) || is_unclear()
            })
            .map(|(hook, _)| hook.clone())
            .collect();
        let mut is_news = false;
        for hook in mixed {
            is_news |= self.members.keep_old(&hook);
        }
        is_news
    }

    /// Whether a handler accepts any mapping.
    fn may_map(&self, number: usize) -> bool {
        let candidate = &self.candidates[number];
        self.keys(candidate).iter().any(|key| {
            let paths = self.analysis_of(candidate).facts(key).function_paths.paths;
            paths.iter().any(|path| !path.fails)
        })
    }

    /// Rejects the implementers of hooks that cannot be retyped, before any handler is converted.
    fn settle_members(&mut self) {
        let mut retyped: Vec<(&Hook, Vec<usize>)> = self.retyped().into_values().collect();
        for (_, numbers) in &mut retyped {
            numbers.retain(|number| self.candidates[*number].fix.reason.is_none());
        }
        retyped.retain(|(_, numbers)| !numbers.is_empty());
        // Many hooks have the same member name, so the users of each name are looked up first.
        let members: BTreeSet<&str> = retyped.iter().map(|(hook, _)| hook.member.as_str()).collect();
        members.iter().for_each(|member| drop(self.lookup.users(member)));
        retyped.par_iter().for_each(|(hook, _)| drop(self.members.of(&self.shared, hook)));
        for (hook, numbers) in retyped {
            let unclear = self.unclear(hook).filter(|_| !self.members.is_twin(hook));
            let reason = unclear.or_else(|| self.members.of(&self.shared, hook).as_ref().as_ref().err().cloned());
            for number in numbers {
                if let Some(reason) = &reason {
                    self.candidates[number].fix.reason.get_or_insert_with(|| reason.clone());
                }
            }
        }
        self.settle();
    }

    /// The retyped hooks that the candidates register, by name, each with its candidates.
    pub(super) fn retyped(&self) -> BTreeMap<String, (&'a Hook, Vec<usize>)> {
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

    /// Candidates that are converted all or none, with the reason: implementers of a retyped hook, or swapped tables.
    fn groups(&self) -> Vec<(String, Vec<usize>)> {
        let hooks =
            self.retyped().into_iter().filter(|(_, (hook, _))| !self.members.is_twin(hook)).map(
                |(hook, (_, numbers))| (format!("all implementers of {hook} have to be converted together"), numbers),
            );
        let tables = self.swapped().into_iter().map(|(table, numbers)| {
            let why =
                format!("its table is swapped at run time with {table}, and all tables of such a switch are converted in one patch");
            (why, numbers)
        });
        hooks.chain(tables).collect()
    }

    /// Rejects candidates that depend on one that cannot be converted. Returns whether there were any.
    pub(super) fn settle(&mut self) -> bool {
        let mut settled = false;
        for (why, numbers) in self.groups() {
            let failed = numbers.iter().find_map(|number| {
                let fix = &self.candidates[*number].fix;
                Some(format!("{}: {}", fix.name, fix.reason.as_ref()?))
            });
            let Some(failed) = failed else { continue };
            for number in numbers {
                let fix = &mut self.candidates[number].fix;
                settled |= fix.reason.is_none();
                fix.reason.get_or_insert(format!("{why}; {failed}"));
            }
        }
        settled | self.settle_dispatchers()
    }

    /// The candidates whose tables are swapped for one another, by the table that replaces them.
    fn swapped(&self) -> BTreeMap<String, Vec<usize>> {
        let mut swapped: BTreeMap<String, Vec<usize>> = BTreeMap::new();
        for (number, candidate) in self.candidates.iter().enumerate() {
            if let Some(table) = &candidate.fix.swapped_with {
                swapped.entry(table.clone()).or_default().push(number);
            }
        }
        swapped
    }

    /// The safe conversions. Those of a group are safe only if all of them are.
    fn safe(&self) -> BTreeSet<usize> {
        let mut safe: BTreeSet<usize> =
            (0..self.candidates.len()).filter(|number| self.is_planned_safe(*number)).collect();
        for (_, numbers) in self.groups() {
            if !numbers.iter().all(|number| safe.contains(number)) {
                safe.retain(|number| !numbers.contains(number));
            }
        }
        safe
    }

    /// Whether the conversion is still considered safe. State is no obstacle if all of it moves to `vm_ops->mapped`.
    pub(super) fn is_planned_safe(&self, number: usize) -> bool {
        let candidate = &self.candidates[number];
        let is_mapped = match &candidate.across {
            Some(across) => self.behind_hooks(across) == Verdict::Mapped,
            None => candidate.findings.iter().any(|finding| self.findings[*finding].verdict == Verdict::Mapped),
        };
        let is_settled = !is_mapped || candidate.mapped.is_some() || self.is_late();
        let is_held = self.held.contains_key(&candidate.fix.finding);
        candidate.fix.reason.is_none() && candidate.fix.open_points.is_empty() && is_settled && !is_held
    }

    /// Converts one handler, given the functions that are converted in the same round.
    fn converted(&self, number: usize, round: &Round) -> Outcome {
        let candidate = &self.candidates[number];
        let mut outcome = HandlerConversion::new(&self.shared, &self.members, candidate, round).run();
        let of_units = outcome.units.values_mut().flat_map(|part| &mut part.edits);
        for (file, edits) in outcome.edits.iter_mut().chain(of_units) {
            keep_line_ends(&self.context.index.file(*file).text, edits);
        }
        outcome.open_points.extend(self.protection_left(candidate));
        outcome.open_points.sort();
        outcome.open_points.dedup();
        outcome
    }

    /// The locks and references that protect what the old call maps, and that are given up before an action maps it.
    fn protection_left(&self, candidate: &Candidate) -> Vec<(u32, OpenPoint)> {
        let is_lost = |note: &&Note| matches!(note.kind, NoteKind::LockAcrossPopulate | NoteKind::RefLookup);
        let own = candidate.findings.iter().map(|finding| &self.findings[*finding].judgement);
        let lost = own.filter(|_| !self.is_late()).flat_map(|judgement| &judgement.notes).filter(is_lost);
        lost.map(|note| (note.file, OpenPoint { offset: note.span.start, text: note.text.clone() })).collect()
    }

    /// The state that a person has to move to `vm_ops->mapped`.
    fn state_left(&self, candidate: &Candidate) -> Vec<(u32, OpenPoint)> {
        let judgements: Vec<&Judgement> = match &candidate.across {
            _ if candidate.mapped.is_some() || self.is_late() => Vec::new(),
            Some(across) => vec![across],
            None => candidate.findings.iter().map(|finding| &self.findings[*finding].judgement).collect(),
        };
        let of_judgement = |judgement: &&Judgement| {
            let closes = judgement.notes.iter().any(|note| note.kind == NoteKind::CloseWithoutMapped);
            let behind = if closes {
                ", and close must check whether it was taken, because close also runs if the action fails"
            } else {
                ""
            };
            let state = judgement.requirements.iter().filter(|requirement| requirement.verdict == Verdict::Mapped);
            let point = |requirement: &Requirement| {
                let text = format!("{}; it has to move to vm_ops->mapped{behind}", requirement.text);
                (requirement.file, OpenPoint { offset: requirement.span.start, text })
            };
            state.map(point).collect::<Vec<_>>()
        };
        judgements.iter().flat_map(of_judgement).collect()
    }

    /// The safe conversions that share nothing with hooks of other tables.
    pub(super) fn alone(&self) -> BTreeSet<usize> {
        let is_alone = |number: &usize| {
            let candidate = &self.candidates[*number];
            candidate.fix.retyped.is_none() && candidate.dispatches.is_empty() && candidate.fix.swapped_with.is_none()
        };
        self.safe().into_iter().filter(is_alone).collect()
    }

    /// The functions that convert with the candidates.
    pub(super) fn functions(&self) -> BTreeSet<ItemId> {
        self.candidates.iter().flat_map(Candidate::functions).collect()
    }

    /// Ends the conversions: says which of them are safe.
    pub(super) fn finish(mut self) -> Vec<HandlerFix> {
        let safe = self.safe();
        for number in 0..self.candidates.len() {
            let is_safe = safe.contains(&number);
            let state = self.state_left(&self.candidates[number]);
            let registrations = self.candidates[number].findings.len();
            let fix = &mut self.candidates[number].fix;
            fix.registrations = registrations;
            fix.keeps_old_hook = fix.retyped.as_ref().is_some_and(|hook| self.members.is_twin(hook));
            fix.applicability = match fix.reason {
                Some(_) => Applicability::None,
                None if is_safe => Applicability::Safe,
                None => Applicability::Sketch,
            };
            if fix.applicability == Applicability::Sketch {
                fix.open_points.extend(state);
                fix.wait_for_others(&self.shared.findings[fix.finding].registration);
                fix.open_points.sort();
                fix.open_points.dedup();
            }
        }
        self.candidates.into_iter().map(|candidate| candidate.fix).collect()
    }
}

/// Groups conversions into changes.
pub(super) fn assembled(mut handlers: Vec<HandlerFix>, sketches: bool) -> Fixes {
    loop {
        let changes = changes(&handlers, sketches);
        let Some(last) = clashing(&handlers, &changes) else {
            return Fixes { handlers, changes, ..Fixes::default() };
        };
        handlers[last].applicability = Applicability::None;
        handlers[last].reason = Some("its edits conflict with those of another conversion".to_owned());
    }
}

/// The last handler that edits a file in which edits overlap. A sketch is dropped before a safe conversion.
fn clashing(handlers: &[HandlerFix], changes: &[Change]) -> Option<usize> {
    let mut all: BTreeMap<u32, (Vec<Edit>, Vec<usize>)> = BTreeMap::new();
    let fixes = changes.iter().flat_map(|change| &change.handlers).map(|number| (*number, &handlers[*number]));
    for (number, (file, edits)) in fixes.flat_map(|(number, fix)| fix.edits().map(move |edits| (number, edits))) {
        let (known, editing) = all.entry(file).or_default();
        known.extend(edits);
        editing.push(number);
    }
    let (_, editing) = all.into_values().find(|(edits, _)| sorted(edits.clone()).is_err())?;
    let is_sketch = |number: &&usize| handlers[**number].applicability == Applicability::Sketch;
    editing.iter().filter(is_sketch).max().or_else(|| editing.iter().max()).copied()
}

/// Gives edits the line ends of their file.
fn keep_line_ends(text: &[u8], edits: &mut [Edit]) {
    let first = memchr::memchr(b'\n', text).unwrap_or(0);
    if text[..first].ends_with(b"\r") {
        for edit in edits {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
}
