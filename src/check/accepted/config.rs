//! `.mmaplint.toml` in the root of a tree: the project's settings.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::check::Change;
use crate::kernel::{Layer, Tree, is_below};
use crate::lint::{Hazard, find, no_lint};

/// Name of the file.
pub const NAME: &str = ".mmaplint.toml";

/// Maximum length of the file in bytes.
const LENGTH_LIMIT: usize = 1 << 20;

/// Settings of a project. An unknown key is an error.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
#[schemars(title = ".mmaplint.toml")]
pub struct Config {
    /// Target to judge against.
    pub target: Option<String>,
    /// Lints to run in addition to the default ones.
    pub select: Vec<String>,
    /// Lints not to run.
    pub ignore: Vec<String>,
    /// Lowest level that makes the exit code 1.
    #[schemars(extend("enum" = ["note", "warning", "error", "never"]))]
    pub fail_on: Option<String>,
    /// Baseline, relative to the tree.
    pub baseline: Option<String>,
    /// Address of the page with the texts of all lints: docs/lints.md. What links to a lint adds `#` and its name.
    pub lints_url: Option<String>,
    /// Accepted hazards.
    pub suppress: Vec<Suppression>,
}

/// Accepted hazards.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
#[schemars(rename = "suppression")]
pub struct Suppression {
    /// The lint.
    rule: String,
    /// A file of the tree, or a folder.
    path: String,
    /// Limits the entry to this function.
    function: Option<String>,
    /// Reason why they are accepted.
    reason: String,
}

impl Config {
    /// Reads the file of a tree. A tree without one has the default settings.
    ///
    /// # Errors
    /// The file cannot be read, or its content is invalid. The error names the file.
    pub fn read(tree: &Tree) -> Result<Config, String> {
        // What a kernel has decided is not decided for a module.
        if tree.layer(NAME) == Layer::Kernel {
            return Ok(Config::default());
        }
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
        if let Some(url) =
            config.lints_url.as_ref().filter(|url| !url.starts_with("https://") && !url.starts_with("http://"))
        {
            return Err(named(format!("lints-url: {url} is no address of the web")));
        }
        if let Some(empty) = config.suppress.iter().find(|entry| entry.reason.trim().is_empty()) {
            return Err(named(format!("a [[suppress]] of {} gives no reason", empty.rule)));
        }
        Ok(config)
    }

    /// Messages about a change to the project's settings. The check of that change uses the old ones.
    pub fn changed_by(&self, change: &Change) -> Vec<String> {
        let files = std::iter::once(NAME).chain(self.baseline.as_deref());
        let is_changed = |file: &&str| change.before.read(file) != change.after.read(file);
        let told = |file: &str| format!("{file} is changed: this check uses its old content");
        files.filter(is_changed).map(told).collect()
    }

    /// Removes accepted hazards. Returns the rest, and messages about the entries that accept nothing although their lint ran.
    pub fn without_suppressed(&self, hazards: Vec<Hazard>, ran: impl Fn(&str) -> bool) -> (Vec<Hazard>, Vec<String>) {
        let mut used = vec![false; self.suppress.len()];
        let mut rest = Vec::new();
        for hazard in hazards {
            match self.suppress.iter().position(|entry| entry.accepts(&hazard)) {
                Some(entry) => used[entry] = true,
                None => rest.push(hazard),
            }
        }
        let unused = self.suppress.iter().zip(used).filter(|(entry, used)| !used && ran(&entry.rule));
        let messages = unused.map(|(entry, _)| {
            let other = rest.iter().find(|hazard| entry.is_about(hazard));
            let why =
                other.map_or(String::new(), |other| format!("; the function of the finding is {}", other.function));
            format!("{NAME}: the [[suppress]] of {} for {} accepts nothing{why}", entry.rule, entry.path)
        });
        let messages = messages.collect();
        (rest, messages)
    }
}

impl Suppression {
    /// Whether rule and path are those of a hazard.
    fn is_about(&self, hazard: &Hazard) -> bool {
        self.rule == hazard.lint && is_below(&hazard.file, &self.path)
    }

    fn accepts(&self, hazard: &Hazard) -> bool {
        self.is_about(hazard) && self.function.as_ref().is_none_or(|function| *function == hazard.function)
    }
}
