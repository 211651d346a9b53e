//! A PFN map that may be private, so that a write would copy it.

use crate::behaviour::{Outcome, Part, Term};
use crate::lint::branches::exclusive;
use crate::lint::{Facts, Found, HandlerView};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for place in places {
            let message = format!(
                "{} sets VM_PFNMAP and accepts private mappings: as long as they keep VM_MAYWRITE, a fault that inserts a PFN hits a BUG_ON in vmf_insert_pfn_prot()",
                handler.name()
            );
            found.at(place.file, place.span, message);
        }
    }
}

/// Where a handler sets VM_PFNMAP although the mapping may be private and writable.
fn of_handler(facts: &Facts, handler: &HandlerView) -> Vec<Place> {
    if !handler.sets("VM_PFNMAP") || refuses_private_area(facts, handler) {
        return Vec::new();
    }
    let accepted = facts.accepting(handler);
    let mut places = Vec::new();
    for outcome in accepted.iter().filter(|outcome| {
        may_be_private(outcome) && !facts.passes_on(outcome) && !inserts_nothing(facts, handler, outcome)
    }) {
        for body in &handler.bodies {
            // The return tells which of several places the path runs through.
            let meets = |span| {
                outcome.place.file != body.file()
                    || body.variants.iter().any(|variant| !exclusive(&variant.function.body, span, outcome.place.span))
            };
            let sets = body.lowered.sets.iter().filter(|set| set.name == "VM_PFNMAP" && meets(set.span));
            places.extend(sets.map(|set| Place { file: body.file(), span: set.span }));
        }
    }
    places.sort();
    places.dedup();
    places
}

/// Whether a path sets VM_PFNMAP for a mapping that may be private and writable. Populating calls check that themselves.
fn may_be_private(outcome: &Outcome) -> bool {
    let is_shared = outcome.requires("VM_SHARED", true) || outcome.requires("VM_MAYSHARE", true);
    let is_readable =
        outcome.requires("VM_MAYWRITE", false) || outcome.mapping.flags.get("VM_MAYWRITE") == Some(&false);
    // Nothing is known of the fault handler if the table is not.
    let is_known = match outcome.mapping.fields.get("vm_ops").and_then(Term::as_part) {
        Some(Part::Address(table)) => table.as_name().is_some(),
        Some(_) => false,
        None => true,
    };
    outcome.mapping.flags.get("VM_PFNMAP") == Some(&true)
        && is_known
        && !is_shared
        && !is_readable
        && outcome.populates().next().is_none()
}

/// Whether the fault handler of the mapping is known and maps nothing.
fn inserts_nothing(facts: &Facts, handler: &HandlerView, accepted: &Outcome) -> bool {
    let hooks = facts.fault_hooks(handler, "fault");
    let mut of_outcome =
        hooks.iter().filter(|hook| hook.accepted.iter().any(|other| other.place == accepted.place)).peekable();
    let is_silent = |key| {
        let behaviours = facts.behaviours(key);
        let calls = |outcome: &Outcome| outcome.effects.is_empty();
        behaviours.iter().all(|behaviour| behaviour.gap.is_none() && behaviour.outcomes.iter().all(calls))
    };
    of_outcome.peek().is_some() && of_outcome.all(|hook| is_silent(&hook.key))
}

/// Whether `get_unmapped_area` of the same table looks at MAP_PRIVATE or MAP_SHARED.
fn refuses_private_area(facts: &Facts, handler: &HandlerView) -> bool {
    let index = facts.context.index;
    let registration = &handler.finding.registration;
    let hook =
        registration.table.as_ref().and_then(|table| index.table_member(table, "get_unmapped_area", registration.file));
    let Some(hook) = hook else { return false };
    index.functions(&hook.name, hook.file).into_iter().any(|id| {
        let text = index.item(id).span.of(&index.file(id.file).text);
        [&b"MAP_PRIVATE"[..], b"MAP_SHARED", b"MAP_TYPE"]
            .iter()
            .any(|word| crate::source::find_word(text, word, 0).is_some())
    })
}
