//! Compares the behaviour of a handler with that of its conversion.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::Behaviour;
use super::atom::{Atom, Compared, Literal};
use super::cases::{Case, shortened};
use super::contradiction::contradict;
use super::difference::{Difference, DifferenceKind, NotCompared};
use super::outcome::{EffectKind, Outcome, Populate, Returned};
use super::term::{Part, Term, listed};
use super::vm_ops::VmOps;
use crate::rules::Rules;
use crate::source::is_error_number;

/// Compares the variants of a handler with those of its conversion, pair by pair. Each difference is given once, with the cases that show it.
///
/// # Errors
/// Not all outcomes are known.
pub(super) fn differences(
    rules: &Rules,
    vm_ops: &VmOps,
    pairs: &[(&Behaviour, &Behaviour)],
) -> Result<Vec<Difference>, NotCompared> {
    if let Some(gap) = pairs.iter().find_map(|(old, new)| old.gap.or(new.gap)) {
        return Err(NotCompared::Gap(gap));
    }
    let mut possible: Vec<Pair> = Vec::new();
    for (old, new) in pairs {
        for (old, new) in old.outcomes.iter().flat_map(|old| new.outcomes.iter().map(move |new| (old, new))) {
            let checked = checked_by_calls(rules, old);
            if !contradict(old.condition.iter().chain(&checked).chain(&new.condition)) {
                possible.push(Pair { rules, vm_ops, old, new });
            }
        }
    }
    let of_pairs: Vec<(Vec<Difference>, Case)> =
        possible.iter().map(|pair| (pair.differences(), pair.case())).collect();
    let mut found: Vec<Difference> = Vec::new();
    for difference in of_pairs.iter().flat_map(|(differences, _)| differences) {
        if found.iter().any(|known| known.is_same(difference)) {
            continue;
        }
        let shows = |differences: &[Difference]| differences.iter().any(|one| one.is_same(difference));
        let (showing, others): (Vec<_>, Vec<_>) = possible.iter().zip(&of_pairs).partition(|(_, (of, _))| shows(of));
        let is_of_accepted = showing.iter().all(|(pair, _)| pair.is_accepted());
        // The cases of accepted mappings leave out what makes the hooks accept a mapping.
        let others = others.iter().filter(|(pair, _)| !is_of_accepted || pair.is_accepted());
        let others: Vec<&Case> = others.map(|(_, (_, case))| case).collect();
        let cases = shortened(showing.iter().map(|(_, (_, case))| case), &others);
        found.push(Difference { cases, is_of_accepted, ..difference.clone() });
    }
    Ok(found)
}

/// The variants of a handler and of its conversion that one configuration can have.
///
/// # Errors
/// A variant has no partner.
pub(super) fn paired<'b>(
    old: &'b [Behaviour],
    new: &'b [Behaviour],
) -> Result<Vec<(&'b Behaviour, &'b Behaviour)>, NotCompared> {
    let pairs = old.iter().flat_map(|old| new.iter().map(move |new| (old, new)));
    let pairs: Vec<_> = pairs.filter(|(old, new)| !old.assumed.contradicts(&new.assumed)).collect();
    let is_paired = |one: &Behaviour| pairs.iter().any(|(old, new)| std::ptr::eq(*old, one) || std::ptr::eq(*new, one));
    let is_complete = !pairs.is_empty() && old.iter().chain(new).all(is_paired);
    is_complete.then_some(pairs).ok_or(NotCompared::Variants)
}

/// The conditions that populating calls check themselves, of an outcome in which they succeed. A conversion writes these checks out.
fn checked_by_calls(rules: &Rules, outcome: &Outcome) -> Vec<Literal> {
    let mut checked = Vec::new();
    for (number, populate) in populates(outcome).into_iter().enumerate() {
        if !fits_count(rules, populate) {
            continue;
        }
        let succeeds = Literal { atom: Atom::Fails(number), holds: false };
        let Some(count) = populate.count.as_ref().filter(|_| outcome.condition.contains(&succeeds)) else { continue };
        let offset = populate.offset.clone().unwrap_or_default();
        let excess = offset.plus(&Part::Pages.into()).and_then(|end| end.minus(count));
        let behind_end = offset.plus(&Term::constant(1)).and_then(|next| next.minus(count));
        // No offset is below 0.
        let beyond = Term::from(Part::Pages).minus(count);
        for excess in [excess, behind_end, beyond].into_iter().flatten() {
            if let Compared::If(literal) = Compared::positive(&excess) {
                checked.push(literal.negated());
            }
        }
    }
    checked
}

/// Whether a populating call gets the number of pages of its array, and maps no more.
fn fits_count(rules: &Rules, populate: &Populate) -> bool {
    rules.call(&populate.name).is_some_and(|rule| rule.fits_count)
}

/// Two outcomes that one mapping can have.
struct Pair<'o> {
    rules: &'o Rules,
    vm_ops: &'o VmOps<'o, 'o>,
    old: &'o Outcome,
    new: &'o Outcome,
}

impl Pair<'_> {
    fn differences(&self) -> Vec<Difference> {
        let mut found = Vec::new();
        match (&self.old.result, &self.new.result) {
            (Returned::Error(old), Returned::Success) => {
                found.push(self.difference(
                    DifferenceKind::RefusalLost,
                    format!("returned {old}"),
                    "accepts the mapping".to_owned(),
                ));
            }
            (Returned::Success, Returned::Error(new)) => {
                found.push(self.difference(
                    DifferenceKind::RefusalAdded,
                    "accepted the mapping".to_owned(),
                    format!("returns {new}"),
                ));
            }
            (Returned::Error(old), Returned::Error(new)) => {
                if old != new && !self.is_refusal_of_call(old, new) {
                    // mm takes a positive value for an address, and user space for success.
                    let is_positive = old.is_errno() && new.as_name().is_some_and(is_error_number);
                    found.push(self.difference(
                        if is_positive { DifferenceKind::RefusalLost } else { DifferenceKind::Error },
                        format!("returned {old}"),
                        format!("returns {new}"),
                    ));
                }
                self.stores(&mut found);
                self.calls(&mut found);
            }
            (Returned::Success, Returned::Success) => {
                self.flags(&mut found);
                self.fields(&mut found);
                self.populates(&mut found);
                self.stores(&mut found);
                self.calls(&mut found);
            }
        }
        found
    }

    /// Whether the new handler writes out a check that the old one's populating call makes, with the error of that call.
    fn is_refusal_of_call(&self, old: &Term, new: &Term) -> bool {
        let Some(Part::Populated(number)) = old.as_part() else { return false };
        let populate = self.old.populates().nth(*number).map(|(populate, _)| populate);
        let rule = populate.and_then(|populate| self.rules.call(&populate.name));
        rule.and_then(|rule| rule.refuses_with.as_ref()).is_some_and(|error| *error == new.to_string())
    }

    /// A difference of this pair, without cases: those of all pairs that show it are added once all are known.
    fn difference(&self, kind: DifferenceKind, old: String, new: String) -> Difference {
        Difference {
            kind,
            cases: Vec::new(),
            is_of_accepted: false,
            old,
            new,
            old_place: self.old.place,
            new_place: self.new.place,
        }
    }

    /// The conditions of both outcomes.
    fn case(&self) -> Case {
        let (old, new) = (&self.old.condition, &self.new.condition);
        old.iter().chain(new.iter().filter(|literal| !old.contains(literal))).cloned().collect()
    }

    /// Whether both sides accept the mapping.
    fn is_accepted(&self) -> bool {
        (&self.old.result, &self.new.result) == (&Returned::Success, &Returned::Success)
    }

    fn flags(&self, found: &mut Vec<Difference>) {
        // What one side's calls imply, the other may write out.
        let implied: BTreeSet<&str> = [self.old, self.new]
            .into_iter()
            .flat_map(|outcome| outcome.populates().flat_map(|(populate, _)| self.rules.implied_flags(&populate.kind)))
            .collect();
        let names: BTreeSet<&String> = self.old.mapping.flags.keys().chain(self.new.mapping.flags.keys()).collect();
        for flag in names.into_iter().filter(|flag| !implied.contains(flag.as_str())) {
            let (was, is) = (final_flag(self.old, flag), final_flag(self.new, flag));
            if was != is && !(is.is_none() && self.hands_on()) {
                let text = |state: Option<bool>, past: bool| match (state, past) {
                    (Some(true), true) => format!("set {flag}"),
                    (Some(true), false) => format!("sets {flag}"),
                    (Some(false), true) => format!("cleared {flag}"),
                    (Some(false), false) => format!("clears {flag}"),
                    (None, true) => format!("left {flag} alone"),
                    (None, false) => format!("leaves {flag} alone"),
                };
                found.push(self.difference(DifferenceKind::Flags, text(was, true), text(is, false)));
            }
        }
    }

    fn fields(&self, found: &mut Vec<Difference>) {
        let written = |outcome: &Outcome| -> BTreeMap<String, Term> {
            let fields = outcome.mapping.fields.iter();
            let is_kept = |field: &str, value: &Term| *value == Term::from(Part::Field(field.to_owned()));
            fields
                .filter(|(field, value)| !is_kept(field, value))
                .map(|(field, value)| (field.clone(), value.clone()))
                .collect()
        };
        let (old, new) = (written(self.old), written(self.new));
        for field in old.keys().chain(new.keys()).collect::<BTreeSet<_>>() {
            let (was, is) = (old.get(field), new.get(field));
            // Tables are compared by what they hold.
            let tables = was.zip(is).filter(|_| field == "vm_ops");
            if let Some(members) = tables.and_then(|(was, is)| self.vm_ops.differences(was, is)) {
                for member in members.iter() {
                    let name = format!("{field}->{}", member.name);
                    found.push(self.written(&name, member.old.as_ref(), member.new.as_ref()));
                }
                continue;
            }
            // The action takes its protection from the field: what only the call was given is now in the field.
            let is_protection = field == "vm_page_prot"
                && is.is_some_and(|value| self.old.populates().any(|(populate, _)| populate.prot == *value));
            if was == is || is_protection || is.is_none() && self.hands_on() {
                continue;
            }
            found.push(self.written(field, was, is));
        }
    }

    /// Whether the new side passes the mapping to a function that is not followed, and the old one does not: it may set what seems left alone.
    fn hands_on(&self) -> bool {
        let of = |outcome: &Outcome| {
            let passed = outcome.effects.iter().filter(|effect| effect.gets_mapping);
            passed
                .filter_map(|effect| match &effect.kind {
                    EffectKind::Call(name, _) => Some(name.clone()),
                    _ => None,
                })
                .collect::<BTreeSet<String>>()
        };
        !of(self.new).is_subset(&of(self.old))
    }

    /// A place that has another value than before.
    fn written<T: fmt::Display>(&self, place: &str, was: Option<T>, is: Option<T>) -> Difference {
        let old = was.map_or(format!("left {place} alone"), |value| format!("set {place} to {value}"));
        let new = is.map_or(format!("leaves {place} alone"), |value| format!("sets {place} to {value}"));
        self.difference(DifferenceKind::Field, old, new)
    }

    fn populates(&self, found: &mut Vec<Difference>) {
        let (old, new): (Vec<&Populate>, Vec<&Populate>) = (populates(self.old), populates(self.new));
        if old.len() != new.len() {
            let text = |list: &[&Populate]| match list {
                [] => "nothing".to_owned(),
                list => list.iter().map(|populate| populate.name.as_str()).collect::<Vec<_>>().join(", "),
            };
            found.push(self.difference(
                DifferenceKind::Populate,
                format!("populated by {}", text(&old)),
                format!("populates by {}", text(&new)),
            ));
            return;
        }
        for (old, new) in old.into_iter().zip(new) {
            // A call without a start begins with the mapping.
            let start = Term::from(Part::Start);
            // A call that checks its array maps the whole mapping.
            let pages = Term::from(Part::Pages);
            let count = |populate: &Populate| match fits_count(self.rules, populate) {
                true => Some(pages.clone()),
                false => populate.count.clone(),
            };
            let (old_count, new_count) = (count(old), count(new));
            let parts: [(&str, Option<&Term>, Option<&Term>); 6] = [
                ("start", old.start.as_ref().or(Some(&start)), new.start.as_ref().or(Some(&start))),
                ("first frame", old.frame.as_ref(), new.frame.as_ref()),
                ("size", old.size.as_ref(), new.size.as_ref()),
                ("object size", old.object_size.as_ref(), new.object_size.as_ref()),
                ("count", old_count.as_ref(), new_count.as_ref()),
                ("protection", Some(&old.prot), Some(&new.prot)),
            ];
            if old.kind != new.kind {
                let is_by_page = self.rules.call(&old.name).is_some_and(|rule| rule.page.is_some());
                let is_array = self.rules.call(&new.name).is_some_and(|rule| rule.pages.is_some());
                let (kind, rest) = match is_by_page && is_array {
                    true => (DifferenceKind::PopulateUnlike, ", whose pages are not compared"),
                    false => (DifferenceKind::Populate, ""),
                };
                found.push(self.difference(
                    kind,
                    format!("populated by {}", old.name),
                    format!("populates by {}{rest}", new.name),
                ));
                // The arguments of another call have other meanings.
                continue;
            }
            for (part, was, is) in parts {
                if !self.is_same(was, is) {
                    let text = |value: Option<&Term>| value.map_or("nothing".to_owned(), ToString::to_string);
                    found.push(self.difference(
                        DifferenceKind::Populate,
                        format!("populated with {part} {}", text(was)),
                        format!("populates with {part} {}", text(is)),
                    ));
                }
            }
            let is_same = |(old, new): (&Term, &Term)| self.is_same(Some(old), Some(new));
            if old.others.len() != new.others.len() || !old.others.iter().zip(&new.others).all(is_same) {
                found.push(self.difference(
                    DifferenceKind::Populate,
                    format!("populated with {}", listed(&old.others)),
                    format!("populates with {}", listed(&new.others)),
                ));
            }
        }
    }

    /// Whether two values are equal under the conditions of both outcomes: `PAGE_SIZE` is the size of a mapping that was checked to be one page.
    fn is_same(&self, old: Option<&Term>, new: Option<&Term>) -> bool {
        let (Some(old), Some(new)) = (old, new) else { return old.is_none() && new.is_none() };
        if old == new {
            return true;
        }
        let Some(difference) = old.minus(new) else { return false };
        let differs = match Compared::zero(&difference) {
            Compared::Always(is_zero) => return is_zero,
            Compared::If(literal) => literal.negated(),
        };
        contradict(self.old.condition.iter().chain(&self.new.condition).chain([&differs]))
    }

    fn stores(&self, found: &mut Vec<Difference>) {
        let of = |outcome: &Outcome| {
            effects(outcome, |kind| match kind {
                EffectKind::Store(place, value) => Some(format!("{place} to {value}")),
                _ => None,
            })
        };
        for lost in without(of(self.old), &of(self.new)) {
            found.push(self.difference(DifferenceKind::Store, format!("set {lost}"), "does not set it".to_owned()));
        }
        for added in without(of(self.new), &of(self.old)) {
            found.push(self.difference(DifferenceKind::Store, "did not set it".to_owned(), format!("sets {added}")));
        }
    }

    fn calls(&self, found: &mut Vec<Difference>) {
        let of = |outcome: &Outcome| {
            effects(outcome, |kind| match kind {
                EffectKind::Call(name, arguments) => Some(format!("{name}({})", listed(arguments))),
                _ => None,
            })
        };
        let lost = without(of(self.old), &of(self.new));
        if !lost.is_empty() {
            found.push(self.difference(
                DifferenceKind::Call,
                format!("called {}", lost.join(", ")),
                "does not call it".to_owned(),
            ));
        }
        let added = without(of(self.new), &of(self.old));
        if !added.is_empty() {
            found.push(self.difference(
                DifferenceKind::Call,
                "did not call it".to_owned(),
                format!("calls {}", added.join(", ")),
            ));
        }
    }
}

/// What an outcome leaves of a flag: set, clear, or `None` for what the VMA had.
fn final_flag(outcome: &Outcome, flag: &str) -> Option<bool> {
    let known = outcome.mapping.flags.get(flag).copied()?;
    // To set a flag that is set changes nothing.
    let at_entry = Literal { atom: Atom::Flag(flag.to_owned()), holds: known };
    (!outcome.condition.contains(&at_entry)).then_some(known)
}

fn populates(outcome: &Outcome) -> Vec<&Populate> {
    outcome.populates().map(|(populate, _)| populate).collect()
}

fn effects(outcome: &Outcome, text: impl Fn(&EffectKind) -> Option<String>) -> Vec<String> {
    outcome.effects.iter().filter_map(|effect| text(&effect.kind)).collect()
}

/// Entries of a list that another lacks; an entry that is there twice must be in the other twice.
fn without(list: Vec<String>, other: &[String]) -> Vec<String> {
    let mut left: Vec<&String> = other.iter().collect();
    let is_lost = |entry: &String| match left.iter().position(|known| *known == entry) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    };
    list.into_iter().filter(is_lost).collect()
}
