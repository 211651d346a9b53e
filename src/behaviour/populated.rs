//! What two outcomes populate otherwise.

use super::atom::Compared;
use super::bound::{inequalities, is_never_positive};
use super::compare::fits_count;
use super::contradiction::is_impossible;
use super::difference::{Difference, DifferenceKind};
use super::outcome::{Effect, Populate};
use super::pair::Pair;
use super::term::{Part, Term, listed};
use crate::verdict::Place;

impl Pair<'_> {
    pub(super) fn populates(&self, found: &mut Vec<Difference>) {
        let (old, new): (Vec<_>, Vec<_>) = (self.old.populates().collect(), self.new.populates().collect());
        if old.len() != new.len() {
            let text = |list: &[(&Populate, &Effect)], verb: &str, none: &str| match list {
                [] => none.to_owned(),
                list => {
                    let names: Vec<&str> = list.iter().map(|(populate, _)| populate.name.as_str()).collect();
                    format!("{verb} by {}", names.join(", "))
                }
            };
            let old = text(&old, "populated", "did not populate");
            let new = text(&new, "populates", "does not populate");
            found.push(self.difference(DifferenceKind::Populate, old, new));
            return;
        }
        for ((old, old_effect), (new, new_effect)) in old.into_iter().zip(new) {
            // One may take a physical address, where the other takes a PFN, and looks at no size.
            let by_frame = [(old, new), (new, old)].map(|(one, other)| {
                let is_like = other.kind == "ioremap" && self.fits_object(one);
                one.by_frame().filter(|_| is_like)
            });
            let (old, new) = (by_frame[0].as_ref().unwrap_or(old), by_frame[1].as_ref().unwrap_or(new));
            self.populate((old, new), [old_effect.place, new_effect.place], found);
        }
    }

    /// The check that a populating call makes by itself, `vm_map_pages()` and its kin (mm/memory.c: __vm_map_pages()), and that nothing makes
    /// in its place.
    pub(super) fn lost_check(&self, found: &mut Vec<Difference>) {
        let known = inequalities(&self.new.condition);
        for ((old, effect), (new, new_effect)) in self.old.populates().zip(self.new.populates()) {
            let (Some(count), true) = (&old.count, fits_count(self.sides.rules, old)) else { continue };
            if fits_count(self.sides.rules, new) {
                continue;
            }
            let end = old.offset.clone().unwrap_or_default().plus(&Part::Pages.into());
            let Some(excess) = end.and_then(|end| end.minus(count)) else { continue };
            if !is_never_positive(&excess.times_pages(1), &known) {
                let what = format!("that the mapping ends within {count} pages");
                let (was, is) = (format!("checked it by {}", old.name), format!("does not check {what}"));
                let places = [effect.place, new_effect.place];
                found.push(self.difference_at(places, DifferenceKind::RefusalLost, was, is));
            }
        }
    }

    /// The differences of one populating call and what stands in its place.
    fn populate(&self, (old, new): (&Populate, &Populate), places: [Place; 2], found: &mut Vec<Difference>) {
        if old.kind != new.kind {
            // The arguments of another call have other meanings.
            return found.push(self.other_call(old, new, places));
        }
        let mut differs = |old: String, new: String| {
            let (old, new) = (format!("populated with {old}"), format!("populates with {new}"));
            found.push(self.difference_at(places, DifferenceKind::Populate, old, new));
        };
        let text = |value: &Option<Term>| value.as_ref().map_or("nothing".to_owned(), ToString::to_string);
        let frame = if old.object_size.is_some() { "address" } else { "first frame" };
        let names = ["start", frame, "size", "object size", "count", "protection"];
        for (name, (was, is)) in names.into_iter().zip(self.range(old).into_iter().zip(self.range(new))) {
            if !self.is_same(was.as_ref(), is.as_ref()) {
                differs(format!("{name} {}", text(&was)), format!("{name} {}", text(&is)));
            }
        }
        let is_same = |(old, new): (&Term, &Term)| self.is_same(Some(old), Some(new));
        if old.others.len() != new.others.len() || !old.others.iter().zip(&new.others).all(is_same) {
            differs(listed(&old.others), listed(&new.others));
        }
    }

    /// The difference of two calls that populate in different ways.
    fn other_call(&self, old: &Populate, new: &Populate, places: [Place; 2]) -> Difference {
        let rule = |populate: &Populate| self.sides.rules.call(&populate.name);
        let is_by_page = rule(old).is_some_and(|rule| rule.page.is_some());
        let is_array = rule(new).is_some_and(|rule| rule.pages.is_some());
        let (kind, rest) = match is_by_page && is_array {
            true => (DifferenceKind::PopulateUnlike, ", whose pages are not compared"),
            false => (DifferenceKind::Populate, ""),
        };
        let (old, new) = (format!("populated by {}", old.name), format!("populates by {}{rest}", new.name));
        self.difference_at(places, kind, old, new)
    }

    /// Start, frame, size, object size, count and protection of a populating call. A call without a start begins with the mapping, and one that checks
    /// its array maps all of it.
    fn range(&self, populate: &Populate) -> [Option<Term>; 6] {
        let count = match fits_count(self.sides.rules, populate) {
            true => Some(Part::Pages.into()),
            false => populate.count.clone(),
        };
        [
            populate.start.clone().or(Some(Part::Start.into())),
            populate.frame.clone(),
            populate.size.clone(),
            populate.object_size.clone(),
            count,
            Some(populate.prot.clone()),
        ]
    }

    /// Whether the mapping lies in the object of a call that checks this itself.
    fn fits_object(&self, populate: &Populate) -> bool {
        let offset = populate.offset.clone().unwrap_or_default().times_pages(1);
        let object = populate.object_size.as_ref();
        let excess = object.and_then(|object| Term::size().plus(&offset)?.minus(object));
        excess.is_some_and(|excess| self.is_impossible(Compared::positive(&excess)))
    }

    /// Whether two values are equal: `PAGE_SIZE` is the size of a mapping that was checked to be one page.
    fn is_same(&self, old: Option<&Term>, new: Option<&Term>) -> bool {
        let (Some(old), Some(new)) = (old, new) else { return old.is_none() && new.is_none() };
        let differs = |difference: Term| Compared::zero(&difference).negated();
        old == new || old.minus(new).is_some_and(|difference| self.is_impossible(differs(difference)))
    }

    /// Whether something never holds under the conditions of both outcomes.
    fn is_impossible(&self, compared: Compared) -> bool {
        is_impossible(&[&self.old.condition, &self.new.condition], compared)
    }
}
