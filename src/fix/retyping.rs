//! A hook that is being retyped, as those see it who rewrite its declaration and its callers.

use super::ground::Ground;
use crate::index::{Hook, ItemId};
use crate::rules::BridgeForm;
use crate::source::ast::Parameter;
use crate::source::find_word;

/// The field that a bridge takes back to what the hook leaves it.
pub(super) const PRIVATE: &[u8] = b"vm_private_data";

/// A hook that is retyped.
pub(super) struct Retyping<'p, 'a> {
    pub(super) ground: &'p Ground<'a>,
    pub(super) hook: &'p Hook,
    pub(super) form: &'p BridgeForm,
    pub(super) new_name: String,
    /// The struct.
    pub(super) record: ItemId,
    /// What the hook is handed.
    pub(super) parameters: Vec<Parameter>,
    pub(super) marks: Marks,
}

/// What tells that a text can mean the struct.
pub(super) struct Marks {
    pub(super) record: String,
    /// The name of the header that declares the struct.
    pub(super) header: String,
}

impl Marks {
    /// Whether a text names the struct, or the header that declares it.
    pub(super) fn are_in(&self, text: &[u8]) -> bool {
        find_word(text, self.record.as_bytes(), 0).is_some()
            || memchr::memmem::find_iter(text, self.header.as_bytes())
                .any(|at| matches!(text[..at].last(), Some(b'/' | b'"' | b'<')))
    }
}
