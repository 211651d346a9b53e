//! A mapping that rejects writes, although mprotect() can make it writable.

use crate::lint::{FunctionView, Facts, Found};
use crate::source::Span;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let settles = |body: &FunctionView| !settling(body).is_empty();
        if facts.callers(handler).into_iter().any(|caller| caller.bodies.iter().any(settles)) {
            continue;
        }
        let harmless = handler.places(|body| [settling(body), requiring(body), page_cache(body)].concat());
        for (body, variant) in handler.variants() {
            for refusal in variant.refusals() {
                let is_of_write = refusal.test.set && names_write(&refusal.test.flags);
                if !is_of_write || handler.co_occurs(body, refusal.condition, &harmless) {
                    continue;
                }
                let message = format!(
                    "{} refuses VM_WRITE and leaves VM_MAYWRITE set: mprotect() makes the mapping writable all the same",
                    handler.name()
                );
                found.at(body.file(), refusal.condition, message);
            }
        }
    }
}

fn names_write(flags: &[String]) -> bool {
    flags.iter().any(|flag| flag == "VM_WRITE")
}

/// Places that clear VM_MAYWRITE, or test it instead of VM_WRITE.
fn settling(body: &FunctionView) -> Vec<Span> {
    let flags = body.lowered.clears.iter().chain(&body.lowered.tests);
    flags.filter(|flag| flag.name == "VM_MAYWRITE").map(|flag| flag.span).collect()
}

/// Places that require VM_WRITE, so that mprotect() cannot add it later.
fn requiring(body: &FunctionView) -> Vec<Span> {
    let refusals = body.variants.iter().flat_map(|variant| variant.refusals());
    refusals
        .filter(|refusal| !refusal.test.set && names_write(&refusal.test.flags))
        .map(|refusal| refusal.condition)
        .collect()
}

/// Calls that map pages of a file; `page_mkwrite` is called before each first write to one.
fn page_cache(body: &FunctionView) -> Vec<Span> {
    let rules = |name: &str| body.variants.first().is_some_and(|variant| variant.rules().maps_page_cache(name));
    body.lowered.calls.iter().filter(|call| rules(&call.name)).map(|call| call.span).collect()
}
