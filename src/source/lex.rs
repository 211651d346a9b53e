//! Lexical helpers for slicing and masking: ends of comments, strings and directives; identifiers.

use memchr::{memchr, memchr_iter, memmem};

use super::span::Span;

/// Whether a byte can be part of a C identifier. Bytes above 127 count, so that a stray encoding does not split a name.
pub fn is_identifier_byte(byte: u8) -> bool {
    IS_IDENTIFIER_BYTE[byte as usize]
}

/// Lookup table of [`is_identifier_byte`], one entry per byte.
const IS_IDENTIFIER_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 0x80 || matches!(byte as u8, b'_' | b'$' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z');
        byte += 1;
    }
    table
};

/// Whether a word before a parenthesis is a keyword or an operator, and so not a callee.
pub fn is_keyword_before_parenthesis(word: &[u8]) -> bool {
    matches!(
        word,
        b"if"
            | b"while"
            | b"for"
            | b"switch"
            | b"return"
            | b"sizeof"
            | b"typeof"
            | b"__typeof__"
            | b"offsetof"
            | b"__alignof__"
            | b"__attribute__"
            | b"defined"
    )
}

/// Offset just after the identifier that starts at `at`.
pub fn identifier_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_identifier_byte(**byte)).count()
}

/// Start offset of the identifier that ends at `end`; `end` itself if there is none.
pub fn identifier_start(text: &[u8], end: usize) -> usize {
    text[..end].iter().rposition(|byte| !is_identifier_byte(*byte)).map_or(0, |before| before + 1)
}

/// Offset of two adjacent bytes. A substring search would take longer to set up than this search takes.
fn pair(text: &[u8], [first, second]: [u8; 2]) -> Option<usize> {
    memchr_iter(second, text).map(|at| at.wrapping_sub(1)).find(|at| text.get(*at) == Some(&first))
}

/// Offset just after the comment that starts at `at`; `None` if no comment starts there. An unterminated comment extends to the end
/// of the text.
pub fn comment_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..at + 2)? {
        b"/*" => Some(pair(&text[at + 2..], *b"*/").map_or(text.len(), |end| at + 2 + end + 2)),
        b"//" => Some(line_end(text, at)),
        _ => None,
    }
}

/// Offset of the innermost `(` still open at `end`. The search stays within the statement and goes at most 2000 bytes back.
pub fn opening(code: &[u8], end: usize) -> Option<usize> {
    let mut depth = 0usize;
    for at in (end.saturating_sub(2000)..end).rev() {
        match code[at] {
            b')' => depth += 1,
            b'(' if depth == 0 => return Some(at),
            b'(' => depth -= 1,
            b';' | b'{' | b'}' => return None,
            _ => {}
        }
    }
    None
}

/// Spans of the comments of a text. Comment markers inside literals do not count.
pub fn comments(text: &[u8]) -> Vec<Span> {
    let (mut found, mut at) = (Vec::new(), 0);
    while at < text.len() {
        at = match (text[at], comment_end(text, at)) {
            (b'"' | b'\'', _) => literal_end(text, at).max(at + 1),
            (b'/', Some(end)) => {
                found.push(Span::new(at, end));
                end
            }
            _ => at + 1,
        };
    }
    found
}

/// Offset just after the string or character literal that starts at `at`. An unterminated literal ends with its line.
pub fn literal_end(text: &[u8], at: usize) -> usize {
    let quote = text[at];
    let mut offset = at + 1;
    while offset < text.len() {
        match text[offset] {
            b'\\' => offset += 2,
            b'\n' => return offset,
            byte if byte == quote => return offset + 1,
            _ => offset += 1,
        }
    }
    text.len()
}

/// Offset of the newline that ends the line of `at`, or the end of the text. Line continuations are followed.
pub fn line_end(text: &[u8], at: usize) -> usize {
    let mut offset = at;
    while let Some(found) = memchr(b'\n', &text[offset..]) {
        let newline = offset + found;
        let before = if newline > at && text[newline - 1] == b'\r' {
            newline.saturating_sub(2)
        } else {
            newline.saturating_sub(1)
        };
        if newline == at || text[before] != b'\\' {
            return newline;
        }
        offset = newline + 1;
    }
    text.len()
}

/// Offset of the newline that ends the directive at `at`. Comments that span lines are followed.
pub fn directive_end(text: &[u8], at: usize) -> usize {
    let mut end = line_end(text, at);
    let mut offset = at;
    while let Some(found) = pair(&text[offset..end], *b"/*") {
        let comment = comment_end(text, offset + found).unwrap_or(end);
        if comment > end {
            end = line_end(text, comment.min(text.len()));
        }
        offset = comment.min(end);
    }
    end
}

/// Offset of the first byte from `at` that is neither whitespace nor part of a comment.
pub fn skip_blank(text: &[u8], mut at: usize) -> usize {
    while at < text.len() {
        if text[at].is_ascii_whitespace() {
            at += 1;
        } else if let Some(end) = comment_end(text, at) {
            at = end;
        } else {
            break;
        }
    }
    at
}

/// Offset just after the bracket that closes the one at `open`; `None` if none does. Comments and literals are skipped.
pub fn closing(text: &[u8], open: usize) -> Option<usize> {
    let mut depth = 0usize;
    let mut at = open;
    while at < text.len() {
        match text[at] {
            b'(' | b'[' | b'{' => depth += 1,
            b')' | b']' | b'}' => {
                depth = depth.saturating_sub(1);
                if depth == 0 {
                    return Some(at + 1);
                }
            }
            b'"' | b'\'' => {
                at = literal_end(text, at);
                continue;
            }
            b'/' => {
                if let Some(end) = comment_end(text, at) {
                    at = end;
                    continue;
                }
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Offset and value of the last byte before `at` that is not whitespace.
pub fn previous(text: &[u8], at: usize) -> Option<(usize, u8)> {
    let offset = text[..at].iter().rposition(|byte| !byte.is_ascii_whitespace())?;
    Some((offset, text[offset]))
}

/// Start and end offset of the identifier before `end`. Whitespace in between is allowed.
pub fn identifier_before(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let (last, byte) = previous(text, end)?;
    if !is_identifier_byte(byte) {
        return None;
    }
    Some((identifier_start(text, last), last + 1))
}

/// Spans of the identifiers (and numbers) of a text.
pub fn spans_of_identifiers(text: &[u8]) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|byte| is_identifier_byte(*byte))?;
        at = identifier_end(text, start);
        Some(Span::new(start, at))
    })
}

/// The identifiers (and numbers) of a text, except those that are not UTF-8.
pub fn identifiers(text: &[u8]) -> impl Iterator<Item = &str> {
    spans_of_identifiers(text).filter_map(|span| std::str::from_utf8(span.of(text)).ok())
}

/// Whether a name is that of an error number: `ENOMEM`.
pub fn is_error_number(name: &str) -> bool {
    name.len() > 2
        && name.starts_with('E')
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit())
}

/// Offset at which the statement starts whose beginning ends a text.
pub fn statement_start(before: &[u8]) -> usize {
    before.iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}')).map_or(0, |end| end + 1)
}

/// Whether the code behind a name assigns to it: `= value`, not `== value`.
pub fn begins_assignment(behind: &[u8]) -> bool {
    let behind = behind.trim_ascii_start();
    behind.starts_with(b"=") && !behind.starts_with(b"==")
}

/// Whether the code behind a name calls it: `(arguments)`.
pub fn begins_call(behind: &[u8]) -> bool {
    behind.trim_ascii_start().starts_with(b"(")
}

/// Offset of the first whole-word occurrence of `word` in `text` from `from`.
pub fn find_word(text: &[u8], word: &[u8], from: usize) -> Option<usize> {
    // The byte before `from` decides whether a word starts at `from`.
    let start = from.saturating_sub(1).min(text.len());
    words(&text[start..], word).map(|at| start + at).find(|at| *at >= from)
}

/// Overwrites a span with spaces, except its newlines.
pub(super) fn blank(text: &mut [u8], span: Span) {
    let end = (span.end as usize).min(text.len());
    for byte in &mut text[(span.start as usize).min(end)..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Offsets of `word` as a whole identifier.
pub fn words<'t>(text: &'t [u8], word: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    memmem::find_iter(text, word).filter(move |at| {
        let before = at.checked_sub(1).is_none_or(|before| !is_identifier_byte(text[before]));
        before && text.get(at + word.len()).is_none_or(|after| !is_identifier_byte(*after))
    })
}
