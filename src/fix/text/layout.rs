//! Line layout of the written code.

use crate::source::macros::call_arguments;

/// Line width at which code is wrapped, in columns.
const WIDTH: usize = 80;

/// Joins parts with commas. Parts that do not fit the line are wrapped and aligned at `column`.
pub(in crate::fix) fn wrapped(parts: &[String], column: usize) -> String {
    let joined = parts.join(", ");
    if column + joined.len() < WIDTH {
        return joined;
    }
    let indent = format!("\n{}{}", "\t".repeat(column / 8), " ".repeat(column % 8));
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

/// Wraps the arguments of a call that starts at `column`, if it does not fit the line.
pub(in crate::fix) fn fitted(call: &str, column: usize) -> String {
    let text = call.replace("{desc}", "desc");
    let Some(open) = call.find('(').filter(|_| column + text.len() > WIDTH && !call.contains('\n')) else {
        return call.to_owned();
    };
    let Some((arguments, end)) = call_arguments(call.as_bytes(), open) else { return call.to_owned() };
    let parts: Vec<String> =
        arguments.iter().map(|part| String::from_utf8_lossy(part).replace("{desc}", "desc")).collect();
    let name = call[..open].replace("{desc}", "desc");
    format!("{name}({}){}", wrapped(&parts, column + name.len() + 1), &call[end..])
}

/// Width of a text in columns, with a tab stop every eight columns.
pub(in crate::fix) fn columns(text: &[u8]) -> usize {
    text.iter().fold(0, |column, byte| if *byte == b'\t' { (column / 8 + 1) * 8 } else { column + 1 })
}
