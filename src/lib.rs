//! mmaplint reads a Linux kernel tree and reports for every mmap callback what it does to its VMA, and what its move from `.mmap` to
//! `.mmap_prepare` takes. docs/architecture.md describes the modules.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod behaviour;
pub mod check;
pub mod cli;
pub mod compare;
pub mod documents;
pub mod fingerprint;
pub mod fix;
pub mod fix_plan;
pub mod handler_report;
pub mod index;
pub mod kernel;
mod likeness;
pub mod lint;
mod memo;
pub mod near;
pub mod profile;
pub mod replace;
pub mod report;
pub mod review;
pub mod rules;
pub mod source;
pub mod verdict;
pub mod vma;
pub mod words;
pub mod worklist;

/// Maximum number of items per rayon job. By default rayon splits a list into a few large parts, and threads with the easy parts wait for
/// the others.
pub(crate) const ITEMS_PER_JOB: usize = 4;
