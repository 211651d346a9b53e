//! Arithmetic on vm_pgoff that may wrap before it is compared.

use std::collections::BTreeMap;

use crate::behaviour::Wrap;
use crate::lint::{Facts, Found, HandlerView};
use crate::source::find_word;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (place, wrap) in facts.of_each(|handler| of_handler(facts, handler)).flat_map(|(_, places)| places) {
        let message = match wrap {
            Wrap::Difference => {
                "subtracts a value of the mapping before the comparison: the difference wraps if that value is larger; compare it first"
            }
            Wrap::Sum | Wrap::SumWithBase => {
                "adds to vm_pgoff in bytes before the comparison: the sum may wrap; compare in pages, or compare the offset first"
            }
        };
        found.at(place.file, place.span, message.to_owned());
    }
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Wrap> {
    let names = |field: &str| handler.lowered().any(|lowered| lowered.reads.iter().any(|read| read.name == field));
    if !names("vm_pgoff") {
        return BTreeMap::new();
    }
    // The core checks that offset and size together do not wrap, unless the table takes that check away.
    let is_unsigned = has_unsigned_offsets(facts, handler);
    let is_meant = |wrap: &Wrap| *wrap != Wrap::Sum || is_unsigned;
    let behaviours = facts.behaviours(&handler.key);
    let wraps = behaviours.iter().flat_map(|behaviour| behaviour.wraps.iter());
    wraps.filter(|(_, wrap)| is_meant(wrap)).map(|(place, wrap)| (*place, *wrap)).collect()
}

/// Whether the table of a handler has FOP_UNSIGNED_OFFSET.
fn has_unsigned_offsets(facts: &Facts, handler: &HandlerView) -> bool {
    let registration = &handler.finding.registration;
    let source = facts.context.index.file(registration.file);
    let Some(item) = source.item_at(registration.span.start) else { return false };
    find_word(source.items[item as usize].span.of(&source.text), b"FOP_UNSIGNED_OFFSET", 0).is_some()
}
