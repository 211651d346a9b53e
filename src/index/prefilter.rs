//! Prefilter of a search: a byte pair that all words share rejects most texts without any of them.

/// Maximum length in bytes of a word that has a prefilter.
const LONGEST: usize = 64;

/// Number of bytes that are searched at once.
const BLOCK: usize = 256;

/// Two bytes, at a fixed distance, that all words share: `m` and two behind it `a`, in `vm_area_` and in `mmap`. One search for them takes
/// half as long as one for each of the words.
#[derive(Clone, Copy, Debug)]
pub struct Prefilter {
    first: u8,
    second: u8,
    distance: usize,
    /// Length of the longest word.
    longest: usize,
}

impl Prefilter {
    /// Prefilter for some words, if they share a pair.
    pub fn of(words: &[&[u8]]) -> Option<Prefilter> {
        let longest = words.iter().map(|word| word.len()).max().filter(|length| *length <= LONGEST)?;
        let word = words.first()?;
        let distances = 1..word.len();
        let mut hints = distances.flat_map(|distance| {
            let pairs = word.iter().zip(&word[distance..]);
            pairs.map(move |(first, second)| Prefilter { first: *first, second: *second, distance, longest })
        });
        let is_common = |hint: &Prefilter| {
            let holds_it = |bytes: &[u8]| bytes[0] == hint.first && bytes[hint.distance] == hint.second;
            words.iter().all(|word| word.windows(hint.distance + 1).any(holds_it))
        };
        hints.find(is_common)
    }

    /// Parts of a text that may hold a word. Each word lies wholly in one of them.
    pub fn stretches(self, text: &[u8]) -> impl Iterator<Item = &[u8]> {
        let (blocks, _) = text.as_chunks::<BLOCK>();
        let (behind, _) = text.get(self.distance..).unwrap_or_default().as_chunks::<BLOCK>();
        let hinted =
            blocks.iter().zip(behind).enumerate().filter(move |(_, (block, behind))| self.is_in(block, behind));
        let starts = hinted.map(|(number, _)| number * BLOCK);
        let stretch = move |start: usize, end: usize| {
            &text[start.saturating_sub(self.longest)..text.len().min(end + self.longest)]
        };
        // The rest is shorter than two blocks.
        let rest = stretch(behind.len() * BLOCK, text.len());
        starts.map(move |start| stretch(start, start + BLOCK)).chain(std::iter::once(rest))
    }

    /// Whether a block holds the pair; `behind` is the block shifted by the distance. The loop has no branch for each byte, so that the
    /// compiler vectorises it.
    fn is_in(self, block: &[u8; BLOCK], behind: &[u8; BLOCK]) -> bool {
        let mut found = 0;
        for at in 0..BLOCK {
            found |= u8::from(block[at] == self.first) & u8::from(behind[at] == self.second);
        }
        found != 0
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORDS: [&[u8]; 2] = [b"vm_area_", b"mmap"];

    #[test]
    fn a_hint_is_what_all_words_hold() {
        let hint = Prefilter::of(&WORDS).expect("both hold it");
        assert_eq!((hint.first, hint.second, hint.distance), (b'm', b'a', 2));
        assert!(Prefilter::of(&[b"mmap", b"OPS"]).is_none());
        assert!(Prefilter::of(&[]).is_none() && Prefilter::of(&[b"a"]).is_none());
    }

    #[test]
    fn a_word_lies_wholly_in_a_stretch_wherever_it_stands() {
        let hint = Prefilter::of(&WORDS).expect("both hold it");
        for length in [4, BLOCK - 1, BLOCK, BLOCK + 1, 3 * BLOCK, 3 * BLOCK + 7] {
            for (word, at) in
                WORDS.iter().flat_map(|word| (0..=length.saturating_sub(word.len())).map(move |at| (word, at)))
            {
                let mut text = vec![b'x'; length.max(word.len())];
                text[at..at + word.len()].copy_from_slice(word);
                let holds_it = |stretch: &[u8]| stretch.windows(word.len()).any(|window| window == *word);
                assert!(hint.stretches(&text).any(holds_it), "{length} {at}");
            }
        }
        let without = vec![b'm'; 4 * BLOCK];
        assert_eq!(hint.stretches(&without).map(<[u8]>::len).sum::<usize>(), BLOCK + 8);
    }
}
