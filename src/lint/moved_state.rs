//! State of a handler that its conversion takes in `vm_ops->mapped`, compared by kind and member.

use std::collections::BTreeMap;

use super::context::{Facts, HandlerView};
use crate::rules::{RequirementKind, StateKind};
use crate::source::{Span, identifiers};
use crate::vma::EventKind;
use crate::vma::flow::{Shared, VmHook};

/// State by kind and member, where a reference is a count, with the places at which it is taken. An object that is no member has an empty
/// name.
type Taken = BTreeMap<(StateKind, String), Vec<(u32, Span)>>;

/// What `vm_ops->mapped` of a conversion takes otherwise than the old handler, in words, with the hook. `None` if there is no such hook, if
/// the old handler took nothing, or if the two cannot be compared.
pub fn moved_otherwise<'f>(
    old: &HandlerView,
    facts: &'f Facts,
    new: &'f HandlerView,
) -> Option<(&'f VmHook, Vec<String>)> {
    let mapped = new.lowered().flat_map(|lowered| &lowered.vm_hooks).find(|hook| hook.member == "mapped")?;
    let is_state = |place: &(u32, Span)| {
        let requirements = &old.finding.judgement.requirements;
        requirements.iter().any(|one| matches!(one.kind, RequirementKind::State(_)) && (one.file, one.span) == *place)
    };
    let mut was = taken_by_handler(old);
    let places: BTreeMap<_, usize> = was.iter().map(|(state, places)| (state.clone(), places.len())).collect();
    was.retain(|_, places| places.iter().any(is_state));
    if was.is_empty() {
        return None;
    }
    let is = taken(facts.reached(&mapped.key).into_iter().map(|(key, lowered)| (key.id.file, lowered)));
    // A call that is known by its name alone may take any of it.
    if is.keys().any(|(_, member)| member.is_empty()) {
        return None;
    }
    let own = taken_by_handler(new);
    let mut words = Vec::new();
    for state in was.keys() {
        let count = is.get(state).map_or(0, Vec::len);
        if count == 0 && !own.contains_key(state) {
            words.push(format!("does not take {}", named(state)));
        } else if count > places[state] {
            words.push(format!("takes {} more often", named(state)));
        }
    }
    words.extend(
        is.keys().filter(|state| !places.contains_key(state)).map(|state| format!("takes {} too", named(state))),
    );
    Some((mapped, words))
}

fn taken_by_handler(handler: &HandlerView) -> Taken {
    taken(handler.bodies.iter().map(|body| (body.file(), &body.lowered)))
}

/// State that functions take, each given with its file.
fn taken<'f>(functions: impl Iterator<Item = (u32, &'f Shared)>) -> Taken {
    let mut taken = Taken::new();
    for (file, event) in functions.flat_map(|(file, lowered)| lowered.events.iter().map(move |event| (file, event))) {
        let EventKind::Take { kind, object, .. } = &event.kind else { continue };
        if *kind == StateKind::Lock {
            continue;
        }
        let is_member = object.contains("->") || object.contains('.');
        // `&lamp->ref.refcount` is what `kref_get(&lamp->ref)` counts.
        let object = object.strip_suffix(".refcount").unwrap_or(object);
        let member = identifiers(object.as_bytes()).last().filter(|_| is_member).unwrap_or_default().to_owned();
        let places = taken.entry((kind.counted(), member)).or_default();
        // Each variant of a function has its events.
        if !places.contains(&(file, event.span)) {
            places.push((file, event.span));
        }
    }
    taken
}

fn named((kind, member): &(StateKind, String)) -> String {
    let kind = match kind {
        StateKind::Ref | StateKind::Counter => "a reference or count",
        StateKind::List => "a place in a list",
        StateKind::Alloc => "memory",
        StateKind::Lock => "a lock",
    };
    if member.is_empty() { kind.to_owned() } else { format!("{kind} ({member})") }
}
