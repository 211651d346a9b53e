//! Output of edits: diffs, mails, files.

mod cover;
mod diff;
mod log;
mod mails;
mod parts;
mod write;

pub use diff::{FileDiff, unified};
pub use mails::{Mail, Series, counted};
pub use write::{Replaced, WriteError, write, write_below};
