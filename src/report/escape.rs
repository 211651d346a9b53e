//! Text from a tree as the formats can hold it: nothing in it is obeyed by whoever reads the result.

use std::fmt::{self, Write};

/// The text without what a terminal would obey.
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if is_obeyed(character) { '?' } else { character }).collect()
}

/// Whether a terminal, or what shows text, would obey a character: controls, and those that turn the direction of writing.
pub fn is_obeyed(character: char) -> bool {
    character.is_control() || is_turning(character)
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

/// Text as HTML holds it, in an element or in a quoted attribute.
pub struct Html<'a>(pub &'a str);

impl fmt::Display for Html<'_> {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        for character in self.0.chars() {
            match character {
                '<' => formatter.write_str("&lt;")?,
                '>' => formatter.write_str("&gt;")?,
                '&' => formatter.write_str("&amp;")?,
                '"' => formatter.write_str("&quot;")?,
                '\'' => formatter.write_str("&#39;")?,
                '\t' | '\n' => formatter.write_char(character)?,
                // Controls are no characters of HTML, and those that turn the direction of writing hide what is written.
                character if character.is_control() || is_turning(character) => formatter.write_str("\u{fffd}")?,
                character => formatter.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether a character changes the direction in which others are shown (the "trojan source" of CVE-2021-42574).
fn is_turning(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A cell as it is written: in quotes where it has to be, and never a formula.
pub fn csv_cell(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let shown = |character: char| if character.is_control() && !character.is_whitespace() { '?' } else { character };
    let cell: String = guard.chars().chain(cell.chars().map(shown)).collect();
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
