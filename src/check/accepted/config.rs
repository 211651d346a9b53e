//! `.mmaplint.toml` in the root of a tree: what a project has decided.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::Change;
use crate::kernel::{Tree, is_below};
use crate::lint::{Hazard, find, no_lint};

/// The name of the file.
pub const NAME: &str = ".mmaplint.toml";

/// Nobody has decided more than fits into so many bytes.
const LENGTH_LIMIT: usize = 1 << 20;

/// What the file may say. A key that it may not is an error.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(title = ".mmaplint.toml")]
pub struct Config {
    /// The target to judge against.
    pub target: Option<String>,
    /// Lints to run beside those that are on by default.
    pub select: Vec<String>,
    /// Lints not to run.
    pub ignore: Vec<String>,
    /// The least level that makes the exit code 1.
    #[schemars(extend("enum" = ["note", "warning", "error", "never"]))]
    pub fail_on: Option<String>,
    /// A baseline, relative to the tree.
    pub baseline: Option<String>,
    /// Hazards that were accepted.
    pub suppress: Vec<Suppression>,
}

/// Hazards that were accepted.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "suppression")]
pub struct Suppression {
    /// The lint.
    rule: String,
    /// A file of the tree, or a folder.
    path: String,
    /// The function, if only that.
    function: Option<String>,
    /// Why they were accepted.
    reason: String,
}

impl Config {
    /// Reads the file of a tree; a tree without one has decided nothing.
    ///
    /// # Errors
    /// Names the file and what is wrong with it.
    pub fn read(tree: &Tree) -> Result<Config, String> {
        let path = tree.root().join(NAME);
        let named = |reason: String| format!("{}: {}", path.display(), reason.trim_end());
        let Some(text) = tree.try_read(NAME).map_err(|trouble| named(trouble.text))? else {
            return Ok(Config::default());
        };
        if text.len() > LENGTH_LIMIT {
            return Err(named(format!("longer than {} MiB", LENGTH_LIMIT >> 20)));
        }
        let text = String::from_utf8(text).map_err(|error| named(error.to_string()))?;
        let config: Config = toml::from_str(&text).map_err(|error| named(error.to_string()))?;
        let rules = config.select.iter().chain(&config.ignore).chain(config.suppress.iter().map(|entry| &entry.rule));
        for rule in rules {
            find(rule).ok_or_else(|| named(no_lint(rule)))?;
        }
        if let Some(empty) = config.suppress.iter().find(|entry| entry.reason.trim().is_empty()) {
            return Err(named(format!("a [[suppress]] of {} gives no reason", empty.rule)));
        }
        Ok(config)
    }

    /// What to say of a change to what a project has decided. It does not count for that change.
    pub fn changed_by(&self, change: &Change) -> Vec<String> {
        let files = std::iter::once(NAME).chain(self.baseline.as_deref());
        let is_changed = |file: &&str| change.before.read(file) != change.after.read(file);
        let told = |file: &str| format!("{file} is changed: for this change counts what it said before");
        files.filter(is_changed).map(told).collect()
    }

    /// Takes out the hazards that were accepted. With the rest come the entries that accept nothing, of lints that ran.
    pub fn without_suppressed(&self, hazards: Vec<Hazard>, ran: impl Fn(&str) -> bool) -> (Vec<Hazard>, Vec<String>) {
        let mut used = vec![false; self.suppress.len()];
        let mut rest = Vec::new();
        for hazard in hazards {
            match self.suppress.iter().position(|entry| entry.accepts(&hazard)) {
                Some(entry) => used[entry] = true,
                None => rest.push(hazard),
            }
        }
        let unused =
            self.suppress.iter().zip(used).filter(|(entry, used)| !used && ran(&entry.rule)).map(|(entry, _)| {
                format!("{NAME}: the [[suppress]] of {} for {} accepts nothing", entry.rule, entry.path)
            });
        (rest, unused.collect())
    }
}

impl Suppression {
    fn accepts(&self, hazard: &Hazard) -> bool {
        self.rule == hazard.lint
            && is_below(&hazard.file, &self.path)
            && self.function.as_ref().is_none_or(|function| *function == hazard.function)
    }
}
