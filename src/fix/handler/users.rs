//! The users of a function that converts: whether all of them convert too.

use std::collections::BTreeSet;

use super::HandlerConversion;
use super::over_new::is_stub;
use crate::fix::text::mentions::{Mention, mentions};
use crate::index::ItemId;
use crate::source::{ItemKind, begins_call};

impl HandlerConversion<'_, '_> {
    /// Whether only converted functions use a helper.
    pub(super) fn is_only_ours(&self, id: ItemId, name: &str) -> bool {
        self.is_only_used_by_ours(id, name, &mut BTreeSet::new())
    }

    /// Whether a function that converts has no old form that stays as it is. Functions in `seen` are being asked already.
    fn leaves(&self, id: ItemId, seen: &mut BTreeSet<ItemId>) -> bool {
        let index = self.shared.context.index;
        let is_handler = self.candidate.definitions.contains(&id) || self.round.handlers.contains(&id);
        is_handler
            || self.is_bridged(id)
            || !seen.insert(id)
            || self.is_only_used_by_ours(id, &index.file(id.file).name(index.item(id)), seen)
    }

    /// Whether a helper only reads the VMA.
    pub(super) fn is_reader(&self, id: ItemId) -> bool {
        self.candidate.readers.contains(&id)
            || (self.round.readers.contains(&id) && !self.candidate.helpers.contains(&id))
    }

    fn is_only_used_by_ours(&self, id: ItemId, name: &str, seen: &mut BTreeSet<ItemId>) -> bool {
        let index = self.shared.context.index;
        let files = self.files_naming(name, !index.is_visible_elsewhere(id));
        let is_handler = self.round.handlers.contains(&id);
        files.into_iter().all(|file| {
            let code = self.shared.lookup.code(file);
            if self.means_another(id, name, file) {
                return true;
            }
            mentions(index.file(file), &code, name).into_iter().all(|(at, mention)| match mention {
                // The handler's own conversion changes its tables.
                Mention::Code(item) if is_handler && self.is_in_table(name, file, item, at) => true,
                Mention::Code(Some(item)) => {
                    let user = ItemId { file, item: item as u32 };
                    let is_call = begins_call(&code[at + name.len()..]);
                    is_call && self.converted.contains(&user) && self.leaves(user, seen)
                }
                Mention::Alias(item) => is_stub(index.file(file), &index.file(file).items[item]),
                Mention::Definition(item) => {
                    let id = ItemId { file, item: item as u32 };
                    self.converted.contains(&id) || !index.is_visible_elsewhere(id)
                }
                Mention::Code(None) => false,
                // `symbol_get("f")` and the like find it by its name.
                Mention::Literal => !is_whole_literal(&index.file(file).text, at, name),
                Mention::Export | Mention::Prototype | Mention::Comment | Mention::Other => true,
            })
        })
    }

    /// Whether a name means a function of the file's own there.
    pub(super) fn means_another(&self, id: ItemId, name: &str, file: u32) -> bool {
        let source = self.shared.context.index.file(file);
        let mut own = source.named(ItemKind::Function, name).map(|item| ItemId { file, item }).peekable();
        let is_other = |own: ItemId| {
            own != id && !self.candidate.helpers.contains(&own) && !self.shared.context.index.is_visible_elsewhere(own)
        };
        own.peek().is_some() && own.all(is_other)
    }

    /// Whether a place names a handler in a table, or in a macro, which makes tables.
    fn is_in_table(&self, name: &str, file: u32, item: Option<usize>, at: usize) -> bool {
        let source = self.shared.context.index.file(file);
        item.is_some_and(|item| source.items[item].kind == ItemKind::Macro)
            || self.shared.is_registration_of(name, file, at)
    }
}

/// Whether a string literal consists of a name.
fn is_whole_literal(text: &[u8], at: usize, name: &str) -> bool {
    text[..at].ends_with(b"\"") && text[at + name.len()..].starts_with(b"\"")
}
