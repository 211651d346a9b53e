//! The functions that get the VMA from a converted handler: the driver's own, and those of other modules.

use super::HandlerConversion;
use super::over_new::Kept;
use crate::fix::hooks::twin::named_before;
use crate::fix::rewrite::function::{DescHelper, Helpers};
use crate::fix::text::edit::Edit;
use crate::fix::text::mentions::{Mention, documented, inserted_above, mentions};
use crate::index::ItemId;
use crate::rules::{Rewrite, prepared_function};
use crate::source::{Span, find_word, identifiers};
use std::collections::{BTreeMap, BTreeSet};

impl HandlerConversion<'_, '_> {
    /// What replaces the functions that get the VMA from the handler, by old name.
    pub(super) fn helper_names(&mut self) -> Helpers {
        let index = self.shared.context.index;
        let mut names = Helpers::new();
        for id in self.candidate.helpers.clone() {
            let file = index.file(id.file);
            let name = file.name(index.item(id));
            let is_ours = self.is_only_ours(id, &name);
            if !is_ours {
                self.staying.insert(id);
            }
            let renamed = renamed(self.shared.rewrite, &name, is_ours, self.is_reader(id));
            let naming = self.files_naming(&name, !index.is_visible_elsewhere(id)).into_iter();
            let taken = std::iter::once(file).chain(naming.map(|file| index.file(file)));
            if renamed != name
                && let Some(taken) = taken.into_iter().find_map(|file| self.shared.file_with(&renamed, file))
            {
                self.refuse(format!("{} already has a {renamed}", taken.path));
            }
            let is_named =
                |other: &ItemId| other.file != id.file && index.file(other.file).name(index.item(*other)) == name;
            if !index.is_visible_elsewhere(id) && self.candidate.helpers.iter().any(is_named) {
                self.refuse(format!("it leads to several functions called {name}"));
            }
            let without_file = if self.shared.is_registered(id) { self.parameter_to(id, "file") } else { None };
            names.insert(name, DescHelper { name: renamed, without_file, old_stays: !is_ours });
        }
        // The function by which Rust code reaches an inline one.
        let name = &self.candidate.fix.name;
        if self.candidate.helpers.iter().any(|id| index.file(id.file).name(index.item(*id)) == rust_helper(name)) {
            let new = DescHelper { name: self.candidate.fix.new_name.clone(), without_file: None, old_stays: false };
            names.insert(name.clone(), new);
        }
        let forwarders = self.forwarders_to(&names);
        for forwarder in &forwarders {
            if let Some(taken) = self.shared.file_with(&forwarder.twin, index.file(forwarder.id.file)) {
                self.refuse(format!("{} already has a {}", taken.path, forwarder.twin));
            }
            let helper = DescHelper { name: forwarder.twin.clone(), without_file: None, old_stays: true };
            names.insert(forwarder.name.clone(), helper);
        }
        self.forwarders = forwarders;
        names
    }

    /// Position of the first parameter of a function that points to a struct.
    pub(super) fn parameter_to(&self, id: ItemId, tag: &str) -> Option<usize> {
        let function = self.shared.context.function(id);
        function.variants.first()?.parameters.iter().position(|parameter| parameter.ty.points_to(tag))
    }

    /// Converts one of the functions that get the VMA: in place if all its users convert, else as a twin beside it.
    pub(super) fn helper(&mut self, id: ItemId, helpers: &Helpers) {
        let index = self.shared.context.index;
        let name = index.file(id.file).name(index.item(id));
        let Some(DescHelper { name: new_name, .. }) = helpers.get(&name) else { return };
        let is_handler = self.shared.is_registered(id);
        if self.is_foreign(id) {
            self.out.twins.insert((id, new_name.clone()));
        }
        if !self.staying.contains(&id) {
            return self.helper_in_place(id, &name, new_name, is_handler, helpers);
        }
        let is_bridged = self.is_bridged(id);
        let (first, second) = self.names_of(id, &name, new_name);
        if !is_bridged && self.has_static_variables(id) {
            return self.refuse(format!("{name} has other users and static variables, so it cannot be duplicated"));
        }
        let kept = Kept { name: &name, new_name: &first, second: second.as_deref(), is_handler, is_bridged };
        for file in self.files_naming(&name, !index.is_visible_elsewhere(id)) {
            let source = index.file(file);
            let code = self.shared.lookup.code(file);
            let is_its = |(_, mention): &(usize, Mention)| match mention {
                // Each definition has a run of its own.
                Mention::Definition(item) => id == ItemId { file, item: *item as u32 } || self.is_unknown(file, *item),
                _ => true,
            };
            let all = mentions(source, &code, &name);
            let exports = all.iter().any(|(_, mention)| *mention == Mention::Export);
            let defines = all.iter().filter(|(_, mention)| matches!(mention, Mention::Definition(_))).count();
            if exports && defines != 1 {
                return self.refuse(format!("{} exports {name} away from its only definition", source.path));
            }
            let all: Vec<_> = all.into_iter().filter(is_its).collect();
            if self.means_another(id, &name, file) {
                continue;
            }
            let conversion = self.conversion(file, &code, helpers);
            self.add_beside_old(file, &kept, all, &conversion);
        }
        self.add_forwarders(&name, new_name);
    }

    /// Whether an item is a function for all files that does not convert.
    fn is_unknown(&self, file: u32, item: usize) -> bool {
        let id = ItemId { file, item: item as u32 };
        !self.converted.contains(&id) && self.shared.context.index.is_visible_elsewhere(id)
    }

    fn has_static_variables(&self, id: ItemId) -> bool {
        let item = self.shared.context.index.item(id);
        let code = self.shared.lookup.code(id.file);
        find_word(Span { start: item.body, end: item.span.end }.of(&code), b"static", 0).is_some()
    }

    /// Retypes a function, all of whose users convert.
    fn helper_in_place(&mut self, id: ItemId, name: &str, new_name: &str, is_handler: bool, helpers: &Helpers) {
        let index = self.shared.context.index;
        let source = index.file(id.file);
        let item = index.item(id);
        let code = self.shared.lookup.code(id.file);
        let conversion = self.conversion(id.file, &code, helpers);
        let done = conversion.function(item, name, new_name, is_handler);
        if self.has_no_text(id.file, &done) {
            return;
        }
        self.check_macros(id.file, item, [Some(&done.vma), done.dropped.as_ref()]);
        self.out.open_points.extend(done.open_points.into_iter().map(|point| (id.file, point)));
        self.out.remarks.extend(done.remarks);
        self.add(id.file, documented(source, item, &done.vma, done.dropped.as_deref()));
        self.add(id.file, inserted_above(source, item, &done.above));
        self.out.halves.extend(done.halves.map(|halves| (id.file, halves)));
        self.add(id.file, [Edit { span: item.span, text: done.text }]);
        if self.is_foreign(id) {
            let becomes = if name == new_name { String::new() } else { format!("becomes {new_name}(), and ") };
            self.out.remarks.insert(format!("{name}() {becomes}takes a descriptor now, as all its callers have one"));
        }
        // The conversion of a file callback that is split names both halves.
        let is_split = self.shared.is_late() && self.shared.is_file_callback(id);
        let naming = self.files_naming(name, !index.is_visible_elsewhere(id));
        for file in naming.into_iter().filter(|_| !is_split) {
            if self.means_another(id, name, file) {
                continue;
            }
            let code = self.shared.lookup.code(file);
            let conversion = self.conversion(file, &code, helpers);
            let other = index.file(file);
            for (at, mention) in mentions(other, &code, name) {
                match mention {
                    Mention::Prototype => match conversion.prototype(at, name, new_name, is_handler) {
                        Some(edits) => {
                            self.add(file, named_before(other, &code));
                            let start = other.item_at(at as u32).map(|item| &other.items[item as usize]);
                            self.add(
                                file,
                                start
                                    .into_iter()
                                    .flat_map(|item| documented(other, item, &done.vma, done.dropped.as_deref())),
                            );
                            self.add(file, edits);
                        }
                        None => self.refuse(format!("the prototype of {name} in {} could not be parsed", other.path)),
                    },
                    Mention::Comment if new_name != name && !self.is_converted(file, at) => {
                        self.add(file, [Edit::new(at, at + name.len(), new_name)]);
                    }
                    Mention::Alias(_) if new_name != name => {
                        self.add(file, [Edit::new(at, at + name.len(), new_name)]);
                    }
                    Mention::Export => {
                        if new_name != name {
                            self.add(file, [Edit::new(at, at + name.len(), new_name)]);
                        }
                        self.out.remarks.insert(format!(
                            "{name}() was exported: modules outside the tree that call it have to call {new_name}(), with a descriptor"
                        ));
                    }
                    _ => {}
                }
            }
        }
    }

    /// The new name of a helper, and that of its second half: it is a file callback too, and split in two.
    fn names_of(&self, id: ItemId, name: &str, new_name: &str) -> (String, Option<String>) {
        match self.shared.is_late() && self.shared.is_file_callback(id) {
            true => (prepared_function(name), Some(new_name.to_owned())),
            false => (new_name.to_owned(), None),
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
                let of_hooks = self.candidate.dispatches.get(id).into_iter().flat_map(BTreeMap::values);
                let by_hook = of_hooks.into_iter().any(|dispatched| dispatched.populates);
                if by_hook || called.any(|name| rules.populates(name) || found.contains(name)) {
                    let name = file.name(item);
                    let forwarders = self.forwarders.iter().filter(|forwarder| forwarder.helper == name);
                    found.extend(forwarders.map(|forwarder| forwarder.name.clone()));
                    found.insert(name);
                }
            }
        }
        found
    }
}

/// Name of the function in rust/helpers by which Rust code reaches an inline function.
pub(in crate::fix) fn rust_helper(name: &str) -> String {
    format!("rust_helper_{name}")
}

/// Name of a function after it is retyped in place, or of its twin.
pub(super) fn renamed(rewrite: &Rewrite, name: &str, is_in_place: bool, is_reader: bool) -> String {
    if name.ends_with("mmap") {
        return rewrite.renamed(name);
    }
    let parts: Vec<&str> = name.split('_').map(|part| if part == "vma" { "desc" } else { part }).collect();
    match parts.join("_") {
        other if other != name => other,
        same if is_in_place => same,
        same if is_reader => format!("{same}_desc"),
        same => format!("{same}{}", rewrite.suffix()),
    }
}
