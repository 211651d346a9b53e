//! Compares each conversion with the handler that it replaces, on the text that was written.

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use super::change::{Applicability, Fixes, HandlerFix};
use super::plan::Held;
use super::rewrite::halves::Halves;
use super::rewrite::rewriter::OpenPoint;
use super::text::edit::{Edits, add_all, applied, put_in_order};
use crate::behaviour::{Conversion, Difference, Functions, NotCompared, conversion};
use crate::compare::converted;
use crate::index::{ItemId, Takes};
use crate::kernel::{Overlay, is_listed};
use crate::lint::{self, Facts, HandlerView, Hazard, Lint};
use crate::source::Span;
use crate::verdict::{Extent, Finding, Session};
use crate::vma::Key;
use crate::vma::flow::VmaAccess;

/// Compares the behaviour of all handlers before and after the planned changes. A change with a handler that behaves otherwise is not
/// written: the difference is an open point. A handler that cannot be compared keeps a remark with the reason.
///
/// With `with_hazards`, the handlers also get the hazards that their conversions leave, which only mails show.
pub(super) fn verify(session: &Session<'_>, fixes: &mut Fixes, with_hazards: bool) -> Withdrawn {
    let Verified { results, registered } = compared(session, fixes, with_hazards);
    for fix in fixes.handlers.iter_mut().filter(|fix| fix.applicability == Applicability::Safe) {
        let registration = &session.scan.findings[fix.finding].registration;
        let own = session.handlers(registration).into_iter().map(|key| key.id);
        let compared: BTreeSet<ItemId> = own.chain(fix.twins.iter().map(|(id, _)| *id)).collect();
        for (id, result) in compared.into_iter().filter_map(|id| Some((id, results.get(&id)?))) {
            let twin = fix.twins.iter().find(|(twin, _)| *twin == id);
            match &result.conversion {
                Ok(Conversion { differences, consequences, .. }) => {
                    let (minor, open): (Vec<&Difference>, Vec<&Difference>) =
                        differences.iter().partition(|difference| difference.kind.is_minor());
                    fix.open_points.extend(open.into_iter().map(|difference| open_point(id, difference)));
                    fix.remarks.extend(minor.into_iter().map(|difference| format!("another error: {difference}")));
                    match twin {
                        Some((_, twin)) => fixes
                            .twin_consequences
                            .entry(twin.clone())
                            .or_default()
                            .extend(consequences.iter().cloned()),
                        None => fix.consequences.extend(consequences.iter().cloned()),
                    }
                }
                Err(reason) => {
                    let name = twin.map_or(&fix.new_name, |(_, twin)| twin);
                    let text = format!("the behaviour of {name} was not compared: {}", reason.reason());
                    fix.not_compared.insert(text);
                }
            }
            fix.carried.extend(result.hazards.iter().cloned());
        }
        let registered = registered.get(&fix.new_name).copied().unwrap_or_default();
        if registered < fix.registrations {
            let text = format!("{registered} of {} registrations would be converted", fix.registrations);
            let offset = registration.span.start;
            fix.open_points.push((registration.file, OpenPoint { offset, text }));
        }
    }
    withdraw(fixes, session.findings())
}

/// What the comparison took back.
pub(super) struct Withdrawn {
    /// The conversions that behave otherwise.
    pub(super) differing: Held,
    /// Whether others went with them.
    pub(super) takes_others: bool,
}

/// What was found for one handler.
struct Compared {
    conversion: Result<Conversion, NotCompared>,
    /// Place and message of the hazards of the new handler.
    hazards: Vec<String>,
}

/// What was found in the tree with all changes.
#[derive(Default)]
struct Verified {
    /// For each handler that the changes convert, by its old function.
    results: BTreeMap<ItemId, Compared>,
    /// How many registrations each new handler has.
    registered: BTreeMap<String, usize>,
}

fn compared(session: &Session<'_>, fixes: &Fixes, with_hazards: bool) -> Verified {
    if fixes.changes.is_empty() {
        return Verified::default();
    }
    let index = session.context.index;
    let mut overlay = Overlay::default();
    let mut edits_of = Edits::new();
    fixes.changes.iter().for_each(|change| add_all(&mut edits_of, &change.files));
    let mut halves: BTreeMap<u32, Vec<&Halves>> = BTreeMap::new();
    for (file, split) in fixes.handlers.iter().filter(is_safe).flat_map(|fix| &fix.halves) {
        halves.entry(*file).or_default().push(split);
    }
    for (file, edits) in &mut edits_of {
        put_in_order(edits);
        let source = index.file(*file);
        if !is_listed(&source.path) {
            continue;
        }
        let mut text = applied(&source.text, Span::new(0, source.text.len()), edits);
        // Both halves of a handler do together what it did.
        for split in halves.get(file).into_iter().flatten() {
            if let Some(at) = memchr::memmem::find(&text, split.text.as_bytes()) {
                text.splice(at..at + split.text.len(), split.whole.bytes());
            }
        }
        overlay.set(&source.path, Some(text));
    }
    let workspace = session.workspace.beside(session.tree().with(overlay));
    let after = Session::new(&workspace, &session.chosen, Extent::Handlers);
    let (old, new) = (Functions::new(session.context), Functions::new(after.context));
    let mut pairs = converted((index, session.findings()), (after.context.index, after.findings()));
    let wanted: BTreeSet<&(ItemId, String)> =
        fixes.handlers.iter().filter(is_safe).flat_map(|fix| &fix.twins).collect();
    pairs.extend(wanted.into_iter().filter_map(|(old, name)| twin(session, &after, *old, name)));
    let mut hazards = if with_hazards { hazards(session, &after, &pairs) } else { BTreeMap::new() };
    let compared = pairs.par_iter().map(|(was, is)| (was.id, is.id, conversion((&old, was), (&new, is))));
    let compared: Vec<_> = compared.collect();
    let results = compared
        .into_iter()
        .map(|(was, is, conversion)| (was, Compared { conversion, hazards: hazards.remove(&is).unwrap_or_default() }))
        .collect();
    let mut registered: BTreeMap<String, usize> = BTreeMap::new();
    for finding in after.findings().iter().filter(|finding| finding.registration.hook.takes == Takes::Desc) {
        if let Some(handler) = &finding.handler {
            *registered.entry(handler.name.clone()).or_default() += 1;
        }
    }
    Verified { results, registered }
}

fn is_safe(fix: &&HandlerFix) -> bool {
    fix.applicability == Applicability::Safe
}

/// A function, and the one of the new name in the same file of the tree with all changes.
fn twin(before: &Session<'_>, after: &Session<'_>, old: ItemId, name: &str) -> Option<(Key, Key)> {
    let (index, new) = (before.context.index, after.context.index);
    let path = &index.file(old.file).path;
    // The arms of a conditional may define a function in one file more than once.
    let old_name = index.file(old.file).name(index.item(old));
    let place =
        index.vma_functions_named(&old_name).into_iter().filter(|id| id.file == old.file).position(|id| id == old)?;
    let mut twins = new.vma_functions_named(name).into_iter().filter(|id| new.file(id.file).path == *path);
    Some((Key::new(old, VmaAccess::None), Key::new(twins.nth(place)?, VmaAccess::None)))
}

/// The hazards of converted handlers, by their new functions. Behaviour is equal, so the old handlers have them too.
fn hazards(before: &Session<'_>, after: &Session<'_>, pairs: &[(Key, Key)]) -> BTreeMap<ItemId, Vec<String>> {
    let (old, converted): (BTreeSet<ItemId>, BTreeSet<ItemId>) = pairs.iter().map(|(was, is)| (was.id, is.id)).unzip();
    let facts_before = Facts::of(before, None, &|_, key| old.contains(&key.id));
    let mut facts = Facts::of(after, Some(&facts_before), &|_, key| converted.contains(&key.id));
    facts.documents = false;
    let is_chosen = |lint: &&Lint| lint.is_default() && lint.id != lint::CONVERSION_DIFFERS;
    let lints: Vec<&Lint> = lint::ALL.iter().filter(is_chosen).collect();
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
    (handler.file, OpenPoint { offset, text: format!("the conversion would behave differently: {difference}") })
}

/// Takes back the changes of handlers with open points that were said to be safe.
fn withdraw(fixes: &mut Fixes, findings: &[Finding]) -> Withdrawn {
    let differing: BTreeSet<usize> = (0..fixes.handlers.len())
        .filter(|number| {
            let fix = &fixes.handlers[*number];
            fix.applicability == Applicability::Safe && !fix.open_points.is_empty()
        })
        .collect();
    let open_points = |number: &usize| (fixes.handlers[*number].finding, fixes.handlers[*number].open_points.clone());
    let mut withdrawn = Withdrawn { differing: differing.iter().map(open_points).collect(), takes_others: false };
    for change in fixes.take_back(|change| change.handlers.iter().any(|number| differing.contains(number))) {
        for number in change.handlers {
            withdrawn.takes_others |= !differing.contains(&number);
            let fix = &mut fixes.handlers[number];
            fix.applicability = Applicability::Sketch;
            fix.wait_for_others(&findings[fix.finding].registration);
        }
    }
    withdrawn
}
