//! Target API that handlers are judged against.

use memchr::memmem;

use crate::kernel::Tree;
use crate::rules::{Rules, Target};

/// Origin of the target.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TargetFrom {
    /// Detected from the tree's headers.
    Headers,
    /// Given by `--target`.
    Option,
    /// The newest released target: the tree has no `.mmap_prepare`.
    Default,
}

impl TargetFrom {
    /// Name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            TargetFrom::Headers => "headers",
            TargetFrom::Option => "option",
            TargetFrom::Default => "default",
        }
    }
}

/// A target with its origin.
#[derive(Clone, Debug)]
pub struct ResolvedTarget {
    /// The target.
    pub target: Target,
    /// Origin of the target.
    pub from: TargetFrom,
    /// Whether the headers are declarations in place of those of a kernel.
    pub is_assumed: bool,
}

/// Returns the target called `name`; a release may be named without its `v`. `auto` means the newest whose API the tree's headers have,
/// else the newest released one.
///
/// # Errors
/// No target has that name (the text lists the known ones), or the rules have no target.
pub fn choose(rules: &Rules, tree: &Tree, name: &str) -> Result<ResolvedTarget, String> {
    if name != "auto" {
        let names = || rules.targets().iter().map(|target| target.name.as_str()).collect::<Vec<_>>().join(", ");
        let target = rules
            .target_meant(name)
            .cloned()
            .ok_or_else(|| format!("no target is called {name:?}; known targets: auto, {}", names()))?;
        return Ok(ResolvedTarget { target, from: TargetFrom::Option, is_assumed: false });
    }
    let headers = tree.api_headers();
    let holds = |text: &String| headers.iter().any(|header| memmem::find(header, text.as_bytes()).is_some());
    let found =
        rules.targets().iter().rev().find(|target| !target.present.is_empty() && target.present.iter().all(holds));
    match found.or(rules.newest_released()) {
        Some(target) => Ok(ResolvedTarget {
            target: target.clone(),
            from: if found.is_some() { TargetFrom::Headers } else { TargetFrom::Default },
            is_assumed: tree.has_assumed_kernel(),
        }),
        None => Err("no target is known: no rule file describes one".to_owned()),
    }
}
