//! Finds words in kernel sources.

use std::ops::Range;

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match, MatchKind};

use crate::source::is_identifier_byte;

/// A search for several words. The vector search is five times faster than the automaton, and takes only so many words.
#[derive(Debug)]
pub enum Search {
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
        match Searcher::new(needles) {
            Some(packed) => Search::Packed(packed),
            None => automaton().map_or(Search::TooMany, Search::Automaton),
        }
    }

    /// Whether a text holds any.
    pub fn any_in(&self, text: &[u8]) -> bool {
        match self {
            Search::Packed(packed) => packed.find(text).is_some(),
            Search::Automaton(automaton) => automaton.is_match(text),
            Search::TooMany => true,
        }
    }

    /// Where words stand that do not overlap, first to last.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = Range<usize>> {
        self.matches(text).into_iter().map(|matched| matched.range())
    }

    /// The matches that are whole identifiers: the number of the word, and where it stands.
    pub fn identifiers(&self, text: &[u8]) -> impl Iterator<Item = (usize, usize)> {
        let is_part = |byte: Option<&u8>| byte.is_some_and(|byte| is_identifier_byte(*byte));
        let is_whole =
            move |matched: &Match| !is_part(text[..matched.start()].last()) && !is_part(text.get(matched.end()));
        self.matches(text).into_iter().filter(is_whole).map(|matched| (matched.pattern().as_usize(), matched.start()))
    }

    fn matches(&self, text: &[u8]) -> Vec<Match> {
        match self {
            Search::Packed(packed) => packed.find_iter(text).collect(),
            Search::Automaton(automaton) => automaton.find_iter(text).collect(),
            Search::TooMany => Vec::new(),
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
    fn of_names_that_start_alike_the_whole_one_is_found() {
        for count in [2, 500] {
            let names = longest_first((0..count).map(|number| format!("name{number}")).collect());
            let search = Search::new(&names.iter().map(String::as_bytes).collect::<Vec<_>>());
            assert_eq!(matches!(search, Search::Packed(_)), count == 2);
            let found: Vec<&str> = search
                .identifiers(b"name1 xname1 name10 name1_ name11")
                .map(|(name, _)| names[name].as_str())
                .collect();
            assert_eq!(found, if count == 2 { vec!["name1"] } else { vec!["name1", "name10", "name11"] });
        }
    }
}
