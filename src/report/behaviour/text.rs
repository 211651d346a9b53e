//! The behaviour of a handler as text, step by step.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{conditions, effect_line, mapping_lines};
use crate::behaviour::{Abbreviated, Behaviour, Effect, EffectKind, Literal, Part, Step, Term, abbreviated, steps};
use crate::index::Index;
use crate::report::escape::printable;
use crate::verdict::Place;

/// Maximum number of outcomes that are written step by step. Nobody reads more; `scan --behaviour --format json` has all.
const OUTCOMES: usize = 60;

/// Maximum length, in bytes, of conditions that stand on one line.
const LINE: usize = 100;

/// Indentation of the steps of a condition.
const INDENT: usize = 4;

/// Writes what a handler does, once for each variant of its conditionals. `condition` is that of `#if` under which it is compiled.
///
/// # Errors
/// The text cannot be written.
pub fn write(index: &Index, behaviours: &[Behaviour], condition: Option<&str>, out: &mut dyn Write) -> io::Result<()> {
    for behaviour in behaviours {
        let variant = conditions(behaviour, condition).map(|text| format!(" if {text}")).unwrap_or_default();
        writeln!(out, "{}", printable(&format!("  Behaviour{variant}:")))?;
        for line in lines(index, behaviour) {
            writeln!(out, "    {}", printable(&line))?;
        }
    }
    Ok(())
}

/// What one variant of a handler does, a step a line.
fn lines(index: &Index, behaviour: &Behaviour) -> Vec<String> {
    let (told, rest) = behaviour.outcomes.split_at(behaviour.outcomes.len().min(OUTCOMES));
    let Abbreviated { steps, names } = abbreviated(steps(told, &behaviour.assumed));
    let mut lines = Vec::new();
    lines.extend(behaviour.gap.map(|gap| format!("incomplete: {}", gap.reason())));
    let mut writer = Writer { index, names: &names, told: BTreeSet::new(), lines: Vec::new() };
    writer.add(&steps, 0);
    let untold = names.iter().filter(|(name, _)| !writer.told.contains(name));
    lines.extend(untold.map(|(name, value)| format!("{name} is {value}")));
    lines.append(&mut writer.lines);
    if !rest.is_empty() {
        lines.push(format!("{} more outcomes: see scan --behaviour --format json", rest.len()));
    }
    lines
}

/// Writes steps.
struct Writer<'a> {
    index: &'a Index,
    /// The names that stand for values.
    names: &'a [(String, Term)],
    /// Names of results whose calls are written.
    told: BTreeSet<String>,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn add(&mut self, steps: &[Step], indent: usize) {
        for step in steps {
            match step {
                Step::Changes(mapping) => mapping_lines(mapping).for_each(|line| self.line(indent, &line)),
                Step::Does(effect) => {
                    let line = self.effect(effect);
                    self.line(indent, &line);
                }
                Step::Returns(value, place) => {
                    let line = self.returns(value, *place);
                    self.line(indent, &line);
                }
                Step::If(all, then) => self.branch(all, then, indent),
            }
        }
    }

    fn branch(&mut self, all: &[Literal], then: &[Step], indent: usize) {
        let conditions: Vec<String> = all.iter().map(ToString::to_string).collect();
        let is_short = conditions.iter().map(String::len).sum::<usize>() <= LINE;
        let mut condition = format!("if {}", conditions.join(if is_short { " and " } else { "\n" }));
        if let [Step::Returns(value, place)] = then {
            condition = format!("{condition}: {}", self.returns(value, *place));
            self.conditions(indent, &condition);
        } else {
            self.conditions(indent, &format!("{condition}:"));
            self.add(then, indent + INDENT);
        }
    }

    /// An effect in words. A call whose result has a name gets it.
    fn effect(&mut self, effect: &Effect) -> String {
        let named = match &effect.kind {
            EffectKind::Call(callee, arguments) => {
                let result = Term::from(Part::Call(callee.clone(), arguments.clone()));
                self.names.iter().find(|(_, value)| *value == result)
            }
            _ => None,
        };
        match named {
            Some((name, call)) => {
                self.told.insert(name.clone());
                format!("calls {name} = {call}")
            }
            None => effect_line(effect),
        }
    }

    /// Conditions, each on a line of its own if they are long.
    fn conditions(&mut self, indent: usize, text: &str) {
        for (number, line) in text.split('\n').enumerate() {
            match number {
                0 => self.line(indent, line),
                _ => self.line(indent, &format!("   and {line}")),
            }
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{:indent$}{text}", ""));
    }

    fn returns(&self, value: &Term, place: Place) -> String {
        format!("returns {value} (line {})", self.index.file(place.file).position(place.span.start).line)
    }
}
