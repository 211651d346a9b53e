//! The few lexical facts that slicing and masking share: what ends a comment, a string, a directive.

use memchr::{memchr, memchr_iter, memmem};

use super::span::Span;

/// Whether a byte can stand in a C identifier. Bytes above 127 count, so that a stray encoding does not split a name.
pub fn is_identifier_byte(byte: u8) -> bool {
    IS_IDENTIFIER_BYTE[byte as usize]
}

/// For each byte, so that one look at a table tells.
const IS_IDENTIFIER_BYTE: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 256 {
        table[byte] = byte >= 0x80 || matches!(byte as u8, b'_' | b'$' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z');
        byte += 1;
    }
    table
};

/// Whether a word before a parenthesis is one of the language, so that nothing is called.
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

/// The offset behind the identifier that starts at `at`.
pub fn identifier_end(text: &[u8], at: usize) -> usize {
    at + text[at..].iter().take_while(|byte| is_identifier_byte(**byte)).count()
}

/// The offset of the first byte of the identifier that reaches up to `end`; `end` itself where none does.
pub fn identifier_start(text: &[u8], end: usize) -> usize {
    text[..end].iter().rposition(|byte| !is_identifier_byte(*byte)).map_or(0, |before| before + 1)
}

/// The offset of two bytes, one behind the other: a search for a word takes longer to set up than to find these.
fn pair(text: &[u8], [first, second]: [u8; 2]) -> Option<usize> {
    memchr_iter(second, text).map(|at| at.wrapping_sub(1)).find(|at| text.get(*at) == Some(&first))
}

/// The offset behind the comment that starts at `at`, or `None` where no comment starts there.
/// A comment without an end reaches to the end of the text.
pub fn comment_end(text: &[u8], at: usize) -> Option<usize> {
    match text.get(at..at + 2)? {
        b"/*" => Some(pair(&text[at + 2..], *b"*/").map_or(text.len(), |end| at + 2 + end + 2)),
        b"//" => Some(line_end(text, at)),
        _ => None,
    }
}

/// The parenthesis that is open at `end`, within a statement and a bounded distance.
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

/// Where the comments of a text stand. What looks like one in a literal is none.
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

/// The offset behind the string or character literal that starts at `at`. A literal without an end stops at its line's.
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

/// The offset of the newline that ends the line of `at`, line continuations followed, or the end of the text.
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

/// The offset of the newline that ends the directive at `at`; comments that span lines are followed.
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

/// The offset of the first byte from `at` that is neither blank, nor a newline, nor part of a comment.
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

/// The offset behind the bracket that closes the one at `open`, comments and literals skipped; `None` where it never closes.
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

/// The last byte before `at` that is not blank, with its offset.
pub fn previous(text: &[u8], at: usize) -> Option<(usize, u8)> {
    let offset = text[..at].iter().rposition(|byte| !byte.is_ascii_whitespace())?;
    Some((offset, text[offset]))
}

/// The identifier that ends right before `end` (blanks between allowed), as offsets.
pub fn identifier_before(text: &[u8], end: usize) -> Option<(usize, usize)> {
    let (last, byte) = previous(text, end)?;
    if !is_identifier_byte(byte) {
        return None;
    }
    Some((identifier_start(text, last), last + 1))
}

/// Where the identifiers (and numbers) of a text stand.
pub fn spans_of_identifiers(text: &[u8]) -> impl Iterator<Item = Span> {
    let mut at = 0;
    std::iter::from_fn(move || {
        let start = at + text[at..].iter().position(|byte| is_identifier_byte(*byte))?;
        at = identifier_end(text, start);
        Some(Span::new(start, at))
    })
}

/// The identifiers (and numbers) of a text, those that are no UTF-8 left out.
pub fn identifiers(text: &[u8]) -> impl Iterator<Item = &str> {
    spans_of_identifiers(text).filter_map(|span| std::str::from_utf8(span.of(text)).ok())
}

/// The offset of the first whole-word occurrence of `word` in `text` from `from`.
pub fn find_word(text: &[u8], word: &[u8], from: usize) -> Option<usize> {
    // What stands right before decides whether a word begins there.
    let start = from.saturating_sub(1).min(text.len());
    words(&text[start..], word).map(|at| start + at).find(|at| *at >= from)
}

/// Overwrites a span with blanks, newlines kept.
pub(super) fn blank(text: &mut [u8], span: Span) {
    let end = (span.end as usize).min(text.len());
    for byte in &mut text[(span.start as usize).min(end)..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

/// Every offset where `word` stands as a whole identifier.
pub fn words<'t>(text: &'t [u8], word: &'t [u8]) -> impl Iterator<Item = usize> + 't {
    memmem::find_iter(text, word).filter(move |at| {
        let before = at.checked_sub(1).is_none_or(|before| !is_identifier_byte(text[before]));
        before && text.get(at + word.len()).is_none_or(|after| !is_identifier_byte(*after))
    })
}
