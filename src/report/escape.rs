//! Escapes text from a tree for each format, so that no terminal or viewer obeys it.

use std::fmt::{self, Write};

/// Text with `?` for every character that a terminal obeys.
pub fn printable(text: &str) -> String {
    text.chars().map(|character| if is_obeyed(character) { '?' } else { character }).collect()
}

/// Whether a terminal or viewer obeys a character: controls, and characters that change the writing direction.
pub fn is_obeyed(character: char) -> bool {
    character.is_control() || is_turning(character)
}

/// Escapes Markdown and HTML in a text.
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

/// A text as code in Markdown, also in a table.
pub fn code(text: &str) -> String {
    let inner = text.chars().map(|character| match character {
        '`' => "'".to_owned(),
        '|' => "\\|".to_owned(),
        character if is_obeyed(character) => "?".to_owned(),
        character => character.to_string(),
    });
    format!("`{}`", inner.collect::<String>())
}

/// Escapes Markdown in a text. The names in it become code, so that they can be copied.
pub fn ticked(text: &str) -> String {
    let word = |word: &str| {
        // `.mmap_prepare` and `f()` are names as a whole.
        let behind = word.trim_start_matches(['(', ')', ',', ';', ':']);
        let start = word.len() - behind.len();
        let name = behind.trim_end_matches(['(', ')', ',', ';', ':', '.']);
        let is_call = behind[name.len()..].starts_with("()");
        let end = start + name.len() + if is_call { 2 } else { 0 };
        let is_name = name.contains(['_', '/', '>', '*', '&']) && !name.contains("//");
        match is_name {
            true => format!("{}{}{}", markdown(&word[..start]), code(&word[start..end]), markdown(&word[end..])),
            false => markdown(word),
        }
    };
    text.split(' ').map(word).collect::<Vec<_>>().join(" ")
}

/// Text escaped for an HTML element or a quoted attribute.
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
                // HTML has no controls. Characters that change the writing direction hide text.
                character if character.is_control() || is_turning(character) => formatter.write_str("\u{fffd}")?,
                character => formatter.write_char(character)?,
            }
        }
        Ok(())
    }
}

/// Whether a character changes the writing direction ("trojan source", CVE-2021-42574) or is a Unicode line separator.
fn is_turning(character: char) -> bool {
    matches!(character, '\u{61c}' | '\u{200e}' | '\u{200f}' | '\u{2028}' | '\u{2029}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// A CSV cell: quoted if necessary, and never a formula.
pub fn csv_cell(cell: &str) -> String {
    let guard = if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) { "'" } else { "" };
    let shown = |character: char| if character.is_control() && !character.is_whitespace() { '?' } else { character };
    let cell: String = guard.chars().chain(cell.chars().map(shown)).collect();
    if cell.contains([',', '"', '\n', '\r']) { format!("\"{}\"", cell.replace('"', "\"\"")) } else { cell }
}
