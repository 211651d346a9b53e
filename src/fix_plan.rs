//! The plan of a series: its patches in order, with what each needs and frees, and the handlers that are left.

use std::collections::BTreeSet;

use crate::fix::{Applicability, Change, Fixes, HandlerFix, Unit};
use crate::index::Index;
use crate::verdict::Finding;

/// A plan.
#[derive(Debug)]
pub struct FixPlan {
    /// The patches, in the order in which they apply.
    pub patches: Vec<PlannedPatch>,
    /// The handlers that no patch converts, by file and place.
    pub left: Vec<LeftHandler>,
}

/// A patch of a plan.
#[derive(Debug)]
pub struct PlannedPatch {
    /// Its place in the series, from 1.
    pub number: usize,
    /// What it does.
    pub units: Vec<PlannedUnit>,
    /// The files that it edits.
    pub files: Vec<String>,
    /// The patches that have to come before.
    pub needs: Vec<usize>,
    /// The handlers that it converts.
    pub converts: Converts,
    /// The handlers of later patches that need it.
    pub frees: Converts,
}

/// How many handlers convert, and at how many registrations.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Converts {
    /// Handlers.
    pub handlers: usize,
    /// Registrations of those.
    pub registrations: usize,
}

/// A unit of a patch: what converts together.
#[derive(Debug)]
pub struct PlannedUnit {
    /// Its kind.
    pub kind: UnitKind,
    /// The old hook or function.
    pub name: String,
    /// The new one.
    pub new_name: String,
}

/// Kind of a unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnitKind {
    /// A second member stands beside a hook.
    HookTwin,
    /// A hook is replaced, with all implementers.
    HookRetyped,
    /// A second function stands beside a helper.
    HelperTwin,
    /// A handler is converted.
    Driver,
    /// Declarations that a proposed target needs.
    Scaffold,
}

impl UnitKind {
    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            UnitKind::HookTwin => "hook-twin",
            UnitKind::HookRetyped => "hook-retyped",
            UnitKind::HelperTwin => "helper-twin",
            UnitKind::Driver => "driver",
            UnitKind::Scaffold => "scaffold",
        }
    }
}

/// A handler that no patch converts.
#[derive(Debug)]
pub struct LeftHandler {
    /// Its name.
    pub name: String,
    /// The file of its first registration.
    pub file: String,
    /// The line of the registration, from 1.
    pub line: u32,
    /// How many tables and assignments register it.
    pub registrations: usize,
    /// Whether `fix --sketch` writes a part of it.
    pub has_sketch: bool,
    /// The reason.
    pub reason: String,
}

impl FixPlan {
    /// The plan of the conversions that a run of `fix` found.
    pub fn of(index: &Index, findings: &[Finding], fixes: &Fixes) -> FixPlan {
        let changes = &fixes.changes;
        let patch = |(number, change): (usize, &Change)| PlannedPatch {
            number: number + 1,
            units: units(change, fixes),
            files: change.files.keys().map(|file| index.file(*file).path.clone()).collect(),
            needs: change.needs.iter().map(|need| need + 1).collect(),
            converts: converts(fixes, &change.handlers),
            frees: converts(fixes, &dependents(changes, number)),
        };
        let written: BTreeSet<usize> = changes.iter().flat_map(|change| &change.handlers).copied().collect();
        let is_left = |(number, fix): &(usize, &HandlerFix)| fix.is_chosen && !written.contains(number);
        let left = fixes.handlers.iter().enumerate().filter(is_left).map(|(_, fix)| left(index, findings, fix));
        FixPlan { patches: changes.iter().enumerate().map(patch).collect(), left: left.collect() }
    }

    /// All that the series converts.
    pub fn total(&self) -> Converts {
        self.patches.iter().fold(Converts::default(), |sum, patch| Converts {
            handlers: sum.handlers + patch.converts.handlers,
            registrations: sum.registrations + patch.converts.registrations,
        })
    }
}

fn units(change: &Change, fixes: &Fixes) -> Vec<PlannedUnit> {
    let twins = change.units.iter().map(|unit| PlannedUnit {
        kind: match unit {
            Unit::Hook { .. } => UnitKind::HookTwin,
            Unit::Helper { .. } => UnitKind::HelperTwin,
        },
        name: unit.blocker(),
        new_name: unit.twin(),
    });
    let handlers = || fixes.of(change);
    let replaced = handlers().filter(|fix| !fix.keeps_old_hook);
    let names = |fix: &HandlerFix| {
        let (hook, member) = (fix.retyped.as_ref()?, fix.new_member.as_ref()?);
        Some((hook.name(), format!("{}.{member}", hook.record)))
    };
    let replaced: BTreeSet<(String, String)> = replaced.filter_map(names).collect();
    let replaced =
        replaced.into_iter().map(|(name, new_name)| PlannedUnit { kind: UnitKind::HookRetyped, name, new_name });
    let drivers = handlers().map(|fix| PlannedUnit {
        kind: UnitKind::Driver,
        name: fix.name.clone(),
        new_name: fix.new_name.clone(),
    });
    let mut units: Vec<PlannedUnit> = twins.chain(replaced).chain(drivers).collect();
    if units.is_empty() {
        units.push(PlannedUnit { kind: UnitKind::Scaffold, name: String::new(), new_name: String::new() });
    }
    units
}

/// The handlers of the patches that need a patch, directly or through others.
fn dependents(changes: &[Change], number: usize) -> Vec<usize> {
    let mut needing = BTreeSet::from([number]);
    let mut handlers = Vec::new();
    for (other, change) in changes.iter().enumerate().skip(number + 1) {
        if change.needs.iter().any(|need| needing.contains(need)) {
            needing.insert(other);
            handlers.extend(&change.handlers);
        }
    }
    handlers
}

fn converts(fixes: &Fixes, handlers: &[usize]) -> Converts {
    let registrations = handlers.iter().map(|number| fixes.handlers[*number].registrations).sum();
    Converts { handlers: handlers.len(), registrations }
}

fn left(index: &Index, findings: &[Finding], fix: &HandlerFix) -> LeftHandler {
    let registration = &findings[fix.finding].registration;
    let file = index.file(registration.file);
    let open = || {
        let (file, point) = fix.open_points.first()?;
        Some(format!("{}: {}", index.file(*file).at(point.offset), point.text))
    };
    LeftHandler {
        name: fix.name.clone(),
        file: file.path.clone(),
        line: file.position(registration.span.start).line,
        registrations: fix.registrations,
        has_sketch: fix.applicability == Applicability::Sketch,
        reason: fix.reason.clone().or_else(open).unwrap_or_default(),
    }
}
