//! Entry point of a run of conversions, and its options.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, Fixes, HandlerFix};
use super::planner::{Planner, assembled};
use super::rewrite::rewriter::OpenPoint;
use super::text::edit::{Edit, Edits};
use super::verified::verify;
use crate::rules::{Rewrite, Target};
use crate::verdict::{Finding, Session};
use crate::vma::lower::Context;

/// Options of a plan.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The API that the tree's own headers have.
    pub own: &'a Target,
    /// Include sketches.
    pub sketches: bool,
    /// Let a new hook stand beside the old one where only some implementers convert, and move functions of other modules.
    pub twins: bool,
    /// Begin with what the target needs and no tree has yet.
    pub scaffold: bool,
}

/// Open points of conversions that were written and behave otherwise, by the finding that registers the handler first. They are sketches.
pub(super) type Held = BTreeMap<usize, Vec<(u32, OpenPoint)>>;

/// Change that adds to a tree what a proposed target needs.
fn scaffold(context: Context<'_>, rewrite: &Rewrite) -> Result<Change, String> {
    let index = context.index;
    let mut files = Edits::new();
    for insertion in &rewrite.scaffold {
        let numbered = (0u32..).zip(index.files());
        let found = numbered.into_iter().find(|(_, file)| file.path == insertion.file);
        let (number, file) = found.ok_or_else(|| format!("{}: not in the tree; cannot scaffold", insertion.file))?;
        let mut places = memchr::memmem::find_iter(&file.text, insertion.after.as_bytes());
        let (Some(at), None) = (places.next(), places.next()) else {
            return Err(format!("{}: expected {:?} exactly once; cannot scaffold", insertion.file, insertion.after));
        };
        let at = at + insertion.after.len();
        files.entry(number).or_default().push(Edit::new(at, at, &insertion.text));
    }
    if files.is_empty() {
        return Err("--scaffold: the target is not a proposal and needs no scaffold".to_owned());
    }
    files.values_mut().for_each(|edits| edits.sort());
    Ok(Change { files, ..Change::default() })
}

/// Converts for a target whose second hook sees the complete mapping. What converts by itself, with the API that the tree has, needs no
/// second hook. All other handlers are split, and the functions and hooks that they call see the complete mapping too.
fn in_two_ways(
    session: &Session<'_>,
    wanted: &dyn Fn(&Finding) -> bool,
    rewrite: &Rewrite,
    options: Options<'_>,
    held: &Held,
) -> Vec<HandlerFix> {
    let rules = session.context.rules;
    let own = rules.rewrite(options.own, options.own).unwrap_or_default();
    let early_rewrite = rewrite.without_finish(&own);
    let mut early = Planner::new(session, &early_rewrite, false, held);
    let is_callback = |finding: &Finding| rules.is_migrating(&finding.registration.hook.record);
    early.choose(&|finding| is_callback(finding) && wanted(finding));
    early.convert();
    let mut alone = early.alone();
    loop {
        let taken: BTreeSet<usize> =
            alone.iter().flat_map(|number| early.candidates[*number].findings.clone()).collect();
        let places: BTreeSet<(u32, u32)> = taken.iter().map(|number| place(&session.findings()[*number])).collect();
        let is_left = |finding: &Finding| wanted(finding) && !places.contains(&place(finding));
        let mut late = Planner::new(session, rewrite, options.twins, held);
        late.choose(&is_left);
        // A function that converts in both ways would convert twice.
        let functions = late.functions();
        let (shared, own): (BTreeSet<usize>, BTreeSet<usize>) =
            alone.iter().partition(|number| early.candidates[**number].functions().any(|id| functions.contains(&id)));
        if shared.is_empty() {
            late.convert();
            let mut handlers = early.finish();
            handlers.retain(|fix| taken.contains(&fix.finding));
            handlers.extend(late.finish());
            handlers.sort_by_key(|fix| fix.finding);
            return handlers;
        }
        alone = own;
    }
}

/// Place of a registration, which no other finding has.
fn place(finding: &Finding) -> (u32, u32) {
    (finding.registration.file, finding.registration.span.start)
}

/// Plans the conversion of the wanted findings of a session.
///
/// # Errors
/// The target has no templates, or the scaffold cannot be added.
pub fn plan(session: &Session<'_>, wanted: &dyn Fn(&Finding) -> bool, options: Options<'_>) -> Result<Fixes, String> {
    plan_without(session, wanted, options, &Held::new())
}

/// Plans as [`plan`] does, with the conversions in `held` as sketches.
fn plan_without(
    session: &Session<'_>,
    wanted: &dyn Fn(&Finding) -> bool,
    options: Options<'_>,
    held: &Held,
) -> Result<Fixes, String> {
    let context = session.context;
    let target = &session.chosen.target;
    let rewrite = context
        .rules
        .rewrite(target, options.own)
        .ok_or_else(|| format!("target {}: no templates for conversions to it", target.name))?;
    let handlers = match rewrite.finish {
        Some(_) => in_two_ways(session, wanted, &rewrite, options, held),
        None => {
            let mut planner = Planner::new(session, &rewrite, options.twins, held);
            planner.choose(wanted);
            planner.convert();
            planner.finish()
        }
    };
    let mut fixes = assembled(handlers, options.sketches);
    fixes.keep_chosen();
    if options.scaffold {
        fixes.changes.insert(0, scaffold(context, &rewrite)?);
        fixes.changes.iter_mut().flat_map(|change| &mut change.needs).for_each(|need| *need += 1);
    }
    Ok(fixes)
}

/// Plans as [`plan`] does, and compares each conversion with the handler that it replaces. One that behaves otherwise becomes a sketch. If
/// it shares a patch with others, these are planned again without it. With `with_hazards`, the handlers also get the hazards that their
/// conversions leave.
///
/// # Errors
/// As for [`plan`].
pub fn verified(
    session: &Session<'_>,
    wanted: &dyn Fn(&Finding) -> bool,
    options: Options<'_>,
    with_hazards: bool,
) -> Result<Fixes, String> {
    /// A conversion that behaves otherwise may only show once another one is gone.
    const ROUNDS: usize = 6;
    let mut held = Held::new();
    let mut round = 1;
    loop {
        let mut fixes = plan_without(session, wanted, options, &held)?;
        let verified = verify(session, &mut fixes, with_hazards);
        // A sketch is written in the next round, with the difference as an open point.
        let lacks_sketch = options.sketches && !verified.differing.is_empty();
        if !(verified.takes_others || lacks_sketch) || round == ROUNDS {
            fixes.remark_without_mmu(session);
            return Ok(fixes);
        }
        held.extend(verified.differing);
        round += 1;
    }
}
