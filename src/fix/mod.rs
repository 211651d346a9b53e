//! Writes conversions: from the facts of a handler to edits, from edits to patches.
//!
//! A conversion is `safe` only where every use of the VMA was written anew and nothing was left open; whatever has no template, or
//! stands where an action cannot be taken, is an open point that names its line. Nothing here knows a driver.

mod bridge;
mod candidate;
mod candidates;
mod change;
mod diff;
mod edit;
mod expression;
mod finish;
mod flags;
mod function;
mod ground;
mod layout;
mod lookup;
mod mapped;
mod member;
mod names;
mod plan;
mod planner;
mod populate;
mod retyping;
mod rewriter;
mod series;
mod tidy;
mod work;
mod write;

pub use change::{Applicability, Change, Fixes, HandlerFix};
pub use diff::{FileDiff, unified};
pub use edit::{Edit, applied};
pub use plan::{Options, plan};
pub use rewriter::OpenPoint;
pub use series::{Mail, Series, counted};
pub use write::{Replaced, WriteError, write, write_below};
