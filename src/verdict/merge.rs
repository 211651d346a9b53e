//! Effect of a handler on merging, the reason why `.mmap_prepare` exists.
//!
//! The kernel tries to merge a new mapping with its neighbours before it calls `.mmap`. A handler that changes flags after that made a
//! merge retry necessary. The retry is gone since `.mmap_prepare` came (c84bf6dd2b83): an unconverted handler of that kind may leave
//! neighbours apart that could be one VMA.

use crate::index::Takes;
use crate::rules::Rules;
use crate::vma::analysis::gathered;
use crate::vma::{EventKind, HandlerFacts};

/// Merging of the mappings that a handler creates.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Merge {
    /// Never merges: a flag forbids it.
    Never(Vec<String>),
    /// The mapping merges only in the retry after `.mmap`, because the handler changes flags that a merge compares.
    Retried(Vec<String>),
    /// Merges as if there were no handler.
    Unaffected,
    /// The handler passes the VMA on to functions or hooks that are not followed, which may set flags.
    Unknown,
}

impl Merge {
    /// Name in reports.
    pub fn name(&self) -> &'static str {
        match self {
            Merge::Never(_) => "never",
            Merge::Retried(_) => "retried",
            Merge::Unaffected => "unaffected",
            Merge::Unknown => "unknown",
        }
    }

    /// The flags that cause it.
    pub fn because(&self) -> &[String] {
        match self {
            Merge::Never(because) | Merge::Retried(because) => because,
            Merge::Unaffected | Merge::Unknown => &[],
        }
    }
}

/// Derives it from a handler's facts: the flags that it sets or clears, and those that its populating calls and actions set. A close hook
/// only keeps the kernel from removing a VMA: a new mapping still extends the VMA before it (mm/vma.c: can_merge_remove_vma()). The kernel
/// calls a handler that takes a desc before it merges (mm/vma.c: call_mmap_prepare()).
pub(super) fn merge(rules: &Rules, all: &[HandlerFacts], takes: Takes) -> Merge {
    let mut sets: Vec<String> = Vec::new();
    let mut changed: Vec<String> = Vec::new();
    let add = |list: &mut Vec<String>, name: &str| {
        if !list.iter().any(|known| known == name) {
            list.push(name.to_owned());
        }
    };
    for facts in all {
        let populates =
            facts.parts.iter().flat_map(|part| &part.lowered.events).filter_map(|event| match &event.kind {
                EventKind::Populate(populate) => rules.call(&populate.name),
                EventKind::Helper { name, .. } => rules.call(name),
                _ => None,
            });
        let called = facts.parts.iter().flat_map(|part| &part.lowered.calls).filter_map(|call| rules.call(&call.name));
        let set = gathered(facts, |lowered| &lowered.sets).into_iter().map(|(_, flag)| &flag.name);
        for flag in
            set.chain(populates.flat_map(|rule| &rule.implies)).chain(called.flat_map(|rule| &rule.action_flags))
        {
            add(if rules.is_never_merged(flag) { &mut sets } else { &mut changed }, flag);
        }
        for (_, flag) in gathered(facts, |lowered| &lowered.clears) {
            add(&mut changed, &flag.name);
        }
    }
    changed.retain(|flag| !rules.is_ignored_by_merge(flag));
    let events = || all.iter().flat_map(|facts| &facts.parts).flat_map(|part| &part.lowered.events);
    let may_set_flags = |kind: &EventKind| match kind {
        // The rule of a helper says what it does to the VMA, unless it calls a hook.
        EventKind::Helper { name, .. } => rules.call(name).is_none_or(|rule| rule.composed),
        EventKind::Populate(populate) => {
            rules.call(&populate.name).is_some_and(|rule| rule.composed && rule.implies.is_empty())
        }
        EventKind::Finish { .. }
        | EventKind::Hook { .. }
        | EventKind::Redispatch { .. }
        | EventKind::Unknown { .. } => true,
        _ => false,
    };
    match (sets.is_empty(), changed.is_empty()) {
        (false, _) => Merge::Never(sets),
        _ if events().any(|event| may_set_flags(&event.kind)) => Merge::Unknown,
        (true, false) if takes == Takes::Vma => Merge::Retried(changed),
        (true, _) => Merge::Unaffected,
    }
}
