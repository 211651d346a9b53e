//! A mapping that may not be writable, and becomes so by mprotect().

use crate::lint::{Facts, Found, HandlerView};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        if settles(handler) || is_page_cache(facts, handler) || facts.callers(handler).into_iter().any(settles) {
            continue;
        }
        // A mapping that has to be writable to begin with refuses nothing that mprotect() could give.
        let mut refusals: Vec<_> = handler
            .variants()
            .flat_map(|(body, variant)| variant.refusals().into_iter().map(|refusal| (body.file(), refusal)))
            .collect();
        let requires = refusals.iter().any(|(_, refusal)| names_write(&refusal.test.flags) && !refusal.test.set);
        refusals.retain(|(_, refusal)| names_write(&refusal.test.flags) && refusal.test.set);
        if requires {
            continue;
        }
        for (file, refusal) in refusals {
            let message = format!(
                "{} refuses VM_WRITE and leaves VM_MAYWRITE set: mprotect() makes the mapping writable all the same",
                handler.name()
            );
            found.at(file, refusal.condition, message);
        }
    }
}

fn names_write(flags: &[String]) -> bool {
    flags.iter().any(|flag| flag == "VM_WRITE")
}

/// Whether the handler takes the right away, or asks for it instead.
fn settles(handler: &HandlerView) -> bool {
    handler.clears("VM_MAYWRITE") || handler.tests("VM_MAYWRITE")
}

/// Whether the pages are those of a file, which is asked before each first write to one (`page_mkwrite`).
fn is_page_cache(facts: &Facts, handler: &HandlerView) -> bool {
    let mut calls = handler.lowered().flat_map(|lowered| &lowered.calls);
    calls.any(|call| facts.rules().maps_page_cache(&call.name))
}
