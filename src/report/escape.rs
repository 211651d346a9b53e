//! Text from a tree as the formats can hold it: nothing in it is obeyed by whoever reads the result.

/// The text without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if character.is_control() { '?' } else { character }).collect()
}

/// The text without what Markdown, or the HTML in it, gives a meaning.
pub fn markdown(text: &str) -> String {
    let mut out = String::new();
    for character in text.chars() {
        match character {
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '&' => out.push_str("&amp;"),
            '\\' | '`' | '*' | '_' | '[' | ']' | '|' | '#' => out.extend(['\\', character]),
            character if character.is_control() => out.push('?'),
            character => out.push(character),
        }
    }
    out
}

/// A cell as it is written: in quotes where it has to be, and never a formula.
pub fn csv_cell(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let cell = format!("{guard}{cell}");
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
