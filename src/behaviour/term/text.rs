//! Terms as text.

use std::fmt;

use super::{Factor, Operation, Part, Term};

/// Terms as the arguments of a call are written.
pub fn listed(terms: &[Term]) -> String {
    terms.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// A term as an operand: a sum stands in parentheses.
fn operand(term: &Term) -> String {
    let is_list = matches!(term.as_part(), Some(Part::Flags(flags)) if flags.len() > 1);
    if term.sum.len() > 1 || is_list { format!("({term})") } else { term.to_string() }
}

/// Words for what a mapping has. A variable of such a name gets a mark.
const WORDS: &[&str] = &["pages", "pgoff", "size", "offset", "start", "round"];

/// Whether a part is the action of the desc.
fn is_action(part: &Part) -> bool {
    matches!(part, Part::Member(base, name) if name == "action" && matches!(base.as_part(), Some(Part::Mapping)))
}

fn write_operation(out: &mut fmt::Formatter<'_>, operation: &Operation, operands: &[Term]) -> fmt::Result {
    match operands {
        [left, right] if *operation == Operation::Wraps => {
            let sum = left.plus(right).unwrap_or_default();
            write!(out, "({sum} wraps)")
        }
        [left, right] => write!(out, "({} {operation} {})", operand(left), operand(right)),
        _ => match operands.first().and_then(Term::as_part) {
            // The arguments of the call would be in the way.
            Some(Part::Call(name, _)) if operation.is_left_by_call() => write!(out, "({operation} {name}())"),
            Some(Part::Name(name)) if operation.is_left_by_call() => write!(out, "({operation} {name})"),
            _ => write!(out, "{operation}({})", listed(operands)),
        },
    }
}

impl fmt::Display for Part {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Part::Pages => out.write_str("pages"),
            Part::PageOffset => out.write_str("pgoff"),
            Part::Start => out.write_str("start"),
            Part::FaultPage => out.write_str("page of the fault"),
            Part::Rounds(0 | 1) => out.write_str("round"),
            Part::Rounds(loops) => write!(out, "round of loop {loops}"),
            Part::Mapping => out.write_str("vma"),
            Part::File => out.write_str("file"),
            Part::Name(name) | Part::Changed(name) | Part::Entry(name) if WORDS.contains(&name.as_str()) => {
                write!(out, "{name}'")
            }
            Part::Field(name) | Part::Name(name) | Part::Changed(name) | Part::Entry(name) => out.write_str(name),
            Part::Member(_, name) if is_action(self) => write!(out, "desc->{name}"),
            Part::Member(base, name) if base.as_part().is_some_and(is_action) => write!(out, "{base}.{name}"),
            Part::Member(base, name) if matches!(base.as_part(), Some(Part::Target(_))) => write!(out, "{base}.{name}"),
            Part::Member(base, name) => write!(out, "{}->{name}", operand(base)),
            Part::Index(base, index) => write!(out, "{base}[{index}]"),
            Part::Target(pointer) => write!(out, "*{}", operand(pointer)),
            Part::Address(value) => write!(out, "&{value}"),
            Part::Call(name, arguments) => write!(out, "{name}({})", listed(arguments)),
            Part::Populated(number) => write!(out, "the result of populating call {}", number + 1),
            Part::Operation(operation, operands) => write_operation(out, operation, operands),
            Part::Flags(flags) => out.write_str(&flags.iter().cloned().collect::<Vec<_>>().join(" | ")),
            Part::Narrow(cut, value) => write!(out, "({})({value})", cut.name),
        }
    }
}

impl fmt::Display for Factor {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (&self.part, self.pages) {
            (Some(Part::Pages), 1) => out.write_str("size"),
            (Some(Part::PageOffset), 1) => out.write_str("offset"),
            (Some(part), 0) => write!(out, "{part}"),
            (Some(part), 1) => write!(out, "{part} * PAGE_SIZE"),
            (Some(part), ..=-1) => write!(out, "{part}{}", " / PAGE_SIZE".repeat(self.pages.unsigned_abs().into())),
            (Some(part), pages) => write!(out, "{part}{}", " * PAGE_SIZE".repeat(pages.unsigned_abs().into())),
            (None, 0) => out.write_str("1"),
            (None, pages @ 1..) => out.write_str(&vec!["PAGE_SIZE"; pages.unsigned_abs().into()].join(" * ")),
            (None, pages) => write!(out, "1{}", " / PAGE_SIZE".repeat(pages.unsigned_abs().into())),
        }
    }
}

impl fmt::Display for Term {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.sum.is_empty() {
            return out.write_str("0");
        }
        // Positive parts come first: `size - PAGE_SIZE`, not `-PAGE_SIZE + size`.
        let mut ordered: Vec<(&Factor, i128)> = self.sum.iter().map(|(factor, value)| (factor, *value)).collect();
        ordered.sort_by_key(|(factor, value)| (*value < 0, factor.part.is_none()));
        for (number, (factor, value)) in ordered.into_iter().enumerate() {
            match (number, value < 0) {
                (0, true) => out.write_str("-")?,
                (0, false) => {}
                (_, true) => out.write_str(" - ")?,
                (_, false) => out.write_str(" + ")?,
            }
            match (value.unsigned_abs(), factor) {
                (value, Factor { part: None, pages: 0 }) => write!(out, "{value}")?,
                (1, factor) => write!(out, "{factor}")?,
                (value, factor) => write!(out, "{value} * {factor}")?,
            }
        }
        Ok(())
    }
}
