//! Conditions as atoms that do not depend on spelling: `a > b`, `!(a <= b)` and `b < a` are one.

use std::collections::BTreeMap;
use std::fmt;

use super::term::{Part, Term, is_error_number};

/// A question that a path answers.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Atom {
    /// Whether the VMA had this flag at entry.
    Flag(String),
    /// Whether a sum is greater than 0.
    Positive(Term),
    /// Whether a value is 0.
    Zero(Term),
    /// Whether the populating call of this number, counted from 0 along the path, fails.
    Fails(usize),
}

/// An atom with its answer.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Literal {
    /// The atom.
    pub atom: Atom,
    /// Its answer.
    pub holds: bool,
}

/// A comparison, or what it always comes to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Compared {
    /// The answer does not depend on anything.
    Always(bool),
    /// The literal that the comparison is.
    If(Literal),
}

impl Literal {
    /// Whether a macro of the configuration is defined, as `#ifdef` and `IS_ENABLED()` ask.
    pub(super) fn defined(name: &str, is_defined: bool) -> Literal {
        let question = if name.starts_with("CONFIG_") { "IS_ENABLED" } else { "defined" };
        let asked = Part::Call(question.to_owned(), vec![Part::Name(name.to_owned()).into()]);
        Literal { atom: Atom::Zero(asked.into()), holds: !is_defined }
    }

    /// Whether it says something about a flag of the VMA.
    pub fn is_of_flag(&self, flag: &str) -> bool {
        matches!(&self.atom, Atom::Flag(name) if name == flag)
    }

    /// Whether it says that the populating call of this number, counted from 0 along the path, succeeds.
    pub fn says_populated(&self, number: usize) -> bool {
        self.atom == Atom::Fails(number) && !self.holds
    }

    /// Whether it says whether a populating call fails.
    pub fn is_of_populate(&self) -> bool {
        matches!(self.atom, Atom::Fails(_))
    }

    /// Whether it says that a value is 0.
    pub fn is_zero(&self, value: &Term) -> bool {
        self.holds && matches!(&self.atom, Atom::Zero(term) if term == value)
    }

    /// Whether it says that a sum of two parts is not greater than something.
    pub fn adds(&self, one: &Part, other: &Part) -> bool {
        let Atom::Positive(term) = &self.atom else { return false };
        let has = |part: &Part| term.parts().any(|(known, value)| known == part && (value > 0) != self.holds);
        has(one) && has(other)
    }

    /// Whether it says something about a value with such a part.
    pub fn asks(&self, is: &dyn Fn(&Part) -> bool) -> bool {
        matches!(&self.atom, Atom::Positive(term) | Atom::Zero(term) if term.any(is))
    }

    /// Whether it says that the mapping has one page.
    fn says_one_page(&self) -> bool {
        let more = || Term::from(Part::Pages).plus(&Term::constant(-1));
        !self.holds && matches!(&self.atom, Atom::Positive(term) if Some(term) == more().as_ref())
    }

    /// What it says at least, because a mapping has a page: `size + offset <= limit` says that `PAGE_SIZE + offset <= limit`.
    fn of_least_size(&self) -> Option<Literal> {
        let Atom::Positive(term) = &self.atom else { return None };
        let (_, count) = term.parts().find(|(part, _)| **part == Part::Pages)?;
        if (count > 0) == self.holds {
            return None;
        }
        match self.with_terms(&Term::of_one_page) {
            Compared::If(literal) => Some(literal),
            Compared::Always(_) => None,
        }
    }

    /// Whether it says something about a sum of some sort.
    fn asks_term(&self, is: &dyn Fn(&Term) -> bool) -> bool {
        matches!(&self.atom, Atom::Positive(term) | Atom::Zero(term) if is(term))
    }

    /// What it says with other values for its sums.
    fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Compared {
        let compared = match &self.atom {
            Atom::Positive(term) => Compared::positive(&value(term)),
            Atom::Zero(term) => Compared::zero(&value(term)),
            Atom::Flag(_) | Atom::Fails(_) => return Compared::If(self.clone()),
        };
        if self.holds { compared } else { compared.negated() }
    }

    /// The same atom with the other answer.
    pub fn negated(&self) -> Literal {
        Literal { atom: self.atom.clone(), holds: !self.holds }
    }
}

impl Compared {
    /// Whether the VMA had a flag at entry.
    pub fn flag(name: &str) -> Compared {
        Compared::If(Literal { atom: Atom::Flag(name.to_owned()), holds: true })
    }

    /// Whether the populating call of this number fails.
    pub fn fails(number: usize) -> Compared {
        Compared::If(Literal { atom: Atom::Fails(number), holds: true })
    }

    /// `term > 0`.
    pub fn positive(term: &Term) -> Compared {
        if let Some(value) = term.as_constant() {
            return Compared::Always(value > 0);
        }
        // A common factor of PAGE_SIZE is divided out.
        let term = term.times_pages(-term.least_pages().max(0));
        let (constant, rest) = term.split();
        if let Some((part, coefficient, unit)) = only_part(&rest) {
            match part {
                // A mapping has at least one page.
                Part::Pages if coefficient > 0 && constant >= 1 - coefficient * unit => return Compared::Always(true),
                Part::Pages if coefficient < 0 && constant <= -coefficient * unit => return Compared::Always(false),
                // Offsets are unsigned.
                Part::PageOffset if coefficient > 0 && constant == 0 => {
                    return Compared::If(Literal { atom: Atom::Zero(Part::PageOffset.into()), holds: false });
                }
                Part::PageOffset if coefficient > 0 && constant > 0 => return Compared::Always(true),
                Part::PageOffset if coefficient < 0 && constant <= 0 => return Compared::Always(false),
                // Error numbers are positive.
                Part::Name(name) if is_error_number(name) && coefficient > 0 && constant >= 0 => {
                    return Compared::Always(true);
                }
                Part::Name(name) if is_error_number(name) && coefficient < 0 && constant <= -coefficient => {
                    return Compared::Always(false);
                }
                _ => {}
            }
        }
        // L > 0 is !(1 - L > 0), and the first coefficient of one of the two is positive.
        let flipped = if term.leads_negative() { Term::constant(1).minus(&term) } else { None };
        let (term, holds) = match flipped {
            Some(flipped) => (flipped, false),
            None => (term, true),
        };
        // Pages are compared as bytes: pages > length / PAGE_SIZE is size > length.
        let term = term.times_pages(-term.least_pages().min(0));
        Compared::If(Literal { atom: Atom::Positive(term), holds })
    }

    /// `term == 0`.
    pub fn zero(term: &Term) -> Compared {
        if let Some(value) = term.as_constant() {
            return Compared::Always(value == 0);
        }
        // VM_FAULT_SIGBUS and the like are bits. include/linux/mm_types.h: enum vm_fault_reason.
        let is_reason = |name: &str| is_error_number(name) || name.starts_with("VM_FAULT_");
        if term.is_errno()
            || term.as_name().is_some_and(is_reason)
            || matches!(term.as_part(), Some(Part::Mapping | Part::File | Part::Address(_)))
        {
            return Compared::Always(false);
        }
        let term = term.times_pages(-term.least_pages());
        let (constant, rest) = term.split();
        if let Some((Part::Pages, coefficient, 1)) = only_part(&rest)
            && (coefficient.abs() == 1)
        {
            let wanted = -constant * coefficient;
            if wanted < 1 {
                return Compared::Always(false);
            }
            // At least one page: not equal to one is more than one.
            if wanted == 1 {
                let more = Term::from(Part::Pages).plus(&Term::constant(-1)).unwrap_or_default();
                return Compared::If(Literal { atom: Atom::Positive(more), holds: false });
            }
        }
        let term = if term.leads_negative() { term.times(-1).unwrap_or(term) } else { term };
        Compared::If(Literal { atom: Atom::Zero(term), holds: true })
    }

    /// The opposite.
    pub fn negated(self) -> Compared {
        match self {
            Compared::Always(holds) => Compared::Always(!holds),
            Compared::If(literal) => Compared::If(literal.negated()),
        }
    }
}

/// The part, its coefficient and the least value of its unit, if a sum has one part and no multiple of `PAGE_SIZE` beside it.
fn only_part(rest: &Term) -> Option<(&Part, i128, i128)> {
    /// No architecture has smaller pages, in bytes.
    const LEAST_PAGE: i128 = 4096;
    let mut parts = rest.parts();
    let (part, coefficient) = parts.next()?;
    let units = [(0, 1), (1, LEAST_PAGE)];
    let (_, unit) = units.into_iter().find(|(pages, _)| rest.coefficient(part, *pages) == coefficient)?;
    let is_alone = parts.next().is_none() && rest.without(std::slice::from_ref(part)).as_constant() == Some(0);
    is_alone.then_some((part, coefficient, unit))
}

/// The values that literals leave to a sum without constant.
#[derive(Debug, Default)]
struct Interval {
    least: Option<i128>,
    greatest: Option<i128>,
    equal: Vec<i128>,
    unequal: Vec<i128>,
}

impl Interval {
    fn is_empty(&self) -> bool {
        let outside = |value: &i128| {
            self.least.is_some_and(|least| *value < least)
                || self.greatest.is_some_and(|greatest| *value > greatest)
                || self.unequal.contains(value)
        };
        matches!((self.least, self.greatest), (Some(least), Some(greatest)) if least > greatest)
            || self.equal.iter().any(outside)
            || self.equal.windows(2).any(|pair| pair[0] != pair[1])
            || matches!((self.least, self.greatest), (Some(least), Some(greatest)) if least == greatest && self.unequal.contains(&least))
    }
}

/// Whether a literal contradicts literals that do not contradict each other.
pub(super) fn conflicts(known: &[Literal], new: &Literal) -> bool {
    match &new.atom {
        Atom::Flag(_) | Atom::Fails(_) => known.iter().any(|known| known.atom == new.atom && known.holds != new.holds),
        Atom::Positive(term) | Atom::Zero(term) => {
            let is_related = |known: &&Literal| match &known.atom {
                Atom::Positive(other) | Atom::Zero(other) => term.is_same_but_constant(other),
                Atom::Flag(_) | Atom::Fails(_) => false,
            };
            let mut related = known.iter().filter(is_related).peekable();
            related.peek().is_some() && contradict_by_sum(related.chain([new]))
        }
    }
}

/// Whether no mapping satisfies all of the literals, as far as one sum at a time tells.
pub(super) fn contradict<'l>(literals: impl Iterator<Item = &'l Literal>) -> bool {
    let literals: Vec<&Literal> = literals.collect();
    let implied: Vec<Literal> = literals.iter().filter_map(|literal| literal.of_least_size()).collect();
    let literals: Vec<&Literal> = literals.into_iter().chain(&implied).collect();
    if contradict_by_sum(literals.iter().copied()) {
        return true;
    }
    // What is said of the size of one page is said of PAGE_SIZE.
    let is_one_page = literals.iter().any(|literal| literal.says_one_page());
    let by_page = |literal: &&Literal| literal.asks_term(&|term| term.coefficient_of_page_size() != 0);
    if !is_one_page && !literals.iter().any(by_page) {
        return false;
    }
    // If it holds for the smallest page and for the largest, it holds for those between: the sums are linear.
    PAGE_SIZES.iter().all(|size| {
        let mut of_page = Vec::new();
        for literal in &literals {
            let value = |term: &Term| if is_one_page { term.of_one_page() } else { term.clone() }.with_page_size(*size);
            match literal.with_terms(&value) {
                Compared::Always(true) => {}
                Compared::Always(false) => return true,
                Compared::If(literal) => of_page.push(literal),
            }
        }
        contradict_by_sum(of_page.iter())
    })
}

/// The smallest and the largest page, in bytes. Documentation/arch: 4 KiB on most, 256 KiB on powerpc 44x.
const PAGE_SIZES: [i128; 2] = [4096, 262_144];

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
            Atom::Flag(_) | Atom::Fails(_) => {}
        }
    }
    sums.values().any(Interval::is_empty)
}

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The negative parts go to the other side of the sign.
        let sides = |term: &Term| {
            let (constant, rest) = term.split();
            let negative = |coefficient: i128| coefficient < 0;
            let right: Vec<Part> =
                rest.parts().filter(|(_, value)| negative(*value)).map(|(part, _)| part.clone()).collect();
            let left = rest.without(&right);
            let right = rest.minus(&left).and_then(|right| right.times(-1)).unwrap_or_default();
            let moved = Term::constant(-constant);
            (left, right.plus(&moved).unwrap_or_default())
        };
        match (&self.atom, self.holds) {
            (Atom::Flag(name), true) => write!(out, "{name} is set"),
            (Atom::Flag(name), false) => write!(out, "{name} is clear"),
            (Atom::Fails(number), true) => write!(out, "populating call {} fails", number + 1),
            (Atom::Fails(number), false) => write!(out, "populating call {} succeeds", number + 1),
            (Atom::Positive(term), holds) => {
                let (left, right) = sides(term);
                write!(out, "{left} {} {right}", if holds { ">" } else { "<=" })
            }
            (Atom::Zero(term), holds) => {
                let (left, right) = sides(term);
                write!(out, "{left} {} {right}", if holds { "==" } else { "!=" })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> Term {
        Part::Name(name.to_owned()).into()
    }

    fn literal(compared: Compared) -> Literal {
        match compared {
            Compared::If(literal) => literal,
            Compared::Always(_) => panic!("is no question"),
        }
    }

    #[test]
    fn spelling_does_not_matter() {
        let (size, limit) = (Term::size(), name("limit"));
        let more = literal(Compared::positive(&size.minus(&limit).unwrap()));
        // !(limit + 1 > size)
        let at_least = limit.minus(&size).unwrap().plus(&Term::constant(1)).unwrap();
        assert_eq!(more, literal(Compared::positive(&at_least)).negated());
        // In pages: pages > limit / PAGE_SIZE
        let pages = Term::from(Part::Pages).minus(&limit.times_pages(-1)).unwrap();
        assert_eq!(more, literal(Compared::positive(&pages)));
        assert_eq!(more.to_string(), "size > limit");
    }

    #[test]
    fn a_mapping_has_a_page() {
        let one = Term::size().minus(&Term::page_size()).unwrap();
        assert_eq!(literal(Compared::zero(&one)), literal(Compared::positive(&one)).negated());
        assert_eq!(Compared::zero(&Term::size()), Compared::Always(false));
        assert_eq!(Compared::positive(&Term::size()), Compared::Always(true));
    }

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
