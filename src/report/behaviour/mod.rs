//! The behaviour of a handler: one outcome after the other for JSON, and step by step as text.

mod text;

pub use text::write;

use schemars::JsonSchema;
use serde::Serialize;

use crate::behaviour::{Behaviour, Effect, EffectKind, MappingChange, Outcome, Populate, Returned, listed};
use crate::index::Index;

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

/// The conditions of `#if` under which a handler does this: those of its variant, and `around`, that of its definition.
pub fn conditions(behaviour: &Behaviour, around: Option<&str>) -> Option<String> {
    let macros = behaviour.assumed.macros();
    let asked = macros.map(|(name, is_defined)| format!("{}{name}", if is_defined { "" } else { "!" }));
    let all: Vec<String> = around.map(str::to_owned).into_iter().chain(asked).collect();
    (!all.is_empty()).then(|| all.join(" && "))
}

/// Changes of the mapping in words.
fn mapping_lines(mapping: &MappingChange) -> impl Iterator<Item = String> {
    let flags = [(true, "sets"), (false, "clears")].into_iter().filter_map(|(set, word)| {
        let flags = mapping.flags.iter().filter(|(_, is_set)| **is_set == set).map(|(flag, _)| flag.as_str());
        let flags: Vec<&str> = flags.collect();
        (!flags.is_empty()).then(|| format!("{word} {}", flags.join(", ")))
    });
    flags.chain(mapping.fields.iter().map(|(field, value)| format!("{field} = {value}")))
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
    let Populate { name, start, frame, size, prot, others, .. } = populate;
    let mut parts = Vec::new();
    parts.extend(start.as_ref().map(|start| format!("at {start}")));
    parts.extend(frame.as_ref().map(|frame| format!("from {frame}")));
    parts.extend(size.as_ref().map(|size| format!("size {size}")));
    if !others.is_empty() {
        parts.push(format!("with {}", listed(others)));
    }
    parts.push(format!("prot {prot}"));
    format!("populates by {name}: {}", parts.join(", "))
}
