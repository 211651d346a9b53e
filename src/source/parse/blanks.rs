//! What of a slice the parser reads: masked and thinned slices are half blank, and it would go through that byte by byte.

use tree_sitter::{Point, Range};

/// Blanks shorter than this many bytes are not worth a jump.
const SHORT: usize = 32;

/// The parts of `text` that the parser is to read, with a blank left between them; none where it is to read all.
pub fn without_long_blanks(text: &[u8]) -> Vec<Range> {
    let mut ranges = Vec::new();
    let (mut start, mut at) = (0, 0);
    while let Some(window) = text.get(at..at + SHORT) {
        if let Some(last) = window.iter().rposition(|byte| !is_blank(*byte)) {
            at += last + 1;
            continue;
        }
        // A newline ends a directive, so that the first one stays.
        let blank = &text[at..];
        let length = blank.iter().position(|byte| !is_blank(*byte)).unwrap_or(blank.len());
        let kept = blank[..length].iter().position(|byte| *byte == b'\n').unwrap_or(0) + 1;
        ranges.push(range(start, at + kept));
        at += length;
        start = at;
    }
    if !ranges.is_empty() {
        ranges.push(range(start, text.len()));
    }
    ranges
}

fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n')
}

/// Rows and columns are never asked for.
fn range(start_byte: usize, end_byte: usize) -> Range {
    let nowhere = Point { row: 0, column: 0 };
    Range { start_byte, end_byte, start_point: nowhere, end_point: nowhere }
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
    }
}
