//! The behaviour of a handler: one outcome after the other, as text and for JSON.

use std::io::{self, Write};

use schemars::JsonSchema;
use serde::Serialize;

use super::escape::printable;
use crate::behaviour::{Behaviour, EffectKind, Outcome, Populate, Returned, listed};
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
            then: changes(outcome),
            file: file.path.clone(),
            line: file.position(outcome.place.span.start).line,
        }
    }
}

/// What an outcome leaves in the mapping, and what else it does.
fn changes(outcome: &Outcome) -> Vec<String> {
    let mut changes = Vec::new();
    for (set, word) in [(true, "sets"), (false, "clears")] {
        let flags = outcome.mapping.flags.iter().filter(|(_, is_set)| **is_set == set).map(|(flag, _)| flag.as_str());
        let flags: Vec<&str> = flags.collect();
        if !flags.is_empty() {
            changes.push(format!("{word} {}", flags.join(", ")));
        }
    }
    changes.extend(outcome.mapping.fields.iter().map(|(field, value)| format!("{field} = {value}")));
    changes.extend(outcome.effects.iter().map(|effect| {
        let text = effect_text(&effect.kind);
        if effect.is_looped { format!("in a loop: {text}") } else { text }
    }));
    changes
}

/// An effect in words.
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

/// Writes the outcomes of a handler, once for each variant of its conditionals.
///
/// # Errors
/// The text cannot be written.
pub fn write(index: &Index, behaviours: &[Behaviour], out: &mut dyn Write) -> io::Result<()> {
    for (number, behaviour) in behaviours.iter().enumerate() {
        let variant =
            if behaviours.len() > 1 { format!(" (variant {} of its #ifs)", number + 1) } else { String::new() };
        writeln!(out, "  Behaviour{variant}:")?;
        let entry = BehaviourEntry::new(index, behaviour);
        if let Some(reason) = &entry.incomplete {
            writeln!(out, "    incomplete: {reason}")?;
        }
        for outcome in &entry.outcomes {
            let when = if outcome.when.is_empty() { "always".to_owned() } else { outcome.when.join(" and ") };
            writeln!(
                out,
                "    {}",
                printable(&format!("{when}: returns {} (line {})", outcome.returns, outcome.line))
            )?;
            for change in &outcome.then {
                writeln!(out, "        {}", printable(change))?;
            }
        }
    }
    Ok(())
}
