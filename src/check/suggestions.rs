//! Conversions by `fix` for handlers with hazards.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::fix::{self, Applicability, Edit, plan};
use crate::source::Position;
use crate::verdict::{Finding, Session};

/// Edits by file: start, end, and the new text.
pub type Suggestion = BTreeMap<String, Vec<(Position, Position, String)>>;

/// Suggestions by registering file and handler name.
pub type Suggestions = BTreeMap<(String, String), Arc<Suggestion>>;

/// Maximum number of inseparable handlers that get a suggestion: each suggestion contains the edits of all of them.
const TOGETHER: usize = 32;

/// The safe conversions, by handler. Empty if the target has no templates.
pub fn suggestions(session: &Session, wanted: &dyn Fn(&Finding) -> bool) -> Suggestions {
    let index = session.context.index;
    let how = fix::Options { own: &session.chosen.target, sketches: false, twins: false, scaffold: false };
    let mut found = Suggestions::new();
    let Ok(fixes) = plan(session, wanted, how) else { return found };
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
            let file = session.findings()[fix.finding].registration.file;
            ((index.file(file).path.clone(), fix.name.clone()), Arc::clone(&suggestion))
        }));
    }
    found
}
