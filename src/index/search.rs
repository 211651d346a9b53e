//! Finds words in kernel sources.

use aho_corasick::packed::Searcher;
use aho_corasick::{AhoCorasick, Match};
use memchr::memmem::Finder;

use crate::source::is_identifier_byte;

/// A quick look for a few needles.
#[derive(Debug)]
pub struct Needles {
    finders: Vec<Finder<'static>>,
}

impl Needles {
    /// A look for these.
    pub fn new<'n>(needles: impl IntoIterator<Item = &'n [u8]>) -> Needles {
        Needles { finders: needles.into_iter().map(|needle| Finder::new(needle).into_owned()).collect() }
    }

    /// How many bytes the longest has.
    pub fn longest(&self) -> usize {
        self.finders.iter().map(|finder| finder.needle().len()).max().unwrap_or(0)
    }

    /// Whether a text holds any.
    pub fn any_in(&self, text: &[u8]) -> bool {
        self.finders.iter().any(|finder| finder.find(text).is_some())
    }

    /// Where each needle stands, one needle after the other.
    pub fn places(&self, text: &[u8]) -> impl Iterator<Item = (&[u8], usize)> {
        self.finders.iter().flat_map(move |finder| finder.find_iter(text).map(|at| (finder.needle(), at)))
    }
}

/// A search for several words. The vector search is five times faster than the automaton, and takes only so many words.
#[derive(Debug)]
pub enum Search {
    Packed(Searcher),
    Automaton(AhoCorasick),
    /// More words than an automaton has states for, which are billions of bytes of words.
    TooMany,
}

impl Search {
    /// For words of which, at one place, the first in the list is found.
    pub fn new(needles: &[&[u8]]) -> Search {
        match (Searcher::new(needles), AhoCorasick::new(needles)) {
            (Some(packed), _) => Search::Packed(packed),
            (None, Ok(automaton)) => Search::Automaton(automaton),
            (None, Err(_)) => Search::TooMany,
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
            Search::TooMany => {}
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
