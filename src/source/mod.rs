//! C source as slices: the top-level items of a file, and on demand the syntax of one of them.
//!
//! This module knows C and the kernel's dialect of it, and nothing of VMAs. It does no I/O and never fails: results carry the
//! understood syntax together with the trouble. Every recursion over the input is bounded ([`parse::DEPTH_LIMIT`]).

pub mod ast;
mod attributes;
mod blank_unneeded;
mod compiled;
mod condition;
mod conditional;
mod derived;
mod item;
mod lex;
pub mod macros;
mod mask;
mod masker;
pub mod operator;
pub mod parse;
mod skip;
mod slicer;
mod span;
mod spelled;
pub mod visit;

pub use compiled::{Arms, KnownMacros, kernel_version};
pub use condition::Condition;
pub use conditional::{Assumed, condition_at};
pub use item::{Item, ItemKind};
pub use lex::{
    begins_assignment, begins_call, closing, comments, find_word, identifier_before, identifier_end, identifier_start,
    identifiers, is_error_number, is_identifier_byte, is_keyword_before_parenthesis, literal_end, opening, previous,
    skip_blank, spans_of_identifiers, statement_start, words,
};
pub use mask::{Masked, blank_non_code, variants, without_comments};
pub use slicer::{Slices, slice};
pub use span::{LineIndex, Position, Span, line_start};
pub use spelled::spelled;
