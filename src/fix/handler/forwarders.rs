//! Macros of headers that pass the VMA on to a function with a twin: `#define map_all(d, vma) map_part(d, vma, 0)`. They get twins too.

use super::HandlerConversion;
use super::helpers::renamed;
use crate::fix::rewrite::function::Helpers;
use crate::fix::text::edit::{Edit, edited};
use crate::fix::text::mentions::{Mention, mentions};
use crate::index::ItemId;
use crate::source::macros::{call_arguments, definition};
use crate::source::{ItemKind, identifier_end, words};

/// A macro whose body is a call of a helper.
pub(super) struct Forwarder {
    pub(super) id: ItemId,
    /// Its name.
    pub(super) name: String,
    /// The name of its twin.
    pub(super) twin: String,
    /// The function that it calls.
    pub(super) helper: String,
    /// Its parameter that is the VMA.
    vma: String,
}

impl HandlerConversion<'_, '_> {
    /// The macros by which the handler's functions reach the helpers that stay.
    pub(super) fn forwarders_to(&self, helpers: &Helpers) -> Vec<Forwarder> {
        let index = self.shared.context.index;
        let mut found: Vec<Forwarder> = Vec::new();
        for id in &self.staying {
            let helper = index.file(id.file).name(index.item(*id));
            let Some(position) = self.parameter_to(*id, "vm_area_struct").filter(|_| helpers.contains_key(&helper))
            else {
                continue;
            };
            for file in self.files_naming(&helper, !index.is_visible_elsewhere(*id)) {
                let source = index.file(file);
                if !source.is_header() {
                    continue;
                }
                for (_, mention) in mentions(source, &self.shared.lookup.code(file), &helper) {
                    let Mention::Code(Some(item)) = mention else { continue };
                    let id = ItemId { file, item: item as u32 };
                    let is_new = !found.iter().any(|known| known.id == id);
                    if let Some(one) = self.forwarder(id, &helper, position).filter(|_| is_new) {
                        found.push(one);
                    }
                }
            }
        }
        found.sort_by_key(|forwarder| forwarder.id);
        found
    }

    /// A macro that is a call of a helper, if the handler's functions use it.
    fn forwarder(&self, id: ItemId, helper: &str, position: usize) -> Option<Forwarder> {
        let index = self.shared.context.index;
        let (source, item) = (index.file(id.file), index.item(id));
        let name = source.name(item);
        let macro_ = definition(&source.text, item.span, item.name.end);
        let is_blank = |byte: &u8| byte.is_ascii_whitespace() || *byte == b'\\';
        let body = macro_.body.of(&source.text).trim_ascii_end();
        let body = &body[body.iter().take_while(|byte| is_blank(byte)).count()..];
        let open = identifier_end(body, 0);
        let (arguments, end) = call_arguments(body, open).filter(|_| &body[..open] == helper.as_bytes())?;
        let vma = String::from_utf8_lossy(arguments.get(position)?.trim_ascii()).into_owned();
        let parameters = macro_.parameters?;
        // Other arguments that are made from the VMA would need to be rewritten.
        let once = |word: &str| words(body, word.as_bytes()).count() == 1;
        let is_parameter = parameters.contains(&vma)
            && once(&vma)
            && once(helper)
            && !body.contains(&b'"')
            && (vma == "desc" || !parameters.iter().any(|name| name == "desc"));
        let mut own = self.candidate.definitions.iter().chain(&self.candidate.helpers);
        let is_used = item.kind == ItemKind::Macro
            && end == body.len()
            && is_parameter
            && own.any(|user| self.calls(*user, &name));
        let twin = renamed(self.shared.rewrite, &name, false, false);
        is_used.then(|| Forwarder { id, name, twin, helper: helper.to_owned(), vma })
    }

    /// Adds the twins of the macros that call a helper.
    pub(super) fn add_forwarders(&mut self, helper: &str, new_helper: &str) {
        let index = self.shared.context.index;
        let mut edits = Vec::new();
        for forwarder in self.forwarders.iter().filter(|forwarder| forwarder.helper == helper) {
            let (file, span) = (index.file(forwarder.id.file), index.item(forwarder.id).span);
            let vma = if forwarder.vma == "vma" { "desc" } else { &forwarder.vma };
            let text = span.of(&file.text).trim_ascii_end();
            let end = span.start as usize + text.len();
            let renamed = [(&*forwarder.name, &*forwarder.twin), (helper, new_helper), (&forwarder.vma, vma)];
            let each = |(old, new): (&str, &str)| {
                words(text, old.as_bytes()).map(|at| Edit::new(at, at + old.len(), new)).collect::<Vec<_>>()
            };
            let Ok(text) = edited(text, renamed.into_iter().flat_map(each).collect()) else { continue };
            edits.push((forwarder.id.file, Edit::new(end, end, format!("\n{text}"))));
        }
        for (file, edit) in edits {
            self.add(file, [edit]);
        }
    }
}
