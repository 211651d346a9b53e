//! Finds any of several words in one pass.

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match};

use crate::source::is_identifier_byte;

/// A search for several words. The vector search is five times faster than the automaton, and takes only so many words.
#[derive(Debug)]
pub enum Search {
    Packed(Searcher),
    Automaton(AhoCorasick),
    /// There is nothing to search for, or neither can be built: everything is a match, and nothing is lost but time.
    Everything,
}

impl Search {
    /// For words of which, at one place, the first in the list is found.
    pub fn new(needles: &[&[u8]]) -> Search {
        match (Searcher::new(needles), AhoCorasick::new(needles)) {
            (Some(packed), _) => Search::Packed(packed),
            (None, Ok(automaton)) => Search::Automaton(automaton),
            (None, Err(_)) => Search::Everything,
        }
    }

    /// Whether a match, as the number of its word and its place, is accepted.
    pub fn any(&self, text: &[u8], accepts: impl Fn(usize, usize, usize) -> bool) -> bool {
        let accepts = |found: Match| accepts(found.pattern().as_usize(), found.start(), found.end());
        match self {
            Search::Packed(packed) => packed.find_iter(text).any(accepts),
            Search::Automaton(automaton) => automaton.find_iter(text).any(accepts),
            Search::Everything => true,
        }
    }

    /// The matches that are whole identifiers: the number of the word, and where it stands.
    pub fn identifiers(&self, text: &[u8]) -> Vec<(usize, usize)> {
        let mut found = Vec::new();
        let mut add = |matched: Match| {
            let before = matched.start().checked_sub(1).is_none_or(|before| !is_identifier_byte(text[before]));
            if before && text.get(matched.end()).is_none_or(|after| !is_identifier_byte(*after)) {
                found.push((matched.pattern().as_usize(), matched.start()));
            }
        };
        match self {
            Search::Packed(packed) => packed.find_iter(text).for_each(&mut add),
            Search::Automaton(automaton) => automaton.find_iter(text).for_each(&mut add),
            Search::Everything => {}
        }
        found
    }
}

/// Words in the order in which [`Search`] finds the longest of those that start alike.
pub fn longest_first(mut words: Vec<String>) -> Vec<String> {
    words.sort_by(|left, right| (right.len(), left).cmp(&(left.len(), right)));
    words.dedup();
    words
}
