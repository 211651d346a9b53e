//! What the kinds of requirements mean.

use serde::Deserialize;

/// A kind of requirement, for the reader of reports.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RequirementText {
    /// The kind; one that ends in a colon is followed by a name.
    pub kind: String,
    /// What was found.
    pub means: String,
    /// What is to be done about it.
    #[serde(rename = "do")]
    pub advice: String,
}
