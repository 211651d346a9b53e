//! Hazards that somebody has looked at and accepted: in the configuration of a tree, by a comment beside the code, in a baseline.

mod baseline;
mod config;
mod suppress;

pub use baseline::Baseline;
pub use config::{Config, NAME as CONFIG_NAME};
pub use suppress::{UNUSED, suppressed};
