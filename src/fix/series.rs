//! Orders the parts of all conversions into changes that build one after the other: twins of hooks and helpers first, then the drivers that
//! need them.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Applicability, Change, HandlerFix};
use super::text::edit::{Edit, Edits, add_all, put_in_order};
use super::unit::{Unit, UnitPart};

/// A change in the making.
#[derive(Default)]
struct Part {
    handlers: BTreeSet<usize>,
    units: BTreeSet<Unit>,
    needs: BTreeSet<Unit>,
    files: Edits,
}

impl Part {
    fn absorb(&mut self, other: Part) {
        self.handlers.extend(other.handlers);
        self.units.extend(other.units);
        self.needs.extend(other.needs);
        add_all(&mut self.files, &other.files);
    }
}

/// The changes that write the handlers: the safe ones, and with `sketches` the sketches too.
pub(super) fn changes(handlers: &[HandlerFix], sketches: bool) -> Vec<Change> {
    let is_wanted = |fix: &HandlerFix| match fix.applicability {
        Applicability::Safe => true,
        Applicability::Sketch => sketches,
        Applicability::None => false,
    };
    let wanted: Vec<usize> = (0..handlers.len()).filter(|number| is_wanted(&handlers[*number])).collect();
    let mut parts = drivers(handlers, &wanted);
    parts.extend(twins(handlers, &wanted));
    let mut parts = joined(parts);
    while let Err((one, other)) = order(&parts) {
        let absorbed = parts.remove(one.max(other));
        parts[one.min(other)].absorb(absorbed);
    }
    let order = order(&parts).unwrap_or_default();
    let place_of: BTreeMap<&Unit, usize> = order
        .iter()
        .enumerate()
        .flat_map(|(place, number)| parts[*number].units.iter().map(move |unit| (unit, place)))
        .collect();
    let change = |(place, number): (usize, &usize)| {
        let part = &parts[*number];
        let mut files = part.files.clone();
        files.values_mut().for_each(put_in_order);
        let needs: BTreeSet<usize> = part
            .needs
            .iter()
            .filter_map(|unit| place_of.get(unit).copied())
            .filter(|before| *before != place)
            .collect();
        Change {
            handlers: part.handlers.iter().copied().collect(),
            units: part.units.iter().cloned().collect(),
            needs: needs.into_iter().collect(),
            files,
        }
    };
    order.iter().enumerate().map(change).collect()
}

/// One part for the handlers that edit the same file, or whose tables are swapped for one another.
fn drivers(handlers: &[HandlerFix], wanted: &[usize]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for number in wanted {
        let fix = &handlers[*number];
        let mut part = Part {
            handlers: BTreeSet::from([*number]),
            needs: fix.units.keys().cloned().collect(),
            files: fix.edits.clone(),
            ..Part::default()
        };
        let is_swapped = |other: &Part| {
            let same = |other: &usize| handlers[*other].swapped_with == fix.swapped_with;
            fix.swapped_with.is_some() && other.handlers.iter().any(same)
        };
        let (shared, apart): (Vec<Part>, Vec<Part>) = parts
            .into_iter()
            .partition(|other| is_swapped(other) || other.files.keys().any(|file| part.files.contains_key(file)));
        // Extends the existing part, because it may be long.
        for other in shared {
            let own = std::mem::replace(&mut part, other);
            part.absorb(own);
        }
        parts = apart;
        parts.push(part);
    }
    parts
}

/// One part for each twin that a handler needs.
fn twins(handlers: &[HandlerFix], wanted: &[usize]) -> Vec<Part> {
    let mut units: BTreeMap<&Unit, UnitPart> = BTreeMap::new();
    for (unit, part) in wanted.iter().flat_map(|number| &handlers[*number].units) {
        units.entry(unit).or_default().extend(part);
    }
    let part = |(unit, part): (&Unit, UnitPart)| Part {
        units: BTreeSet::from([unit.clone()]),
        needs: part.needs,
        files: part.edits,
        ..Part::default()
    };
    units.into_iter().map(part).collect()
}

/// Joins the parts that share an edit: neither builds without it.
fn joined(parts: Vec<Part>) -> Vec<Part> {
    let mut owners: BTreeMap<(u32, Edit), usize> = BTreeMap::new();
    let mut joined: Vec<Option<Part>> = Vec::new();
    for mut part in parts {
        let edits: Vec<(u32, Edit)> =
            part.files.iter().flat_map(|(file, edits)| edits.iter().map(|edit| (*file, edit.clone()))).collect();
        let same: BTreeSet<usize> = edits.iter().filter_map(|edit| owners.get(edit).copied()).collect();
        let number = joined.len();
        for other in same {
            if let Some(other_part) = joined[other].take() {
                let own = std::mem::replace(&mut part, other_part);
                part.absorb(own);
                owners.values_mut().filter(|owner| **owner == other).for_each(|owner| *owner = number);
            }
        }
        owners.extend(edits.into_iter().map(|edit| (edit, number)));
        joined.push(Some(part));
    }
    joined.into_iter().flatten().collect()
}

/// An order of the parts in which each comes after those that it needs, and otherwise in the order of their handlers. An error names two
/// parts that need each other.
fn order(parts: &[Part]) -> Result<Vec<usize>, (usize, usize)> {
    let owner: BTreeMap<&Unit, usize> =
        parts.iter().enumerate().flat_map(|(number, part)| part.units.iter().map(move |unit| (unit, number))).collect();
    let mut roots: Vec<usize> = (0..parts.len()).filter(|number| !parts[*number].handlers.is_empty()).collect();
    roots.sort_by_key(|number| parts[*number].handlers.first().copied());
    let mut visit = Visit { parts, owner, open: Vec::new(), done: Vec::new() };
    roots.into_iter().try_for_each(|number| visit.part(number))?;
    Ok(visit.done)
}

struct Visit<'p> {
    parts: &'p [Part],
    owner: BTreeMap<&'p Unit, usize>,
    /// Parts whose needs are being visited.
    open: Vec<usize>,
    done: Vec<usize>,
}

impl Visit<'_> {
    fn part(&mut self, number: usize) -> Result<(), (usize, usize)> {
        if self.done.contains(&number) {
            return Ok(());
        }
        self.open.push(number);
        let needs: BTreeSet<usize> =
            self.parts[number].needs.iter().filter_map(|unit| self.owner.get(unit).copied()).collect();
        for need in needs.into_iter().filter(|need| *need != number) {
            if self.open.contains(&need) {
                return Err((number, need));
            }
            self.part(need)?;
        }
        self.open.pop();
        self.done.push(number);
        Ok(())
    }
}
