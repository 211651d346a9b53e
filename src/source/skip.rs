//! Skips bytes of a body that cannot change the brace depth.

/// Number of bytes before the first one that can change the brace depth or hide such a byte: `{`, `}`, `"`, `'`, `/` or `#`.
pub(super) fn passed_in_body(text: &[u8]) -> usize {
    /// A word with this byte in all eight positions.
    const fn all(byte: u8) -> u64 {
        u64::from_ne_bytes([byte; 8])
    }
    // Eight bytes at once: sets the top bit of each zero byte, and perhaps of the byte above it.
    let zeros = |word: u64| word.wrapping_sub(all(0x01)) & !word & all(0x80);
    let (words, rest) = text.as_chunks::<8>();
    let mut passed = 0;
    for bytes in words {
        let word = u64::from_le_bytes(*bytes);
        // `"` and `#` differ in one bit, and so do `'` and `/`.
        let quotes = zeros((word & all(!0x01)) ^ all(b'"')) | zeros((word | all(0x08)) ^ all(b'/'));
        let found = quotes | zeros(word ^ all(b'{')) | zeros(word ^ all(b'}'));
        if found != 0 {
            return passed + (found.trailing_zeros() / 8) as usize;
        }
        passed += 8;
    }
    passed + rest.iter().take_while(|byte| !b"{}\"'/#".contains(byte)).count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_passed_in_a_body_holds_nothing_that_matters() {
        for byte in 0..=u8::MAX {
            for length in [0, 1, 7, 8, 20] {
                let text = [vec![b'y'; length], vec![byte, b'}']].concat();
                let matters = matches!(byte, b'{' | b'}' | b'"' | b'\'' | b'/' | b'#');
                assert_eq!(passed_in_body(&text), if matters { length } else { length + 1 }, "{byte} behind {length}");
            }
        }
    }
}
