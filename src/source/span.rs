//! Locations in a file: byte ranges, and lines and columns for messages.

/// A range of bytes in one file, counted from its first byte.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Span {
    /// Offset of the first byte.
    pub start: u32,
    /// Offset of the byte after the last.
    pub end: u32,
}

impl Span {
    /// The range from `start` to `end`, in bytes.
    pub fn new(start: usize, end: usize) -> Span {
        Span { start: start as u32, end: end as u32 }
    }

    /// The bytes of `text` that the span covers; empty if it lies outside.
    pub fn of<'t>(&self, text: &'t [u8]) -> &'t [u8] {
        text.get(self.start as usize..self.end as usize).unwrap_or(&[])
    }

    /// Length in bytes.
    pub fn len(&self) -> usize {
        (self.end - self.start) as usize
    }

    /// Whether the span covers no byte.
    pub fn is_empty(&self) -> bool {
        self.start >= self.end
    }

    /// Whether `offset` lies inside.
    pub fn contains(&self, offset: u32) -> bool {
        self.start <= offset && offset < self.end
    }
}

/// A line and a column, both counted from 1; columns count bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    /// Line, from 1.
    pub line: u32,
    /// Column in bytes, from 1.
    pub column: u32,
}

/// Byte offset of the first byte of the line that holds `at`.
pub fn line_start(text: &[u8], at: usize) -> usize {
    memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1)
}

/// Number of line ends before each block of a file. Few locations of a file are ever looked up, so counts per block are cheaper than
/// a list of all line starts.
#[derive(Debug)]
pub struct LineIndex {
    before: Vec<u32>,
}

/// Size of a block in bytes.
const BLOCK: usize = 4096;

impl LineIndex {
    /// Counts the lines of `text`.
    pub fn new(text: &[u8]) -> LineIndex {
        let mut newlines = 0;
        let before = text.chunks(BLOCK).map(|block| {
            let before = newlines;
            newlines += count(block);
            before
        });
        LineIndex { before: before.collect() }
    }

    /// Position of a byte offset in `text`, which has to be the text given to [`LineIndex::new`].
    pub fn position(&self, text: &[u8], offset: u32) -> Position {
        let at = (offset as usize).min(text.len());
        let block = (at / BLOCK).min(self.before.len().saturating_sub(1));
        let newlines = self.before.get(block).copied().unwrap_or(0) + count(&text[block * BLOCK..at]);
        let start = line_start(text, at) as u32;
        Position { line: newlines + 1, column: offset - start + 1 }
    }

    /// Byte range of a line (from 1) of `text`, including its newline; `None` if there is no such line.
    pub fn range(&self, text: &[u8], line: u32) -> Option<std::ops::Range<usize>> {
        let passed = line.checked_sub(1)?;
        let block = self.before.partition_point(|before| *before < passed).saturating_sub(1);
        let mut start = block * BLOCK;
        for _ in self.before.get(block).copied().unwrap_or(0)..passed {
            start += memchr::memchr(b'\n', &text[start..])? + 1;
        }
        let start = if passed == 0 { 0 } else { start };
        let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |newline| start + newline + 1);
        Some(start..end)
    }
}

fn count(text: &[u8]) -> u32 {
    memchr::memchr_iter(b'\n', text).count() as u32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_from_one_in_bytes() {
        let text = "a\n\tü x\n".as_bytes();
        let index = LineIndex::new(text);
        assert_eq!(index.position(text, 0), Position { line: 1, column: 1 });
        assert_eq!(index.position(text, 2), Position { line: 2, column: 1 });
        assert_eq!(index.position(text, 6), Position { line: 2, column: 5 });
        assert_eq!(index.position(text, 8), Position { line: 3, column: 1 });
    }

    #[test]
    fn lines_and_positions_agree_over_many_blocks() {
        let text: Vec<u8> = (0..3000).flat_map(|line| format!("{}\n", "x".repeat(line % 17)).into_bytes()).collect();
        let index = LineIndex::new(&text);
        let mut start = 0;
        for line in 1..=3000u32 {
            let end = start + (line as usize - 1) % 17 + 1;
            assert_eq!(index.range(&text, line), Some(start..end), "line {line}");
            assert_eq!(index.position(&text, end as u32 - 1).line, line);
            start = end;
        }
        assert_eq!(index.range(&text, 3001), Some(start..start));
        assert_eq!(index.range(&text, 3002), None);
        assert_eq!(index.range(&text, 0), None);
    }
}
