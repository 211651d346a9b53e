//! Effects of functions on their VMA: in order, per path, with the effects of callees folded in.
//!
//! [`lower`] turns the syntax of one function into [`flow::Lowered`]: path-independent facts (fields, flags) and a small flow of
//! the events that can decide a verdict. [`analysis`] lowers every function that handlers reach, each once. [`paths`] walks the
//! flow and returns its distinct paths.

pub mod analysis;
mod dead_slots;
pub mod event;
pub mod flow;
pub mod lower;
pub mod paths;

pub use analysis::{Analysis, HandlerFacts};
pub use event::{Event, EventKind};
pub use flow::{Key, Lowered, VmaAccess};
pub use paths::{Path, PathItem};
