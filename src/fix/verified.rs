//! Compares each conversion with the handler that it replaces, on the text that was written.

use std::collections::BTreeMap;

use rayon::prelude::*;

use super::change::{Applicability, Fixes};
use super::rewrite::rewriter::OpenPoint;
use super::text::edit::applied;
use crate::behaviour::{Difference, Functions, NotCompared, conversion};
use crate::compare::converted;
use crate::index::ItemId;
use crate::kernel::Overlay;
use crate::source::Span;
use crate::verdict::{Extent, Session};

/// Compares the behaviour of all handlers before and after the planned changes. A change with a handler that behaves otherwise is not written: the difference
/// is an open point. A handler that cannot be compared keeps a remark with the reason.
pub fn verify(session: &Session<'_>, fixes: &mut Fixes) {
    let results = compared(session, fixes);
    for fix in fixes.handlers.iter_mut().filter(|fix| fix.applicability == Applicability::Safe) {
        let registration = &session.scan.findings[fix.finding].registration;
        for (id, result) in
            session.handlers(registration).iter().filter_map(|key| Some((key.id, results.get(&key.id)?)))
        {
            match result {
                Ok(differences) => {
                    let open = differences.iter().filter(|difference| !difference.kind.is_minor());
                    fix.open_points.extend(open.map(|difference| open_point(id, difference)));
                }
                Err(reason) => {
                    let text = format!("the behaviour of {} was not compared: {}", fix.new_name, reason.reason());
                    fix.remarks.insert(text);
                }
            }
        }
    }
    withdraw(fixes);
}

/// What was found for each handler that the changes convert, by its old function.
fn compared(session: &Session<'_>, fixes: &Fixes) -> BTreeMap<ItemId, Result<Vec<Difference>, NotCompared>> {
    if fixes.changes.is_empty() {
        return BTreeMap::new();
    }
    let index = session.context.index;
    let mut overlay = Overlay::default();
    for (file, edits) in fixes.changes.iter().flat_map(|change| &change.files) {
        let source = index.file(*file);
        let text = applied(&source.text, Span::new(0, source.text.len()), edits);
        overlay.set(&source.path, Some(text));
    }
    let workspace = session.workspace.beside(session.tree().with(overlay));
    let after = Session::new(&workspace, &session.chosen, Extent::Handlers);
    let (old, new) = (Functions::new(session.context), Functions::new(after.context));
    let pairs = converted((index, session.findings()), (after.context.index, after.findings()));
    pairs.par_iter().map(|(was, is)| (was.id, conversion((&old, was), (&new, is)))).collect()
}

fn open_point(handler: ItemId, difference: &Difference) -> (u32, OpenPoint) {
    // The place in the new text is no place of the file that the reader has.
    let offset = if difference.old_place.file == handler.file { difference.old_place.span.start } else { 0 };
    (handler.file, OpenPoint { offset, text: format!("the conversion would behave otherwise: {difference}") })
}

/// Takes back the changes of handlers with open points that were said to be safe.
fn withdraw(fixes: &mut Fixes) {
    let handlers = &mut fixes.handlers;
    fixes.changes.retain(|change| {
        let differs = |number: &usize| {
            handlers[*number].applicability == Applicability::Safe && !handlers[*number].open_points.is_empty()
        };
        let is_kept = !change.handlers.iter().any(differs);
        if !is_kept {
            for number in &change.handlers {
                handlers[*number].applicability = Applicability::Sketch;
            }
        }
        is_kept
    });
}
