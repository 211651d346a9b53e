//! Documents that `mmaplint docs` compares with headers.

use serde::Deserialize;

/// A document and the part of a header that it describes: members of a struct, or helpers by name.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Document {
    /// Path of the document.
    pub file: String,
    /// Path of the header.
    pub header: String,
    /// Struct whose members the document lists; if absent, the document describes helpers.
    pub record: Option<String>,
    /// Whether each listed member needs its own entry after the listing.
    pub described: bool,
    /// Names that the document should mention.
    pub names: Vec<String>,
    /// Prefixes of names that the document should mention.
    pub prefixes: Vec<String>,
    /// Names with such a prefix that the document need not mention.
    pub ignored: Vec<String>,
}
