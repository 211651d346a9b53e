//! Named children of a node, looked up by cached field numbers. The parser would compare a field's name with those of all fields.

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
    /// The first child with this field name.
    fn field(&self, name: &str) -> Option<Node<'t>>;
}

impl<'t> Fields<'t> for Node<'t> {
    fn field(&self, name: &str) -> Option<Node<'t>> {
        self.child_by_field_id(*NUMBERS.get(name)?)
    }
}
