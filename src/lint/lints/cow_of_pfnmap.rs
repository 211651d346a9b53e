//! A PFN map that may be private, so that a write would copy it.

use crate::lint::{Facts, Found, Variant};
use crate::rules::CallEffect;
use crate::source::Span;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        if !handler.sets("VM_PFNMAP") {
            continue;
        }
        // Populating calls check for copy-on-write themselves.
        let coping = handler.places(|body| {
            body.variants.iter().flat_map(|variant| remaps(variant).chain(refusals(variant))).collect::<Vec<Span>>()
        });
        for body in &handler.bodies {
            for set in body.lowered.sets.iter().filter(|set| set.name == "VM_PFNMAP") {
                if handler.co_occurs(body, set.span, &coping) {
                    continue;
                }
                let message = format!(
                    "{} sets VM_PFNMAP and accepts private mappings: the first fault of a writable one hits a BUG_ON in vmf_insert_pfn()",
                    handler.name()
                );
                found.at(body.file(), set.span, message);
            }
        }
    }
}

/// Calls that populate, request an action, or pass the VMA to a helper that may populate.
fn remaps(variant: &Variant) -> impl Iterator<Item = Span> {
    let remaps = |name: &str| {
        let rule = variant.rules().call(name);
        rule.is_some_and(|rule| matches!(rule.does, CallEffect::Populate | CallEffect::Action | CallEffect::Helper))
    };
    variant.calls().into_iter().filter(move |(name, _, _)| remaps(name)).map(|(_, _, call)| call.span)
}

/// Code that rules out a private writable mapping: it rejects mappings that are not shared, or clears VM_MAYWRITE.
fn refusals(variant: &Variant) -> impl Iterator<Item = Span> {
    let of_flags = variant.refusals().into_iter().filter(|refusal| {
        let names = |flag: &str| refusal.test.flags.iter().any(|name| name == flag);
        (!refusal.test.set && (names("VM_SHARED") || names("VM_MAYSHARE"))) || (refusal.test.set && names("VM_MAYWRITE"))
    });
    let is_cow = |name: &str| name.contains("is_cow_mapping") || name.contains("shared_maywrite");
    let of_cow = variant.calls().into_iter().filter(move |(name, _, _)| is_cow(name)).map(|(_, _, call)| call.span);
    let cleared = variant.calls().into_iter().filter(|(name, arguments, _)| {
        let rule = variant.rules().call(name).and_then(|rule| rule.clear);
        rule.is_some_and(|first| {
            arguments.iter().skip(first).any(|argument| variant.flag_names(argument).iter().any(|flag| flag == "VM_MAYWRITE"))
        })
    });
    let cleared = cleared.map(|(_, _, call)| call.span);
    of_flags.map(|refusal| refusal.condition).chain(of_cow).chain(cleared).collect::<Vec<_>>().into_iter()
}
