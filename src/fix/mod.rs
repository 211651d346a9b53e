//! Writes conversions: from the facts of a handler to edits, from edits to patches.
//!
//! A conversion is `safe` only where every use of the VMA was written anew and nothing was left open; whatever has no template, or
//! stands where an action cannot be taken, is an open point that names its line. Nothing here knows a driver.

mod candidate;
mod candidates;
mod change;
mod context;
mod handler;
mod hooks;
mod lookup;
mod output;
mod plan;
mod planner;
mod rewrite;
mod text;

pub use change::{Applicability, Change, Fixes, HandlerFix};
pub use output::{FileDiff, Mail, Replaced, Series, WriteError, counted, unified, write, write_below};
pub use plan::{Options, plan};
pub use rewrite::rewriter::OpenPoint;
pub use text::edit::{Edit, applied};
