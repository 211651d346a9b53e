//! Resolves the numbers in path items.

use rustc_hash::FxHashMap;

use super::PathItem;
use crate::vma::event::Event;
use crate::vma::flow::{Key, Shared};

/// Table of the numbers in path items: functions, and the call chains that lead to them.
#[derive(Debug, Default)]
pub struct EventTable {
    functions: Vec<(Key, Shared)>,
    numbers: FxHashMap<Key, u32>,
    /// Call chains: the outermost function, and the number of the remaining chain. Chain 0 is empty and not stored.
    vias: Vec<(String, u32)>,
    via_numbers: FxHashMap<(String, u32), u32>,
}

impl EventTable {
    /// The event of a path item.
    pub fn event(&self, item: &PathItem) -> &Event {
        &self.functions[item.function as usize].1.events[item.event as usize]
    }

    /// The file of a path item, by its number in the index.
    pub fn file(&self, item: &PathItem) -> u32 {
        self.functions[item.function as usize].0.id.file
    }

    /// The call chain of a path item, outermost function first.
    pub fn via(&self, item: &PathItem) -> Vec<String> {
        let mut names = Vec::new();
        let mut chain = item.via;
        while chain != 0 {
            let (name, rest) = &self.vias[chain as usize - 1];
            names.push(name.clone());
            chain = *rest;
        }
        names
    }

    /// The number of the call chain that consists of `name` and the chain `rest`.
    pub(super) fn chain(&mut self, name: &str, rest: u32) -> u32 {
        let link = (name.to_owned(), rest);
        if let Some(number) = self.via_numbers.get(&link) {
            return *number;
        }
        self.vias.push(link.clone());
        let number = self.vias.len() as u32;
        self.via_numbers.insert(link, number);
        number
    }

    /// The number of a function.
    pub(super) fn number(&mut self, key: &Key, lowered: &Shared) -> u32 {
        if let Some(number) = self.numbers.get(key) {
            return *number;
        }
        let number = self.functions.len() as u32;
        self.functions.push((key.clone(), lowered.clone()));
        self.numbers.insert(key.clone(), number);
        number
    }
}
