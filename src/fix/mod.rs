//! Writes conversions: from the facts of a handler to edits, from edits to patches.
//!
//! A conversion is `safe` only if every use of the VMA is rewritten and no open point is left. A use without a template, or in a place
//! where an action is not possible, becomes an open point that names its line. Nothing here is specific to a driver.

mod candidate;
mod candidates;
mod change;
mod context;
mod dispatched;
mod fate;
mod handler;
mod hooks;
mod lookup;
mod output;
mod plan;
mod planner;
mod rewrite;
mod series;
mod since;
mod sketched;
mod text;
mod unit;
mod verified;
mod without_mmu;

pub use change::{Applicability, Change, Fixes, HandlerFix, Step};
pub use fate::Fate;
pub use output::{FileDiff, Guard, Mail, Replaced, Series, WriteError, unified, write, write_below};
pub use plan::{Options, plan, verified};
pub use rewrite::rewriter::OpenPoint;
pub use since::since;
pub use text::edit::{Edit, applied, sorted};
pub use unit::Unit;
