//! Values as sums, so that `vm_end - vm_start`, `vma_pages(vma) << PAGE_SHIFT` and `vma_desc_size(desc)` are one term.

mod operation;
mod text;

pub use operation::Operation;
pub use text::listed;

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use rustc_hash::FxHasher;

use crate::source::is_error_number;

/// A type that may not hold all of a value.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cut {
    /// Its name, one for all spellings.
    pub name: String,
    /// Its length in bytes.
    pub bytes: u8,
}

impl Cut {
    /// Whether it holds no negative numbers.
    pub(super) fn is_unsigned(&self) -> bool {
        self.name.starts_with("unsigned")
    }
}

/// A value that is not a sum.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Part {
    /// The number of pages of the mapping; at least 1.
    Pages,
    /// The offset of the mapping into its file, in pages.
    PageOffset,
    /// The address at which the mapping starts.
    Start,
    /// The page of the mapping that a fault is about, counted from its start; at least 0, and less than its pages.
    FaultPage,
    /// How many rounds of the loop of this number have ended; at least 0.
    Rounds(usize),
    /// The VMA or the desc.
    Mapping,
    /// The file whose hook runs.
    File,
    /// Another field of the VMA, as it was at entry, by its name in `struct vm_area_struct`.
    Field(String),
    /// A constant, a global, or a parameter.
    Name(String),
    /// `base->name` or `base.name`.
    Member(Arc<Term>, String),
    /// `base[index]`.
    Index(Arc<Term>, Arc<Term>),
    /// `*pointer`.
    Target(Arc<Term>),
    /// `&value`.
    Address(Arc<Term>),
    /// The result of a call that nothing is known of.
    Call(String, Vec<Term>),
    /// The result of the populating call of this number, counted from 0 along the path.
    Populated(usize),
    /// Any other operation.
    Operation(Operation, Vec<Term>),
    /// Flags of a VMA, by name.
    Flags(BTreeSet<String>),
    /// A value that was stored in a type that may not hold all of it.
    Narrow(Cut, Arc<Term>),
    /// The value of a variable behind a loop, or behind a call that was given its address.
    Changed(String),
    /// The value of a variable that a macro sets to each entry of a list: a pointer to an object.
    Entry(String),
}

/// The product of a part and a power of `PAGE_SIZE`; without a part, the power alone.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Factor {
    part: Option<Part>,
    pages: i8,
}

/// A sum of parts with coefficients.
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Term {
    /// Sorted by factor, none of them with the coefficient 0. Shared, because terms are copied with every state.
    sum: Arc<Vec<(Factor, i128)>>,
}

/// Coefficients beyond this are not calculated with.
const COEFFICIENT_LIMIT: i128 = 1 << 100;

impl From<Part> for Term {
    fn from(part: Part) -> Term {
        Term::of(vec![(Factor { part: Some(part), pages: 0 }, 1)])
    }
}

/// The factor of the constant of a sum.
const ONE: Factor = Factor { part: None, pages: 0 };

impl Term {
    fn of(sum: Vec<(Factor, i128)>) -> Term {
        Term { sum: Arc::new(sum) }
    }

    /// A number.
    pub fn constant(value: i128) -> Term {
        Term::of(if value == 0 { Vec::new() } else { vec![(ONE, value)] })
    }

    /// `PAGE_SIZE`.
    pub fn page_size() -> Term {
        Term::constant(1).times_pages(1)
    }

    /// The size of the mapping in bytes.
    pub fn size() -> Term {
        Term::from(Part::Pages).times_pages(1)
    }

    /// The offset of the mapping in bytes.
    pub fn offset() -> Term {
        Term::from(Part::PageOffset).times_pages(1)
    }

    /// The value, if it is a number.
    pub fn as_constant(&self) -> Option<i128> {
        match self.sum.as_slice() {
            [] => Some(0),
            [(Factor { part: None, pages: 0 }, value)] => Some(*value),
            _ => None,
        }
    }

    /// The part, if the term is nothing else.
    pub fn as_part(&self) -> Option<&Part> {
        match self.sum.as_slice() {
            [(Factor { part: Some(part), pages: 0 }, 1)] => Some(part),
            _ => None,
        }
    }

    /// The name, if the term is one.
    pub fn as_name(&self) -> Option<&str> {
        match self.as_part() {
            Some(Part::Name(name)) => Some(name),
            _ => None,
        }
    }

    /// The name of the error number, if the term is one as the kernel returns it: `EINVAL` of `-EINVAL`.
    pub fn errno(&self) -> Option<&str> {
        let [(Factor { part: Some(Part::Name(name)), pages: 0 }, -1)] = self.sum.as_slice() else { return None };
        is_error_number(name).then_some(name)
    }

    /// Whether the term is an error number as the kernel returns it: `-EINVAL`.
    pub fn is_errno(&self) -> bool {
        self.errno().is_some()
    }

    /// Whether all of it is a whole number of pages, in bytes.
    pub fn is_whole_pages(&self) -> bool {
        self.sum.iter().all(|(factor, _)| factor.pages >= 1)
    }

    /// The sum without what is a whole number of pages, in bytes.
    pub(super) fn without_whole_pages(&self) -> Term {
        let is_odd = |factor: &Factor| factor.pages < 1 && !(factor.part == Some(Part::Start) && factor.pages == 0);
        Term::of(self.sum.iter().filter(|(factor, _)| is_odd(factor)).cloned().collect())
    }

    /// The sum of two terms, or `None` if a coefficient is too large.
    pub fn plus(&self, other: &Term) -> Option<Term> {
        if other.sum.is_empty() {
            return Some(self.clone());
        }
        let mut sum = Vec::with_capacity(self.sum.len() + other.sum.len());
        let (mut left, mut right) = (self.sum.iter().peekable(), other.sum.iter().peekable());
        while let (Some((one, value)), Some((two, added))) = (left.peek(), right.peek()) {
            match one.cmp(two) {
                Ordering::Less => sum.extend(left.next().cloned()),
                Ordering::Greater => sum.extend(right.next().cloned()),
                Ordering::Equal => {
                    let value = value + added;
                    if value.abs() > COEFFICIENT_LIMIT {
                        return None;
                    }
                    if value != 0 {
                        sum.push((one.clone(), value));
                    }
                    left.next();
                    right.next();
                }
            }
        }
        sum.extend(left.chain(right).cloned());
        Some(Term::of(sum))
    }

    /// The difference of two terms, or `None` if a coefficient is too large.
    pub fn minus(&self, other: &Term) -> Option<Term> {
        self.plus(&other.times(-1)?)
    }

    /// The term times a number, or `None` if a coefficient is too large.
    pub fn times(&self, by: i128) -> Option<Term> {
        if by == 0 {
            return Some(Term::default());
        }
        let scaled = self.sum.iter().map(|(factor, value)| {
            let value = value.checked_mul(by).filter(|value| value.abs() <= COEFFICIENT_LIMIT)?;
            Some((factor.clone(), value))
        });
        Some(Term::of(scaled.collect::<Option<_>>()?))
    }

    /// The term times a power of `PAGE_SIZE`. What a shift to the right cuts off is not looked at.
    pub fn times_pages(&self, by: i8) -> Term {
        if by == 0 {
            return self.clone();
        }
        let shifted = self.sum.iter().map(|(factor, value)| {
            (Factor { part: factor.part.clone(), pages: factor.pages.saturating_add(by) }, *value)
        });
        Term::of(shifted.collect())
    }

    /// The product, if one of the terms is a number or a power of `PAGE_SIZE`.
    pub fn product(&self, other: &Term) -> Option<Term> {
        for (number, term) in [(self, other), (other, self)] {
            if let Some(value) = number.as_constant() {
                return term.times(value);
            }
            if let [(Factor { part: None, pages }, value)] = number.sum.as_slice() {
                return term.times_pages(*pages).times(*value);
            }
        }
        None
    }

    /// The parts that are added, and those that are taken off, as two sums: `a - b` gives `a` and `b`.
    pub(super) fn by_sign(&self) -> (Term, Term) {
        let (added, taken): (Vec<_>, Vec<_>) = self.sum.iter().cloned().partition(|(_, value)| *value > 0);
        (Term::of(added), Term::of(taken).times(-1).unwrap_or_default())
    }

    /// The lowest power of `PAGE_SIZE` in the sum.
    pub(super) fn least_pages(&self) -> i8 {
        self.sum.iter().map(|(factor, _)| factor.pages).min().unwrap_or_default()
    }

    /// Whether the first coefficient is negative; the constant does not count.
    pub(super) fn leads_negative(&self) -> bool {
        self.sum
            .iter()
            .find(|(factor, _)| factor.part.is_some())
            .or(self.sum.iter().next())
            .is_some_and(|(_, value)| *value < 0)
    }

    /// Where a factor stands in the sum, or would stand.
    fn place_of(&self, factor: &Factor) -> Result<usize, usize> {
        self.sum.binary_search_by(|(known, _)| known.cmp(factor))
    }

    fn coefficient_of(&self, factor: &Factor) -> i128 {
        self.place_of(factor).map_or(0, |at| self.sum[at].1)
    }

    /// The constant, and the rest of the sum.
    pub(super) fn split(&self) -> (i128, Term) {
        let Ok(at) = self.place_of(&ONE) else { return (0, self.clone()) };
        let mut rest = Vec::clone(&self.sum);
        let (_, constant) = rest.remove(at);
        (constant, Term::of(rest))
    }

    /// The parts of the sum, with their coefficients; numbers and powers of `PAGE_SIZE` are left out.
    pub fn parts(&self) -> impl Iterator<Item = (&Part, i128)> {
        self.sum.iter().filter_map(|(factor, value)| Some((factor.part.as_ref()?, *value)))
    }

    /// The addends of the sum that satisfy a predicate.
    pub(super) fn only(&self, is: &dyn Fn(&Part) -> bool) -> Term {
        Term::of(self.sum.iter().filter(|(factor, _)| factor.part.as_ref().is_some_and(is)).cloned().collect())
    }

    /// The parts of the sum, with the power of `PAGE_SIZE` that each is multiplied by.
    pub(super) fn factors(&self) -> impl Iterator<Item = (&Part, i8)> {
        self.sum.iter().filter_map(|(factor, _)| Some((factor.part.as_ref()?, factor.pages)))
    }

    /// The parts that are added, not subtracted.
    pub(super) fn added(&self) -> impl Iterator<Item = &Part> {
        self.parts().filter(|(_, value)| *value > 0).map(|(part, _)| part)
    }

    /// The sum without the terms of these parts.
    pub(super) fn without(&self, parts: &[Part]) -> Term {
        let is_left = |factor: &Factor| !factor.part.as_ref().is_some_and(|part| parts.contains(part));
        Term::of(self.sum.iter().filter(|(factor, _)| is_left(factor)).cloned().collect())
    }

    /// The coefficient of a part times a power of `PAGE_SIZE`.
    pub(super) fn coefficient(&self, part: &Part, pages: i8) -> i128 {
        self.coefficient_of(&Factor { part: Some(part.clone()), pages })
    }

    /// The value for a mapping with one page.
    pub(super) fn of_one_page(&self) -> Term {
        let pages = self.only(&|part| *part == Part::Pages);
        let sizes =
            pages.sum.iter().filter_map(|(factor, value)| Term::constant(1).times_pages(factor.pages).times(*value));
        sizes.fold(self.without(&[Part::Pages]), |sum, size| sum.plus(&size).unwrap_or(sum))
    }

    /// The value with a number for `PAGE_SIZE` where it stands alone.
    pub(super) fn with_page_size(&self, bytes: i128) -> Term {
        let pages = self.coefficient_of_page_size();
        let alone = Term::page_size().times(pages).and_then(|alone| self.minus(&alone));
        let bytes = pages.checked_mul(bytes).map(Term::constant);
        alone.zip(bytes).and_then(|(rest, bytes)| rest.plus(&bytes)).unwrap_or_else(|| self.clone())
    }

    /// Whether the value is made of numbers and named constants alone. `PAGE_SIZE` is asked about like a variable.
    pub(super) fn is_fixed(&self) -> bool {
        self.sum.iter().all(|(factor, _)| match &factor.part {
            Some(Part::Name(name)) => is_constant_name(name),
            Some(_) => false,
            None => factor.pages == 0,
        })
    }

    /// The one named constant in the sum, and what it equals if the sum is 0. Constants of other names have other values.
    pub(super) fn named_constant(&self) -> Option<(&str, Term)> {
        let is_constant = |part: &Part| matches!(part, Part::Name(name) if is_constant_name(name));
        let mut constants = self.parts().filter(|(part, _)| is_constant(part));
        let (Part::Name(name), coefficient @ (1 | -1)) = constants.next()? else { return None };
        let value = self.without(&[Part::Name(name.clone())]).times(-coefficient)?;
        (constants.next().is_none() && value.as_constant().is_none()).then_some((name, value))
    }

    /// Whether the value is a bound of the mapping that mmap() has checked: the address of its start or end, its offset in pages, or that
    /// of its end.
    pub(super) fn never_wraps(&self) -> bool {
        let is_of = |start: Part, length: Term| {
            let rest = self.minus(&start.into());
            rest.is_some_and(|rest| rest.as_constant() == Some(0) || rest == length)
        };
        is_of(Part::Start, Term::size()) || is_of(Part::PageOffset, Part::Pages.into())
    }

    /// Whether a sum has all addends of another, which is no number, and more: `pfn + pages` has those of `pfn`.
    pub(super) fn has_all_of(&self, other: &Term) -> bool {
        let parts = |sum: &[(Factor, i128)]| sum.iter().any(|(factor, _)| factor.part.is_some());
        self.sum.len() > other.sum.len()
            && parts(&other.sum)
            && other.sum.iter().all(|addend| self.sum.contains(addend))
    }

    /// Whether two sums are equal but for their constants.
    pub(super) fn is_same_but_constant(&self, other: &Term) -> bool {
        let is_constant = |factor: &Factor| factor.part.is_none() && factor.pages == 0;
        let parts = |(factor, _): &&(Factor, i128)| !is_constant(factor);
        self.sum.iter().filter(parts).eq(other.sum.iter().filter(parts))
    }

    /// The multiple of `PAGE_SIZE` in the sum.
    pub(super) fn coefficient_of_page_size(&self) -> i128 {
        self.coefficient_of(&Factor { part: None, pages: 1 })
    }

    /// The multiple of `PAGE_SIZE` that the term is, if it is nothing else.
    pub(super) fn page_sizes(&self) -> Option<i128> {
        match self.sum.as_slice() {
            [(Factor { part: None, pages: 1 }, value)] => Some(*value),
            _ => None,
        }
    }

    /// Whether the predicate holds for any part of the term, at any depth.
    pub fn any(&self, is: &dyn Fn(&Part) -> bool) -> bool {
        self.sum.iter().filter_map(|(factor, _)| factor.part.as_ref()).any(|part| is(part) || part.any_below(is))
    }

    /// The term with other terms in place of some of its parts, at any depth. A part that is replaced is not looked into.
    pub(super) fn replaced(&self, with: &dyn Fn(&Part) -> Option<Term>) -> Term {
        let addends = self.sum.iter().map(|(factor, value)| {
            let Some(part) = &factor.part else { return Term::of(vec![(factor.clone(), *value)]) };
            let term = with(part).unwrap_or_else(|| part.with_terms(&|term| term.replaced(with)).into());
            term.times_pages(factor.pages).times(*value).unwrap_or(term)
        });
        addends.fold(Term::default(), |sum, addend| sum.plus(&addend).unwrap_or(sum))
    }

    /// The value, or a name for it if it has too many parts: `v = f(v, v)` doubles it with each line.
    pub(super) fn bounded(self) -> Term {
        /// No value of a driver that was looked at has a tenth of these.
        const PARTS: usize = 500;
        let mut left = PARTS;
        if self.is_within(&mut left) {
            return self;
        }
        let mut hasher = FxHasher::default();
        self.hash(&mut hasher);
        Part::Name(format!("<long value {:x}>", hasher.finish())).into()
    }

    /// Whether the term has no more parts than are left.
    fn is_within(&self, left: &mut usize) -> bool {
        self.parts().all(|(part, _)| {
            let is_left = *left > 0;
            *left = left.saturating_sub(1);
            is_left && part.terms().all(|term| term.is_within(left))
        })
    }

    /// Whether the value depends on the mapping.
    pub fn is_of_mapping(&self) -> bool {
        self.any(&|part| {
            matches!(
                part,
                Part::Pages
                    | Part::PageOffset
                    | Part::Start
                    | Part::FaultPage
                    | Part::Mapping
                    | Part::Field(_)
                    | Part::Populated(_)
            )
        })
    }
}

impl Part {
    /// The terms that the part is made of.
    pub(super) fn terms(&self) -> impl Iterator<Item = &Term> {
        let (one, other, list): (_, _, &[Term]) = match self {
            Part::Member(base, _) | Part::Target(base) | Part::Address(base) | Part::Narrow(_, base) => {
                (Some(base), None, &[])
            }
            Part::Index(base, index) => (Some(base), Some(index), &[]),
            Part::Call(_, terms) | Part::Operation(_, terms) => (None, None, terms),
            _ => (None, None, &[]),
        };
        one.into_iter().chain(other).map(Arc::as_ref).chain(list)
    }

    /// The part, made of other terms.
    pub(super) fn with_terms(&self, other: &dyn Fn(&Term) -> Term) -> Part {
        let shared = |term: &Arc<Term>| Arc::new(other(term));
        let all = |terms: &[Term]| terms.iter().map(other).collect();
        match self {
            Part::Member(base, name) => Part::Member(shared(base), name.clone()),
            Part::Index(base, index) => Part::Index(shared(base), shared(index)),
            Part::Target(pointer) => Part::Target(shared(pointer)),
            Part::Address(value) => Part::Address(shared(value)),
            Part::Narrow(ty, value) => Part::Narrow(ty.clone(), shared(value)),
            Part::Call(name, arguments) => Part::Call(name.clone(), all(arguments)),
            Part::Operation(operator, operands) => Part::Operation(operator.clone(), all(operands)),
            _ => self.clone(),
        }
    }

    /// Whether the predicate holds for any part of the terms that this one is made of.
    fn any_below(&self, is: &dyn Fn(&Part) -> bool) -> bool {
        self.terms().any(|term| term.any(is))
    }
}

/// Whether a name is written as constants are: `LAMP_REGION_DATA`.
fn is_constant_name(name: &str) -> bool {
    name.len() > 1
        && name.starts_with(|first: char| first.is_ascii_uppercase())
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
