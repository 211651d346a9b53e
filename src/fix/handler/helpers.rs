//! The driver's own functions that get the VMA from a converted handler.

use super::HandlerConversion;
use crate::fix::text::edit::Edit;
use crate::fix::text::mentions::{Mention, documented, is_taken, mentions};
use crate::index::{ItemId, prepared};
use crate::rules::CallEffect;
use crate::source::{Span, find_word, identifiers};
use std::collections::{BTreeMap, BTreeSet};

impl HandlerConversion<'_, '_> {
    /// New names of the driver's own functions, by old name.
    pub(super) fn helper_names(&mut self) -> BTreeMap<String, String> {
        let index = self.shared.context.index;
        let mut names = BTreeMap::new();
        for id in self.candidate.helpers.clone() {
            let file = index.file(id.file);
            let name = file.name(index.item(id));
            let renamed = match (name.contains("mmap") && !name.contains("mmap_prepare"), self.is_only_ours(id, &name))
            {
                (true, _) => prepared(&name),
                (false, true) => name.clone(),
                (false, false) => format!("{name}_desc"),
            };
            if renamed != name && is_taken(file, &renamed) {
                self.refuse(format!("{} already has a {renamed}", file.path));
            }
            names.insert(name, renamed);
        }
        names
    }

    /// Whether only converted functions use a helper.
    pub(super) fn is_only_ours(&self, id: ItemId, name: &str) -> bool {
        let index = self.shared.context.index;
        let files = self.files_naming(name, !index.is_visible_elsewhere(id));
        files.into_iter().all(|file| {
            let code = self.shared.lookup.code(file);
            mentions(index.file(file), &code, name).into_iter().all(|(_, mention)| match mention {
                Mention::Code(Some(item)) => self.converted.contains(&ItemId { file, item: item as u32 }),
                Mention::Code(None) | Mention::Alias(_) | Mention::Export => false,
                Mention::Definition(_) | Mention::Prototype | Mention::Comment | Mention::Literal | Mention::Other => {
                    true
                }
            })
        })
    }

    /// Converts one of the driver's own functions: in place if all its users are converted, else as a copy beside it.
    pub(super) fn helper(&mut self, id: ItemId, helpers: &BTreeMap<String, String>) {
        let index = self.shared.context.index;
        let source = index.file(id.file);
        let item = index.item(id);
        let name = source.name(item);
        let Some(new_name) = helpers.get(&name).cloned() else { return };
        let code = self.shared.lookup.code(id.file);
        let conversion = self.conversion(id.file, &code, helpers);
        let is_ours = self.is_only_ours(id, &name);
        let done = conversion.function(item, &name, &new_name, false);
        self.check(id.file, &done.text, &new_name, item.name.start);
        self.check_macros(id.file, item, [Some(&done.vma), None]);
        self.open_points.extend(done.open_points.into_iter().map(|point| (id.file, point)));
        self.remarks.extend(done.remarks);
        let body = Span { start: item.body, end: item.span.end };
        if !is_ours && find_word(body.of(&code), b"static", 0).is_some() {
            return self.refuse(format!("{name} has other users and static variables, so it cannot be duplicated"));
        }
        if !is_ours {
            let at = item.span.end as usize;
            self.add(id.file, [Edit::new(at, at, format!("\n\n{}", done.text))]);
        } else {
            self.add(id.file, documented(source, item, &done.vma, None));
            self.add(id.file, [Edit { span: item.span, text: done.text }]);
        }
        for file in self.files_naming(&name, !index.is_visible_elsewhere(id)) {
            let code = self.shared.lookup.code(file);
            let conversion = self.conversion(file, &code, helpers);
            let other = index.file(file);
            for (at, mention) in mentions(other, &code, &name) {
                match mention {
                    Mention::Prototype if is_ours => match conversion.prototype(at, &name, &new_name, false) {
                        Some(edits) => self.add(file, edits),
                        None => self.refuse(format!("the prototype of {name} in {} could not be parsed", other.path)),
                    },
                    Mention::Prototype => {
                        self.refuse(format!("{name} has other users, and a copy needs a prototype in {}", other.path))
                    }
                    Mention::Comment if is_ours && new_name != name && !self.is_converted(file, at) => {
                        self.add(file, [Edit::new(at, at + name.len(), &new_name)]);
                    }
                    Mention::Export => self.refuse(format!("{name} is exported and may have other users")),
                    _ => {}
                }
            }
        }
    }

    /// Helpers that populate, directly or through other helpers.
    pub(super) fn populating(&self) -> BTreeSet<String> {
        let index = self.shared.context.index;
        let mut found: BTreeSet<String> = BTreeSet::new();
        // The longest call chain needs one round per helper.
        for _ in 0..=self.candidate.helpers.len() {
            for id in &self.candidate.helpers {
                let (file, item) = (index.file(id.file), index.item(*id));
                let code = self.shared.lookup.code(id.file);
                let body = Span { start: item.body, end: item.span.end };
                let mut called = identifiers(body.of(&code));
                let rules = self.shared.context.rules;
                let populates = |name: &str| rules.call(name).is_some_and(|rule| rule.does == CallEffect::Populate);
                if called.any(|name| populates(name) || found.contains(name)) {
                    found.insert(file.name(item));
                }
            }
        }
        found
    }
}
