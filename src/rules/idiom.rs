//! Macros and functions with a fixed meaning, whatever their arguments.

use serde::Deserialize;

/// Fixed meaning of a macro or a function.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Idiom {
    /// True if its argument is true.
    Hint,
    /// True if its argument is true; then it also prints a warning.
    Assertion,
    /// Stops the kernel if its argument is true.
    Stop,
    /// The value of its argument, read once.
    Load,
    /// The value that its argument points to: `atomic_read`.
    LoadThrough,
    /// Writes to its first argument, as `WRITE_ONCE()` does.
    Store,
    /// The call returns a pointer to the struct type of its second argument, like `container_of`.
    Container,
    /// An error pointer made from its last argument.
    ErrorPointer,
    /// The error that a pointer holds.
    PointerError,
    /// The error that a pointer holds, or zero.
    PointerErrorOrZero,
    /// Tests whether a value is an error.
    IsError,
    /// Takes its argument away from a `__free()` cleanup.
    TakesFromCleanup,
}

impl Idiom {
    /// Whether it is true exactly if its first argument is.
    pub fn is_truth(self) -> bool {
        matches!(self, Idiom::Hint | Idiom::Assertion)
    }

    /// Whether its value is that of its argument.
    pub fn is_value(self) -> bool {
        matches!(self, Idiom::Hint | Idiom::Load)
    }

    /// Whether it reads its argument, or the object that this points to.
    pub fn is_load(self) -> bool {
        matches!(self, Idiom::Load | Idiom::LoadThrough)
    }
}

/// Names with the same meaning.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct IdiomRule {
    pub(super) means: Idiom,
    pub(super) names: Vec<String>,
}
