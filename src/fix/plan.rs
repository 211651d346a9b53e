//! Entry point of a run of conversions, and its options.

use super::change::{Change, Fixes};
use super::planner::Planner;
use super::text::edit::{Edit, Edits};
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

/// Plans the conversion of the wanted findings of a session.
///
/// # Errors
/// The target has no templates, or the scaffold cannot be added.
pub fn plan(session: &Session<'_>, wanted: &dyn Fn(&Finding) -> bool, options: Options<'_>) -> Result<Fixes, String> {
    let context = session.context;
    let target = &session.chosen.target;
    let rewrite = context
        .rules
        .rewrite(target, options.own)
        .ok_or_else(|| format!("target {}: no templates for conversions to it", target.name))?;
    let mut planner = Planner::new(session, &rewrite, options.twins);
    planner.choose(wanted);
    planner.convert();
    let mut fixes = planner.finish(options.sketches);
    fixes.keep_chosen();
    if options.scaffold {
        fixes.changes.insert(0, scaffold(context, &rewrite)?);
        fixes.changes.iter_mut().flat_map(|change| &mut change.needs).for_each(|need| *need += 1);
    }
    Ok(fixes)
}
