//! State that the `close` hooks of a handler's vm_ops release.

use super::evidence::{Evidence, Note, Requirement};
use super::standard::mapped;
use super::{Judgement, ResolvedTarget, Verdict};
use crate::rules::{NoteKind, RequirementKind as K, StateKind};
use crate::source::{Span, words};
use crate::vma::analysis::Part;
use crate::vma::event::{Event, EventKind};
use crate::vma::flow::FieldUse;
use crate::vma::lower::Context;
use crate::vma::paths::first_taken;
use crate::vma::{Analysis, HandlerFacts};

/// Notes on state of the handler that the close hooks of its vm_ops release.
pub(super) fn undone_by_close(analysis: &Analysis, all: &[HandlerFacts], judgement: &Judgement) -> Vec<Note> {
    let takes = |kind: StateKind| {
        let is_it = |known: &K| [K::State(kind), K::OpenCall].contains(known);
        judgement.requirements.iter().any(|requirement| is_it(&requirement.kind))
    };
    let mut notes = Vec::new();
    for key in all.iter().flat_map(|facts| &facts.parts).flat_map(|part| part.lowered.closes()) {
        let Some(close) = analysis.lowered(key) else { continue };
        for (event, _, object) in undone(&close.events).filter(|(_, kind, _)| takes(*kind)) {
            let text = format!("{}, vm_ops->close of this mapping, releases {object}", close.name);
            let place = (key.id.file, event.span);
            notes.push(Evidence::new(place, NoteKind::UndoneByClose, Verdict::Mechanical, text));
        }
    }
    notes
}

/// Requirement of a handler whose `close` hook changes something for each mapping, if nothing in the handler takes state. There are more
/// ways to take state than rules know: through pointers, by calls of the kernel, in the elements of an array. Helpers and hooks that get
/// the VMA may take it.
pub(super) fn undone_but_not_taken(
    context: Context<'_>,
    analysis: &Analysis,
    chosen: &ResolvedTarget,
    all: &[HandlerFacts],
    judgement: &Judgement,
) -> Option<Requirement> {
    let may_take = |requirement: &Requirement| match &requirement.kind {
        K::State(kind) => *kind != StateKind::Lock,
        K::Helper(_) | K::Redispatch | K::OpenCall | K::Escape(_) | K::Unknown(_) => true,
        _ => requirement.blocker.is_some(),
    };
    if judgement.requirements.iter().any(may_take) {
        return None;
    }
    let parts = || all.iter().flat_map(|facts| &facts.parts);
    let hands_on = parts().any(|part| sets_private_data(part, &context.index.file(part.file).text));
    let hooks = parts().flat_map(|part| part.lowered.vm_hooks.iter().map(move |hook| (part.file, hook)));
    hooks.filter(|(_, hook)| hook.member == "close").find_map(|(file, hook)| {
        let close = analysis.facts(&hook.key);
        let reads = |name: &str| close.parts.iter().flat_map(|part| &part.lowered.reads).any(|read| read.name == name);
        // Another hook, or an ioctl, has put it there.
        if reads("vm_private_data") && !reads("vm_file") && !hands_on {
            return None;
        }
        let has_fault = context.index.table_member(&hook.table, "fault", file).is_some();
        close.parts.iter().find_map(|part| {
            let text = &context.index.file(part.file).text;
            // A fault hook allocates for the VMAs that have pages, and lists them.
            let (span, kind, what) = changes(part, text)
                .into_iter()
                .find(|(_, kind, _)| !has_fault || !matches!(kind, StateKind::List | StateKind::Alloc))?;
            let name = &analysis.lowered(&hook.key)?.name;
            let text = format!("{name}, vm_ops->close of this mapping, {what}; the code that takes it was not found");
            Some(Evidence::new((part.file, span), K::State(kind), mapped(&chosen.target), text))
        })
    })
}

/// Whether a function hands something on in `vm_private_data`.
fn sets_private_data(part: &Part, text: &[u8]) -> bool {
    let is_null = |write: &FieldUse| write.span.of(text).trim_ascii_end().ends_with(b"NULL");
    part.lowered.writes.iter().any(|write| write.name == "vm_private_data" && !is_null(write))
}

/// Lasting changes by a close hook, or by a function that it calls, in order.
fn changes(part: &Part, text: &[u8]) -> Vec<(Span, StateKind, String)> {
    let events = &part.lowered.events;
    let released = undone(events).map(|(event, kind, object)| (event.span, kind, format!("releases {object}")));
    let others = events.iter().filter_map(|event| {
        let what = match &event.kind {
            EventKind::SharedWrite { object, .. } if is_reset(event.span.of(text)) => {
                format!("changes {object}")
            }
            // The hook takes one of a limited number, and close gives it back.
            EventKind::Take { kind: StateKind::Counter, object, .. } => format!("counts {object}"),
            EventKind::Work { text: call } if is_statement(text, event.span) => format!("calls {call}"),
            _ => return None,
        };
        Some((event.span, StateKind::Counter, what))
    });
    let mut changes: Vec<_> = released.chain(others).collect();
    changes.sort_by_key(|(span, ..)| *span);
    changes
}

/// Whether an assignment sets a constant, or computes the new value from the old one. Any other value comes from elsewhere.
fn is_reset(assignment: &[u8]) -> bool {
    let Some(sign) = memchr::memchr(b'=', assignment) else { return false };
    let (target, value) = (assignment[..sign].trim_ascii(), assignment[sign + 1..].trim_ascii());
    let is_constant = matches!(value, b"false" | b"true") || !value.iter().any(u8::is_ascii_lowercase);
    is_constant || words(value, target).next().is_some()
}

/// Whether a call is a statement of its own, which is made for its effect.
fn is_statement(text: &[u8], call: Span) -> bool {
    matches!(text[..call.start as usize].trim_ascii_end().last(), Some(b';' | b'{' | b'}' | b')'))
}

/// Releases of state that a function did not take itself, with kind and object. It also drops its own locks, and what it has looked up.
pub fn undone(events: &[Event]) -> impl Iterator<Item = (&Event, StateKind, &str)> {
    events.iter().enumerate().filter_map(|(at, event)| {
        let EventKind::Undo { kind, object, .. } = &event.kind else { return None };
        let before = events[..at].iter().map(|event| &event.kind).enumerate();
        let is_own = *kind == StateKind::Lock || first_taken(before, *kind, object).is_some();
        (!is_own).then_some((event, *kind, object.as_str()))
    })
}
