//! Explanations of requirements and notes.

use serde::Deserialize;

/// Explanation of a kind of requirement or note, for readers of reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementText {
    /// The kind; a name follows one that ends in a colon.
    pub kind: String,
    /// Meaning of the kind.
    pub means: String,
    /// Advice for the conversion.
    #[serde(rename = "do")]
    pub advice: String,
}
