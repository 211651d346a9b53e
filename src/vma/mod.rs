//! What functions do to the VMA that they are handed: in order, path by path, with what their callees do folded in.
//!
//! [`lower`] turns the syntax of one function into [`flow::Lowered`]: facts that hold whatever the path (fields, flags) and a
//! small flow of the events that decide. [`analysis`] lowers what the handlers reach, each function once. [`paths`] walks the
//! flow and returns the distinct ways through it.

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
