//! Conditions as atoms that do not depend on spelling: `a > b`, `!(a <= b)` and `b < a` are one.

use std::fmt;

use super::term::{Part, Term};
use crate::source::{Condition, is_error_number, is_identifier_byte};

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
    /// Whether a question of `#if` has the answer yes, as `Condition::Leaf` has it: `VERSION > 2`.
    Configured(String),
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

    /// The answer to a question of `#if`.
    pub(super) fn configured(question: &str, holds: bool) -> Literal {
        if question.bytes().all(is_identifier_byte) {
            return Literal::defined(question, holds);
        }
        Literal { atom: Atom::Configured(question.to_owned()), holds }
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

    /// Whether it says that a populating call fails.
    pub fn says_failed(&self) -> bool {
        self.is_of_populate() && self.holds
    }

    /// Whether it says that a value is 0.
    pub fn is_zero(&self, value: &Term) -> bool {
        self.holds && matches!(&self.atom, Atom::Zero(term) if term == value)
    }

    /// Whether it says that a value is 0, or that the populating call succeeds whose result the value is.
    pub(super) fn is_zero_result(&self, value: &Term) -> bool {
        let succeeds = |part: &Part| matches!(part, Part::Populated(number) if self.says_populated(*number));
        self.is_zero(value) || value.as_part().is_some_and(succeeds)
    }

    /// Whether it says that a sum of two parts is not greater than something.
    pub fn adds(&self, one: &Part, other: &Part) -> bool {
        let Atom::Positive(term) = &self.atom else { return false };
        let has = |part: &Part| term.parts().any(|(known, value)| known == part && (value > 0) != self.holds);
        has(one) && has(other)
    }

    /// Whether it says something about a value with such a part.
    pub fn asks(&self, is: &dyn Fn(&Part) -> bool) -> bool {
        self.asks_sum(&|sum| sum.any(is))
    }

    /// That the mapping has one page.
    pub(super) fn one_page() -> Literal {
        let more = Term::from(Part::Pages).plus(&Term::constant(-1)).unwrap_or_default();
        Literal { atom: Atom::Positive(more), holds: false }
    }

    /// What it says at least, because a mapping has a page: `size + offset <= limit` says that `PAGE_SIZE + offset <= limit`.
    pub(super) fn of_least_size(&self) -> Option<Literal> {
        self.of_least(&Part::Pages, &Term::of_one_page)
    }

    /// What it says at least, because no offset is below 0: `size + offset <= limit` says that `size <= limit`.
    pub(super) fn of_no_offset(&self) -> Option<Literal> {
        self.of_least(&Part::PageOffset, &|sum| sum.without(&[Part::PageOffset]))
    }

    /// What it says of a part at its least value, if it holds there all the more.
    fn of_least(&self, part: &Part, at_least: &dyn Fn(&Term) -> Term) -> Option<Literal> {
        let Atom::Positive(term) = &self.atom else { return None };
        let (_, count) = term.parts().find(|(known, _)| *known == part)?;
        if (count > 0) == self.holds {
            return None;
        }
        match self.with_sums(at_least) {
            Compared::If(literal) => Some(literal),
            Compared::Always(_) => None,
        }
    }

    /// Whether it says something about a sum of some sort.
    pub(super) fn asks_sum(&self, is: &dyn Fn(&Term) -> bool) -> bool {
        matches!(&self.atom, Atom::Positive(term) | Atom::Zero(term) if is(term))
    }

    /// What it says with other values for its sums.
    pub(super) fn with_sums(&self, value: &dyn Fn(&Term) -> Term) -> Compared {
        let compared = match &self.atom {
            Atom::Positive(term) => Compared::positive(&value(term)),
            Atom::Zero(term) => Compared::zero(&value(term)),
            Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => return Compared::If(self.clone()),
        };
        if self.holds { compared } else { compared.negated() }
    }

    /// The literal with other terms, as they stand.
    pub(super) fn with_terms(&self, value: &dyn Fn(&Term) -> Term) -> Literal {
        let atom = match &self.atom {
            Atom::Positive(term) => Atom::Positive(value(term)),
            Atom::Zero(term) => Atom::Zero(value(term)),
            Atom::Flag(_) | Atom::Fails(_) | Atom::Configured(_) => self.atom.clone(),
        };
        Literal { atom, holds: self.holds }
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
            || matches!(term.as_part(), Some(Part::Mapping | Part::File | Part::Address(_) | Part::Entry(_)))
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

impl fmt::Display for Literal {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        // The negative parts go to the other side of the sign.
        let sides = |term: &Term| {
            let (constant, rest) = term.split();
            let (left, right) = rest.by_sign();
            // `65537 > PAGE_SIZE`, and not `0 > PAGE_SIZE - 65537`.
            if left == Term::default() {
                return (Term::constant(constant), right);
            }
            (left, right.plus(&Term::constant(-constant)).unwrap_or_default())
        };
        // What varies is written first.
        let compared = |out: &mut fmt::Formatter, (left, right): (Term, Term), sign: &str, turned: &str| {
            if !left.is_fixed() || right.is_fixed() {
                return write!(out, "{left} {sign} {right}");
            }
            // `PAGE_SIZE > 4096`, and not `PAGE_SIZE >= 4097`.
            match (left.as_constant(), turned) {
                (Some(number), ">=") => write!(out, "{right} > {}", number - 1),
                (Some(number), "<") => write!(out, "{right} <= {}", number - 1),
                _ => write!(out, "{right} {turned} {left}"),
            }
        };
        match (&self.atom, self.holds) {
            (Atom::Flag(name), true) => write!(out, "{name} is set"),
            (Atom::Flag(name), false) => write!(out, "{name} is clear"),
            (Atom::Fails(number), true) => write!(out, "populating call {} fails", number + 1),
            (Atom::Fails(number), false) => write!(out, "populating call {} succeeds", number + 1),
            (Atom::Configured(question), holds) => Condition::Leaf(question.clone(), holds).fmt(out),
            (Atom::Positive(term), holds) => {
                // `offset > size - 1` reads better as `offset >= size`.
                let (constant, rest) = term.split();
                let or_equal = constant == 1;
                let (sign, turned) = match (holds, or_equal) {
                    (true, false) => (">", "<"),
                    (true, true) => (">=", "<="),
                    (false, false) => ("<=", ">="),
                    (false, true) => ("<", ">"),
                };
                compared(out, sides(if or_equal { &rest } else { term }), sign, turned)
            }
            (Atom::Zero(term), holds) => {
                let sign = if holds { "==" } else { "!=" };
                compared(out, sides(term), sign, sign)
            }
        }
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    pub(in crate::behaviour) fn name(name: &str) -> Term {
        Part::Name(name.to_owned()).into()
    }

    pub(in crate::behaviour) fn literal(compared: Compared) -> Literal {
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
}
