//! The conversions that `fix` writes, as other commands speak of them.

use crate::fix::{self, Applicability, Fixes};
use crate::kernel::Layer;
use crate::verdict::{Finding, ResolvedTarget, Scan, Session, TargetFrom, choose};

/// The conversions that `fix` writes. A target without templates has none; nothing else depends on them.
pub(super) fn conversions(session: &Session, sketches: bool) -> Fixes {
    conversions_of(session, &|_| true, sketches)
}

/// The conversions that `fix` writes if it is asked for some handlers alone.
pub(super) fn conversions_of(session: &Session, wanted: &dyn Fn(&Finding) -> bool, sketches: bool) -> Fixes {
    let Ok(own) = choose(session.context.rules, session.tree(), "auto") else { return Fixes::default() };
    let how = fix::Options { own: &own.target, sketches, twins: !session.tree().is_module(), scaffold: false };
    let written = match is_compared(&own, &session.chosen) {
        true => fix::verified(session, wanted, how, false),
        false => fix::plan(session, wanted, how),
    };
    let mut written = written.unwrap_or_default();
    hold_back(&session.scan, &mut written);
    written
}

/// Whether conversions for the target can be compared: the headers have an API, and it is not newer than the target.
pub(super) fn is_compared(own: &ResolvedTarget, chosen: &ResolvedTarget) -> bool {
    own.from == TargetFrom::Headers && own.target.order <= chosen.target.order
}

/// Message about API of the target that the tree lacks. A conversion for that target does not compile there.
pub(super) fn lacking(own: &ResolvedTarget, chosen: &ResolvedTarget) -> Option<String> {
    if own.from == TargetFrom::Headers && own.target.name == chosen.target.name {
        return None;
    }
    let has = match own.from {
        TargetFrom::Headers => format!("the {} API", own.target.name),
        TargetFrom::Option | TargetFrom::Default => "no .mmap_prepare".to_owned(),
    };
    let besides = if is_compared(own, chosen) { "" } else { ", and its behaviour was not compared" };
    Some(format!(
        "the tree lacks the {} API (its headers have {has}): the conversion does not compile there{besides}",
        chosen.target.name
    ))
}

/// Drops changes of files whose braces are unbalanced, because they were not fully understood, and of files of the kernel that a module
/// is built against.
pub(super) fn hold_back(scan: &Scan, fixes: &mut Fixes) {
    let index = &scan.index;
    hold_back_for(fixes, "a file that it changes has unbalanced braces", |file| index.file(file).resynchronised);
    hold_back_for(fixes, "the kernel has to change first", |file| index.file(file).layer == Layer::Kernel);
}

/// Drops changes with a file for which `holds` returns true.
fn hold_back_for(fixes: &mut Fixes, reason: &str, holds: impl Fn(u32) -> bool) {
    let held = fixes.take_back(|change| change.files.keys().any(|file| holds(*file)));
    for handler in held.iter().flat_map(|change| &change.handlers) {
        let fix = &mut fixes.handlers[*handler];
        fix.applicability = Applicability::None;
        fix.reason = Some(reason.to_owned());
    }
}
