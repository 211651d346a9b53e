//! Accepted hazards: in the configuration of a tree, by a comment beside the code, or in a baseline.

mod baseline;
mod config;
mod suppress;

pub use baseline::Baseline;
pub use config::{Config, NAME as CONFIG_NAME};
pub use suppress::{UNUSED, added_by, suppressed};
