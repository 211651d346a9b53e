//! Compares the behaviour of a handler with that of its conversion.

use super::Behaviour;
use super::atom::{Atom, Compared, Literal};
use super::cases::{Case, shortened};
use super::contradiction::contradict;
use super::difference::{Difference, NotCompared};
use super::outcome::{Outcome, Populate};
use super::pair::{Pair, Sides};
use super::term::{Part, Term};
use crate::rules::Rules;

/// Compares the variants of a handler with those of its conversion, pair by pair. Each difference is given once, with the cases that show
/// it.
///
/// # Errors
/// Not all outcomes are known.
pub(super) fn differences(sides: &Sides, pairs: &[(&Behaviour, &Behaviour)]) -> Result<Vec<Difference>, NotCompared> {
    if let Some(gap) = pairs.iter().find_map(|(old, new)| old.gap.or(new.gap)) {
        return Err(NotCompared::Gap(gap));
    }
    let mut possible: Vec<Pair> = Vec::new();
    for (old, new) in pairs {
        for (old, new) in old.outcomes.iter().flat_map(|old| new.outcomes.iter().map(move |new| (old, new))) {
            let checked = checked_by_calls(sides.rules, old);
            if !contradict(old.condition.iter().chain(&checked).chain(&new.condition)) {
                possible.push(Pair { sides, old, new });
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
    for (number, populate) in outcome.populates().map(|(populate, _)| populate).enumerate() {
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
pub(super) fn fits_count(rules: &Rules, populate: &Populate) -> bool {
    rules.call(&populate.name).is_some_and(|rule| rule.fits_count)
}
