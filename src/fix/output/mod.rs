//! Output of edits: diffs, mails, files.

mod as_written;
mod cover;
mod diff;
mod log;
mod mails;
mod parts;
mod write;

pub use as_written::{Guard, as_written};
pub use diff::{FileDiff, unified};
pub(in crate::fix) use log::listed;
pub use mails::{Mail, Series};
pub use write::{Replaced, WriteError, write, write_below};
