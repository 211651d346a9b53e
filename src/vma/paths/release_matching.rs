//! Matches releases with acquisitions.

use crate::rules::StateKind;
use crate::source::identifiers;
use crate::vma::event::EventKind;

/// Finds the event that acquired the released `object`. Of several it is the first: a looked-up object is pinned until the mapping has
/// its own reference. An acquisition without an object matches only if no other does.
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

/// Whether an event acquires the state that is released as `object`.
pub(super) fn is_taken(event: &EventKind, kind: StateKind, object: &str) -> bool {
    matches!(event, EventKind::Take { kind: taken, object: name, .. } if gives_back(kind, object, *taken, name))
}

/// Whether two locks are certainly distinct: both are the addresses of members or variables, and of other ones. Other expressions may mean
/// the same lock.
pub(crate) fn are_distinct(left: &str, right: &str) -> bool {
    let member = |lock: &'_ str| {
        let place = lock.strip_prefix('&')?.split('[').next()?;
        identifiers(place.as_bytes()).last().map(str::to_owned)
    };
    member(left).zip(member(right)).is_some_and(|(left, right)| left != right)
}

/// Whether releasing `object` releases the state acquired as `taken`.
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
    let (released, locked) = (object, taken);
    let (object, taken) = (bare(object), bare(taken));
    // `kref_get(&thing->ref)` and `thing_put(thing)` use the same count. Other members of an object are put separately.
    let counts = |count: &str, of: &str| {
        let member = count.strip_prefix(of).and_then(|behind| behind.strip_prefix("->"));
        member.is_some_and(|member| member.contains("ref") && !member.contains("->"))
    };
    related
        && (object == taken
            // The acquisition names no object.
            || taken.is_empty()
            || (kind == StateKind::Lock && !are_distinct(released, locked))
            || (kind == StateKind::Ref && taken_kind == StateKind::Ref && (counts(object, taken) || counts(taken, object))))
}
