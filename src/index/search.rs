//! Searches for words in kernel sources.

use std::ops::Range;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, MatchKind};
use memchr::memmem;
use rustc_hash::{FxHashMap, FxHashSet};

use super::prefilter::Prefilter;
use crate::source::{identifier_end, identifier_start};

/// A search for several words.
#[derive(Debug)]
pub struct Search {
    /// Prefilter that rejects most texts without any word, if the words share a byte pair.
    hint: Option<Prefilter>,
    all: All,
    /// Length of the longest word in bytes.
    longest: usize,
}

/// A search for all words at once. The vector search is five times faster than the automaton, but takes only a limited number of words.
#[derive(Debug)]
enum All {
    /// For a few dozen words.
    Packed(Searcher),
    /// For more words.
    Automaton(AhoCorasick),
    /// More words than an automaton has states for, which are billions of bytes of words.
    TooMany,
}

impl Search {
    /// Search for words. If several match at one place, the first in the list is found.
    pub fn new(needles: &[&[u8]]) -> Search {
        let automaton = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles);
        let all = match Searcher::new(needles) {
            Some(packed) => All::Packed(packed),
            None => automaton().map_or(All::TooMany, All::Automaton),
        };
        let longest = needles.iter().map(|needle| needle.len()).max().unwrap_or_default();
        Search { hint: Prefilter::of(needles), all, longest }
    }

    /// Length of the longest word in bytes.
    pub fn longest(&self) -> usize {
        self.longest
    }

    /// Whether a text holds any word.
    pub fn any_in(&self, text: &[u8]) -> bool {
        match self.hint {
            Some(hint) => hint.stretches(text).any(|stretch| self.all.is_in(stretch)),
            None => self.all.is_in(text),
        }
    }

    /// Places of matches that do not overlap, in order.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.all.places(text).into_iter()
    }
}

impl All {
    fn is_in(&self, text: &[u8]) -> bool {
        match self {
            All::Packed(packed) => packed.find(text).is_some(),
            All::Automaton(automaton) => automaton.is_match(text),
            All::TooMany => true,
        }
    }

    fn places(&self, text: &[u8]) -> Vec<Range<usize>> {
        match self {
            All::Packed(packed) => packed.find_iter(text).map(|found| found.range()).collect(),
            All::Automaton(automaton) => automaton.find_iter(text).map(|found| found.range()).collect(),
            All::TooMany => Vec::new(),
        }
    }
}

/// A search for names as whole identifiers.
#[derive(Debug)]
pub struct Identifiers {
    /// Parts of the names; each name holds one.
    parts: Search,
    names: FxHashSet<String>,
}

impl Identifiers {
    /// Search for identifiers with these names.
    pub fn new(names: FxHashSet<String>) -> Identifiers {
        let words: Vec<&[u8]> = names.iter().map(String::as_bytes).filter(|name| !name.is_empty()).collect();
        Identifiers { parts: Search::new(&shared_parts(words)), names }
    }

    /// Whether a text may hold any name.
    pub fn may_be_in(&self, text: &[u8]) -> bool {
        self.parts.any_in(text)
    }

    /// Names in a text with their offsets, in order.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = (&str, usize)> {
        let mut behind = 0;
        self.parts.places(text).filter_map(move |part| {
            if part.start < behind {
                return None;
            }
            let start = identifier_start(text, part.start);
            behind = identifier_end(text, part.end);
            let name = std::str::from_utf8(&text[start..behind]).ok()?;
            Some((self.names.get(name)?.as_str(), start))
        })
    }
}

/// Minimum length in bytes of a word part, unless the word is shorter.
const SHORTEST: usize = 3;
/// Maximum length in bytes of a word part.
const LONGEST: usize = 6;

/// Number of parts that can be searched for at once.
const FEW: usize = 32;

/// Parts of words such that each word holds one. The first is the longest that most words share, the next that of most of the rest. One
/// rare part is found much faster than many words, so a second look at its matches costs nothing.
pub fn shared_parts(mut words: Vec<&[u8]>) -> Vec<&[u8]> {
    let mut parts = Vec::new();
    while !words.is_empty() && parts.len() < FEW {
        let mut counts: FxHashMap<&[u8], usize> = FxHashMap::default();
        for word in &words {
            for length in SHORTEST.min(word.len())..=LONGEST.min(word.len()) {
                word.windows(length).for_each(|part| *counts.entry(part).or_default() += 1);
            }
        }
        let Some((part, _)) = counts.into_iter().max_by_key(|(part, count)| (*count, part.len(), *part)) else { break };
        words.retain(|word| memmem::find(word, part).is_none());
        parts.push(part);
    }
    // Words that have little in common are their own parts.
    parts.extend(words);
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_words_are_found_as_many_are() {
        for words in [&[b"vm_area_".as_slice(), b"mmap"][..], &[b"vm_area_", b"mmap", b"OPS"]] {
            let search = Search::new(words);
            assert!(search.any_in(b"int vm_area_x;") && search.any_in(b".mmap = f") && !search.any_in(b"int vm_are;"));
            let places: Vec<_> = search.places(b"mmap, vm_area_").collect();
            assert_eq!(places, [0..4, 6..14]);
        }
        assert!(!Search::new(&[]).any_in(b"mmap"));
    }

    #[test]
    fn names_are_found_as_whole_identifiers() {
        for count in [2, 500] {
            let names = Identifiers::new((0..count).map(|number| format!("name{number}")).collect());
            let found: Vec<_> = names.places(b"name1 xname1 name10(name1_ name11").collect();
            let expected = [("name1", 0), ("name10", 13), ("name11", 27)];
            assert_eq!(found, expected[..if count == 2 { 1 } else { 3 }]);
        }
        let unlike: FxHashSet<String> =
            (0..200u8).map(|number| format!("{:08b}x", number).replace('0', "y").replace('1', "_z")).collect();
        let all: Vec<String> = unlike.iter().cloned().collect();
        let text = all.join(" ");
        assert_eq!(Identifiers::new(unlike).places(text.as_bytes()).count(), all.len());
        assert_eq!(Identifiers::new(FxHashSet::default()).places(b"name1").count(), 0);
    }

    #[test]
    fn each_word_holds_a_part() {
        assert_eq!(shared_parts(vec![b"FB_OPS", b"DRM_FOPS", b"mm"]), [b"OPS".as_slice(), b"mm"]);
        let words: Vec<String> =
            (0..100u8).map(|number| [number, number + 1, number + 2].map(char::from).iter().collect()).collect();
        let words: Vec<&[u8]> = words.iter().map(String::as_bytes).collect();
        let parts = shared_parts(words.clone());
        assert!(words.iter().all(|word| parts.iter().any(|part| memmem::find(word, part).is_some())));
    }
}
