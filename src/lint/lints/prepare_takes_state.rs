//! State that is taken in `.mmap_prepare`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::Confidence;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for requirement in &handler.finding.judgement.requirements {
            let is_state = requirement.kind.starts_with("state:") && requirement.kind != "state:lock";
            if !is_state {
                continue;
            }
            let message = format!(
                "{} {} in .mmap_prepare: a merge, or a failure behind the hook, leaks it; vm_ops->mapped is the place",
                handler.name(),
                requirement.text
            );
            let hazard = found.at(requirement.file, requirement.span, message);
            if matches!(requirement.kind.as_str(), "state:counter" | "state:alloc") {
                // What is counted or kept may be the file's own, once for all mappings.
                hazard.confidence = Confidence::Medium;
            }
        }
    }
}
