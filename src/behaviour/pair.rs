//! What two outcomes, one of a handler and one of its conversion, do otherwise.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use super::atom::{Atom, Literal};
use super::cases::Case;
use super::conversion::Moved;
use super::difference::{Difference, DifferenceKind};
use super::outcome::{EffectKind, Outcome, Populate, Returned};
use super::term::{Part, Term, listed};
use super::vm_ops::VmOps;
use crate::rules::Rules;
use crate::source::is_error_number;
use crate::verdict::Place;

/// What is known of a handler and its conversion as a whole.
pub(super) struct Sides<'s> {
    pub(super) rules: &'s Rules,
    pub(super) vm_ops: &'s VmOps<'s, 's>,
    /// What the new side's `vm_ops->mapped` does: what the old one did for each mapping moves there.
    pub(super) moved: &'s Moved,
    /// Whether nothing has set the private data of the mapping before: both are callbacks of the file, and no hooks behind one.
    pub(super) is_fresh: bool,
}

/// Two outcomes that one mapping can have.
pub(super) struct Pair<'o> {
    pub(super) sides: &'o Sides<'o>,
    pub(super) old: &'o Outcome,
    pub(super) new: &'o Outcome,
}

impl Pair<'_> {
    /// What the new side does otherwise.
    pub(super) fn differences(&self) -> Vec<Difference> {
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
                    let is_number = new.as_constant().is_some_and(|value| value > 0);
                    let is_positive = old.is_errno() && (is_number || new.as_name().is_some_and(is_error_number));
                    let (kind, meaning) = match is_positive {
                        true => (DifferenceKind::RefusalLost, " (no error: mmap() returns it as an address)"),
                        false => (DifferenceKind::Error, ""),
                    };
                    found.push(self.difference(kind, format!("returned {old}"), format!("returns {new}{meaning}")));
                }
                self.stores(&mut found);
                self.calls(&mut found);
                self.locks(&mut found);
                self.rounds(&mut found);
            }
            (Returned::Success, Returned::Success) => {
                self.flags(&mut found);
                self.fields(&mut found);
                self.populates(&mut found);
                self.lost_check(&mut found);
                self.stores(&mut found);
                self.calls(&mut found);
                self.locks(&mut found);
                self.rounds(&mut found);
            }
        }
        found
    }

    /// Whether the new handler writes out a check that the old one's populating call makes, with the error of that call.
    fn is_refusal_of_call(&self, old: &Term, new: &Term) -> bool {
        let Some(Part::Populated(number)) = old.as_part() else { return false };
        let populate = self.old.populates().nth(*number).map(|(populate, _)| populate);
        let rule = populate.and_then(|populate| self.sides.rules.call(&populate.name));
        rule.and_then(|rule| rule.refuses_with.as_ref()).is_some_and(|error| *error == new.to_string())
    }

    /// A difference of this pair, without cases: those of all pairs that show it are added once all are known.
    pub(super) fn difference(&self, kind: DifferenceKind, old: String, new: String) -> Difference {
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

    /// A difference of two effects.
    pub(super) fn difference_at(
        &self,
        [old_place, new_place]: [Place; 2],
        kind: DifferenceKind,
        old: String,
        new: String,
    ) -> Difference {
        Difference { old_place, new_place, ..self.difference(kind, old, new) }
    }

    /// The conditions of both outcomes.
    pub(super) fn case(&self) -> Case {
        let (old, new) = (&self.old.condition, &self.new.condition);
        // What only one side asks decides, and stands last: above all what the side asks that is done first.
        let of_both: Case = old.iter().filter(|literal| new.contains(literal)).cloned().collect();
        let own = |one: &[Literal], other: &[Literal]| -> Case {
            one.iter().filter(|literal| !other.contains(literal)).cloned().collect()
        };
        let mut own = [own(old, new), own(new, old)];
        own.sort_by_key(|literals| Reverse(literals.len()));
        [of_both].into_iter().chain(own).flatten().collect()
    }

    /// Whether both sides accept the mapping.
    pub(super) fn is_accepted(&self) -> bool {
        (&self.old.result, &self.new.result) == (&Returned::Success, &Returned::Success)
    }

    fn flags(&self, found: &mut Vec<Difference>) {
        // What one side's calls imply, the other may write out.
        let implied: BTreeSet<&str> = [self.old, self.new]
            .into_iter()
            .flat_map(|outcome| {
                outcome.populates().flat_map(|(populate, _)| self.sides.rules.implied_flags(&populate.kind))
            })
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
            // A new mapping has no private data (mm/vma.c: __mmap_region()), unless a helper or a hook has set some.
            let is_fresh = self.sides.is_fresh && !outcome.effects.iter().any(|effect| effect.gets_mapping);
            let is_empty =
                |field: &str, value: &Term| is_fresh && field == "vm_private_data" && *value == Term::default();
            let is_kept = |field: &str, value: &Term| {
                *value == Term::from(Part::Field(field.to_owned())) || is_empty(field, value)
            };
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
            if let Some(members) = tables.and_then(|(was, is)| self.sides.vm_ops.differences(was, is)) {
                for member in members.iter() {
                    let name = format!("{field}->{}", member.name);
                    found.push(self.written(&name, member.old.as_ref(), member.new.as_ref()));
                }
                continue;
            }
            // The action takes its protection from the field: what only the call was given is now in the field.
            let is_protection = field == "vm_page_prot"
                && is.is_some_and(|value| self.old.populates().any(|(populate, _)| populate.prot == *value));
            let is_moved = was.is_some() && self.sides.moved.writes_field(field);
            if was == is || is_protection || is.is_none() && self.hands_on() || is_moved {
                continue;
            }
            found.push(self.written(field, was, is));
        }
    }

    /// Whether the new side passes the mapping to a function that is not followed, and the old one does not: it may set what seems left
    /// alone.
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
        // A pointer is NULL, and not 0.
        let is_pointer = matches!(place, "vm_ops" | "vm_private_data" | "vm_file");
        let text =
            |value: T| Some(value.to_string()).filter(|text| !is_pointer || text != "0").unwrap_or("NULL".to_owned());
        let old = was.map_or(format!("left {place} alone"), |value| format!("set {place} to {}", text(value)));
        let new = is.map_or(format!("leaves {place} alone"), |value| format!("sets {place} to {}", text(value)));
        self.difference(DifferenceKind::Field, old, new)
    }

    fn stores(&self, found: &mut Vec<Difference>) {
        let of = |outcome: &Outcome| {
            effects(outcome, |kind| match kind {
                EffectKind::Store(target, value) => Some((target.clone(), value.clone())),
                _ => None,
            })
        };
        let (mut lost, added) = (without(of(self.old), &of(self.new)), without(of(self.new), &of(self.old)));
        lost.retain(|((target, _), _)| !self.sides.moved.writes(target));
        for ((target, value), place) in lost {
            let (old, new) = (format!("set {target} to {value}"), format!("does not set {target}"));
            found.push(self.difference_at([place, self.new.place], DifferenceKind::Store, old, new));
        }
        for ((target, value), place) in added {
            let new = format!("sets {target} to {value}");
            found.push(self.difference_at([self.old.place, place], DifferenceKind::Store, "did not".to_owned(), new));
        }
    }

    fn calls(&self, found: &mut Vec<Difference>) {
        let of = |outcome: &Outcome| {
            effects(outcome, |kind| match kind {
                EffectKind::Call(name, arguments) => Some((name.clone(), listed(arguments))),
                _ => None,
            })
        };
        let whole = |((name, arguments), _): &Made<(String, String)>| format!("{name}({arguments})");
        let text = |calls: &[Made<(String, String)>]| calls.iter().map(whole).collect::<Vec<_>>().join(", ");
        let mut lost = without(of(self.old), &of(self.new));
        lost.retain(|((name, _), _)| !self.sides.moved.calls(name));
        if let Some((_, place)) = lost.first() {
            let elsewhere = if self.sides.moved.is_empty() { "" } else { ", nor does its vm_ops->mapped" };
            let names: Vec<String> = lost.iter().map(|((name, _), _)| format!("{name}()")).collect();
            let (old, new) =
                (format!("called {}", text(&lost)), format!("does not call {}{elsewhere}", names.join(", ")));
            found.push(self.difference_at([*place, self.new.place], DifferenceKind::Call, old, new));
        }
        let (dropped, added): (Vec<_>, Vec<_>) =
            without(of(self.new), &of(self.old)).into_iter().partition(|((name, _), _)| self.used_before(name));
        if let Some((_, place)) = dropped.first() {
            let (old, new) = ("used it".to_owned(), format!("calls {} and drops the result", text(&dropped)));
            found.push(self.difference_at([self.old.place, *place], DifferenceKind::Call, old, new));
        }
        if let Some((_, place)) = added.first() {
            let (old, new) = ("did not".to_owned(), format!("calls {}", text(&added)));
            found.push(self.difference_at([self.old.place, *place], DifferenceKind::Call, old, new));
        }
    }

    /// Whether the old side computes the mapping from the result of a call.
    fn used_before(&self, name: &str) -> bool {
        let is_it = |part: &Part| matches!(part, Part::Call(called, _) if called == name);
        let uses = |value: &Term| value.any(&is_it);
        let of_call = |populate: &Populate| {
            [&populate.start, &populate.frame, &populate.size, &populate.count].into_iter().flatten().any(uses)
                || uses(&populate.prot)
        };
        self.old.mapping.fields.values().any(uses) || self.old.populates().any(|(populate, _)| of_call(populate))
    }
}

/// What an outcome leaves of a flag: set, clear, or `None` for what the VMA had.
fn final_flag(outcome: &Outcome, flag: &str) -> Option<bool> {
    let known = outcome.mapping.flags.get(flag).copied()?;
    // To set a flag that is set changes nothing.
    let at_entry = Literal { atom: Atom::Flag(flag.to_owned()), holds: known };
    (!outcome.condition.contains(&at_entry)).then_some(known)
}

/// An effect in words, and its place.
type Made<T> = (T, Place);

fn effects<T>(outcome: &Outcome, of: impl Fn(&EffectKind) -> Option<T>) -> Vec<Made<T>> {
    outcome.effects.iter().filter_map(|effect| Some((of(&effect.kind)?, effect.place))).collect()
}

/// Effects of a list that another lacks; one that is there twice must be in the other twice.
fn without<T: PartialEq>(list: Vec<Made<T>>, other: &[Made<T>]) -> Vec<Made<T>> {
    let mut left: Vec<&T> = other.iter().map(|(effect, _)| effect).collect();
    let is_lost = |(effect, _): &Made<T>| match left.iter().position(|known| *known == effect) {
        Some(at) => {
            left.remove(at);
            false
        }
        None => true,
    };
    list.into_iter().filter(is_lost).collect()
}
