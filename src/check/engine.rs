//! Checks trees and changes: runs the lints, removes accepted hazards, adds what `fix` would write.

use std::collections::BTreeSet;

use super::accepted::{Baseline, Config, suppressed};
use super::change::{Change, LineMoves};
use super::introduced::{State, compare};
use super::reached::{Touched, reached};
use super::suggestions::{Suggestions, suggestions};
use super::{Converted, Reported};
use crate::compare::converted_registrations;
use crate::index::Index;
use crate::kernel::{FileTrouble, Tree, TroubleKind, is_below};
use crate::lint::{self, Facts, Hazard, Lint};
use crate::verdict::{Finding, Session};
use crate::vma::Key;

/// Result of a check.
pub struct Outcome {
    /// The tree, with the change if one was checked.
    pub tree: Tree,
    /// Hazards that are not accepted.
    pub reported: Vec<Reported>,
    /// Handlers that the change converts.
    pub converted: Vec<Converted>,
    /// The macros and enumerators that the change defines otherwise.
    pub redefined: BTreeSet<String>,
    /// Whether a change was checked.
    pub is_change: bool,
    /// Further remarks for the reader.
    pub remarks: Vec<String>,
    /// Files and places that were not read or not understood and affect the result.
    pub trouble: Vec<FileTrouble>,
    /// Files that could not be read; the result does not cover them.
    pub unread: Vec<FileTrouble>,
}

impl Outcome {
    /// Removes the hazards of a baseline, and returns its stale entries. Entries of lints that are not among `lints` are none: nothing
    /// looked for them. Hazards that a change introduces are removed last.
    pub fn leave_out(&mut self, baseline: &Baseline, lints: &[&Lint]) -> Vec<String> {
        let (new, old): (Vec<Reported>, Vec<Reported>) =
            std::mem::take(&mut self.reported).into_iter().partition(|reported| reported.state == State::Introduced);
        let ran = |rule: &str| lint::find(rule).is_none() || lints.iter().any(|lint| lint.id == rule);
        let (reported, stale) = baseline.without_known(old.into_iter().chain(new), |reported| &reported.hazard, ran);
        self.reported = reported;
        self.reported.sort_by(|left, right| {
            (left.state == State::Fixed, &left.hazard).cmp(&(right.state == State::Fixed, &right.hazard))
        });
        stale
    }
}

/// Settings of a check.
pub struct Engine<'a> {
    /// Lints to run.
    pub lints: &'a [&'static Lint],
    /// Configuration of the tree.
    pub config: &'a Config,
    /// Paths of the tree to report on; empty for the whole tree.
    pub paths: &'a [String],
    /// Whether to include what `fix` would write.
    pub suggests: bool,
    /// Whether to report what a change leaves as it is.
    pub shows_old: bool,
}

impl Engine<'_> {
    /// Checks a tree.
    ///
    /// # Errors
    /// The text of a lint cannot be read.
    pub fn tree(&self, session: &Session) -> Result<Outcome, String> {
        let facts = Facts::new(session, None);
        let hazards = lint::run(&facts, self.lints)?;
        let (hazards, mut remarks) = self.accepted(session.scan.index, hazards);
        remarks.extend(not_followed(&facts, |file| self.selects(file)));
        let reported = hazards.into_iter().map(|hazard| (State::Unchanged, hazard));
        let reported = self.reported(session, reported.collect(), |_| true);
        let bears = |trouble: &&FileTrouble| trouble.file.is_empty() || self.selects(&trouble.file);
        let trouble = session.scan.trouble.iter().filter(bears).cloned().collect();
        Ok(Outcome {
            tree: session.tree().clone(),
            reported,
            converted: Vec::new(),
            redefined: BTreeSet::new(),
            is_change: false,
            remarks,
            trouble,
            unread: self.unread(session.scan.trouble.iter()),
        })
    }

    /// Checks what a change does to a tree, from a session without it and one with it.
    ///
    /// # Errors
    /// The text of a lint cannot be read.
    pub fn change(&self, change: &Change, before: &Session, after: &Session) -> Result<Outcome, String> {
        // Old hazards are looked for if they are reported, or if something accepts them that would seem stale without them.
        let is_whole = self.shows_old || !self.config.suppress.is_empty();
        let touched = (!is_whole).then(|| Touched::new(change, before, after));
        let is_chosen = |session: &Session, finding: &Finding, key: &Key| {
            touched.as_ref().is_none_or(|touched| touched.holds(session, finding, key))
        };
        let is_before = |finding: &Finding, key: &Key| is_chosen(before, finding, key);
        let is_after = |finding: &Finding, key: &Key| is_chosen(after, finding, key);
        let documents = is_whole || change.touches_documents();
        let mut facts_before = Facts::of(before, None, &is_before);
        facts_before.documents = documents;
        let mut facts_after = Facts::of(after, Some(&facts_before), &is_after);
        facts_after.documents = documents;
        let redefined = change.redefined();
        facts_after.note_redefined(redefined.clone());
        let run = |facts| lint::run(facts, self.lints);
        let (old, new) = rayon::join(|| run(&facts_before), || run(&facts_after));
        let (old, _) = self.accepted(before.scan.index, old?);
        let (new, mut remarks) = self.accepted(after.scan.index, new?);
        remarks.extend(not_followed(&facts_after, |file| change.touches(file) && self.selects(file)));
        let converted = converted(before, after);
        let compared = compare(old, new, &LineMoves::new(change, &converted));
        let converted = converted.into_iter().filter(|converted| self.selects(&converted.file));
        let untouched = before.scan.trouble.iter().filter(|trouble| !change.touches(&trouble.file));
        Ok(Outcome {
            tree: after.tree().clone(),
            reported: self.reported(after, compared, |state| state == State::Introduced || self.shows_old),
            converted: converted.collect(),
            redefined,
            is_change: true,
            remarks,
            trouble: self.trouble(change, before, after),
            unread: self.unread(after.scan.trouble.iter().chain(untouched)),
        })
    }

    /// Trouble that a change adds or reaches. Older trouble out of its reach does not affect the result.
    fn trouble(&self, change: &Change, before: &Session, after: &Session) -> Vec<FileTrouble> {
        let was_there = |trouble: &FileTrouble| {
            let name = change.name_before(&trouble.file);
            let known = before.scan.trouble.iter();
            known.into_iter().any(|old| (&old.file, old.kind, &old.text) == (&name, trouble.kind, &trouble.text))
        };
        let reached = reached(after, |path| change.touches(path));
        let bears =
            |trouble: &&FileTrouble| !was_there(trouble) || reached.iter().any(|reached| reached.holds(trouble));
        let is_meant = |trouble: &&FileTrouble| trouble.file.is_empty() || self.selects(&trouble.file);
        let after = after.scan.trouble.iter().filter(bears);
        // If the old version of a file is unknown, so is the effect of the change.
        let before = change.before.overlay().all_unread();
        let all: BTreeSet<&FileTrouble> = after.chain(before).filter(is_meant).collect();
        all.into_iter().cloned().collect()
    }

    /// The files that could not be read, without duplicates.
    fn unread<'t>(&self, trouble: impl Iterator<Item = &'t FileTrouble>) -> Vec<FileTrouble> {
        let unread = trouble.filter(|trouble| trouble.kind == TroubleKind::Unreadable && self.selects(&trouble.file));
        unread.cloned().collect::<BTreeSet<_>>().into_iter().collect()
    }

    /// The hazards that are not accepted, and the suppressions that no longer match.
    fn accepted(&self, index: &Index, hazards: Vec<Hazard>) -> (Vec<Hazard>, Vec<String>) {
        let ran = |rule: &str| self.lints.iter().any(|lint| lint.id == rule);
        let (hazards, remarks) = self.config.without_suppressed(hazards, ran);
        let hazards = suppressed(index, hazards, ran);
        let is_partial = !self.paths.is_empty();
        (hazards, if is_partial { Vec::new() } else { remarks })
    }

    /// Whether findings in a file are reported.
    pub fn selects(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }

    /// The hazards of the chosen paths, with what `fix` would write for those that are shown.
    fn reported(
        &self,
        session: &Session,
        hazards: Vec<(State, Hazard)>,
        is_shown: impl Fn(State) -> bool,
    ) -> Vec<Reported> {
        let chosen: Vec<(State, Hazard)> =
            hazards.into_iter().filter(|(_, hazard)| self.selects(&hazard.file)).collect();
        let has_suggestion = |state: State| self.suggests && state != State::Fixed && is_shown(state);
        let shown = chosen.iter().filter(|(state, _)| has_suggestion(*state));
        let handlers: BTreeSet<(String, String)> = shown.filter_map(|(_, hazard)| hazard.handler.clone()).collect();
        let suggestions = if handlers.is_empty() {
            Suggestions::new()
        } else {
            let is_wanted = |finding: &Finding| {
                let path = &session.context.index.file(finding.registration.file).path;
                let name = finding.handler.as_ref().map(|handler| handler.name.clone());
                name.is_some_and(|name| handlers.contains(&(path.clone(), name)))
            };
            suggestions(session, &is_wanted)
        };
        let reported = chosen.into_iter().map(|(state, hazard)| {
            let suggestion = hazard.handler.as_ref().and_then(|handler| suggestions.get(handler));
            let suggestion = suggestion.filter(|_| has_suggestion(state)).cloned();
            Reported { hazard, state, suggestion }
        });
        reported.collect()
    }
}

/// The handlers that a change converts, in the order of the files.
fn converted(before: &Session, after: &Session) -> Vec<Converted> {
    let (old, new) = ((before.context.index, before.findings()), (after.context.index, after.findings()));
    let pairs = converted_registrations(old, new).into_iter();
    let mut found: Vec<Converted> = pairs
        .map(|(old, new)| Converted { file: new.file, line: new.line, from: old.handler, to: new.handler })
        .collect();
    found.sort();
    found
}

/// Maximum number of handlers that a remark names.
const NAMED: usize = 3;

/// A remark on the handlers of some files about which lints that follow paths are silent.
fn not_followed(facts: &Facts, is_chosen: impl Fn(&str) -> bool) -> Option<String> {
    let named = facts.not_followed().filter_map(|(handler, gap)| {
        let item = facts.context.index.item(handler.key.id);
        let source = facts.context.index.file(handler.key.id.file);
        let line = source.position(item.name.start).line;
        is_chosen(&source.path).then(|| format!("{} ({}:{line}: {})", source.name(item), source.path, gap.reason()))
    });
    let named: BTreeSet<String> = named.collect();
    let more = named.len().saturating_sub(NAMED);
    let first: Vec<String> = named.into_iter().take(NAMED).collect();
    let more = if more == 0 { String::new() } else { format!(", and {more} more") };
    (!first.is_empty()).then(|| format!("lints that follow paths are silent about {}{more}", first.join(", ")))
}
