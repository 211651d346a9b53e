//! Sums and differences that may wrap before they are compared. Terms are integers without limit, so that the comparison itself does not
//! show it.

use super::Behaviour;
use super::atom::Literal;
use super::bound::{in_bytes, inequalities, is_asked, is_bounded, is_never_positive};
use super::difference::{Difference, DifferenceKind};
use super::outcome::{Returned, Wrap};
use super::state::State;
use super::term::{Operation, Part, Term};
use super::walk::Walk;
use crate::source::Span;

impl Walk<'_, '_> {
    /// Notes the sides of a comparison that may have wrapped.
    pub(super) fn note_wraps(&mut self, sides: [&Term; 2], span: Span, state: &State) {
        let [left, right] = sides;
        if holds(left, right) || holds(right, left) || is_checked(&state.condition) {
            return;
        }
        for side in sides {
            if let Some(wrap) = wrap_of(side, &state.condition) {
                let place = self.at(span);
                let known = self.wraps.entry(place).or_insert(wrap);
                *known = (*known).max(wrap);
            }
        }
    }
}

/// A comparison of a difference that may wrap only in the new handler: it lost the comparison before it.
pub(super) fn newly_wrapping(pairs: &[(&Behaviour, &Behaviour)]) -> Option<Difference> {
    let wraps = |behaviour: &Behaviour| {
        behaviour.wraps.iter().find(|(_, wrap)| **wrap == Wrap::Difference).map(|(place, _)| *place)
    };
    pairs.iter().filter(|(old, _)| wraps(old).is_none()).find_map(|(old, new)| {
        let new_place = wraps(new)?;
        let old_place = old.outcomes.iter().find(|outcome| outcome.result != Returned::Success)?.place;
        let new = "compares a difference that wraps if the subtracted value is larger, and accepts the mapping then";
        let texts = ["compared that value first".to_owned(), new.to_owned()];
        Some(Difference::always(DifferenceKind::RefusalLost, texts, [old_place, new_place]))
    })
}

/// Whether a sum holds another: `offset + size < offset` asks whether it has wrapped.
fn holds(sum: &Term, other: &Term) -> bool {
    let is_in = |(part, value): (&Part, i128)| sum.parts().any(|(known, count)| known == part && count == value);
    other.parts().next().is_some() && other.parts().all(is_in) && sum != other
}

/// Whether a path has asked whether a sum wraps.
fn is_checked(condition: &[Literal]) -> bool {
    let is_range = |part: &Part| matches!(part, Part::Pages | Part::PageOffset);
    let is_question = |part: &Part| match part {
        Part::Operation(operator, operands) => {
            (*operator == Operation::Wraps || matches!(operator, Operation::Comparison(asked) if asked.is_order()))
                && operands.iter().any(|operand| operand.any(&is_range))
        }
        _ => false,
    };
    condition.iter().any(|literal| literal.asks(&is_question))
}

/// How a side of a comparison may have wrapped.
fn wrap_of(side: &Term, condition: &[Literal]) -> Option<Wrap> {
    let is_range = |part: &Part| matches!(part, Part::Pages | Part::PageOffset);
    let added: Vec<&Part> = side.added().collect();
    let is_subtracted = side.parts().any(|(part, value)| value < 0 && is_range(part));
    if added.is_empty() || is_asked(condition) {
        return None;
    }
    let known = inequalities(condition);
    let moving = side.only(&is_range);
    if is_subtracted {
        // Subtracting the start of a sum that holds it, as in `vm_end - vm_start`, does not wrap.
        if added.iter().all(|part| is_range(part) || matches!(part, Part::Start)) {
            return None;
        }
        let opposite = in_bytes_like(side, &moving).times(-1)?;
        return (!is_never_positive(&opposite, &known)).then_some(Wrap::Difference);
    }
    let offset = side.only(&|part| *part == Part::PageOffset);
    let counts_bytes = offset.factors().any(|(_, pages)| pages > 0);
    if !counts_bytes || is_bounded(&in_bytes(offset), &known) {
        return None;
    }
    // A constant, by its name, is a range of the file, not an address.
    let is_constant =
        |part: &Part| matches!(part, Part::Name(name) if !name.bytes().any(|byte| byte.is_ascii_lowercase()));
    let has_base = added.iter().any(|part| !is_range(part) && !is_constant(part) && !matches!(part, Part::Start));
    match has_base {
        true => Some(Wrap::SumWithBase),
        false => added.contains(&&Part::Pages).then_some(Wrap::Sum),
    }
}

/// A sum in bytes, if its moving parts count pages.
fn in_bytes_like(sum: &Term, moving: &Term) -> Term {
    let counts_bytes = moving.factors().any(|(_, pages)| pages > 0);
    if counts_bytes { sum.clone() } else { sum.times_pages(1) }
}
