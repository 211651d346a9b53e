//! `.mmap` in a kernel that has `.mmap_prepare`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::rules::Level;
use crate::verdict::{TargetFrom, Verdict};

pub fn check(facts: &Facts, found: &mut Found) {
    if facts.chosen.from == TargetFrom::Default {
        // The tree has no .mmap_prepare to move to.
        return;
    }
    let index = facts.context.index;
    for finding in facts.findings {
        let registration = &finding.registration;
        let migrates = facts.rules().is_migrating(&registration.hook.record);
        let Some(handler) = finding.handler.as_ref().filter(|_| migrates && registration.hook.takes == Takes::Vma)
        else {
            continue;
        };
        let deciding = finding.judgement.deciding(finding.verdict);
        let why = deciding.map(|requirement| format!(": {}", requirement.text)).unwrap_or_default();
        let verdict = finding.verdict;
        let advice = match verdict {
            Verdict::None => continue,
            Verdict::Mechanical | Verdict::Action | Verdict::Mapped => format!(" (verdict {verdict}){why}"),
            _ => format!("; it cannot move to .mmap_prepare yet{why}"),
        };
        let message = format!("{} is a deprecated .mmap{advice}", handler.name);
        let hazard = found.at(registration.file, registration.span, message);
        hazard.handler = Some((index.file(registration.file).path.clone(), handler.name.clone()));
        hazard.verdict = Some(verdict);
        // The author can do nothing yet.
        if matches!(verdict, Verdict::Blocked | Verdict::Finish) {
            hazard.level = Level::Note;
        }
    }
}
