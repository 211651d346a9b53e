//! The operators of C.

use std::fmt;

/// A prefix operator with one operand.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Prefix {
    /// `&`
    Address,
    /// `~`
    Complement,
    /// `-`
    Minus,
    /// `!`
    Not,
    /// `+`
    Plus,
    /// `*`
    Target,
}

/// An operator whose result is a number or a mask. Each has an assignment: `+` has `+=`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Arithmetic {
    /// `%`
    Remainder,
    /// `&`
    And,
    /// `*`
    Times,
    /// `+`
    Plus,
    /// `-`
    Minus,
    /// `/`
    Divided,
    /// `<<`
    ShiftLeft,
    /// `>>`
    ShiftRight,
    /// `^`
    Xor,
    /// `|`
    Or,
}

/// An operator that compares.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Comparison {
    /// `!=`
    Different,
    /// `<`
    Less,
    /// `<=`
    AtMost,
    /// `==`
    Equal,
    /// `>`
    Greater,
    /// `>=`
    AtLeast,
}

/// An operator with two operands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Binary {
    /// `+`, `&`, `<<`, ...
    Arithmetic(Arithmetic),
    /// `<`, `==`, ...
    Comparison(Comparison),
    /// `&&`
    Both,
    /// `||`
    Either,
    /// `,`
    Comma,
}

/// Operators with their spellings.
type Spellings<O> = [(O, &'static str)];

const PREFIXES: &Spellings<Prefix> = &[
    (Prefix::Address, "&"),
    (Prefix::Complement, "~"),
    (Prefix::Minus, "-"),
    (Prefix::Not, "!"),
    (Prefix::Plus, "+"),
    (Prefix::Target, "*"),
];

const BINARIES: &Spellings<Binary> = &[
    (Binary::Arithmetic(Arithmetic::Remainder), "%"),
    (Binary::Arithmetic(Arithmetic::And), "&"),
    (Binary::Arithmetic(Arithmetic::Times), "*"),
    (Binary::Arithmetic(Arithmetic::Plus), "+"),
    (Binary::Arithmetic(Arithmetic::Minus), "-"),
    (Binary::Arithmetic(Arithmetic::Divided), "/"),
    (Binary::Arithmetic(Arithmetic::ShiftLeft), "<<"),
    (Binary::Arithmetic(Arithmetic::ShiftRight), ">>"),
    (Binary::Arithmetic(Arithmetic::Xor), "^"),
    (Binary::Arithmetic(Arithmetic::Or), "|"),
    (Binary::Comparison(Comparison::Different), "!="),
    (Binary::Comparison(Comparison::Less), "<"),
    (Binary::Comparison(Comparison::AtMost), "<="),
    (Binary::Comparison(Comparison::Equal), "=="),
    (Binary::Comparison(Comparison::Greater), ">"),
    (Binary::Comparison(Comparison::AtLeast), ">="),
    (Binary::Both, "&&"),
    (Binary::Either, "||"),
    (Binary::Comma, ","),
];

fn read<O: Copy>(spellings: &Spellings<O>, text: &str) -> Option<O> {
    spellings.iter().find(|(_, spelling)| *spelling == text).map(|(operator, _)| *operator)
}

fn spelling<O: PartialEq>(spellings: &Spellings<O>, operator: &O) -> &'static str {
    spellings.iter().find(|(known, _)| known == operator).map_or("", |(_, spelling)| spelling)
}

impl Prefix {
    /// The operator of a spelling.
    pub fn read(text: &str) -> Option<Prefix> {
        read(PREFIXES, text)
    }
}

impl Arithmetic {
    /// The operator within that of an assignment: that of `+` for `+=`, and none for `=`. `None` if it is no assignment.
    pub fn read_assignment(text: &str) -> Option<Option<Arithmetic>> {
        match text.strip_suffix('=')? {
            "" => Some(None),
            operator => match Binary::read(operator)? {
                Binary::Arithmetic(operator) => Some(Some(operator)),
                _ => None,
            },
        }
    }

    /// Whether the operands can change places.
    pub fn is_commutative(self) -> bool {
        matches!(self, Self::And | Self::Or | Self::Plus | Self::Times | Self::Xor)
    }
}

impl Comparison {
    /// Whether it asks which operand is larger.
    pub fn is_order(self) -> bool {
        !matches!(self, Comparison::Equal | Comparison::Different)
    }

    /// Whether two values compare so.
    pub fn holds<V: Ord>(self, left: V, right: V) -> bool {
        match self {
            Comparison::Different => left != right,
            Comparison::Less => left < right,
            Comparison::AtMost => left <= right,
            Comparison::Equal => left == right,
            Comparison::Greater => left > right,
            Comparison::AtLeast => left >= right,
        }
    }
}

impl Binary {
    /// The operator of a spelling.
    pub fn read(text: &str) -> Option<Binary> {
        read(BINARIES, text)
    }
}

impl From<Arithmetic> for Binary {
    fn from(operator: Arithmetic) -> Binary {
        Binary::Arithmetic(operator)
    }
}

impl From<Comparison> for Binary {
    fn from(operator: Comparison) -> Binary {
        Binary::Comparison(operator)
    }
}

impl fmt::Display for Prefix {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(spelling(PREFIXES, self))
    }
}

impl fmt::Display for Binary {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(spelling(BINARIES, self))
    }
}
