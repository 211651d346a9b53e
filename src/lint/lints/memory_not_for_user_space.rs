//! Memory that is mapped although its kind does not allow that.

use std::collections::BTreeMap;

use crate::behaviour::{Part, Term};
use crate::lint::allocation::{Allocation, Mapped, allocations, mapped, names_one};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::MemoryKind;
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, origins) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, Origin { call, kind, conversion }) in origins {
            let why = match kind {
                MemoryKind::Slab => "comes from the slab, so that the rest of the page shows other objects".to_owned(),
                MemoryKind::Vmalloc => format!("has no linear address, so that {conversion}() gives another page"),
                MemoryKind::Coherent => format!(
                    "may have no linear address, so that {conversion}() gives another page: dma_mmap_coherent() maps it"
                ),
            };
            found.at(place.file, place.span, format!("{} maps memory of {call}(), which {why}", handler.name()));
        }
    }
}

/// The allocation of mapped memory.
struct Origin {
    call: String,
    kind: MemoryKind,
    /// The call that turns its address into a page.
    conversion: String,
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, Origin> {
    let mut places = BTreeMap::new();
    let is_linear = |name: &str| facts.rules().is_linear(name);
    let calls_one = handler.variants().any(|(_, variant)| variant.calls().iter().any(|(name, _, _)| is_linear(name)));
    if !calls_one && !names_one(facts, handler, facts.rules().linear()) {
        return places;
    }
    for Mapped { place, object, .. } in mapped(facts, handler) {
        for (conversion, address) in linear_addresses(facts, &object) {
            let origin = allocation(facts, handler.key.id.file, &address);
            if let Some((call, kind)) = origin {
                places.entry(place).or_insert(Origin { call, kind, conversion });
            }
        }
    }
    places
}

/// The addresses in a value that are taken for linear ones, with the call that does so.
fn linear_addresses(facts: &Facts, object: &Term) -> Vec<(String, Term)> {
    let mut found = Vec::new();
    for (part, _) in object.parts() {
        let Part::Call(name, arguments) = part else { continue };
        if facts.rules().is_linear(name) {
            found.extend(arguments.iter().map(|argument| (name.clone(), argument.clone())));
        }
        found.extend(arguments.iter().flat_map(|argument| linear_addresses(facts, argument)));
    }
    found
}

/// The call that allocates the memory at an address, and its kind; `None` if there are several kinds.
fn allocation(facts: &Facts, file: u32, address: &Term) -> Option<(String, MemoryKind)> {
    let calls = allocations(facts, file, address, &|name| facts.rules().memory(name).is_some());
    // A slab size other than that of a type may be a multiple of the page size.
    let is_sized =
        |call: &Allocation| call.name.contains("_obj") || call.arguments.iter().any(|text| text.contains("sizeof"));
    let kinds = calls.into_iter().filter_map(|call| {
        let kind = facts.rules().memory(&call.name)?;
        (kind != MemoryKind::Slab || is_sized(&call)).then_some((call.name, kind))
    });
    let kinds: Vec<(String, MemoryKind)> = kinds.collect();
    let first = kinds.first()?.clone();
    kinds.iter().all(|(_, kind)| *kind == first.1).then_some(first)
}
