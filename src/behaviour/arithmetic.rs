//! Numbers and operations of C as terms.

use super::flags::flags_of;
use super::term::{Operation, Part, Term};
use crate::source::operator::Arithmetic;

/// The offset of an address in its page, in bytes.
pub(super) fn in_page(address: &Term) -> Term {
    let odd = address.without_whole_pages();
    match odd.as_constant() {
        Some(0) => odd,
        _ => {
            let mut operands = vec![odd, page_remainder()];
            operands.sort();
            Part::Operation(Arithmetic::And.into(), operands).into()
        }
    }
}

/// `PAGE_SIZE - 1`.
fn page_remainder() -> Term {
    Term::page_size().plus(&Term::constant(-1)).unwrap_or_default()
}

/// Whether a value is `PAGE_SIZE - 1` or `~PAGE_MASK`.
fn is_page_remainder(value: &Term) -> bool {
    let is_mask = |inner: &[Term]| matches!(inner, [mask] if mask.as_name() == Some("PAGE_MASK"));
    *value == page_remainder()
        || matches!(value.as_part(), Some(Part::Operation(Operation::Complement, inner)) if is_mask(inner))
}

/// The value of a number as C writes it.
pub(super) fn number_of(text: &str) -> Option<i128> {
    let digits = text.trim_end_matches(['u', 'U', 'l', 'L']);
    match digits.strip_prefix("0x").or_else(|| digits.strip_prefix("0X")) {
        Some(hexadecimal) => i128::from_str_radix(hexadecimal, 16).ok(),
        None if digits.len() > 1 && digits.starts_with('0') => i128::from_str_radix(digits, 8).ok(),
        None => digits.parse().ok(),
    }
}

/// Whether a number is the 0 of an unsigned type of at least the width of `unsigned long`: `0UL`.
pub(super) fn is_long_zero(text: &str) -> bool {
    let suffix = text.trim_start_matches('0').to_ascii_lowercase();
    suffix.len() < text.len() && matches!(suffix.as_str(), "ul" | "lu" | "ull" | "llu")
}

/// The value of a binary operation.
pub(super) fn operation(operator: Arithmetic, left: &Term, right: &Term) -> Term {
    let is_shift = right.as_name() == Some("PAGE_SHIFT");
    let sum = match operator {
        Arithmetic::Plus => left.plus(right),
        Arithmetic::Minus => left.minus(right),
        Arithmetic::Times => left.product(right),
        Arithmetic::ShiftLeft if is_shift => Some(left.times_pages(1)),
        Arithmetic::ShiftRight if is_shift => Some(left.times_pages(-1)),
        Arithmetic::Divided if *right == Term::page_size() => Some(left.times_pages(-1)),
        Arithmetic::ShiftLeft => {
            right.as_constant().filter(|by| (0..64).contains(by)).and_then(|by| left.times(1 << by))
        }
        Arithmetic::And if right.as_name() == Some("PAGE_MASK") && left.is_whole_pages() => Some(left.clone()),
        Arithmetic::And if is_page_remainder(right) => Some(in_page(left)),
        Arithmetic::And if is_page_remainder(left) => Some(in_page(right)),
        Arithmetic::Remainder if *right == Term::page_size() => Some(in_page(left)),
        Arithmetic::Or if flags_of(left).is_some() => flags_of(left)
            .zip(flags_of(right))
            .map(|(left, right)| Part::Flags(left.union(right).cloned().collect()).into()),
        Arithmetic::And if [left, right].iter().any(|side| side.as_constant() == Some(0)) => Some(Term::default()),
        Arithmetic::Or | Arithmetic::Xor if right.as_constant() == Some(0) => Some(left.clone()),
        Arithmetic::And | Arithmetic::Or | Arithmetic::Xor => {
            let bits = left.as_constant().zip(right.as_constant()).filter(|(left, right)| *left >= 0 && *right >= 0);
            bits.map(|(left, right)| {
                Term::constant(match operator {
                    Arithmetic::And => left & right,
                    Arithmetic::Or => left | right,
                    _ => left ^ right,
                })
            })
        }
        Arithmetic::Divided | Arithmetic::Remainder | Arithmetic::ShiftRight => None,
    };
    sum.unwrap_or_else(|| {
        let mut operands = vec![left.clone(), right.clone()];
        if operator.is_commutative() {
            operands.sort();
        }
        Part::Operation(operator.into(), operands).into()
    })
}

/// The values `x & A` and `x & B` of `x & (A | B)`.
pub(super) fn masks(value: &Term) -> Vec<Term> {
    let Some(Part::Operation(Operation::Arithmetic(Arithmetic::And), operands)) = value.as_part() else {
        return Vec::new();
    };
    let [left, right] = operands.as_slice() else { return Vec::new() };
    for (whole, mask) in [(left, right), (right, left)] {
        if let Some(Part::Operation(Operation::Arithmetic(Arithmetic::Or), bits)) = mask.as_part() {
            return bits
                .iter()
                .flat_map(|bit| {
                    let part = operation(Arithmetic::And, whole, bit);
                    let parts = masks(&part);
                    if parts.is_empty() { vec![part] } else { parts }
                })
                .collect();
        }
    }
    Vec::new()
}
