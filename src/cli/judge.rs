//! How trees and changes are checked: scans, lints, what was accepted, what `fix` would write.

use super::changes::{LineMoves, Trees, converted};
use super::config::Config;
use super::is_below;
use crate::fix::{self, Applicability, plan};
use crate::index::Index;
use crate::kernel::Tree;
use crate::lint::baseline::Baseline;
use crate::lint::introduced::{State, compare};
use crate::lint::{self, Facts, Hazard, Lint, suppress};
use crate::report::check::{Converted, Reported, Suggestion};
use crate::rules::Rules;
use crate::verdict::{Chosen, Extent, Finding, Inside, Scan, choose, scan_and, scan_beside};

/// What a run found.
pub struct Outcome {
    /// The tree, with the change where one was checked.
    pub tree: Tree,
    /// The hazards that nobody has accepted.
    pub reported: Vec<Reported>,
    /// The handlers that the change converts.
    pub converted: Vec<Converted>,
    /// Whether a change was checked.
    pub is_change: bool,
    /// What the reader should know beside.
    pub remarks: Vec<String>,
    /// Whether either side of a change holds something that was not understood.
    pub has_trouble: bool,
    /// The scan of the tree.
    pub scan: Scan,
    /// The API that it was judged against.
    pub chosen: Chosen,
}

impl Outcome {
    /// Leaves out what a baseline knows, and gives its entries that are stale. Of a change it knows what was there before.
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

/// How trees are checked.
pub struct Judge<'a> {
    pub rules: &'a Rules,
    pub lints: &'a [&'static Lint],
    pub config: &'a Config,
    pub paths: &'a [String],
    pub target: &'a str,
    /// Whether to ask what `fix` would write.
    pub suggests: bool,
}

/// What a look at one tree gave.
struct Look {
    hazards: Vec<Hazard>,
    suggestions: Vec<((String, String), Suggestion)>,
}

impl Judge<'_> {
    /// All hazards of a tree.
    pub fn tree(&self, tree: &Tree) -> Result<Outcome, String> {
        let chosen = choose(self.rules, tree, self.target)?;
        let (scan, look) = scan_and(tree, self.rules, &chosen, Extent::default(), |inside| {
            self.look(inside, &Facts::new(inside, None))
        });
        let look = look?;
        let (hazards, remarks) = self.accepted(&scan.index, look.hazards);
        let reported = hazards.into_iter().map(|hazard| (State::Unchanged, hazard));
        let reported = self.reported(reported.collect(), &look.suggestions);
        let (tree, converted, has_trouble) = (tree.clone(), Vec::new(), !scan.trouble.is_empty());
        Ok(Outcome { tree, reported, converted, is_change: false, remarks, has_trouble, scan, chosen })
    }

    /// What a change does to the hazards of a tree.
    pub fn change(&self, trees: &Trees) -> Result<Outcome, String> {
        let chosen = choose(self.rules, &trees.after, self.target)?;
        let chosen_before = choose(self.rules, &trees.before, self.target)?;
        let (scan_before, (scan, compared)) =
            scan_and(&trees.before, self.rules, &chosen_before, Extent::default(), |before| {
                let facts_before = Facts::new(before, None);
                let old = lint::run(&facts_before, self.lints);
                let (scan, new) = scan_beside(before, &trees.after, &chosen, |after| {
                    let look = self.look(after, &Facts::new(after, Some(&facts_before)));
                    let converted = converted(before, after, |path| trees.name_before(path));
                    look.map(|look| (look, converted))
                });
                (scan, old.and_then(|old| Ok((old, new?))))
            });
        let (old, (look, converted)) = compared?;
        let (old, _) = self.accepted(&scan_before.index, old);
        let (new, remarks) = self.accepted(&scan.index, look.hazards);
        let compared = compare(old, new, &LineMoves::new(trees));
        let reported = self.reported(compared, &look.suggestions);
        let is_meant = |converted: &Converted| self.selects(&converted.file);
        let converted = converted.into_iter().filter(is_meant).collect();
        let has_trouble = !scan.trouble.is_empty() || !scan_before.trouble.is_empty();
        // Giving back every small piece of an index would only take time.
        std::mem::forget(scan_before);
        let tree = trees.after.clone();
        Ok(Outcome { tree, reported, converted, is_change: true, remarks, has_trouble, scan, chosen })
    }

    fn look(&self, inside: &Inside, facts: &Facts) -> Result<Look, String> {
        let hazards = lint::run(facts, self.lints)?;
        let is_wanted =
            |finding: &Finding| {
                let path = &inside.context.index.file(finding.registration.file).path;
                let handlers = hazards.iter().filter_map(|hazard| hazard.handler.as_ref());
                finding.handler.as_ref().is_some_and(|handler| {
                    handlers.into_iter().any(|(file, name)| file == path && *name == handler.name)
                }) && self.selects(path)
            };
        let suggestions = if self.suggests { suggestions(inside, &is_wanted) } else { Vec::new() };
        Ok(Look { suggestions, hazards })
    }

    /// The hazards that nobody has accepted, and what accepts nothing.
    fn accepted(&self, index: &Index, hazards: Vec<Hazard>) -> (Vec<Hazard>, Vec<String>) {
        let ran = |rule: &str| self.lints.iter().any(|lint| lint.id == rule);
        let (hazards, remarks) = self.config.without_suppressed(hazards, ran);
        let hazards = suppress::suppressed(index, hazards, ran);
        let is_partial = !self.paths.is_empty();
        (hazards, if is_partial { Vec::new() } else { remarks })
    }

    fn selects(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }

    fn reported(&self, hazards: Vec<(State, Hazard)>, suggestions: &[((String, String), Suggestion)]) -> Vec<Reported> {
        let chosen = hazards.into_iter().filter(|(_, hazard)| self.selects(&hazard.file));
        let reported = chosen.map(|(state, hazard)| {
            let is_its = |handler: &(String, String)| hazard.handler.as_ref() == Some(handler);
            let suggestion = suggestions.iter().find(|(handler, _)| is_its(handler) && state != State::Fixed);
            let suggestion = suggestion.map(|(_, edits)| edits.clone());
            Reported { hazard, state, suggestion }
        });
        reported.collect()
    }
}

/// The conversions that can be trusted, by the handler that each belongs to. A tree without templates has none.
fn suggestions(inside: &Inside, wanted: &dyn Fn(&Finding) -> bool) -> Vec<((String, String), Suggestion)> {
    let index = inside.context.index;
    let how = fix::Options { own: &inside.chosen.target, sketches: false, scaffold: false };
    let Ok(fixes) = plan(inside, wanted, how) else { return Vec::new() };
    let mut found = Vec::new();
    for change in &fixes.changes {
        let mut suggestion = Suggestion::new();
        for (file, edits) in &change.files {
            let source = index.file(*file);
            let edits = edits
                .iter()
                .map(|edit| (source.position(edit.span.start), source.position(edit.span.end), edit.text.clone()));
            suggestion.insert(source.path.clone(), edits.collect());
        }
        for handler in &change.handlers {
            let fix = &fixes.handlers[*handler];
            if fix.applicability == Applicability::Safe {
                let file = inside.findings[fix.finding].registration.file;
                found.push(((index.file(file).path.clone(), fix.name.clone()), suggestion.clone()));
            }
        }
    }
    found
}
