//! The behaviour of a handler as text, step by step.

use std::collections::BTreeSet;
use std::io::{self, Write};

use super::{effect_text, field_line, flags_line};
use crate::behaviour::{Abbreviated, Behaviour, Event, Literal, Outcome, Part, Step, Term, abbreviated, steps};
use crate::index::Index;
use crate::report::escape::printable;
use crate::source::Condition;
use crate::verdict::Place;
use crate::words::counted;

/// Maximum number of steps that are written, unless all are wanted.
const LINES: usize = 160;

/// Maximum length, in bytes, of conditions that stand on one line.
const LINE: usize = 100;

/// Indentation of the steps of a condition.
const INDENT: usize = 4;

/// Writes what a handler does, once for each variant of its conditionals. `condition` is that of `#if` under which it is compiled. A long list of
/// steps is cut, unless all are wanted.
///
/// # Errors
/// The text cannot be written.
pub fn write(
    index: &Index,
    behaviours: &[Behaviour],
    condition: Option<&Condition>,
    has_all: bool,
    out: &mut dyn Write,
) -> io::Result<()> {
    for behaviour in behaviours {
        // Arms that begin inside of a function have its body in common, and not its condition.
        let is_one = behaviours.len() == 1 || !behaviour.assumed.conditions().is_empty();
        let condition = super::condition(behaviour, condition.filter(|_| is_one));
        let variant = condition.map(|condition| format!(" if {condition}")).unwrap_or_default();
        writeln!(out, "\n{}", printable(&format!("behaviour{variant}:")))?;
        for line in lines(index, behaviour, has_all) {
            writeln!(out, "  {}", printable(&line))?;
        }
    }
    Ok(())
}

/// What one variant of a handler does, a step a line.
fn lines(index: &Index, behaviour: &Behaviour, has_all: bool) -> Vec<String> {
    let Abbreviated { steps, names } = abbreviated(steps(behaviour));
    let mut lines = Vec::new();
    lines.extend(behaviour.gap.map(|gap| format!("incomplete: {}", gap.reason())));
    let requests = requests(behaviour);
    let mut writer = Writer { index, names: &names, requests: &requests, told: BTreeSet::new(), lines: Vec::new() };
    writer.add(&steps, 0);
    let untold = names.iter().filter(|(name, _)| !writer.told.contains(name));
    lines.extend(untold.map(|(name, value)| format!("{name} is {value}")));
    let most = if has_all { usize::MAX } else { LINES };
    let left_out = writer.lines.len().saturating_sub(most);
    lines.extend(writer.lines.into_iter().take(most));
    if left_out > 0 {
        lines.push(format!("and {}: --details shows them", counted(left_out, "more line")));
    }
    lines
}

/// Numbers of the populating calls, counted along a path, that only ask for an action.
fn requests(behaviour: &Behaviour) -> BTreeSet<usize> {
    let of = |outcome: &Outcome| -> Vec<usize> {
        let calls = outcome.populates().enumerate();
        calls.filter(|(_, (populate, _))| populate.is_request).map(|(number, _)| number).collect()
    };
    behaviour.outcomes.iter().flat_map(of).collect()
}

/// Writes steps.
struct Writer<'a> {
    index: &'a Index,
    /// The names that stand for values.
    names: &'a [(String, Term)],
    /// Numbers of the populating calls that only ask for an action.
    requests: &'a BTreeSet<usize>,
    /// Names of results whose calls are written.
    told: BTreeSet<String>,
    lines: Vec<String>,
}

impl Writer<'_> {
    fn add(&mut self, steps: &[Step], outer: usize) {
        let mut indent = outer;
        for step in steps {
            match step {
                Step::Event(event) => {
                    let line = self.event(event);
                    if matches!(event, Event::RoundEnds) {
                        indent = indent.saturating_sub(INDENT).max(outer);
                    }
                    self.line(indent, &line);
                    if matches!(event, Event::Loops(_)) {
                        indent += INDENT;
                    }
                }
                Step::Returns(value, place) => {
                    let line = self.returns(value, *place);
                    self.line(indent, &line);
                }
                Step::If(all, then) => self.branch(all, then, indent),
                Step::Either(lists) => {
                    for (number, list) in lists.iter().enumerate() {
                        self.line(indent, if number == 0 { "in one case:" } else { "in another case:" });
                        self.add(list, indent + INDENT);
                    }
                }
            }
        }
    }

    fn branch(&mut self, all: &[Literal], then: &[Step], indent: usize) {
        let conditions: Vec<String> = all.iter().map(ToString::to_string).collect();
        let end = match then {
            [Step::Returns(value, place)] => format!(": {}", self.returns(value, *place)),
            _ => ":".to_owned(),
        };
        if conditions.iter().map(String::len).sum::<usize>() <= LINE {
            self.line(indent, &format!("if {}{end}", conditions.join(" and ")));
        } else {
            let last = conditions.len().saturating_sub(1);
            for (number, condition) in conditions.iter().enumerate() {
                let word = if number == 0 { "if" } else { "   and" };
                let end = if number == last { end.as_str() } else { "" };
                self.line(indent, &format!("{word} {condition}{end}"));
            }
        }
        if !matches!(then, [Step::Returns(..)]) {
            self.add(then, indent + INDENT);
        }
    }

    /// An event in words. A call whose result has a name gets it.
    fn event(&mut self, event: &Event) -> String {
        let result = event.result().map(Term::from);
        let named = result.as_ref().and_then(|result| self.names.iter().find(|(_, value)| value == result));
        if let Some((name, call)) = named {
            self.told.insert(name.clone());
            return format!("calls {name} = {call}");
        }
        match event {
            Event::Asks(literal) => format!("goes on if {literal}"),
            Event::Loops(head) => {
                let head = head.as_ref().map(|head| format!(" by {head}")).unwrap_or_default();
                format!("loops{head}; in one of the rounds:")
            }
            Event::RoundEnds => "the round ends; after the last round:".to_owned(),
            Event::LoopLeft => "leaves the loop".to_owned(),
            Event::NoRound => "without a round:".to_owned(),
            Event::Repeats(literal) => format!("the loop goes on while {literal}"),
            Event::Writes(field, value) => field_line(field, value),
            Event::Flags(flags, set) => flags_line(flags.iter().map(String::as_str), *set),
            Event::Does(effect) => effect_text(&effect.kind),
            Event::Holds(effect) => format!("{}, until the scope ends", effect_text(&effect.kind)),
            Event::Evaluates(call) | Event::Calls(call) => format!("calls {call}"),
        }
    }

    fn line(&mut self, indent: usize, text: &str) {
        self.lines.push(format!("{:indent$}{text}", ""));
    }

    fn returns(&self, value: &Term, place: Place) -> String {
        let line = self.index.file(place.file).position(place.span.start).line;
        match value.as_part() {
            Some(Part::Populated(number)) if self.requests.contains(number) => {
                format!("returns 0 (line {line}); if mm then cannot populate, mmap() fails with its error")
            }
            _ => format!("returns {value} (line {line})"),
        }
    }
}
