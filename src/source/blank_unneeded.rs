//! Blanks unneeded parts of a table or a record, so that less of it has to be parsed.

use super::lex::literal_end;

/// Kind of the parts between the braces of a slice.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Parts {
    /// Entries of an initialiser, with `,` between them.
    Entries,
    /// Members of a record, each ended by `;`.
    Members,
}

/// Blanks the parts within the outermost braces of a masked slice, unless `is_asked` accepts them. Entries without a designator stay,
/// because their position counts.
pub fn blank_unneeded(masked: &mut [u8], parts: Parts, is_asked: impl Fn(&[u8]) -> bool) {
    let separator = if parts == Parts::Entries { b',' } else { b';' };
    let mut open: Vec<u8> = Vec::new();
    let (mut start, mut at) = (0, 0);
    while at < masked.len() {
        let byte = masked[at];
        let is_outermost = open == b"{";
        match byte {
            b'"' | b'\'' => {
                at = literal_end(masked, at);
                continue;
            }
            b'(' | b'[' | b'{' => {
                open.push(byte);
                if open == b"{" {
                    start = at + 1;
                }
            }
            b')' | b']' | b'}' => drop(open.pop()),
            _ => {}
        }
        if is_outermost && (byte == separator || byte == b'}') {
            let end = if byte == separator { at + 1 } else { at };
            let part = &mut masked[start..end];
            let is_counted = parts == Parts::Entries && !part.trim_ascii_start().starts_with(b".");
            if !is_counted && !is_asked(part) {
                part.iter_mut().filter(|byte| **byte != b'\n').for_each(|byte| *byte = b' ');
            }
            start = end;
        }
        at += 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn thinned(text: &str, parts: Parts, word: &str) -> String {
        let mut text = text.as_bytes().to_vec();
        blank_unneeded(&mut text, parts, |part| memchr::memmem::find(part, word.as_bytes()).is_some());
        String::from_utf8_lossy(&text).split_whitespace().collect::<Vec<_>>().join(" ")
    }

    #[test]
    fn what_is_not_asked_for_is_blank() {
        let table =
            "struct t a = { .open = f(1, 2), .mmap = g, 7, .n = { .mmap = h, .x = \",}\" }, .z = 1 }, b = { .z = 2 };";
        let left = "struct t a = { .mmap = g, 7, .n = { .mmap = h, .x = \",}\" }, }, b = { };";
        assert_eq!(thinned(table, Parts::Entries, "mmap"), left);
        let record = "struct s { int x; int (*mmap)(struct file *, struct vm *); union { int y; }; struct { struct vm *v; } w; };";
        let left = "struct s { int (*mmap)(struct file *, struct vm *); struct { struct vm *v; } w; };";
        assert_eq!(thinned(record, Parts::Members, "vm"), left);
    }
}
