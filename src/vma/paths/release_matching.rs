//! What is given back, and what it was taken by.

use crate::rules::StateKind;
use crate::vma::event::EventKind;

/// Which of some events took what an `object` given back is. Of several it is the first, for what is looked up is pinned until the mapping has a
/// reference of its own; one that did not say what it took is it where no other is.
pub(crate) fn first_taken<'e>(
    events: impl Iterator<Item = (usize, &'e EventKind)>,
    kind: StateKind,
    object: &str,
) -> Option<usize> {
    let taken = events.filter(|(_, event)| is_taken(event, kind, object));
    taken.min_by_key(|(at, event)| (is_nameless(event), *at)).map(|(at, _)| at)
}

fn is_nameless(event: &EventKind) -> bool {
    matches!(event, EventKind::Take { object, .. } if object.is_empty())
}

/// Whether an event takes what is given back as `object`.
pub(super) fn is_taken(event: &EventKind, kind: StateKind, object: &str) -> bool {
    matches!(event, EventKind::Take { kind: taken, object: name, .. } if gives_back(kind, object, *taken, name))
}

/// Whether giving back `object` gives back what was taken as `taken`.
fn gives_back(kind: StateKind, object: &str, taken_kind: StateKind, taken: &str) -> bool {
    let related = kind == taken_kind
        || matches!(
            (kind, taken_kind),
            (StateKind::Ref, StateKind::Counter)
                | (StateKind::Counter, StateKind::Ref)
                | (StateKind::Ref, StateKind::Alloc)
                | (StateKind::Alloc, StateKind::Ref)
        );
    let bare = |name| str::trim_start_matches(name, ['&', '(', '*']);
    let (object, taken) = (bare(object), bare(taken));
    // `kref_get(&thing->ref)` and `thing_put(thing)` are of the same count; what else an object has is put by itself.
    let counts = |count: &str, of: &str| {
        let member = count.strip_prefix(of).and_then(|behind| behind.strip_prefix("->"));
        member.is_some_and(|member| member.contains("ref") && !member.contains("->"))
    };
    related
        && (object == taken
            // What took it did not say what it is.
            || taken.is_empty()
            || kind == StateKind::Lock
            || (kind == StateKind::Ref && taken_kind == StateKind::Ref && (counts(object, taken) || counts(taken, object))))
}
