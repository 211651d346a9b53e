//! How trees and changes are checked: scans, lints, what was accepted, what `fix` would write.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::changes::{LineMoves, Trees, converted};
use super::config::Config;
use super::{check_found, is_below};
use crate::fix::{self, Applicability, Edit, plan};
use crate::index::Index;
use crate::kernel::{FileTrouble, Tree, UNREADABLE};
use crate::lint::baseline::Baseline;
use crate::lint::introduced::{State, compare};
use crate::lint::{self, Facts, Hazard, Lint, suppress};
use crate::report::check::{Converted, Reported, Suggestion};
use crate::rules::Rules;
use crate::verdict::{Chosen, Extent, Finding, Inside, Scan, choose, scan_and, scan_beside};
use crate::vma::Key;

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
    /// What was not read or not understood that bears on the result.
    pub trouble: Vec<FileTrouble>,
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

/// What `fix` would write of a handler, by the file that registers it and its name.
type Suggestions = BTreeMap<(String, String), Arc<Suggestion>>;

/// What a look at one tree gave.
struct Look {
    hazards: Vec<Hazard>,
    suggestions: Suggestions,
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
        check_found(tree, &scan)?;
        let bears = |trouble: &&FileTrouble| trouble.file.is_empty() || self.selects(&trouble.file);
        let trouble = scan.trouble.iter().filter(bears).cloned().collect();
        let (tree, converted) = (tree.clone(), Vec::new());
        Ok(Outcome { tree, reported, converted, is_change: false, remarks, trouble, scan, chosen })
    }

    /// What a change does to the hazards of a tree.
    pub fn change(&self, trees: &Trees) -> Result<Outcome, String> {
        let chosen = choose(self.rules, &trees.after, self.target)?;
        let chosen_before = choose(self.rules, &trees.before, self.target)?;
        let (scan_before, (mut scan, compared)) =
            scan_and(&trees.before, self.rules, &chosen_before, Extent::default(), |before| {
                let facts_before = Facts::new(before, None);
                let old = lint::run(&facts_before, self.lints);
                let (scan, new) = scan_beside(before, &trees.after, &chosen, |after| {
                    let look = self.look(after, &Facts::new(after, Some(&facts_before)));
                    let converted = converted(before, after, |path| trees.name_before(path));
                    let reached = reached(after, |path| trees.touches(path));
                    look.map(|look| (look, converted, reached))
                });
                (scan, old.and_then(|old| Ok((old, new?))))
            });
        let (old, (look, converted, reached)) = compared?;
        check_found(&trees.after, &scan)?;
        let (old, _) = self.accepted(&scan_before.index, old);
        let (new, remarks) = self.accepted(&scan.index, look.hazards);
        let compared = compare(old, new, &LineMoves::new(trees));
        let reported = self.reported(compared, &look.suggestions);
        let is_meant = |converted: &Converted| self.selects(&converted.file);
        let converted = converted.into_iter().filter(is_meant).collect();
        // What was not understood before, and is out of the change's reach, says nothing about it.
        let was_there = |trouble: &FileTrouble| {
            let name = trees.name_before(&trouble.file);
            scan_before
                .trouble
                .iter()
                .any(|old| (&old.file, old.kind, &old.text) == (&name, trouble.kind, &trouble.text))
        };
        let bears =
            |trouble: &&FileTrouble| !was_there(trouble) || reached.iter().any(|reached| reached.holds(trouble));
        let trouble =
            scan.trouble.iter().filter(bears).filter(|trouble| trouble.file.is_empty() || self.selects(&trouble.file));
        let trouble = trouble.cloned().collect();
        // What the change does not touch was read once.
        let unread = scan_before.trouble.iter().filter(|trouble| trouble.kind == UNREADABLE);
        let untouched = unread.filter(|trouble| !trees.touches(&trouble.file)).cloned().collect::<Vec<_>>();
        scan.trouble.extend(untouched);
        scan.trouble.sort();
        scan.trouble.dedup();
        // Giving back every small piece of an index would only take time.
        std::mem::forget(scan_before);
        let tree = trees.after.clone();
        Ok(Outcome { tree, reported, converted, is_change: true, remarks, trouble, scan, chosen })
    }

    fn look(&self, inside: &Inside, facts: &Facts) -> Result<Look, String> {
        let hazards = lint::run(facts, self.lints)?;
        let found: BTreeSet<&(String, String)> = hazards.iter().filter_map(|hazard| hazard.handler.as_ref()).collect();
        let is_wanted = |finding: &Finding| {
            let path = &inside.context.index.file(finding.registration.file).path;
            let handler = finding.handler.as_ref().map(|handler| (path.clone(), handler.name.clone()));
            handler.is_some_and(|handler| found.contains(&handler)) && self.selects(path)
        };
        let suggestions = if self.suggests { suggestions(inside, &is_wanted) } else { Suggestions::new() };
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

/// A function that a handler of a change runs through.
struct Reached {
    file: String,
    /// From the first line to the last, from 1.
    lines: std::ops::RangeInclusive<u32>,
}

impl Reached {
    fn holds(&self, trouble: &FileTrouble) -> bool {
        self.file == trouble.file && trouble.line.is_some_and(|line| self.lines.contains(&line))
    }
}

/// The functions that handlers run through which a change touches: in their own file, or in any of the functions that they run through.
fn reached(inside: &Inside, touches: impl Fn(&str) -> bool) -> Vec<Reached> {
    let index = inside.context.index;
    let mut found = Vec::new();
    for finding in inside.findings {
        let keys = inside.handlers(&finding.registration);
        let functions: Vec<&Key> =
            keys.iter().flat_map(|key| inside.analysis.reached(key)).map(|(key, _)| key).collect();
        let mut files = functions.iter().map(|key| key.id.file).chain([finding.registration.file]);
        if !files.any(|file| touches(&index.file(file).path)) {
            continue;
        }
        found.extend(functions.into_iter().map(|key| {
            let (source, item) = (index.file(key.id.file), index.item(key.id));
            let line = |offset| source.position(offset).line;
            Reached { file: source.path.clone(), lines: line(item.span.start)..=line(item.span.end) }
        }));
    }
    found
}

/// Handlers whose conversions hang together are suggested together, so many at most: each suggestion names all of their edits.
const TOGETHER: usize = 32;

/// The conversions that can be trusted, by the handler that each belongs to. A tree without templates has none.
fn suggestions(inside: &Inside, wanted: &dyn Fn(&Finding) -> bool) -> Suggestions {
    let index = inside.context.index;
    let how = fix::Options { own: &inside.chosen.target, sketches: false, scaffold: false };
    let mut found = Suggestions::new();
    let Ok(fixes) = plan(inside, wanted, how) else { return found };
    for handlers in fixes.changes.iter().flat_map(|change| fixes.inseparable(change)) {
        let fixes = || handlers.iter().map(|handler| &fixes.handlers[*handler]);
        if handlers.len() > TOGETHER || fixes().any(|fix| fix.applicability != Applicability::Safe) {
            continue;
        }
        let mut edits: BTreeMap<u32, BTreeSet<Edit>> = BTreeMap::new();
        fixes().flat_map(|fix| fix.edits()).for_each(|(file, own)| edits.entry(file).or_default().extend(own));
        let placed = edits.into_iter().map(|(file, edits)| {
            let source = index.file(file);
            let place = |edit: Edit| (source.position(edit.span.start), source.position(edit.span.end), edit.text);
            (source.path.clone(), edits.into_iter().map(place).collect())
        });
        let suggestion: Arc<Suggestion> = Arc::new(placed.collect());
        found.extend(fixes().map(|fix| {
            let file = inside.findings[fix.finding].registration.file;
            ((index.file(file).path.clone(), fix.name.clone()), Arc::clone(&suggestion))
        }));
    }
    found
}
