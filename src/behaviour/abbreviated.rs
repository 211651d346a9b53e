//! Names for long values that stand in steps more than once.

use std::cell::RefCell;

use rustc_hash::{FxHashMap, FxHashSet};

use super::steps::Step;
use super::term::{Part, Term};

/// Minimum length, in bytes of its text, of a value that gets a name.
const LONG: usize = 30;

/// Maximum number of names.
const NAMES: usize = 60;

/// Steps, and the meaning of the names in them.
pub struct Abbreviated {
    /// The steps.
    pub steps: Vec<Step>,
    /// The names with their values. A value may have names that stand before it.
    pub names: Vec<(String, Term)>,
}

/// A value that gets a name.
struct Named {
    /// A name that no value of the source has.
    mark: Part,
    /// The value, with the marks of others in it.
    short: Term,
    /// The value without marks.
    whole: Term,
}

/// Gives a name to each long value that stands in the steps more than once.
pub fn abbreviated(mut steps: Vec<Step>) -> Abbreviated {
    let mut named: Vec<Named> = Vec::new();
    for number in 0..NAMES {
        let Some(part) = most_written(&steps, &named) else { break };
        let mark = Part::Name(format!("#{number}"));
        let shorten = |term: &Term| term.replaced(&|known| (*known == part).then(|| mark.clone().into()));
        steps = steps.iter().map(|step| step.with_terms(&shorten)).collect();
        for other in &mut named {
            other.short = shorten(&other.short);
        }
        let short = Term::from(part.clone());
        let whole_of = |known: &Part| named.iter().find(|named| named.mark == *known).map(|named| named.whole.clone());
        let whole = short.replaced(&whole_of);
        named.push(Named { mark, short, whole });
    }
    // A value is longer than those that it is made of.
    named.sort_by_key(|named| named.whole.to_string().len());
    let letters = free_letters(&steps, &named);
    let letter = |known: &Part| {
        let number = named.iter().position(|named| named.mark == *known)?;
        Some(Part::Name(letters.get(number)?.clone()).into())
    };
    let lettered = |term: &Term| term.replaced(&letter);
    Abbreviated {
        steps: steps.iter().map(|step| step.with_terms(&lettered)).collect(),
        names: named
            .iter()
            .map(|named| (lettered(&named.mark.clone().into()).to_string(), lettered(&named.short)))
            .collect(),
    }
}

/// Names that the source does not use: A to Z, then A1 and so on.
fn free_letters(steps: &[Step], named: &[Named]) -> Vec<String> {
    let used: RefCell<FxHashSet<String>> = RefCell::default();
    let note = |term: &Term| {
        term.any(&|part| {
            if let Part::Name(name) = part {
                used.borrow_mut().insert(name.clone());
            }
            false
        });
    };
    steps.iter().for_each(|step| step.each_term(&note));
    named.iter().for_each(|named| note(&named.whole));
    let used = used.into_inner();
    let numbers = std::iter::once(String::new()).chain((1..=NAMES).map(|number| number.to_string()));
    let letters = numbers.flat_map(|number| ('A'..='Z').map(move |letter| format!("{letter}{number}")));
    letters.filter(|letter| !used.contains(letter)).take(named.len()).collect()
}

/// The value whose repetitions take the most text.
fn most_written(steps: &[Step], named: &[Named]) -> Option<Part> {
    let counts: RefCell<FxHashMap<Part, usize>> = RefCell::default();
    let count = |term: &Term| {
        term.any(&|part| {
            if is_composed(part) {
                *counts.borrow_mut().entry(part.clone()).or_default() += 1;
            }
            false
        });
    };
    steps.iter().for_each(|step| step.each_term(&count));
    // A name stands for the whole of its value.
    for named in named {
        named.short.parts().for_each(|(part, _)| part.terms().for_each(&count));
    }
    let calls: FxHashSet<Part> = steps.iter().flat_map(Step::results).collect();
    let is_named = |part: &Part| named.iter().any(|named| named.short.as_part() == Some(part));
    // The step that makes a call says what its result is, if anything asks for it.
    let counts = counts.into_inner().into_iter().map(|(part, count)| {
        let is_result = calls.contains(&part);
        (count + usize::from(is_result), is_result, part)
    });
    let repeated = counts.filter(|(count, _, part)| *count > 1 && !is_named(part));
    let texts = repeated.map(|(count, is_result, part)| (part.to_string(), count, is_result, part));
    let worth = texts.filter(|(text, _, is_result, _)| *is_result || text.len() >= LONG);
    let (.., part) = worth.max_by_key(|(text, count, ..)| (text.len() * (count - 1), text.clone()))?;
    Some(part)
}

/// Whether a value is made of others, so that a name may be shorter.
fn is_composed(part: &Part) -> bool {
    matches!(
        part,
        Part::Call(..) | Part::Member(..) | Part::Index(..) | Part::Target(_) | Part::Operation(..) | Part::Narrow(..)
    )
}
