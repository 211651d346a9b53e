//! Whether the conditions of a path keep a populate within its object and within the mapping.

use super::atom::{Atom, Literal};
use super::outcome::Populate;
use super::term::{Part, Term};

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
const COMBINED: usize = 3;

/// The range of a populate that a path leaves unbounded; `None` if it is bounded, or if its length is not known.
pub fn unbounded(condition: &[Literal], populate: &Populate) -> Option<Unbounded> {
    let known = inequalities(condition);
    // An object that was made for this mapping has its size, and a call that is given the range may check it.
    let is_made = populate.frame.iter().chain(&populate.others).any(|term| term.any(&|part| *part == Part::Pages));
    if is_made || is_asked(condition) {
        return None;
    }
    if let Some(object_size) = &populate.object_size {
        // A call that checks the mapping against its own size checks nothing.
        return (!is_bounded(object_size, &known)).then_some(Unbounded::Size);
    }
    let length = populate.size.as_ref()?;
    let frame = populate.frame.as_ref()?;
    let moves = (0..=1).any(|pages| frame.coefficient(&Part::PageOffset, pages) != 0);
    let reach = if moves { length.plus(&Term::offset())? } else { length.clone() };
    if !is_bounded(&reach, &known) {
        return Some(if is_bounded(length, &known) { Unbounded::Offset } else { Unbounded::Size });
    }
    let is_first = populate.start.as_ref().is_none_or(|start| *start == Term::from(Part::Start));
    let is_unknown = |part: &Part| matches!(part, Part::Changed(_) | Part::Narrow(..) | Part::Operation(..));
    let excess = length.minus(&Term::size())?;
    (is_first && !length.any(&is_unknown) && !is_never_positive(&excess, &known)).then_some(Unbounded::BeyondMapping)
}

/// Whether a condition is the answer of a call that was given the size of the mapping.
fn is_asked(condition: &[Literal]) -> bool {
    let is_call = |part: &Part| match part {
        Part::Call(_, arguments) => arguments.iter().any(|argument| argument.any(&|part| *part == Part::Pages)),
        _ => false,
    };
    condition
        .iter()
        .any(|literal| matches!(&literal.atom, Atom::Zero(term) | Atom::Positive(term) if term.any(&is_call)))
}

/// Sums that are 0 or less, in bytes.
fn inequalities(condition: &[Literal]) -> Vec<Term> {
    let mut found = Vec::new();
    for Literal { atom, holds } in condition {
        let term = match atom {
            Atom::Positive(term) => term,
            Atom::Zero(term) if *holds => term,
            Atom::Zero(_) | Atom::Flag(_) | Atom::Fails(_) => continue,
        };
        // A sum counts pages if its multiples of the mapping's pages have no factor PAGE_SIZE. One that mixes units bounds nothing.
        let counts = |pages: i8| [Part::Pages, Part::PageOffset].iter().any(|part| term.coefficient(part, pages) != 0);
        let counts_pages = counts(0);
        if counts_pages && counts(1) {
            continue;
        }
        let bytes = |term: Term| if counts_pages { term.times_pages(1) } else { term };
        match atom {
            Atom::Zero(_) => found.extend([Some(term.clone()), term.times(-1)].into_iter().flatten().map(bytes)),
            // A sum greater than 0 is at least 1.
            _ if *holds => found.extend(Term::constant(1).minus(term).map(bytes)),
            _ => found.push(bytes(term.clone())),
        }
    }
    found
}

/// Whether a sum is at most something that the mapping does not decide.
fn is_bounded(sum: &Term, known: &[Term]) -> bool {
    let is_free = |term: &Term| [Part::Pages, Part::PageOffset].iter().all(|part| term.coefficient(part, 1) <= 0);
    follows(sum, known, COMBINED, &is_free)
}

/// Whether a sum is at most 0.
fn is_never_positive(sum: &Term, known: &[Term]) -> bool {
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
    follows(sum, known, COMBINED, &is_it)
}

/// Whether a sum less some of the known sums, each 0 or less, is as `goal` wants it.
fn follows(sum: &Term, known: &[Term], left: usize, goal: &dyn Fn(&Term) -> bool) -> bool {
    if goal(sum) {
        return true;
    }
    left > 0
        && known.iter().enumerate().any(|(number, term)| {
            sum.minus(term).is_some_and(|less| follows(&less, &known[number + 1..], left - 1, goal))
        })
}
