//! The first release that has everything that conversions use.

use super::{Fixes, Options, plan};
use crate::rules::Target;
use crate::verdict::{Extent, Finding, ResolvedTarget, Session, TargetFrom};

/// Version and patch level of the oldest release for which the same text is written, and for all releases between it and the target of
/// the session. `None` if the target is no release.
///
/// # Errors
/// As for [`plan()`].
pub fn since(
    session: &Session,
    wanted: &dyn Fn(&Finding) -> bool,
    how: Options,
    fixes: &Fixes,
) -> Result<Option<(u32, u32)>, String> {
    let rules = session.context.rules;
    let chosen = &session.chosen.target;
    let Some(mut oldest) = release(chosen) else { return Ok(None) };
    let older = rules.targets().iter().filter(|target| target.order < chosen.order);
    for (target, version) in older.rev().filter_map(|target| Some((target, release(target)?))) {
        let resolved = ResolvedTarget { target: target.clone(), from: TargetFrom::Option, is_assumed: false };
        let before = Session::new(session.workspace, &resolved, Extent::Handlers);
        let other = plan(&before, wanted, Options { own: target, ..how })?;
        let is_same = fixes.changes.iter().all(|change| other.changes.iter().any(|one| one.files == change.files));
        if !is_same {
            break;
        }
        oldest = version;
    }
    Ok(Some(oldest))
}

/// Version and patch level of a target that is a release: `v7.2`.
fn release(target: &Target) -> Option<(u32, u32)> {
    let (version, patchlevel) = target.name.strip_prefix('v')?.split_once('.')?;
    Some((version.parse().ok()?, patchlevel.parse().ok()?))
}
