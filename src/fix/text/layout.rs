//! Line layout of the written code.

use crate::source::macros::call_arguments;
use crate::source::{closing, literal_end};

/// Line width at which code is wrapped, in columns.
const WIDTH: usize = 80;

/// A line end, and the indentation of the next line, in tabs and blanks.
pub(in crate::fix) fn below(column: usize) -> String {
    format!("\n{}{}", "\t".repeat(column / 8), " ".repeat(column % 8))
}

/// Two operands with their operator, which start at `column` and have `behind` bytes behind them: on one line if they fit, else below one
/// another.
pub(in crate::fix) fn joined([left, right]: [&str; 2], operator: &str, column: usize, behind: usize) -> String {
    let line = format!("{left} {operator} {right}");
    if column + line.len() + behind <= WIDTH { line } else { format!("{left} {operator}{}{right}", below(column)) }
}

/// Fills lines of at most `width` bytes with the words of a text. All lines but the first are indented by `indent` spaces.
pub(in crate::fix) fn filled_paragraph(text: &str, width: usize, indent: usize) -> String {
    let mut out = String::new();
    let mut column = 0;
    for (number, word) in text.split_whitespace().enumerate() {
        if number > 0 && column + 1 + word.len() > width {
            out.push('\n');
            out.push_str(&" ".repeat(indent));
            column = indent;
        } else if number > 0 {
            out.push(' ');
            column += 1;
        }
        out.push_str(word);
        column += word.len();
    }
    out
}

/// Joins parts with commas. Parts that do not fit the line are wrapped and aligned at `column`.
pub(in crate::fix) fn wrapped(parts: &[String], column: usize) -> String {
    let joined = parts.join(", ");
    if column + joined.len() < WIDTH {
        return joined;
    }
    let indent = below(column);
    let mut out = String::new();
    let mut at = column;
    for (number, part) in parts.iter().enumerate() {
        let last = number + 1 == parts.len();
        if number > 0 && at + part.len() + 2 >= WIDTH {
            out.push_str(&indent);
            at = column;
        } else if number > 0 {
            out.push(' ');
            at += 1;
        }
        out.push_str(part);
        at += part.len() + 1;
        if !last {
            out.push(',');
        }
    }
    out
}

/// Lays out an expression or a statement on one line that starts at `column`, on as many lines as it needs: arguments are aligned behind
/// their `(`, and operands below one another.
pub(in crate::fix) fn laid_out(text: &str, column: usize) -> String {
    if column + text.len() <= WIDTH {
        return text.to_owned();
    }
    let operands = operands(text);
    if operands.len() > 1 {
        return filled(&operands, column);
    }
    let Some(open) = first_parenthesis(text) else { return text.to_owned() };
    let Some((arguments, end)) = call_arguments(text.as_bytes(), open) else { return text.to_owned() };
    let mut parts: Vec<String> =
        arguments.iter().map(|part| format!("{},", String::from_utf8_lossy(part.trim_ascii()))).collect();
    if let Some(last) = parts.last_mut() {
        last.pop();
        last.push_str(&text[end - 1..]);
    }
    format!("{}{}", &text[..=open], filled(&parts, column + open + 1))
}

/// A statement with single blanks in place of its line ends and indentation. Literals stay as they are.
pub(in crate::fix) fn on_one_line(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut out: Vec<u8> = Vec::new();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'"' | b'\'' => {
                let end = literal_end(bytes, at).max(at + 1);
                out.extend_from_slice(&bytes[at..end]);
                at = end;
            }
            byte if byte.is_ascii_whitespace() => {
                if !matches!(out.last(), Some(b' ' | b'(') | None) {
                    out.push(b' ');
                }
                at += 1;
            }
            byte => {
                out.push(byte);
                at += 1;
            }
        }
    }
    String::from_utf8_lossy(&out).trim_end().to_owned()
}

/// Joins parts with blanks, each of which is laid out by itself, and begins a line where the next does not fit.
fn filled(parts: &[String], column: usize) -> String {
    let indent = below(column);
    let mut out = String::new();
    let mut at = column;
    for (number, part) in parts.iter().enumerate() {
        if number > 0 && at + 1 + part.len() > WIDTH {
            out.push_str(&indent);
            at = column;
        } else if number > 0 {
            out.push(' ');
            at += 1;
        }
        let part = laid_out(part, at);
        out.push_str(&part);
        at = match part.rsplit_once('\n') {
            Some((_, last)) => columns(last.as_bytes()),
            None => at + part.len(),
        };
    }
    out
}

/// The operands of the operator that binds least, each with the operator behind it.
fn operands(text: &str) -> Vec<String> {
    for operator in [" || ", " && ", " | ", " & ", " != ", " == ", " < ", " > ", " + "] {
        let parts = split_outside(text, operator);
        if parts.len() > 1 {
            let last = parts.len() - 1;
            let with_operator = |(number, part): (usize, &str)| {
                if number == last { part.to_owned() } else { format!("{part}{}", operator.trim_end()) }
            };
            return parts.into_iter().enumerate().map(with_operator).collect();
        }
    }
    vec![text.to_owned()]
}

/// Offset of the first `(` outside of literals.
fn first_parenthesis(text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut at = 0;
    while at < bytes.len() {
        match bytes[at] {
            b'(' => return Some(at),
            b'"' | b'\'' => at = literal_end(bytes, at).max(at + 1),
            _ => at += 1,
        }
    }
    None
}

/// Splits a text at an operator outside of parentheses and literals.
fn split_outside<'t>(text: &'t str, operator: &str) -> Vec<&'t str> {
    let bytes = text.as_bytes();
    let (mut parts, mut start, mut at) = (Vec::new(), 0, 0);
    while at < bytes.len() {
        match bytes[at] {
            b'(' | b'[' | b'{' => at = closing(bytes, at).unwrap_or(bytes.len()),
            b'"' | b'\'' => at = literal_end(bytes, at).max(at + 1),
            _ if bytes[at..].starts_with(operator.as_bytes()) => {
                parts.push(&text[start..at]);
                at += operator.len();
                start = at;
            }
            _ => at += 1,
        }
    }
    parts.push(&text[start..]);
    parts
}

/// Whether a text has a line that is too wide, or a line in parentheses that is not aligned behind its `(`. It starts at `column`.
pub(in crate::fix) fn is_badly_laid_out(text: &str, column: usize) -> bool {
    let mut opened: Vec<usize> = Vec::new();
    let mut at = column;
    for (number, line) in text.split('\n').enumerate() {
        if number > 0 {
            let indent = columns(&line.as_bytes()[..line.len() - line.trim_start().len()]);
            if opened.last().is_some_and(|aligned| *aligned != indent) {
                return true;
            }
            at = 0;
        }
        for byte in line.bytes() {
            at = if byte == b'\t' { (at / 8 + 1) * 8 } else { at + 1 };
            match byte {
                b'(' => opened.push(at),
                b')' => drop(opened.pop()),
                _ => {}
            }
        }
        if at > WIDTH {
            return true;
        }
    }
    false
}

/// Width of a text in columns, with a tab stop every eight columns.
pub(in crate::fix) fn columns(text: &[u8]) -> usize {
    text.iter().fold(0, |column, byte| if *byte == b'\t' { (column / 8 + 1) * 8 } else { column + 1 })
}

/// A line with its indentation. An empty line gets none.
pub(in crate::fix) fn indented(line: &str, indent: &str) -> String {
    if line.is_empty() { String::new() } else { format!("{indent}{line}") }
}
