//! Kernels without MMU: every action fails there (`mmap_action_complete()` in mm/util.c).

use std::collections::BTreeSet;

use super::change::{Change, Fixes, HandlerFix};
use super::output::listed;
use super::unit::Unit;
use crate::behaviour::Consequence;
use crate::index::is_access;
use crate::source::words;
use crate::verdict::Session;

impl Fixes {
    /// Adds a remark to changes that ask for an action, if code for kernels without MMU uses what they change.
    pub(super) fn remark_without_mmu(&mut self, session: &Session<'_>) {
        let remarks: Vec<Option<String>> = self.changes.iter().map(|change| remark(session, self, change)).collect();
        for (number, remark) in remarks.into_iter().enumerate() {
            let Some(remark) = remark else { continue };
            let change = &self.changes[number];
            if let Some(first) = change.handlers.first() {
                self.handlers[*first].remarks.insert(remark);
            } else if let Some(unit) = change.units.first() {
                let part = self.handlers.iter_mut().find_map(|fix| fix.units.get_mut(unit));
                if let Some(part) = part {
                    part.remarks.insert(remark);
                }
            }
        }
    }
}

/// A warning about kernels without MMU, if a file of the change has code for them: actions fail there (mmap_action_complete() in
/// mm/util.c).
fn remark(session: &Session<'_>, fixes: &Fixes, change: &Change) -> Option<String> {
    let context = session.context;
    let twins = change.units.iter().filter_map(|unit| fixes.twin_consequences.get(&unit.twin()));
    let mut consequences = fixes.of(change).map(|fix| &fix.consequences).chain(twins).flatten();
    let members = change.units.iter().find_map(|unit| match unit {
        Unit::Hook { member, .. } => Some(member),
        Unit::Helper { .. } => None,
    });
    let bridges: Vec<String> = change.units.iter().filter_map(bridge).map(|name| format!("{name}()")).collect();
    let has_action = consequences.any(|one| matches!(one, Consequence::Replaced { .. }));
    let files = || change.files.keys().map(|file| context.index.file(*file));
    if members.is_none() && !has_action || files().all(|file| context.rules.always_has_mmu(&file.path)) {
        return None;
    }
    if members.is_none() && !bridges.is_empty() {
        let names = listed(&bridges);
        return Some(format!("without an MMU every action fails, and so does what uses {names} there"));
    }
    let signs = [
        "ifndef CONFIG_MMU",
        "!defined(CONFIG_MMU)",
        "!IS_ENABLED(CONFIG_MMU)",
        "mmap_capabilities",
        "NOMMU_MAP_DIRECT",
    ];
    // A handler that many tables register is built wherever they are; one that is built under a condition says where.
    let converted = || fixes.of(change);
    if members.is_none() && converted().next().is_some() && converted().all(|fix| is_conditional(session, fix)) {
        return None;
    }
    let needed = change.needs.iter().filter(|_| converted().any(|fix| fix.registrations > 1));
    let needed = needed.flat_map(|need| fixes.changes[*need].files.keys()).map(|file| context.index.file(*file));
    // What calls a hook of a driver stands beside it.
    let has_own_hook = has_action && fixes.of(change).any(|fix| fix.retyped.is_some());
    let folders = files().filter(|file| has_own_hook && !file.is_header()).map(|file| file.folder());
    let folders: BTreeSet<&str> = folders.collect();
    let hooks = fixes.of(change).map(|fix| session.findings()[fix.finding].registration.hook.member.as_bytes());
    let hooks: BTreeSet<&[u8]> = hooks.collect();
    let names_hook = |text: &[u8]| hooks.iter().any(|hook| words(text, hook).any(|at| is_access(text, at)));
    let beside = context.index.files().iter().map(AsRef::as_ref);
    let beside = beside.filter(|file| folders.contains(file.folder()) && names_hook(&file.text));
    let named = files()
        .chain(needed)
        .chain(beside)
        .filter(|file| signs.iter().any(|sign| memchr::memmem::find(&file.text, sign.as_bytes()).is_some()));
    let named: BTreeSet<&str> = named.map(|file| file.path.as_str()).collect();
    let named: Vec<&str> = named.into_iter().collect();
    let effect = match members {
        Some(member) => format!("hooks that are used there have to keep {member}, or ask for no action"),
        None => "mmap() fails there with this patch".to_owned(),
    };
    (!named.is_empty()).then(|| {
        format!("without an MMU every action fails, and {} has code for such kernels: {effect}", named.join(", "))
    })
}

/// Whether a handler is compiled under a condition only.
fn is_conditional(session: &Session<'_>, fix: &HandlerFix) -> bool {
    let context = session.context;
    let place = session.findings()[fix.finding].handler.as_ref().and_then(|handler| handler.place);
    place.is_some_and(|place| context.index.file(place.file).condition_at(place.span.start).is_some())
}

/// The function that becomes a bridge over its twin.
fn bridge(unit: &Unit) -> Option<&str> {
    match unit {
        Unit::Helper { name, is_bridge: true, .. } => Some(name),
        _ => None,
    }
}
