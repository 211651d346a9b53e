//! Checks trees and changes: runs the lints, removes accepted hazards, adds what `fix` would write.

use std::collections::BTreeSet;

use super::accepted::{Baseline, Config, suppressed};
use super::change::{Change, LineMoves, converted};
use super::introduced::{State, compare};
use super::reached::{Touched, reached};
use super::suggestions::{Suggestions, suggestions};
use super::{Converted, Reported};
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
    /// Removes the hazards of a baseline, and returns its stale entries. Hazards that a change introduces are removed last.
    pub fn leave_out(&mut self, baseline: &Baseline) -> Vec<String> {
        let (new, old): (Vec<Reported>, Vec<Reported>) =
            std::mem::take(&mut self.reported).into_iter().partition(|reported| reported.state == State::Introduced);
        let (reported, stale) = baseline.without_known(old.into_iter().chain(new), |reported| &reported.hazard);
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

/// Hazards and suggestions of one tree.
struct Look {
    hazards: Vec<Hazard>,
    suggestions: Suggestions,
}

impl Engine<'_> {
    /// Checks a tree.
    ///
    /// # Errors
    /// The text of a lint cannot be read.
    pub fn tree(&self, session: &Session) -> Result<Outcome, String> {
        let look = self.look(session, &Facts::new(session, None))?;
        let (hazards, remarks) = self.accepted(session.scan.index, look.hazards);
        let reported = hazards.into_iter().map(|hazard| (State::Unchanged, hazard));
        let reported = self.reported(reported.collect(), &look.suggestions);
        let bears = |trouble: &&FileTrouble| trouble.file.is_empty() || self.selects(&trouble.file);
        let trouble = session.scan.trouble.iter().filter(bears).cloned().collect();
        Ok(Outcome {
            tree: session.tree().clone(),
            reported,
            converted: Vec::new(),
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
        let facts_before = Facts::of(before, None, &is_before);
        let facts_after = Facts::of(after, Some(&facts_before), &is_after);
        let (old, look) = rayon::join(|| lint::run(&facts_before, self.lints), || self.look(after, &facts_after));
        let (old, look) = (old?, look?);
        let (old, _) = self.accepted(before.scan.index, old);
        let (new, remarks) = self.accepted(after.scan.index, look.hazards);
        let compared = compare(old, new, &LineMoves::new(change));
        let converted = converted(before, after, |path| change.name_before(path));
        let untouched = before.scan.trouble.iter().filter(|trouble| !change.touches(&trouble.file));
        Ok(Outcome {
            tree: after.tree().clone(),
            reported: self.reported(compared, &look.suggestions),
            converted: converted.into_iter().filter(|converted| self.selects(&converted.file)).collect(),
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

    fn look(&self, session: &Session, facts: &Facts) -> Result<Look, String> {
        let hazards = lint::run(facts, self.lints)?;
        let found: BTreeSet<&(String, String)> = hazards.iter().filter_map(|hazard| hazard.handler.as_ref()).collect();
        let is_wanted = |finding: &Finding| {
            let path = &session.context.index.file(finding.registration.file).path;
            let handler = finding.handler.as_ref().map(|handler| (path.clone(), handler.name.clone()));
            handler.is_some_and(|handler| found.contains(&handler)) && self.selects(path)
        };
        let suggestions = if self.suggests { suggestions(session, &is_wanted) } else { Suggestions::new() };
        Ok(Look { suggestions, hazards })
    }

    /// The hazards that are not accepted, and the suppressions that no longer match.
    fn accepted(&self, index: &Index, hazards: Vec<Hazard>) -> (Vec<Hazard>, Vec<String>) {
        let ran = |rule: &str| self.lints.iter().any(|lint| lint.id == rule);
        let (hazards, remarks) = self.config.without_suppressed(hazards, ran);
        let hazards = suppressed(index, hazards, ran);
        let is_partial = !self.paths.is_empty();
        (hazards, if is_partial { Vec::new() } else { remarks })
    }

    fn selects(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }

    fn reported(&self, hazards: Vec<(State, Hazard)>, suggestions: &Suggestions) -> Vec<Reported> {
        let chosen = hazards.into_iter().filter(|(_, hazard)| self.selects(&hazard.file));
        let reported = chosen.map(|(state, hazard)| {
            let suggestion = hazard.handler.as_ref().and_then(|handler| suggestions.get(handler));
            let suggestion = suggestion.filter(|_| state != State::Fixed).cloned();
            Reported { hazard, state, suggestion }
        });
        reported.collect()
    }
}
