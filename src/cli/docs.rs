//! `mmaplint docs`.

use std::path::PathBuf;

use clap::Args;

use super::place::Place;
use super::{CLEAN, Common, FINDINGS, TextOrJson, output};
use crate::documents::compare;
use crate::kernel::Tree;
use crate::report::documents::{json, text};

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Compares the tree's documents with its headers. The exit code is 1 if they differ.
///
/// # Errors
/// The tree or the rules cannot be read, the tree has no such documents, or the result cannot be written.
pub fn run(options: &Options) -> Result<u8, String> {
    let rules = options.common.rules()?;
    let tree = Tree::open(&Place::of(&options.tree, &[]).root).map_err(|error| error.to_string())?;
    let found = compare(&tree, rules.documents());
    if found.compared == 0 {
        let root = tree.root().display();
        return Err(format!(
            "{root}: has none of the documents and headers to compare; TREE is the top folder of a kernel tree"
        ));
    }
    output::write(options.common.output.as_deref(), options.format.syntax(), |out| match options.format {
        TextOrJson::Text => text(&found, out),
        TextOrJson::Json => json(&found, out),
    })?;
    for missing in &found.missing {
        output::tell(missing);
    }
    let is_clean = found.gaps.is_empty() && (found.missing.is_empty() || !options.common.strict);
    Ok(if is_clean { CLEAN } else { FINDINGS })
}
