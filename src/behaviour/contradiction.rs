//! Literals that no mapping satisfies together.

use std::collections::BTreeMap;

use super::atom::{Atom, Compared, Literal};
use super::term::{Part, Term};

/// Sizes of pages, in bytes. arch/*/Kconfig: 4 KiB on most, 256 KiB on powerpc 44x.
const PAGE_SIZES: [i128; 7] = [4096, 8192, 16_384, 32_768, 65_536, 131_072, 262_144];

/// The values that literals leave to a sum without constant.
#[derive(Debug, Default)]
struct Interval {
    least: Option<i128>,
    greatest: Option<i128>,
    equal: Vec<i128>,
    unequal: Vec<i128>,
}

impl Interval {
    /// Moves the bounds past values that are excluded: what is at most 1 and neither 0 nor 1 is below 0.
    fn narrow(&mut self) {
        for (bound, step) in [(&mut self.least, 1), (&mut self.greatest, -1)] {
            while let Some(value) = bound.filter(|value| self.unequal.contains(value)) {
                *bound = Some(value + step);
            }
        }
    }

    /// Whether no value is left, once it is narrowed.
    fn is_empty(&self) -> bool {
        let outside = |value: &i128| {
            self.least.is_some_and(|least| *value < least)
                || self.greatest.is_some_and(|greatest| *value > greatest)
                || self.unequal.contains(value)
        };
        matches!((self.least, self.greatest), (Some(least), Some(greatest)) if least > greatest)
            || self.equal.iter().any(outside)
            || self.equal.windows(2).any(|pair| pair[0] != pair[1])
    }
}

/// Whether a literal contradicts literals that do not contradict each other.
pub(super) fn conflicts(known: &[Literal], new: &Literal) -> bool {
    match &new.atom {
        Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => {
            known.iter().any(|known| known.atom == new.atom && known.holds != new.holds)
        }
        Atom::Positive(term) | Atom::Zero(term) => {
            let is_related = |known: &&Literal| match &known.atom {
                Atom::Positive(other) | Atom::Zero(other) => term.is_same_but_constant(other),
                Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => false,
            };
            let mut related = known.iter().filter(is_related).peekable();
            related.peek().is_some() && contradict_by_sum(related.chain([new]))
        }
    }
}

/// Whether something never holds under conditions.
pub(super) fn is_impossible(conditions: &[&[Literal]], compared: Compared) -> bool {
    match compared {
        Compared::Always(holds) => !holds,
        Compared::If(literal) => contradict(conditions.iter().copied().flatten().chain([&literal])),
    }
}

/// Whether no mapping satisfies all of the literals, as far as one sum at a time tells.
pub(super) fn contradict<'l>(literals: impl Iterator<Item = &'l Literal>) -> bool {
    let literals: Vec<&Literal> = literals.collect();
    let without_offset: Vec<Literal> = literals.iter().filter_map(|literal| literal.of_no_offset()).collect();
    let all = literals.iter().copied().chain(&without_offset);
    let mut implied: Vec<Literal> = all.filter_map(Literal::of_least_size).collect();
    implied.extend(without_offset);
    let literals: Vec<&Literal> = literals.into_iter().chain(&implied).collect();
    if contradict_by_sum(literals.iter().copied()) {
        return true;
    }
    // With one page, the size is PAGE_SIZE.
    let is_one_page = literals.contains(&&Literal::one_page());
    let by_page = |literal: &&Literal| literal.asks_sum(&|sum| sum.coefficient_of_page_size() != 0);
    if !is_one_page && !literals.iter().any(by_page) {
        return false;
    }
    PAGE_SIZES.iter().all(|size| {
        let mut of_page = Vec::new();
        for literal in &literals {
            let value = |term: &Term| if is_one_page { term.of_one_page() } else { term.clone() }.with_page_size(*size);
            match literal.with_sums(&value) {
                Compared::Always(true) => {}
                Compared::Always(false) => return true,
                Compared::If(literal) => of_page.push(literal),
            }
        }
        contradict_by_sum(of_page.iter())
    })
}

/// The same, without what follows from the sizes of a mapping and of a page.
fn contradict_by_sum<'l>(literals: impl Iterator<Item = &'l Literal>) -> bool {
    let mut sums: BTreeMap<Term, Interval> = BTreeMap::new();
    let mut answers: BTreeMap<&Atom, bool> = BTreeMap::new();
    let mut constants: BTreeMap<Term, &str> = BTreeMap::new();
    for literal in literals {
        if *answers.entry(&literal.atom).or_insert(literal.holds) != literal.holds {
            return true;
        }
        match &literal.atom {
            Atom::Positive(term) => {
                let (constant, rest) = term.split();
                let interval = sums.entry(rest).or_default();
                if literal.holds {
                    let least = 1 - constant;
                    interval.least = Some(interval.least.map_or(least, |known| known.max(least)));
                } else {
                    interval.greatest = Some(interval.greatest.map_or(-constant, |known| known.min(-constant)));
                }
            }
            Atom::Zero(term) => {
                if let Some((name, rest)) = term.named_constant().filter(|_| literal.holds)
                    && *constants.entry(rest).or_insert(name) != name
                {
                    return true;
                }
                let (constant, rest) = term.split();
                let interval = sums.entry(rest).or_default();
                if literal.holds { interval.equal.push(-constant) } else { interval.unequal.push(-constant) }
            }
            Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => {}
        }
    }
    sums.into_iter().any(|(sum, mut interval)| {
        // No offset is below 0.
        if sum.as_part() == Some(&Part::PageOffset) {
            interval.least = Some(interval.least.map_or(0, |least| least.max(0)));
        }
        interval.narrow();
        interval.is_empty()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::behaviour::atom::tests::{literal, name};

    #[test]
    fn literals_contradict() {
        let above = |value: i128| literal(Compared::positive(&name("n").plus(&Term::constant(-value)).unwrap()));
        let is = |value: i128| literal(Compared::zero(&name("n").plus(&Term::constant(-value)).unwrap()));
        assert!(contradict([&above(5), &above(3).negated()].into_iter()));
        assert!(!contradict([&above(3), &above(5).negated()].into_iter()));
        assert!(contradict([&above(3), &is(2)].into_iter()));
        assert!(contradict([&is(4), &is(2)].into_iter()));
        assert!(contradict([&above(3), &above(4).negated(), &is(4).negated()].into_iter()));
    }
}
