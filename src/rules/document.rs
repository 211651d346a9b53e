//! What the kernel's documents are held against.

use serde::Deserialize;

/// A document, and the part of a header that it speaks of: the members of a struct, or helpers by their names.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// The document.
    pub file: String,
    /// The header.
    pub header: String,
    /// The struct whose members it lists; without one it is about helpers.
    pub record: Option<String>,
    /// Whether each member has an entry of its own behind the listing.
    pub described: bool,
    /// Names that it should mention.
    pub names: Vec<String>,
    /// What such names begin with.
    pub prefixes: Vec<String>,
    /// Names that begin so and are for others.
    pub ignored: Vec<String>,
}
