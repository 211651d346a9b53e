//! A conversion that does something else than the handler before it.

use std::collections::BTreeMap;

use crate::behaviour::{Difference, conversion};
use crate::compare::converted;
use crate::lint::{Facts, Found};
use crate::rules::Level;
use crate::verdict::Place;
use crate::vma::Key;

pub fn check(facts: &Facts, found: &mut Found) {
    let Some(before) = facts.before else { return };
    let sides = ((before.context.index, before.findings), (facts.context.index, facts.findings));
    for (old, new) in converted(sides.0, sides.1) {
        let name = |facts: &Facts, key: &Key| facts.context.index.file(key.id.file).name(facts.context.index.item(key.id));
        let (was, is) = (name(before, &old), name(facts, &new));
        match conversion((before.functions(), &old), (facts.functions(), &new)) {
            Ok(compared) => {
                let mut by_place: BTreeMap<Place, Vec<&Difference>> = BTreeMap::new();
                for difference in &compared.differences {
                    by_place.entry(difference.new_place).or_default().push(difference);
                }
                for (place, differences) in by_place {
                    let hazard = found.at(place.file, place.span, message(before, &differences, &was, &is));
                    if differences.iter().all(|difference| difference.kind.is_minor()) {
                        hazard.level = Level::Warning;
                    }
                }
            }
            Err(reason) => {
                let message = format!("{is} is not compared with {was}: {}", reason.reason());
                found.at(new.id.file, facts.context.index.item(new.id).name, message).level = Level::Note;
            }
        }
    }
}

/// Maximum number of differences in a message, and of conditions of each.
const SHOWN: usize = 4;

/// What differs at one place: `lamp_mmap_prepare clears VM_MAYEXEC; lamp_mmap left VM_MAYEXEC alone (FILE:LINE before)`.
fn message(before: &Facts, differences: &[&Difference], was: &str, is: &str) -> String {
    let shown = differences.iter().take(SHOWN).map(|difference| {
        let mut conditions: Vec<String> = difference.when.iter().take(SHOWN).map(ToString::to_string).collect();
        if difference.when.len() > SHOWN {
            conditions.push("more".to_owned());
        }
        let when = if conditions.is_empty() { String::new() } else { format!(" if {}", conditions.join(" and ")) };
        let place = before.context.index.file(difference.old_place.file).at(difference.old_place.span.start);
        format!("{is} {}{when}; {was} {} ({place} before)", difference.new, difference.old)
    });
    let mut parts: Vec<String> = shown.collect();
    if differences.len() > SHOWN {
        parts.push(format!("{} more differences", differences.len() - SHOWN));
    }
    parts.join(". ")
}
