//! The behaviour of a handler: one outcome after the other for JSON, and step by step as text.

mod text;

pub use text::write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::behaviour::{Behaviour, Effect, EffectKind, MappingChange, Outcome, Populate, Returned, Term, listed};
use crate::index::Index;
use crate::source::Condition;

/// One outcome of a handler.
#[derive(Debug, Serialize, JsonSchema)]
pub struct OutcomeEntry {
    /// Conditions; all of them hold.
    pub when: Vec<String>,
    /// What the handler returns: `0`, or an error.
    pub returns: String,
    /// What the mapping has then, and what else the handler did, in order.
    pub then: Vec<String>,
    /// The file of the `return`.
    pub file: String,
    /// Its line, from 1.
    pub line: u32,
}

/// The outcomes of one variant of a handler.
#[derive(Debug, Serialize, JsonSchema)]
pub struct BehaviourEntry {
    /// The outcomes, in the order of the source.
    pub outcomes: Vec<OutcomeEntry>,
    /// Why they are not all known.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub incomplete: Option<String>,
}

impl BehaviourEntry {
    /// The entry of one variant.
    pub fn new(index: &Index, behaviour: &Behaviour) -> BehaviourEntry {
        let outcomes = behaviour.outcomes.iter().map(|outcome| OutcomeEntry::new(index, outcome)).collect();
        BehaviourEntry { outcomes, incomplete: behaviour.gap.map(|gap| gap.reason().to_owned()) }
    }
}

impl OutcomeEntry {
    fn new(index: &Index, outcome: &Outcome) -> OutcomeEntry {
        let file = index.file(outcome.place.file);
        OutcomeEntry {
            when: outcome.condition.iter().map(ToString::to_string).collect(),
            returns: match &outcome.result {
                Returned::Success => "0".to_owned(),
                Returned::Error(error) => error.to_string(),
            },
            then: mapping_lines(&outcome.mapping).chain(outcome.effects.iter().map(effect_line)).collect(),
            file: file.path.clone(),
            line: file.position(outcome.place.span.start).line,
        }
    }
}

/// The condition of `#if` under which a handler does this: those of its variant, and `around`, that of its definition.
pub fn condition(behaviour: &Behaviour, around: Option<&Condition>) -> Option<Condition> {
    let all: Vec<Condition> = around.into_iter().chain(behaviour.assumed.conditions()).cloned().collect();
    (!all.is_empty()).then(|| Condition::all(all))
}

/// Changes of the mapping in words.
fn mapping_lines(mapping: &MappingChange) -> impl Iterator<Item = String> {
    let flags = [true, false].into_iter().filter_map(|set| {
        let mut flags =
            mapping.flags.iter().filter(|(_, is_set)| **is_set == set).map(|(flag, _)| flag.as_str()).peekable();
        flags.peek().is_some().then(|| flags_line(flags, set))
    });
    flags.chain(mapping.fields.iter().map(|(field, value)| field_line(field, value)))
}

fn flags_line<'f>(flags: impl Iterator<Item = &'f str>, set: bool) -> String {
    format!("{} {}", if set { "sets" } else { "clears" }, flags.collect::<Vec<_>>().join(", "))
}

fn field_line(field: &str, value: &Term) -> String {
    format!("{field} = {value}")
}

/// An effect in words.
fn effect_line(effect: &Effect) -> String {
    let text = effect_text(&effect.kind);
    if effect.is_looped { format!("in a loop: {text}") } else { text }
}

fn effect_text(kind: &EffectKind) -> String {
    match kind {
        EffectKind::Populate(populate) => populate_text(populate),
        EffectKind::Store(place, value) => format!("{place} = {value}"),
        EffectKind::Call(name, arguments) => format!("calls {name}({})", listed(arguments)),
    }
}

fn populate_text(populate: &Populate) -> String {
    let Populate { name, start, frame, size, object_size, count, prot, others, .. } = populate;
    let mut parts = Vec::new();
    parts.extend(start.as_ref().map(|start| format!("at {start}")));
    parts.extend(frame.as_ref().map(|frame| format!("from {frame}")));
    parts.extend(size.as_ref().map(|size| match *size == Term::size() {
        true => "the whole size".to_owned(),
        false => format!("size {size}"),
    }));
    parts.extend(object_size.as_ref().filter(|_| size.is_none()).map(|size| format!("object of size {size}")));
    parts.extend(count.as_ref().map(|count| format!("count {count}")));
    if !others.is_empty() {
        parts.push(format!("with {}", listed(others)));
    }
    parts.push(format!("prot {prot}"));
    match populate.is_request {
        true => format!("asks mm to populate, by {name}: {}", parts.join(", ")),
        false => format!("populates by {name}: {}", parts.join(", ")),
    }
}
