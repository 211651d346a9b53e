//! Tables that open files get at run time: `file->f_op = &shutdown_fops`, outside of functions that open the file.
//!
//! mmap() reads one hook of a file's table and then the other, without a lock that a swap would take. If the tables before and after do not
//! have the same hook, it can find neither.

use super::{Index, ItemId};
use crate::source::{ItemKind, Span, blank_non_code, find_word, identifier_end, skip_blank, words};

/// A table that replaces that of an open file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Swap {
    /// Function that assigns the table.
    pub by: ItemId,
    /// Range of the assignment, up to the name of the table.
    pub span: Span,
    /// Name of the table.
    pub table: String,
}

impl Swap {
    /// Whether a table in a file of that path may be swapped: both are in the same subsystem.
    pub fn reaches(&self, index: &Index, path: &str) -> bool {
        subsystem(&index.file(self.by.file).path) == subsystem(path)
    }
}

/// Words in functions that make or open the file whose table they set.
const OPENING: &[&[u8]] = &[b"open", b"alloc_file", b"anon_inode", b"fd_prepare", b"create"];

/// All swaps in a tree, by file and place.
pub fn swaps(index: &Index) -> Vec<Swap> {
    let mut found = Vec::new();
    for (file, source) in (0u32..).zip(index.files()) {
        if find_word(&source.text, b"f_op", 0).is_none() {
            continue;
        }
        let numbered = (0u32..).zip(&source.items);
        for (number, item) in numbered.filter(|(_, item)| item.kind == ItemKind::Function) {
            let text = item.span.of(&source.text);
            if find_word(text, b"f_op", 0).is_none() {
                continue;
            }
            let code = blank_non_code(text);
            let opens = OPENING.iter().any(|word| memchr::memmem::find(&code, word).is_some());
            let places = words(&code, b"f_op").filter_map(|at| Some((at, assigned(&code, at + b"f_op".len())?)));
            for (at, table) in places.filter(|_| !opens) {
                let base = item.span.start as usize;
                found.push(Swap {
                    by: ItemId { file, item: number },
                    span: Span::new(base + at, base + table.end as usize),
                    table: String::from_utf8_lossy(table.of(&code)).into_owned(),
                });
            }
        }
    }
    found
}

/// Name of the table whose address is assigned to the expression that ends at `end`.
fn assigned(code: &[u8], end: usize) -> Option<Span> {
    let sign = skip_blank(code, end);
    let address = skip_blank(code, sign + 1);
    if code.get(sign) != Some(&b'=') || code.get(address) != Some(&b'&') {
        return None;
    }
    let start = skip_blank(code, address + 1);
    let end = identifier_end(code, start);
    (end > start).then(|| Span::new(start, end))
}

/// First two folders of a path.
fn subsystem(path: &str) -> &str {
    let mut slashes = memchr::memchr_iter(b'/', path.as_bytes());
    let end = slashes.nth(1).or_else(|| path.rfind('/')).unwrap_or(0);
    &path[..end]
}
