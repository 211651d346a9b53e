//! Finds words in kernel sources.

use std::ops::Range;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match, MatchKind};

use super::hint::Hint;
use crate::source::is_identifier_byte;

/// A search for several words.
#[derive(Debug)]
pub struct Search {
    /// Tells most texts that hold none of the words from the others, where the words have so much in common.
    hint: Option<Hint>,
    all: All,
}

/// A search for all words at once. The vector search is five times faster than the automaton, and takes only so many words.
#[derive(Debug)]
enum All {
    /// For some dozens of words.
    Packed(Searcher),
    /// For more.
    Automaton(AhoCorasick),
    /// More words than an automaton has states for, which are billions of bytes of words.
    TooMany,
}

impl Search {
    /// For words of which, at one place, the first in the list is found.
    pub fn new(needles: &[&[u8]]) -> Search {
        let automaton = || AhoCorasick::builder().match_kind(MatchKind::LeftmostFirst).build(needles);
        let all = match Searcher::new(needles) {
            Some(packed) => All::Packed(packed),
            None => automaton().map_or(All::TooMany, All::Automaton),
        };
        Search { hint: Hint::of(needles), all }
    }

    /// Whether a text holds any.
    pub fn any_in(&self, text: &[u8]) -> bool {
        match self.hint {
            Some(hint) => hint.stretches(text).any(|stretch| self.all.is_in(stretch)),
            None => self.all.is_in(text),
        }
    }

    /// Where words stand that do not overlap, first to last.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.all.matches(text).into_iter().map(|matched| matched.range())
    }

    /// The matches that are whole identifiers: the number of the word, and where it stands.
    pub fn identifiers(&self, text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| is_identifier_byte(*byte));
        let is_whole =
            move |matched: &Match| !is_part(text[..matched.start()].last()) && !is_part(text.get(matched.end()));
        self.all
            .matches(text)
            .into_iter()
            .filter(is_whole)
            .map(|matched| (matched.pattern().as_usize(), matched.start()))
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

    fn matches(&self, text: &[u8]) -> Vec<Match> {
        match self {
            All::Packed(packed) => packed.find_iter(text).collect(),
            All::Automaton(automaton) => automaton.find_iter(text).collect(),
            All::TooMany => Vec::new(),
        }
    }
}

/// Words in the order in which [`Search`] finds the longest of those that start alike.
pub fn longest_first(mut words: Vec<String>) -> Vec<String> {
    words.sort_by(|left, right| (right.len(), left).cmp(&(left.len(), right)));
    words.dedup();
    words
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
    fn of_names_that_start_alike_the_whole_one_is_found() {
        for count in [2, 500] {
            let names = longest_first((0..count).map(|number| format!("name{number}")).collect());
            let search = Search::new(&names.iter().map(String::as_bytes).collect::<Vec<_>>());
            assert_eq!(matches!(search.all, All::Packed(_)), count == 2);
            let found: Vec<&str> = search
                .identifiers(b"name1 xname1 name10 name1_ name11")
                .map(|(name, _)| names[name].as_str())
                .collect();
            assert_eq!(found, if count == 2 { vec!["name1"] } else { vec!["name1", "name10", "name11"] });
        }
    }
}
