//! Memory that is mapped although its kind does not allow that.

use std::collections::BTreeMap;

use crate::behaviour::{EffectKind, Outcome, Part, Term};
use crate::index::ItemId;
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::MemoryKind;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::source::{ItemKind, find_word};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, origins) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, Origin { call, kind, conversion }) in origins {
            let why = match kind {
                MemoryKind::Slab => "comes from the slab, so that the rest of the page shows other objects".to_owned(),
                MemoryKind::Vmalloc => format!("has no linear address, so that {conversion}() gives another page"),
                MemoryKind::Coherent => format!("may have no linear address, so that {conversion}() gives another page: dma_mmap_coherent() maps it"),
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
    if !calls_one && !names_linear_address(facts, handler) {
        return places;
    }
    let behaviours = facts.behaviours(&handler.key);
    for outcome in behaviours.iter().flat_map(|behaviour| &behaviour.outcomes) {
        add_origins(facts, handler, outcome, &mut places);
    }
    for hook in facts.fault_hooks(handler, "fault").iter() {
        for outcome in facts.behaviours(&hook.key).iter().flat_map(|behaviour| &behaviour.outcomes) {
            add_origins(facts, handler, outcome, &mut places);
        }
    }
    places
}

/// Whether the handler's file names a call for linear addresses.
fn names_linear_address(facts: &Facts, handler: &HandlerView) -> bool {
    let text = &facts.context.index.file(handler.key.id.file).text;
    facts.rules().linear().any(|name| find_word(text, name.as_bytes(), 0).is_some())
}

/// Adds the memory that an outcome maps by its linear address.
fn add_origins(facts: &Facts, handler: &HandlerView, outcome: &Outcome, places: &mut BTreeMap<Place, Origin>) {
    for effect in &outcome.effects {
        let objects: Vec<&Term> = match &effect.kind {
            EffectKind::Populate(populate) => populate.frame.iter().chain(&populate.page).collect(),
            EffectKind::Store(place, value) if super::fault_index_not_bounded::is_page_of_fault(place) => vec![value],
            _ => continue,
        };
        for (conversion, address) in objects.iter().flat_map(|object| linear_addresses(facts, object)) {
            let origin = allocation(facts, handler.key.id.file, &address);
            if let Some((call, kind)) = origin {
                places.entry(effect.place).or_insert(Origin { call, kind, conversion });
            }
        }
    }
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

/// The call that allocates the memory at an address: in the address itself, or where the driver's file assigns the member or variable.
fn allocation(facts: &Facts, file: u32, address: &Term) -> Option<(String, MemoryKind)> {
    address.parts().find_map(|(part, _)| match part {
        Part::Call(name, arguments) => {
            let kind = facts.rules().memory(name)?;
            let is_sized = |argument: &Term| argument.any(&|part| matches!(part, Part::Name(name) if name.starts_with("sizeof")));
            (kind != MemoryKind::Slab || arguments.iter().any(is_sized)).then(|| (name.clone(), kind))
        }
        Part::Member(_, name) | Part::Name(name) => assigned(facts, file, name),
        _ => None,
    })
}

/// The allocation whose result a file assigns to a member or a variable of this name; `None` if several kinds are assigned.
fn assigned(facts: &Facts, file: u32, name: &str) -> Option<(String, MemoryKind)> {
    let source = facts.context.index.file(file);
    let mut kinds: Vec<(String, MemoryKind)> = Vec::new();
    let numbered = (0u32..).zip(&source.items);
    for (item, _) in numbered.filter(|(_, item)| item.kind == ItemKind::Function) {
        let text = source.items[item as usize].span.of(&source.text);
        if find_word(text, name.as_bytes(), 0).is_none() {
            continue;
        }
        for function in facts.syntax(ItemId { file, item }).variants.iter() {
            visit::statements(&function.body, &mut |seen| {
                if let Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. }) = seen
                    && is_named(target, name)
                {
                    kinds.extend(allocated(facts, value, &source.text));
                }
            });
        }
    }
    let first = kinds.first()?.clone();
    kinds.iter().all(|(_, kind)| *kind == first.1).then_some(first)
}

fn is_named(target: &Expression, wanted: &str) -> bool {
    match &target.bare().kind {
        E::Field { name, .. } => name == wanted,
        _ => target.name() == Some(wanted),
    }
}

/// The kind of memory that a call allocates.
fn allocated(facts: &Facts, value: &Expression, text: &[u8]) -> Option<(String, MemoryKind)> {
    let E::Call { callee, arguments } = &value.bare().kind else { return None };
    let name = callee.name()?;
    let kind = facts.rules().memory(name)?;
    // Any other size than that of a type may be a multiple of the page size.
    let is_sized = |argument: &Expression| argument.text(text).contains("sizeof");
    (kind != MemoryKind::Slab || name.contains("_obj") || arguments.iter().any(is_sized)).then(|| (name.to_owned(), kind))
}
