//! Effect of a handler on merging, the reason why `.mmap_prepare` exists.
//!
//! The kernel tries to merge a new mapping with its neighbours before it calls `.mmap`. A handler that changes flags after that made a
//! merge retry necessary. The retry is gone since `.mmap_prepare` came (c84bf6dd2b83): an unconverted handler of that kind may leave
//! neighbours apart that could be one VMA.

use crate::rules::Rules;
use crate::vma::analysis::gathered;
use crate::vma::{Analysis, EventKind, HandlerFacts};

/// Merging of the mappings that a handler creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Never merges: a flag or hook forbids it.
    Never(Vec<String>),
    /// The mapping merges only in the retry after `.mmap`, because the handler changes flags that a merge compares.
    Retried(Vec<String>),
    /// Merges as if there were no handler.
    Unaffected,
}

impl Merge {
    /// Name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Merge::Never(_) => "never",
            Merge::Retried(_) => "retried",
            Merge::Unaffected => "unaffected",
        }
    }

    /// Flags and hooks that cause it.
    pub fn because(&self) -> &[String] {
        match self {
            Merge::Never(because) | Merge::Retried(because) => because,
            Merge::Unaffected => &[],
        }
    }
}

/// Derives it from a handler's facts: flags it sets or clears, flags its populating calls set, its close hook.
pub(super) fn merge(rules: &Rules, analysis: &Analysis, all: &[HandlerFacts]) -> Merge {
    let mut sets: Vec<String> = Vec::new();
    let mut changed: Vec<String> = Vec::new();
    let add = |list: &mut Vec<String>, name: &str| {
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    };
    for facts in all {
        for (_, flag) in gathered(facts, |lowered| &lowered.sets) {
            add(if rules.is_never_merged(&flag.name) { &mut sets } else { &mut changed }, &flag.name);
        }
        for (_, flag) in gathered(facts, |lowered| &lowered.clears) {
            add(&mut changed, &flag.name);
        }
        for lowered in facts.parts.iter().map(|part| &part.lowered) {
            let populates = lowered.events.iter().filter_map(|event| match &event.kind {
                EventKind::Populate(populate) => rules.call(&populate.name),
                _ => None,
            });
            for flag in populates.flat_map(|rule| &rule.implies) {
                add(&mut sets, flag);
            }
            if lowered.closes().any(|close| analysis.lowered(close).is_some()) {
                add(&mut sets, "vm_ops->close");
            }
        }
    }
    changed.retain(|flag| !rules.is_ignored_by_merge(flag));
    match (sets.is_empty(), changed.is_empty()) {
        (false, _) => Merge::Never(sets),
        (true, false) => Merge::Retried(changed),
        (true, true) => Merge::Unaffected,
    }
}
