//! Macros and functions that say something of their arguments, whatever those are.

use serde::Deserialize;

/// What a macro or a function says of its arguments.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idiom {
    /// It is true where its argument is.
    Hint,
    /// It is true where its argument is, and tells somebody.
    Assertion,
    /// It is the value of its argument, read once.
    Load,
    /// It writes its argument once.
    Store,
    /// It is a pointer to the struct that its second argument names.
    Container,
    /// It is a pointer that says the error in its last argument.
    ErrorPointer,
    /// It is the error that a pointer says.
    PointerError,
    /// It asks whether a value says an error.
    IsError,
    /// It takes its argument out of the hands of a `__free()`.
    TakesFromCleanup,
}

impl Idiom {
    /// Whether it is true where its first argument is.
    pub fn is_truth(self) -> bool {
        matches!(self, Idiom::Hint | Idiom::Assertion)
    }

    /// Whether its value is that of its argument.
    pub fn is_value(self) -> bool {
        matches!(self, Idiom::Hint | Idiom::Load)
    }
}

/// Names that mean the same.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdiomRule {
    pub(super) means: Idiom,
    pub(super) names: Vec<String>,
}
