//! The named children of a node. The parser compares a field's name with those of all fields; their numbers are kept here instead.

use std::sync::LazyLock;

use rustc_hash::FxHashMap;
use tree_sitter::{Language, Node};

/// The grammar.
pub static LANGUAGE: LazyLock<Language> = LazyLock::new(|| tree_sitter_c::LANGUAGE.into());

static NUMBERS: LazyLock<FxHashMap<&str, u16>> = LazyLock::new(|| {
    let numbers = 1..=LANGUAGE.field_count() as u16;
    numbers.filter_map(|number| Some((LANGUAGE.field_name_for_id(number)?, number))).collect()
});

/// A node whose children have names.
pub trait Fields<'t> {
    /// The first child of a name.
    fn field(&self, name: &str) -> Option<Node<'t>>;
}

impl<'t> Fields<'t> for Node<'t> {
    fn field(&self, name: &str) -> Option<Node<'t>> {
        self.child_by_field_id(*NUMBERS.get(name)?)
    }
}
