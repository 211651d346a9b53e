//! The text of a converted function while it is tidied. It is parsed once for all that look at it, and again only after it has changed.

use std::cell::OnceCell;

use crate::fix::text::edit::{Edit, edited};
use crate::source::ast::Function;
use crate::source::parse::{self, Parsed};

/// The text of one function.
pub(super) struct Draft<'n> {
    text: String,
    /// Name of the function.
    name: &'n str,
    parsed: OnceCell<Parsed<Vec<Function>>>,
}

impl<'n> Draft<'n> {
    pub(super) fn new(text: String, name: &'n str) -> Draft<'n> {
        Draft { text, name, parsed: OnceCell::new() }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    pub(super) fn into_text(self) -> String {
        self.text
    }

    /// The function; `None` if the text has no function of that name.
    pub(super) fn function(&self) -> Option<&Function> {
        self.parsed().syntax.iter().find(|function| function.name == self.name)
    }

    /// Whether the function parses without trouble.
    pub(super) fn parses(&self) -> bool {
        self.function().is_some() && self.parsed().trouble.is_none()
    }

    fn parsed(&self) -> &Parsed<Vec<Function>> {
        self.parsed.get_or_init(|| parse::in_first_variant(self.text.as_bytes(), 0))
    }

    /// The draft after edits; the same draft if there are none, or they overlap.
    pub(super) fn edited(self, edits: Vec<Edit>) -> Draft<'n> {
        if edits.is_empty() {
            return self;
        }
        match edited(self.text.as_bytes(), edits) {
            Ok(text) => Draft::new(text, self.name),
            Err(_) => self,
        }
    }
}
