//! Whether the conditions of a path keep a populate within its object and within the mapping.

use std::collections::BTreeSet;

use super::atom::{Atom, Literal};
use super::outcome::Populate;
use super::term::{Cut, Part, Term};
use crate::rules::{CallValue, Rules};

/// The range that no condition of a path bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Unbounded {
    /// The length of the populate.
    Size,
    /// The offset from which it is mapped.
    Offset,
    /// The length, which may exceed the mapping.
    BeyondMapping,
}

/// Maximum number of conditions that are combined to prove a bound.
const COMBINED: usize = 4;

/// The range of a populate that a path leaves unbounded; `None` if it is bounded, or if its length is not known.
pub fn unbounded(rules: &Rules, condition: &[Literal], populate: &Populate, is_looped: bool) -> Option<Unbounded> {
    let condition: Vec<Literal> = condition.iter().map(|literal| literal.with_terms(&without_sign)).collect();
    let (condition, populate) = (condition.as_slice(), &populate.with_terms(&without_sign));
    let known = inequalities(condition);
    // An object that was made for this mapping has its size, and a call that is given the range may check it.
    let objects = || populate.frame.iter().chain(&populate.others);
    let may_be_checked = objects().any(|term| is_made_for_mapping(rules, term)) || is_asked(condition);
    let beyond_object = if may_be_checked { None } else { beyond_object(rules, populate, &known) };
    beyond_object.or_else(|| {
        let is_judged = is_looped || !may_be_checked;
        (is_judged && is_beyond_mapping(condition, populate, is_looped, &known)).then_some(Unbounded::BeyondMapping)
    })
}

/// A value in which what is cut to as many bytes has one type: a length is tested as `unsigned int`, and passed as `int`.
fn without_sign(term: &Term) -> Term {
    term.replaced(&|part| match part {
        Part::Narrow(cut, whole) => {
            let cut = Cut { name: "unsigned".to_owned(), bytes: cut.bytes };
            Some(Part::Narrow(cut, whole.clone()).into())
        }
        _ => None,
    })
}

/// Whether a populate outside of loops may reach beyond the end of the mapping.
pub(super) fn may_reach_beyond(condition: &[Literal], populate: &Populate) -> bool {
    is_beyond_mapping(condition, populate, false, &inequalities(condition))
}

/// The range of a populate that may reach beyond its object.
fn beyond_object(rules: &Rules, populate: &Populate, known: &[Inequality]) -> Option<Unbounded> {
    if let Some(object_size) = &populate.object_size {
        // A call that checks the mapping against its own size checks nothing.
        return (!is_bounded(object_size, known)).then_some(Unbounded::Size);
    }
    let mut reaches: Vec<(Term, Term)> =
        populate.count.iter().map(|count| (Term::default(), count.times_pages(1))).collect();
    if let (Some(frame), Some(length)) = (&populate.frame, &populate.size) {
        reaches.push((in_bytes(frame.only(&is_moving)), length.clone()));
        reaches.extend(indexes_below(rules, frame).into_iter().map(|index| (index, Term::page_size())));
    }
    if let Some(page) = &populate.page {
        reaches.extend(indexes(rules, page).into_iter().map(|index| (index, Term::page_size())));
    }
    let is_within = |from: &Term, length: &Term| from.plus(length).is_none_or(|end| is_bounded(&end, known));
    let (from, length) = reaches.iter().find(|(from, length)| !is_within(from, length))?;
    let moving = from.only(&is_moving);
    let moves = moving != Term::default();
    // What goes through an object page by page goes as far as the mapping: its size decides.
    if moves && moving.parts().all(|(part, _)| matches!(part, Part::Rounds(_))) {
        return (!is_bounded(&Term::size(), known)).then_some(Unbounded::Size);
    }
    Some(if moves && is_bounded(length, known) { Unbounded::Offset } else { Unbounded::Size })
}

/// Whether a populate may reach beyond the end of the mapping. Calls with an object size look at the mapping themselves.
fn is_beyond_mapping(condition: &[Literal], populate: &Populate, is_looped: bool, known: &[Inequality]) -> bool {
    let (Some(length), Some(_), None) = (&populate.size, &populate.frame, &populate.object_size) else { return false };
    if is_looped {
        return is_beyond_in_loop(condition, populate, length, known);
    }
    let offset = match &populate.start {
        Some(start) => start.minus(&Part::Start.into()),
        None => Some(Term::default()),
    };
    let is_unknown = |part: &Part| {
        matches!(part, Part::Changed(_) | Part::Entry(_) | Part::Narrow(..) | Part::Operation(..) | Part::Start)
    };
    let Some(reach) = offset.and_then(|offset| offset.plus(length)).filter(|reach| !reach.any(&is_unknown)) else {
        return false;
    };
    reach.minus(&Term::size()).is_some_and(|excess| !is_never_positive(&excess, known))
}

/// Whether a populate in a loop may run past the end of the mapping.
fn is_beyond_in_loop(condition: &[Literal], populate: &Populate, length: &Term, known: &[Inequality]) -> bool {
    let Some(start) = populate.start.as_ref().and_then(|start| start.minus(&Part::Start.into())) else { return false };
    let is_size = |part: &Part| *part == Part::Pages;
    let is_of_loop = |part: &Part| {
        matches!(part, Part::Rounds(_) | Part::Changed(_) | Part::Entry(_))
            || length.parts().any(|(known, _)| known == part)
    };
    // The size of the mapping is that of the object, or the loop asks for its end.
    let is_object =
        |literal: &Literal| literal.holds && matches!(&literal.atom, Atom::Zero(term) if term.any(&is_size));
    if condition.iter().any(|literal| is_object(literal) || literal.asks(&is_size) && literal.asks(&is_of_loop)) {
        return false;
    }
    let is_unknown =
        |part: &Part| matches!(part, Part::Changed(_) | Part::Entry(_) | Part::Narrow(..) | Part::Operation(..));
    if start.any(&is_unknown) || length.any(&is_unknown) {
        return length.parts().any(|(part, _)| matches!(part, Part::Member(..)));
    }
    let excess = start.plus(length).and_then(|end| end.minus(&Term::size()));
    excess.is_some_and(|excess| !is_never_positive(&excess, known))
}

/// Whether the page that a fault maps stays within its object. `hook` is the condition under which the mapping was accepted.
pub fn is_fault_bounded(rules: &Rules, page: &Term, condition: &[Literal], hook: &[Literal]) -> bool {
    if is_made_for_mapping(rules, page) || is_looked_up(rules, page) || is_asked(condition) || is_asked(hook) {
        return true;
    }
    let mut known = inequalities(condition);
    known.extend(inequalities(hook));
    // The page of a fault lies in the mapping.
    let within = Term::from(Part::FaultPage).plus(&Term::constant(1)).and_then(|next| next.minus(&Part::Pages.into()));
    known.extend(within.map(|within| Inequality::new(within.times_pages(1), true)));
    indexes(rules, page).iter().all(|index| index.plus(&Term::page_size()).is_some_and(|end| is_bounded(&end, &known)))
}

/// Whether user space decides a part of a sum, or the round of a loop does. What a call makes of such a part is its own.
fn is_moving(part: &Part) -> bool {
    match part {
        Part::Pages | Part::PageOffset | Part::FaultPage | Part::Rounds(_) => true,
        Part::Narrow(_, value) => value.parts().any(|(part, _)| is_moving(part)),
        Part::Operation(_, operands) => operands.iter().any(|operand| operand.parts().any(|(part, _)| is_moving(part))),
        _ => false,
    }
}

/// Whether moving parts of a sum count pages, and whether they count bytes.
fn units(sum: &Term) -> (bool, bool) {
    let (mut pages, mut bytes) = (false, false);
    for (part, factor) in sum.factors().filter(|(part, _)| is_moving(part)) {
        let inner = match part {
            Part::Narrow(_, value) => units(value),
            _ => (true, false),
        };
        pages |= factor == 0 && inner.0;
        bytes |= factor > 0 || inner.1;
    }
    (pages, bytes)
}

/// A sum of moving parts in bytes.
pub(super) fn in_bytes(sum: Term) -> Term {
    if units(&sum).1 { sum } else { sum.times_pages(1) }
}

/// The moving distances from the start of an object to the page that a value denotes, in bytes: the indexes of arrays, and the sums below
/// calls that only change the form of an address.
fn indexes(rules: &Rules, object: &Term) -> Vec<Term> {
    let own = object.only(&|part| is_moving(part) && !matches!(part, Part::Operation(..)));
    let own = without_own_copy(own);
    let is_index = own.added().next().is_some();
    is_index.then(|| in_bytes(own)).into_iter().chain(indexes_below(rules, object)).collect()
}

/// The indexes in the parts of a value, without its own sum.
fn indexes_below(rules: &Rules, object: &Term) -> Vec<Term> {
    let mut found = Vec::new();
    for (part, _) in object.parts() {
        match part {
            Part::Index(base, index) => {
                let moving = without_own_copy(index.only(&is_moving));
                if moving.added().next().is_some() {
                    found.push(moving.times_pages(1));
                }
                found.extend(indexes(rules, base));
            }
            Part::Call(name, arguments) if rules.value(name) == Some(CallValue::Address) => {
                found.extend(arguments.iter().flat_map(|argument| indexes(rules, argument)));
            }
            Part::Address(value) | Part::Target(value) => found.extend(indexes(rules, value)),
            _ => {}
        }
    }
    found
}

/// A sum without `x - (int)x`.
fn without_own_copy(sum: Term) -> Term {
    let mut left = sum.clone();
    for (part, value) in sum.parts() {
        if let (Part::Narrow(_, inner), true) = (part, value < 0)
            && inner.parts().all(|(part, value)| sum.parts().any(|(other, count)| other == part && count == value))
            && let Some(rest) = left.minus(inner).and_then(|rest| rest.plus(&part.clone().into()))
        {
            left = rest;
        }
    }
    left
}

/// Whether an object was made by a call that was given the size of the mapping.
fn is_made_for_mapping(rules: &Rules, object: &Term) -> bool {
    comes_from_call(rules, object, &|part| *part == Part::Pages)
}

/// Whether a value comes from a call that was given the offset, and looks up what lies there.
fn is_looked_up(rules: &Rules, object: &Term) -> bool {
    comes_from_call(rules, object, &|part| matches!(part, Part::PageOffset | Part::FaultPage))
}

/// Whether a value comes from a call that was given something, and does more than change the form of an address.
fn comes_from_call(rules: &Rules, value: &Term, given: &dyn Fn(&Part) -> bool) -> bool {
    value.any(&|part| match part {
        Part::Call(name, arguments) if rules.value(name) != Some(CallValue::Address) => {
            arguments.iter().any(|argument| argument.any(given))
        }
        _ => false,
    })
}

/// Whether a condition is the answer of a call that was given the size of the mapping.
pub(super) fn is_asked(condition: &[Literal]) -> bool {
    let is_call = |part: &Part| match part {
        Part::Call(_, arguments) => arguments.iter().any(|argument| argument.any(&|part| *part == Part::Pages)),
        _ => false,
    };
    condition
        .iter()
        .any(|literal| matches!(&literal.atom, Atom::Zero(term) | Atom::Positive(term) if term.any(&is_call)))
}

/// Sums that are 0 or less, in bytes.
pub(super) fn inequalities(condition: &[Literal]) -> Vec<Inequality> {
    let mut found = Vec::new();
    for Literal { atom, holds } in condition {
        let term = match atom {
            Atom::Positive(term) => term,
            Atom::Zero(term) if *holds => term,
            Atom::Zero(term) => {
                found.extend(left_over(term));
                continue;
            }
            Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => continue,
        };
        // A sum that mixes units bounds nothing.
        let (counts_pages, counts_bytes) = units(term);
        if counts_pages && counts_bytes {
            continue;
        }
        let bytes = |term: Term| if counts_pages { term.times_pages(1) } else { term };
        let sums = match atom {
            Atom::Zero(_) => vec![Some(term.clone()), term.times(-1)],
            // A sum greater than 0 is at least 1.
            _ if *holds => vec![Term::constant(1).minus(term)],
            _ => vec![Some(term.clone())],
        };
        let is_equation = matches!(atom, Atom::Zero(_));
        found.extend(sums.into_iter().flatten().map(|sum| Inequality::new(bytes(sum), is_equation)));
    }
    found
}

/// The bound of a loop that counts the mapping down to nothing: `while (left) { ...; left -= PAGE_SIZE; }`. In each round, at least a page
/// is left.
fn left_over(term: &Term) -> Option<Inequality> {
    let counts_down = |sum: &Term| {
        let has =
            |is: fn(&Part) -> bool, sign: i128| sum.parts().any(|(part, value)| is(part) && value.signum() == sign);
        has(|part| matches!(part, Part::Rounds(_)), -1) && has(|part| *part == Part::Pages, 1)
    };
    let left = [Some(term.clone()), term.times(-1)].into_iter().flatten().find(counts_down)?;
    let sum = match units(&left) {
        (_, true) => Term::page_size().minus(&left).filter(|_| left.is_whole_pages())?,
        (_, false) => Term::constant(1).minus(&left)?.times_pages(1),
    };
    Some(Inequality::new(sum, true))
}

/// A sum that is 0 or less.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Inequality {
    sum: Term,
    /// Whether it bounds moving parts by something else than a number. Two such bounds do not add up to one: offset and size may each be
    /// within the object, and their sum is not.
    is_limit: bool,
}

impl Inequality {
    fn new(sum: Term, is_equation: bool) -> Inequality {
        let sum = without_own_copy(sum);
        let is_limit = !is_equation && sum.parts().any(|(part, value)| value < 0 && !is_moving(part));
        Inequality { sum, is_limit }
    }

    /// `(u32)x <= x` for each such copy in some sums: the ranges of a mapping are not negative.
    fn of_copies<'t>(sums: impl Iterator<Item = &'t Term>) -> Vec<Inequality> {
        let mut known = Vec::new();
        for (part, pages) in sums.flat_map(Term::factors) {
            let Part::Narrow(_, inner) = part else { continue };
            let copy = Term::from(part.clone()).minus(inner).map(|sum| sum.times_pages(pages));
            known.extend(copy.map(|sum| Inequality { sum, is_limit: false }));
        }
        known
    }
}

/// Whether a sum is at most something that neither the mapping nor a loop decides.
pub(super) fn is_bounded(sum: &Term, known: &[Inequality]) -> bool {
    // `index > count` lets the index be one too large: what bounds it has to be a size, not a size and a page. `offset >= size` in bytes
    // leaves out the page that begins at the size.
    let is_size = |term: &Term| {
        let pages = term.coefficient(&Part::Pages, 1).min(0);
        let excess = term.coefficient_of_page_size() + pages;
        excess <= 0 || excess == 1 && term.split().0 < 0 || !counts(term)
    };
    let is_free = |term: &Term| !term.added().any(is_moving) && is_size(term);
    let copies = Inequality::of_copies(known.iter().map(|known| &known.sum).chain([sum]));
    follows(sum, &related(sum, known.iter().chain(&copies)), COMBINED, &is_free)
}

/// Whether a sum is the number of something, by the name of its only part: `nr_pages`, `size`; not `last_page`.
fn counts(sum: &Term) -> bool {
    const COUNTS: &[&str] =
        &["nr", "num", "n", "count", "size", "len", "length", "pages", "npages", "pagecount", "bytes"];
    let mut added = sum.added();
    let (Some(part), None) = (added.next(), added.next()) else { return false };
    let name = match part {
        Part::Member(_, name) | Part::Name(name) => name,
        _ => return false,
    };
    let words = || name.split('_');
    words().any(|word| COUNTS.contains(&word)) && !words().any(|word| matches!(word, "last" | "max" | "end"))
}

/// Whether a sum is at most 0.
pub(super) fn is_never_positive(sum: &Term, known: &[Inequality]) -> bool {
    let is_it = |term: &Term| {
        let (constant, rest) = term.split();
        let pages = rest.coefficient(&Part::Pages, 1);
        // A mapping has at least one page.
        let single = rest.without(&[Part::Pages, Part::PageOffset]);
        let page_sizes = if single == Term::default() { Some(0) } else { single.page_sizes() };
        constant <= 0
            && rest.coefficient(&Part::PageOffset, 1) <= 0
            && page_sizes.is_some_and(|page_sizes| pages <= 0 && page_sizes + pages <= 0)
    };
    follows(sum, &related(sum, known.iter()), COMBINED, &is_it)
}

/// The sums that share a part with a sum, directly or by way of others. No other sum says anything about it.
fn related<'k>(sum: &Term, known: impl Iterator<Item = &'k Inequality>) -> Vec<&'k Inequality> {
    let mut parts: BTreeSet<&Part> = sum.parts().map(|(part, _)| part).collect();
    let (mut found, mut left) = (Vec::new(), known.collect::<BTreeSet<_>>());
    loop {
        let is_related = |known: &&Inequality| known.sum.parts().any(|(part, _)| parts.contains(part));
        let (next, others): (BTreeSet<&Inequality>, BTreeSet<&Inequality>) = left.into_iter().partition(is_related);
        if next.is_empty() {
            return found;
        }
        parts.extend(next.iter().flat_map(|known| known.sum.parts()).map(|(part, _)| part));
        found.extend(next);
        left = others;
    }
}

/// Whether a sum less some of the known sums, each 0 or less, is as `goal` wants it.
fn follows(sum: &Term, known: &[&Inequality], left: usize, goal: &dyn Fn(&Term) -> bool) -> bool {
    goal(sum)
        || left > 0
            && known.iter().enumerate().any(|(number, inequality)| {
                let is_left = |other: &&&Inequality| !(inequality.is_limit && other.is_limit);
                let rest: Vec<&Inequality> = known[number + 1..].iter().filter(is_left).copied().collect();
                sum.minus(&inequality.sum).is_some_and(|less| follows(&less, &rest, left - 1, goal))
            })
}
