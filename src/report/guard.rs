//! Guard between every result and its reader: no terminal or runner obeys text from a tree, a patch or a repository.
//!
//! Formats escape their own special characters. A terminal or the runner of a workflow also interprets text in any format. The guard
//! removes such text in one place, for all output.

use std::borrow::Cow;
use std::io::{self, Write};

use super::escape::is_obeyed;
use super::paint::painted;

/// Syntax of a result, which decides what the guard removes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Syntax {
    /// Text for people, or for tools that read lines.
    Text,
    /// Text for people, with the tool's own colours.
    Coloured,
    /// Text for people, in which diffs and marks get colours.
    Painted,
    /// Commands for the runner of a GitHub workflow, one per line.
    Commands,
    /// JSON.
    Json,
    /// HTML.
    Html,
    /// Unchanged bytes: a diff that must apply.
    Exact,
}

/// Stream that replaces everything a terminal or runner obeys.
pub struct Guard<W: Write> {
    out: W,
    syntax: Syntax,
    /// Last line, not complete yet.
    line: Vec<u8>,
}

/// Start of a runner command, anywhere in a line.
const ANYWHERE: &[u8] = b"##[";

impl<W: Write> Guard<W> {
    /// Wraps `out` for a result in `syntax`.
    pub fn new(out: W, syntax: Syntax) -> Guard<W> {
        Guard { out, syntax, line: Vec::new() }
    }

    /// Writes the rest of the buffer if the last line does not end with a newline.
    ///
    /// # Errors
    /// The line cannot be written.
    pub fn finish(&mut self) -> io::Result<()> {
        let line = std::mem::take(&mut self.line);
        self.lines(&line)?;
        self.out.flush()
    }

    fn lines(&mut self, text: &[u8]) -> io::Result<()> {
        let lines = text.split_inclusive(|byte| *byte == b'\n');
        if self.syntax == Syntax::Painted {
            return lines
                .map(|line| painted(&guarded(line, self.syntax)))
                .try_for_each(|line| self.out.write_all(&line));
        }
        if is_harmless(text) {
            return self.out.write_all(text);
        }
        lines.map(|line| guarded(line, self.syntax)).try_for_each(|line| self.out.write_all(&line))
    }
}

impl<W: Write> Write for Guard<W> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        if self.syntax == Syntax::Exact {
            return self.out.write(bytes);
        }
        let Some(end) = memchr::memrchr(b'\n', bytes).map(|newline| newline + 1) else {
            self.line.extend_from_slice(bytes);
            return Ok(bytes.len());
        };
        if self.line.is_empty() {
            self.lines(&bytes[..end])?;
        } else {
            let mut line = std::mem::take(&mut self.line);
            line.extend_from_slice(&bytes[..end]);
            self.lines(&line)?;
        }
        self.line.extend_from_slice(&bytes[end..]);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        self.out.flush()
    }
}

/// Whether a text contains nothing to replace. This holds for most texts; they are passed on as they are.
fn is_harmless(text: &[u8]) -> bool {
    text.iter().all(|byte| matches!(byte, b' '..=b'~' | b'\n' | b'\t'))
        && memchr::memmem::find(text, ANYWHERE).is_none()
        && memchr::memmem::find(text, b"::").is_none()
}

/// A line with everything replaced that a terminal or runner obeys.
fn guarded(line: &[u8], syntax: Syntax) -> Cow<'_, [u8]> {
    let text = String::from_utf8_lossy(line);
    let mut out = String::with_capacity(text.len());
    let begins_command = text.trim_start().starts_with("::");
    let is_own = syntax == Syntax::Commands && text.starts_with("::");
    let mut rest = text.as_ref();
    if begins_command && !is_own && syntax != Syntax::Json {
        let blanks = text.len() - text.trim_start().len();
        out.push_str(&text[..blanks]);
        out.push_str(if syntax == Syntax::Html { "&#58;:" } else { "?:" });
        rest = &text[blanks + 2..];
    }
    while let Some(character) = rest.chars().next() {
        if let Some(length) = colour(rest).filter(|_| syntax == Syntax::Coloured) {
            out.push_str(&rest[..length]);
            rest = &rest[length..];
            continue;
        }
        let behind = &rest[character.len_utf8()..];
        match (character, syntax) {
            ('#', _) if behind.starts_with("#[") => out.push_str(match syntax {
                Syntax::Json => "\\u0023",
                Syntax::Html => "&#35;",
                _ => "?",
            }),
            ('\n' | '\t', _) => out.push(character),
            // CSV rows end with CRLF.
            ('\r', _) if behind == "\n" => out.push(character),
            (character, Syntax::Json) if is_obeyed(character) => {
                let mut units = [0; 2];
                out.extend(character.encode_utf16(&mut units).iter().map(|unit| format!("\\u{unit:04x}")));
            }
            (character, Syntax::Html) if is_obeyed(character) => out.push('\u{fffd}'),
            (character, _) if is_obeyed(character) => out.push('?'),
            (character, _) => out.push(character),
        }
        rest = behind;
    }
    Cow::Owned(out.into_bytes())
}

/// Length in bytes of a colour sequence at the start of a text.
fn colour(text: &str) -> Option<usize> {
    let parameters = text.strip_prefix("\u{1b}[")?;
    let end = parameters.find(|letter: char| !letter.is_ascii_digit() && letter != ';')?;
    parameters[end..].starts_with('m').then_some("\u{1b}[".len() + end + 1)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, syntax: Syntax) -> String {
        let mut guard = Guard::new(Vec::new(), syntax);
        // In pieces, so that a command is caught even if two writes split it.
        text.as_bytes().chunks(3).for_each(|part| guard.write_all(part).unwrap());
        guard.finish().unwrap();
        String::from_utf8(guard.out).unwrap()
    }

    #[test]
    fn diffs_are_painted() {
        let text = " a\n-b\n+\u{1b}[1mc\n       ^ action";
        let expected = " a\n\u{1b}[31m-b\u{1b}[m\n\u{1b}[32m+?[1mc\u{1b}[m\n\u{1b}[33m       ^ action\u{1b}[m";
        assert_eq!(shown(text, Syntax::Painted), expected);
    }

    #[test]
    fn nothing_is_obeyed() {
        for (text, expected) in [
            ("plain: a::b\n", "plain: a::b\n"),
            ("::error::x\n", "?:error::x\n"),
            (" \t::error::x", " \t?:error::x"),
            ("a ##[error]x\n", "a ?#[error]x\n"),
            ("###[error]x\n", "#?#[error]x\n"),
            ("\u{1b}[31mred\u{1b}]8;;x\u{7}\rx\n", "?[31mred?]8;;x??x\n"),
            ("a,b\r\n", "a,b\r\n"),
            ("\u{202e}a\u{61c}b\u{9b}c\n", "?a?b?c\n"),
        ] {
            assert_eq!(shown(text, Syntax::Text), expected);
        }
        assert_eq!(
            shown("\u{1b}[1;31mred\u{1b}[0m\u{1b}[2J\u{1b}]x\n", Syntax::Coloured),
            "\u{1b}[1;31mred\u{1b}[0m?[2J?]x\n"
        );
        assert_eq!(shown("::error::##[x\n ::error::x\n", Syntax::Commands), "::error::?#[x\n ?:error::x\n");
        assert_eq!(shown("{\"a\": \"\u{202e}##[\"}\n", Syntax::Json), "{\"a\": \"\\u202e\\u0023#[\"}\n");
        assert_eq!(shown("\u{1b}##[\n ::x\n", Syntax::Html), "\u{fffd}&#35;#[\n &#58;:x\n");
        assert_eq!(shown("\u{1b}##[\r\n", Syntax::Exact), "\u{1b}##[\r\n");
    }
}
