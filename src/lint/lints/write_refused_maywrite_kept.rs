//! A mapping that may not be writable, and becomes so by mprotect().

use crate::lint::shape::exclusive;
use crate::lint::{Body, Facts, Found, HandlerView, Variant};
use crate::source::Span;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let called_by_one_that_settles = || facts.callers(handler).into_iter().any(|caller| caller.bodies.iter().any(|body| settling(body).next().is_some()));
        // A mapping that has to be writable to begin with refuses nothing that mprotect() could give.
        if requires_write(handler) || is_page_cache(facts, handler) || called_by_one_that_settles() {
            continue;
        }
        for (body, variant) in handler.variants() {
            let refusals = variant.refusals().into_iter();
            for refusal in refusals.filter(|refusal| names_write(&refusal.test.flags) && refusal.test.set) {
                if is_settled(handler, body, variant, refusal.condition) {
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

fn requires_write(handler: &HandlerView) -> bool {
    let mut refusals = handler.variants().flat_map(|(_, variant)| variant.refusals());
    refusals.any(|refusal| names_write(&refusal.test.flags) && !refusal.test.set)
}

/// Where a function takes the right away, or asks for it instead.
fn settling(body: &Body) -> impl Iterator<Item = Span> {
    let flags = body.lowered.clears.iter().chain(&body.lowered.tests);
    flags.filter(|flag| flag.name == "VM_MAYWRITE").map(|flag| flag.span)
}

/// Whether the right is taken away on a way that the refusal lies on: in the function itself, in one that leads to it, or in one
/// that it calls.
fn is_settled(handler: &HandlerView, body: &Body, variant: &Variant, refusal: Span) -> bool {
    let meets = |variant: &Variant, one: Span, other: Span| !exclusive(&variant.function.body, one, other);
    handler.bodies.iter().any(|other| {
        if other.key == body.key {
            settling(body).any(|place| meets(variant, place, refusal))
        } else if handler.leads(other, body) {
            other.variants.iter().any(|above| {
                let mut calls = handler.calls_towards(above, body);
                calls.any(|call| settling(other).any(|place| meets(above, place, call)))
            })
        } else {
            settling(other).next().is_some()
                && handler.leads(body, other)
                && handler.calls_towards(variant, other).any(|call| meets(variant, call, refusal))
        }
    })
}

/// Whether the pages are those of a file, which is asked before each first write to one (`page_mkwrite`).
fn is_page_cache(facts: &Facts, handler: &HandlerView) -> bool {
    let mut calls = handler.lowered().flat_map(|lowered| &lowered.calls);
    calls.any(|call| facts.rules().maps_page_cache(&call.name))
}
