//! Colours of diffs and of marks below code, as git and compilers use them.

const BOLD: &str = "1";
const RED: &str = "31";
const GREEN: &str = "32";
const YELLOW: &str = "33";
const CYAN: &str = "36";

/// Starts of lines, with their colours; the first that fits counts.
const LINES: &[(&str, &str)] = &[
    ("diff --git ", BOLD),
    ("--- ", BOLD),
    ("+++ ", BOLD),
    ("@@ ", CYAN),
    ("+", GREEN),
    ("-", RED),
    // A mark stands below a line of code, behind the column of its number.
    ("       ^ ", YELLOW),
];

/// A line, with its newline, in its colour.
pub fn painted(line: &[u8]) -> Vec<u8> {
    let Some((_, colour)) = LINES.iter().find(|(start, _)| line.starts_with(start.as_bytes())) else {
        return line.to_vec();
    };
    let text = line.strip_suffix(b"\n").unwrap_or(line);
    let end: &[u8] = if text.len() < line.len() { b"\x1b[m\n" } else { b"\x1b[m" };
    [format!("\x1b[{colour}m").as_bytes(), text, end].concat()
}
