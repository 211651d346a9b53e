//! Which API handlers are judged against.

use memchr::memmem;

use crate::kernel::Tree;
use crate::rules::{Rules, Target};

/// How the target was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFrom {
    /// The tree's headers have it.
    Headers,
    /// `--target` named it.
    Option,
    /// The tree has no `.mmap_prepare`: the newest known one.
    Default,
}

impl TargetFrom {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            TargetFrom::Headers => "headers",
            TargetFrom::Option => "option",
            TargetFrom::Default => "default",
        }
    }
}

/// A target, and how it was found.
#[derive(Clone, Debug)]
pub struct ResolvedTarget {
    /// The target.
    pub target: Target,
    /// How it was found.
    pub from: TargetFrom,
}

/// The target called `name`, or for `auto` the newest whose API the tree's own headers have.
///
/// # Errors
/// Where no target has that name; the text lists those there are.
pub fn choose(rules: &Rules, tree: &Tree, name: &str) -> Result<ResolvedTarget, String> {
    if name != "auto" {
        let names = || rules.targets().iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ");
        let target = rules
            .target(name)
            .cloned()
            .ok_or_else(|| format!("no target is called {name:?}; there are auto, {}", names()))?;
        return Ok(ResolvedTarget { target, from: TargetFrom::Option });
    }
    let headers = tree.api_headers();
    let holds = |text: &String| headers.iter().any(|header| memmem::find(header, text.as_bytes()).is_some());
    let found =
        rules.targets().iter().rev().find(|target| !target.present.is_empty() && target.present.iter().all(holds));
    match found.or(rules.targets().last()) {
        Some(target) => Ok(ResolvedTarget {
            target: target.clone(),
            from: if found.is_some() { TargetFrom::Headers } else { TargetFrom::Default },
        }),
        None => Err("there are no targets: no rule file describes one".to_owned()),
    }
}
