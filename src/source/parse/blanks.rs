//! Excludes long blanks from the parser's input. Masked slices are half blank, and the parser would read that byte by byte.

use memchr::memchr_iter;
use tree_sitter::{Point, Range};

/// Minimum length in bytes of an excluded blank. Shorter ones are not worth a jump.
const SHORT: usize = 32;

/// Maximum number of parts. The parser walks all parts at every identifier, so more of them would cost more than the blanks.
const MANY: usize = 256;

/// The parts of `text` for the parser, with a blank left between them; empty if it has to read all of `text`.
pub fn without_long_blanks(text: &[u8]) -> Vec<Range> {
    let mut parts = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(window) = text.get(at..at + SHORT) {
        if let Some(last) = window.iter().rposition(|byte| !is_blank(*byte)) {
            at += last + 1;
            continue;
        }
        // A newline ends a directive, so the first one stays.
        let blank = &text[at..];
        let length = blank.iter().position(|byte| !is_blank(*byte)).unwrap_or(blank.len());
        let kept = blank[..length].iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
        parts.push((start, at + kept));
        at += length;
        start = at;
    }
    if parts.is_empty() || parts.len() > MANY {
        return Vec::new();
    }
    parts.push((start, text.len()));
    let mut place = Place::default();
    let range = |(start, end)| Range {
        start_byte: start,
        end_byte: end,
        start_point: place.at(text, start),
        end_point: place.at(text, end),
    };
    parts.into_iter().map(range).collect()
}

/// Row counter. In error recovery, the parser weighs skipped input by rows.
#[derive(Default)]
struct Place {
    byte: usize,
    row: usize,
    row_start: usize,
}

impl Place {
    /// Row and column of a byte. Successive calls must not go backwards.
    fn at(&mut self, text: &[u8], byte: usize) -> Point {
        for newline in memchr_iter(b'\n', &text[self.byte..byte]) {
            self.row += 1;
            self.row_start = self.byte + newline + 1;
        }
        self.byte = byte;
        Point { row: self.row, column: byte - self.row_start }
    }
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_blanks_are_left_out_but_for_one_byte_or_the_first_line_end() {
        let read = |text: &str| {
            let ranges = without_long_blanks(text.as_bytes());
            ranges.iter().map(|range| &text[range.start_byte..range.end_byte]).collect::<Vec<_>>().join("|")
        };
        let blank = " ".repeat(SHORT);
        assert_eq!(read(&format!("a{}b", " ".repeat(SHORT - 1))), "");
        assert_eq!(read(&format!("a{blank}b  c{blank}\n{blank}d")), format!("a |b  c{blank}\n|d"));
        assert_eq!(read(&format!("{blank}a{blank}")), " |a |");
        assert_eq!(read(&format!("a{blank}").repeat(MANY + 1)), "");
    }

    #[test]
    fn rows_go_on_behind_what_is_left_out() {
        let text = format!("a\nb{}\n\n  c", " ".repeat(SHORT));
        let ranges = without_long_blanks(text.as_bytes());
        let points: Vec<_> = ranges.iter().flat_map(|range| [range.start_point, range.end_point]).collect();
        let expected = [(0, 0), (2, 0), (3, 2), (3, 3)];
        assert_eq!(points, expected.map(|(row, column)| Point { row, column }));
    }
}
