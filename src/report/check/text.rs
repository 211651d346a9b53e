//! Source excerpts of hazards, and a summary.

use std::io::{self, Write};

use codespan_reporting::diagnostic::{Diagnostic, Label, Severity};
use codespan_reporting::term::{self, Config};

use super::{Check, Reported, Text, Texts, write_sums};
use crate::check::State;
use crate::report::escape::printable;
use crate::rules::Level;
use crate::source::Position;

/// Writes each hazard with its lines, then the summary.
///
/// # Errors
/// `out` cannot be written.
pub fn text(check: &Check, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let texts = Texts::of(check.tree);
    let (shown, sums) = check.summed_up();
    for reported in shown {
        // A fixed hazard has no line to show.
        let source = if reported.state == State::Fixed { None } else { texts.get(&reported.hazard.file) };
        excerpt(reported, source.as_deref(), coloured, out)?;
    }
    write_sums(&sums, out)?;
    for converted in &check.converted {
        let place = format!("{}:{}", printable(&converted.file), converted.line);
        writeln!(out, "converted: {} is {} now ({place})", converted.from, converted.to)?;
    }
    summary(check, out)
}

fn excerpt(reported: &Reported, source: Option<&Text>, coloured: bool, out: &mut dyn Write) -> io::Result<()> {
    let hazard = &reported.hazard;
    let severity = match hazard.level {
        Level::Note => Severity::Note,
        Level::Warning => Severity::Warning,
        Level::Error => Severity::Error,
    };
    let state = match reported.state {
        State::Fixed | State::Moved => format!("{}: ", reported.state.name()),
        State::Introduced | State::Unchanged => String::new(),
    };
    let message = format!("{state}{}", printable(&hazard.message));
    let diagnostic = Diagnostic::new(severity).with_code(hazard.lint).with_message(message);
    let Some(source) = source else {
        writeln!(out, "{}: {}: {state}{}\n", printable(&hazard.file), hazard.level, printable(&hazard.message))?;
        return Ok(());
    };
    let range = offset(source, hazard.start)..offset(source, hazard.end);
    let diagnostic = diagnostic.with_label(Label::primary((), range));
    let diagnostic = match &reported.suggestion {
        Some(_) => diagnostic.with_note(format!(
            "mmaplint fix {}:{} writes the conversion",
            printable(&hazard.file),
            handler(reported)
        )),
        None => diagnostic,
    };
    let config = Config { before_label_lines: 0, after_label_lines: 0, ..Config::default() };
    let mut buffer = if coloured { term::termcolor::Buffer::ansi() } else { term::termcolor::Buffer::no_color() };
    term::emit_to_write_style(&mut buffer, &config, source, &diagnostic).map_err(io::Error::other)?;
    out.write_all(buffer.as_slice())
}

fn handler(reported: &Reported) -> &str {
    reported.hazard.handler.as_ref().map_or("", |(_, name)| name.as_str())
}

fn offset(source: &Text, position: Position) -> usize {
    (source.line(position.line).start + position.column as usize - 1).min(source.bytes.len())
}

fn summary(check: &Check, out: &mut dyn Write) -> io::Result<()> {
    let count = |level, name: &str| match check.count(level) {
        0 => None,
        1 => Some(format!("1 {name}")),
        many => Some(format!("{many} {name}s")),
    };
    let counts: Vec<String> = [(Level::Error, "error"), (Level::Warning, "warning"), (Level::Note, "note")]
        .into_iter()
        .filter_map(|(level, name)| count(level, name))
        .collect();
    let found = if counts.is_empty() { "nothing found".to_owned() } else { counts.join(", ") };
    let scope = if check.is_change { " introduced by the change" } else { "" };
    writeln!(out, "{found}{}", if counts.is_empty() && scope.is_empty() { "" } else { scope })
}
