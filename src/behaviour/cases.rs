//! The cases in which a difference shows: conjunctions of conditions, as short as the other cases allow.

use super::atom::Literal;

/// A case: the conditions of an old and a new outcome that one mapping can have.
pub(super) type Case = Vec<Literal>;

/// Maximum number of cases that are shortened. A handler with more has hundreds of paths, and its first cases are enough to see the
/// mistake.
const CASE_LIMIT: usize = 64;

/// Shortens cases. A condition is left out if no other case, in which the difference does not show, differs from this one in nothing else.
/// Of cases that hold others, the widest is left.
///
/// `others` are the cases without the difference. That a populating call fails is always said.
pub(super) fn shortened<'c>(cases: impl Iterator<Item = &'c Case>, others: &[&Case]) -> Vec<Case> {
    let mut short: Vec<Case> = Vec::new();
    for case in cases.take(CASE_LIMIT) {
        if short.iter().any(|known| holds(known, case)) {
            continue;
        }
        let mut case = case.clone();
        // The first conditions of a path lead to a place; the last ones say what happens there, and are kept longest.
        let mut at = 0;
        while at < case.len() {
            let left_out = case.remove(at);
            if left_out.says_failed() || !others.iter().all(|other| excludes(&case, other)) {
                case.insert(at, left_out);
                at += 1;
            }
        }
        short.retain(|known| !holds(&case, known));
        short.push(case);
    }
    short
}

/// Whether a case is part of a wider one.
fn holds(wide: &[Literal], case: &[Literal]) -> bool {
    wide.iter().all(|literal| case.contains(literal))
}

/// Whether two cases contradict each other in a condition.
fn excludes(case: &[Literal], other: &[Literal]) -> bool {
    case.iter().any(|literal| other.contains(&literal.negated()))
}
