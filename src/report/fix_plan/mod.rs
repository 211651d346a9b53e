//! Output formats of the plan of a series, one file per format.

mod dot;
mod json;
mod text;

pub use dot::dot;
pub use json::json;
pub use text::text;
