//! A hook that is being retyped, shared by the code that rewrites its declaration and its callers.

use crate::fix::context::FixContext;
use crate::index::{Hook, ItemId, Scope};
use crate::rules::BridgeForm;
use crate::source::ast::{Expression, Parameter};
use crate::source::find_word;
use crate::vma::lower::Context;

/// VMA field that a bridge overwrites with the value that the hook leaves in its desc. The desc starts with the VMA's value where there may
/// be one.
pub(in crate::fix) const PRIVATE: &[u8] = b"vm_private_data";

/// A hook that is retyped.
pub(in crate::fix) struct Retyping<'p, 'a> {
    pub(in crate::fix) shared: &'p FixContext<'a>,
    pub(in crate::fix) hook: &'p Hook,
    pub(in crate::fix) form: &'p BridgeForm,
    pub(in crate::fix) new_name: String,
    /// Whether the old hook stays beside the new one.
    pub(in crate::fix) is_twin: bool,
    /// Whether the VMA may have private data before the hook is called, or implementers read them.
    pub(in crate::fix) has_private: bool,
    /// The struct that declares the hook.
    pub(in crate::fix) record: ItemId,
    /// The parameters of the hook.
    pub(in crate::fix) parameters: Vec<Parameter>,
    pub(in crate::fix) marks: RecordClues,
}

/// Names that show that a text may refer to the struct.
pub(in crate::fix) struct RecordClues {
    record: String,
    /// File name of the header that declares the struct.
    header: String,
}

impl RecordClues {
    /// The clues to a struct that a header declares; `header` is the path of the header in the tree.
    pub(in crate::fix) fn new(record: &str, header: &str) -> RecordClues {
        let name = header.rsplit('/').next().unwrap_or(header);
        RecordClues { record: record.to_owned(), header: name.to_owned() }
    }

    /// Whether an expression in a file has the struct's type, or may have it because its own type is not known.
    pub(in crate::fix) fn may_type(&self, context: Context, expression: &Expression, scope: &Scope, file: u32) -> bool {
        let ty = context.types.of(expression, scope, file);
        match ty.as_ref().and_then(|ty| ty.tag()) {
            Some(tag) => tag == self.record,
            None => self.are_in(&context.index.file(file).text),
        }
    }

    /// Whether a text names the struct, or the header that declares it.
    pub(in crate::fix) fn are_in(&self, text: &[u8]) -> bool {
        find_word(text, self.record.as_bytes(), 0).is_some()
            || memchr::memmem::find_iter(text, self.header.as_bytes())
                .any(|at| matches!(text[..at].last(), Some(b'/' | b'"' | b'<')))
    }
}
