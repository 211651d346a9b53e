//! How alike pieces of code are, by the names in them.

use crate::rules::stem;
use crate::source::{blank_non_code, identifiers};

/// The names in a function's text, sorted. Those that a conversion changes are written in one way.
pub fn sorted_names(text: &[u8]) -> Vec<String> {
    let code = blank_non_code(text);
    let mut names: Vec<String> = identifiers(&code).map(|name| stem(name).replace("vma", "desc")).collect();
    names.sort_unstable();
    names
}

/// Share of the names that two sorted lists have in common, from 0 to 1.
pub fn likeness(one: &[String], other: &[String]) -> f64 {
    let (mut common, mut rest) = (0, other);
    for name in one {
        rest = &rest[rest.partition_point(|known| known < name)..];
        if rest.first() == Some(name) {
            (common, rest) = (common + 1, &rest[1..]);
        }
    }
    2.0 * f64::from(common) / ((one.len() + other.len()) as f64).max(1.0)
}
