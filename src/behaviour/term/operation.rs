//! Operations whose value is no sum.

use std::fmt;

use crate::source::operator::{Arithmetic, Binary, Comparison, Prefix};

/// An operation on terms that is kept as it is.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Operation {
    /// `left & right` and the like.
    Arithmetic(Arithmetic),
    /// `left < right`, where no difference answers it.
    Comparison(Comparison),
    /// `~value`.
    Complement,
    /// Whether the sum of two values is too large for its type.
    Wraps,
    /// The result of a call that was made with the same arguments before.
    Again,
    /// The value of a field of the VMA behind a call that had the mapping.
    FieldAfter(String),
    /// The value behind the pointer that a call had as the argument of this number, counted from 0.
    ArgumentAfter(usize),
}

impl Operation {
    /// Whether it is what a call leaves behind a pointer.
    pub(super) fn is_left_by_call(&self) -> bool {
        matches!(self, Operation::FieldAfter(_) | Operation::ArgumentAfter(_))
    }
}

impl From<Arithmetic> for Operation {
    fn from(operator: Arithmetic) -> Operation {
        Operation::Arithmetic(operator)
    }
}

impl From<Comparison> for Operation {
    fn from(comparison: Comparison) -> Operation {
        Operation::Comparison(comparison)
    }
}

impl fmt::Display for Operation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Operation::Arithmetic(operator) => Binary::from(*operator).fmt(out),
            Operation::Comparison(comparison) => Binary::from(*comparison).fmt(out),
            Operation::Complement => Prefix::Complement.fmt(out),
            Operation::Wraps => out.write_str("wraps"),
            Operation::Again => out.write_str("again"),
            Operation::FieldAfter(field) => write!(out, "{field} after"),
            Operation::ArgumentAfter(number) => write!(out, "argument {} after", number + 1),
        }
    }
}
