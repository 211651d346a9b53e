//! State that the `close` hooks of a handler's vm_ops release.

use std::fmt;

use super::evidence::{Evidence, Note, Requirement};
use super::standard::mapped;
use super::{Judgement, ResolvedTarget, Verdict};
use crate::index::Hook;
use crate::rules::{NoteKind, RequirementKind as K, StateKind};
use crate::source::{ItemKind, Span, find_word, identifiers, words};
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
    hook: &Hook,
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
    let handler = Opening { context, parts: all.iter().flat_map(|facts| &facts.parts).collect() };
    let is_file_callback = context.rules.is_migrating(&hook.record);
    let hooks = handler.parts.iter().flat_map(|part| part.lowered.vm_hooks.iter().map(move |hook| (part.file, hook)));
    let known = hooks.filter(|(_, hook)| hook.member == "close").map(|(file, hook)| {
        let has_fault = context.index.table_member(&hook.table, "fault", file).is_some();
        (&hook.key, has_fault, "vm_ops->close of this mapping,")
    });
    let possible = handler.parts.iter().flat_map(|part| &part.lowered.possible_closes);
    let possible = possible.map(|key| (key, false, "which may be vm_ops->close of this mapping,"));
    known.chain(possible).find_map(|(key, has_fault, role)| {
        let close = analysis.facts(key);
        let reads = |name: &str| close.parts.iter().flat_map(|part| &part.lowered.reads).any(|read| read.name == name);
        // An ioctl, or another hook, has put it there; what calls a hook of a subsystem may have done so, too.
        let is_others = is_file_callback && reads("vm_private_data") && !reads("vm_file") && !handler.hands_on();
        let changes = close.parts.iter().filter(|_| !is_others).flat_map(|part| changes(context, part));
        let change = changes.into_iter().find(|change| handler.may_have_made(change, has_fault))?;
        let name = &analysis.lowered(key)?.name;
        let text = format!("{name}, {role} {change}; the code that takes it was not found");
        Some(Evidence::new((change.file, change.span), K::State(change.kind), mapped(&chosen.target), text))
    })
}

/// The functions that a mapping runs through before `close`.
struct Opening<'a> {
    context: Context<'a>,
    parts: Vec<&'a Part>,
}

impl Opening<'_> {
    /// Whether a function hands something on in `vm_private_data`.
    fn hands_on(&self) -> bool {
        self.parts.iter().any(|part| {
            let text = &self.context.index.file(part.file).text;
            let is_null = |write: &FieldUse| write.span.of(text).trim_ascii_end().ends_with(b"NULL");
            part.lowered.writes.iter().any(|write| write.name == "vm_private_data" && !is_null(write))
        })
    }

    /// Whether the opposite of a change by `close` may stand in the handler.
    fn may_have_made(&self, change: &Change, has_fault: bool) -> bool {
        match change.how {
            // A fault hook allocates for the VMAs that have pages, and lists them.
            How::Releases => {
                let is_of_faults = has_fault && matches!(change.kind, StateKind::List | StateKind::Alloc);
                !is_of_faults || change.is_private_data
            }
            How::Writes => identifiers(change.object.as_bytes()).last().is_some_and(|member| self.names(member)),
            How::Calls => self.parts.iter().flat_map(|part| &part.lowered.events).any(|event| {
                let kind = &event.kind;
                matches!(kind, EventKind::Work { .. } | EventKind::SharedWrite { .. } | EventKind::Undo { .. })
            }),
        }
    }

    /// Whether a word stands in one of the functions.
    fn names(&self, word: &str) -> bool {
        let is_in = |text: &[u8]| find_word(text, word.as_bytes(), 0).is_some();
        self.parts.iter().any(|part| own_texts(self.context, part).any(is_in))
    }
}

/// A lasting change by a close hook, or by a function that it calls.
struct Change {
    file: u32,
    span: Span,
    kind: StateKind,
    how: How,
    /// The object, or the function.
    object: String,
    /// Whether the object is the private data of the mapping.
    is_private_data: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum How {
    Releases,
    Writes,
    Calls,
}

impl fmt::Display for Change {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verb = match self.how {
            How::Releases => "releases",
            How::Writes => "changes",
            How::Calls => "calls",
        };
        write!(out, "{verb} {}", self.object)
    }
}

/// Lasting changes by a function, in order.
fn changes(context: Context<'_>, part: &Part) -> Vec<Change> {
    let text = &context.index.file(part.file).text;
    let (file, events) = (part.file, &part.lowered.events);
    let body = own_texts(context, part).next().unwrap_or_default();
    let change = |event: &Event, kind: StateKind, how: How, object: &str| {
        let is_private_data = identifiers(object.as_bytes()).next().is_some_and(|root| is_private_data(body, root));
        Change { file, span: event.span, kind, how, object: object.to_owned(), is_private_data }
    };
    let released = undone(events).map(|(event, kind, object)| change(event, kind, How::Releases, object));
    let others = events.iter().filter_map(|event| {
        let (how, object) = match &event.kind {
            EventKind::SharedWrite { object, .. } => (How::Writes, object),
            // The hook takes one of a limited number, and close gives it back.
            EventKind::Take { kind: StateKind::Counter, object, .. } => (How::Writes, object),
            EventKind::Work { text: call } if context.rules.wakes(call) => return None,
            EventKind::Work { text: call } if is_statement(text, event.span) || closes(context, call) => {
                (How::Calls, call)
            }
            _ => return None,
        };
        Some(change(event, StateKind::Counter, how, object))
    });
    let mut changes: Vec<Change> = released.chain(others).collect();
    changes.sort_by_key(|change| change.span);
    changes
}

/// Texts of a function, one for each definition of its name in the file.
fn own_texts<'a>(context: Context<'a>, part: &Part) -> impl Iterator<Item = &'a [u8]> {
    let source = context.index.file(part.file);
    source.named(ItemKind::Function, &part.lowered.name).map(|item| source.items[item as usize].span.of(&source.text))
}

/// Whether a variable gets the private data of the mapping: `lamp = vma->vm_private_data`.
fn is_private_data(body: &[u8], variable: &str) -> bool {
    words(body, variable.as_bytes()).any(|at| {
        let value = body[at + variable.len()..].trim_ascii_start().strip_prefix(b"=").unwrap_or_default();
        let end = memchr::memchr(b';', value).unwrap_or(value.len());
        value[..end].trim_ascii_end().ends_with(b"vm_private_data")
    })
}

/// Whether a call is a statement of its own, which is made for its effect.
fn is_statement(text: &[u8], call: Span) -> bool {
    let before = text[..call.start as usize].trim_ascii_end();
    matches!(before.last(), Some(b';' | b'{' | b'}' | b')' | b':' | b'?')) || before.ends_with(b"else")
}

/// Whether the name of a call has a word of a closing call: `unpin_pages`.
fn closes(context: Context<'_>, call: &str) -> bool {
    let is_closing = |word: &str| context.rules.brackets().iter().any(|bracket| bracket.close == word);
    call.split(|character: char| !character.is_ascii_alphanumeric()).any(is_closing)
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
