//! Compares each conversion with the handler that it replaces, on the text that was written.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::change::{Applicability, Fixes};
use super::rewrite::rewriter::OpenPoint;
use super::text::edit::applied;
use crate::behaviour::{Conversion, Difference, Functions, NotCompared, conversion};
use crate::compare::converted;
use crate::index::ItemId;
use crate::kernel::Overlay;
use crate::lint::{self, Facts, HandlerView, Hazard, Lint};
use crate::source::Span;
use crate::verdict::{Extent, Session};
use crate::vma::Key;

/// Compares the behaviour of all handlers before and after the planned changes. A change with a handler that behaves otherwise is not written: the difference
/// is an open point. A handler that cannot be compared keeps a remark with the reason.
pub fn verify(session: &Session<'_>, fixes: &mut Fixes) {
    let results = compared(session, fixes);
    for fix in fixes.handlers.iter_mut().filter(|fix| fix.applicability == Applicability::Safe) {
        let registration = &session.scan.findings[fix.finding].registration;
        for (id, result) in
            session.handlers(registration).iter().filter_map(|key| Some((key.id, results.get(&key.id)?)))
        {
            match &result.conversion {
                Ok(Conversion { differences, consequences }) => {
                    let open = differences.iter().filter(|difference| !difference.kind.is_minor());
                    fix.open_points.extend(open.map(|difference| open_point(id, difference)));
                    fix.consequences.extend(consequences.iter().cloned());
                }
                Err(reason) => {
                    let text = format!("the behaviour of {} was not compared: {}", fix.new_name, reason.reason());
                    fix.remarks.insert(text);
                }
            }
            fix.carried.extend(result.hazards.iter().cloned());
        }
    }
    withdraw(fixes);
}

/// What was found for one handler.
struct Compared {
    conversion: Result<Conversion, NotCompared>,
    /// Place and message of the hazards of the new handler.
    hazards: Vec<String>,
}

/// What was found for each handler that the changes convert, by its old function.
fn compared(session: &Session<'_>, fixes: &Fixes) -> BTreeMap<ItemId, Compared> {
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
    let mut hazards = hazards(&after, &pairs);
    let compared = pairs.par_iter().map(|(was, is)| (was.id, is.id, conversion((&old, was), (&new, is))));
    let compared: Vec<_> = compared.collect();
    compared
        .into_iter()
        .map(|(was, is, conversion)| (was, Compared { conversion, hazards: hazards.remove(&is).unwrap_or_default() }))
        .collect()
}

/// The hazards of converted handlers, by their new functions. Behaviour is equal, so the old handlers have them too.
fn hazards(after: &Session<'_>, pairs: &[(Key, Key)]) -> BTreeMap<ItemId, Vec<String>> {
    let converted: BTreeSet<ItemId> = pairs.iter().map(|(_, is)| is.id).collect();
    let mut facts = Facts::of(after, None, &|_, key| converted.contains(&key.id));
    facts.documents = false;
    let lints: Vec<&Lint> = lint::ALL.iter().filter(|lint| lint.is_default()).collect();
    // A test holds the texts of lints to their form.
    let hazards = lint::run(&facts, &lints).unwrap_or_default();
    let index = after.context.index;
    let of_handler = |handler: &HandlerView| {
        let is_its = |hazard: &&Hazard| {
            let mut bodies = handler.bodies.iter();
            bodies.any(|body| index.file(body.file()).path == hazard.file && body.lowered.name == hazard.function)
        };
        let text = |hazard: &Hazard| format!("{}:{}: {}", hazard.file, hazard.start.line, hazard.message);
        (handler.key.id, hazards.iter().filter(is_its).map(text).collect())
    };
    facts.handlers.iter().map(of_handler).collect()
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
