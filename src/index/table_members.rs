//! The functions that tables name: in their initialisers, and elsewhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{Index, ItemId, SourceFile};
use crate::kernel::Layer;
use crate::source::{
    Item, ItemKind, begins_assignment, begins_call, find_word, identifier_before, identifier_end, identifiers, words,
};

/// Value of a member in a table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMember {
    /// File of the table. The function may be visible only there.
    pub file: u32,
    /// Name of the function.
    pub name: String,
}

impl Index {
    /// The functions that the initialiser of the variable `table`, as `near` sees it, names, by member.
    pub fn table_members(&self, table: &str, near: u32) -> Option<BTreeMap<String, String>> {
        let members =
            || self.variables_near(table, near).map(|(file, item)| self.file(file).named_members(item, table));
        // A declaration without an initialiser says nothing; an initialiser may be empty.
        let named = members().find(|members| !members.functions.is_empty());
        let mut named = named.or_else(|| members().find(|members| members.is_whole))?.functions.clone();
        named.retain(|_, name| name != "NULL");
        Some(named)
    }

    /// Name that the initialiser of the variable `table`, as `near` sees it, gives `member`.
    pub fn table_member(&self, table: &str, member: &str, near: u32) -> Option<TableMember> {
        self.variables_near(table, near).find_map(|(file, item)| {
            let source = self.file(file);
            // Most tables lack the member; a word search shows that.
            find_word(source.items[item as usize].span.of(&source.text), member.as_bytes(), 0)?;
            let name = source.named_members(item, table).functions.get(member)?.clone();
            Some(TableMember { file, name })
        })
    }

    /// The variables of a name, as `near` sees them: those of its own file come first.
    fn variables_near(&self, name: &str, near: u32) -> impl Iterator<Item = (u32, u32)> {
        std::iter::once(near)
            .chain(self.neighbours(near))
            .filter_map(move |number| Some((number, self.file(number).named(ItemKind::Variable, name).next()?)))
    }

    /// Whether the initialiser of a table, as `near` sees it, has all of its members. Others are set at run time, or by a macro. A table of
    /// another driver counts as whole.
    pub fn is_whole_table(&self, table: &str, near: u32) -> bool {
        let Some((file, item)) = self.variables_near(table, near).next() else {
            return !self.driver_items(near).any(|(source, item)| makes_table(source, item, table));
        };
        let source = self.file(file);
        let head = source.items[item as usize].head().of(&source.text);
        let is_constant = find_word(head, b"const", 0).is_some();
        source.named_members(item, table).is_whole && (is_constant || !sets_member(&source.text, table))
    }

    /// Whether the driver of `near` declares a table that nothing in the tree defines. The headers of a kernel below a module need no
    /// definition.
    pub fn lacks_table(&self, table: &str, near: u32) -> bool {
        let declares = |text: &[u8]| text.starts_with(b"extern") && find_word(text, table.as_bytes(), 0).is_some();
        let is_defined = |file: &Arc<SourceFile>| file.named(ItemKind::Variable, table).next().is_some();
        let is_kernels = |file: &Arc<SourceFile>| {
            file.layer == Layer::Kernel && file.is_header() && find_word(&file.text, table.as_bytes(), 0).is_some()
        };
        self.driver_items(near).any(|(source, item)| declares(item.span.of(&source.text)))
            && !self.driver_items(near).any(|(source, item)| makes_table(source, item, table))
            && !self.files().iter().any(|file| is_defined(file) || is_kernels(file))
    }

    /// Functions of the driver of `near` that a table of `vm_ops` may have as `close`, if it is not known which table that is: they get a
    /// VMA, return nothing, and are named in a place that does not say which member they are.
    pub fn possible_closes(&self, near: u32) -> Vec<ItemId> {
        let mut found = Vec::new();
        for file in self.neighbours(near) {
            let source = self.file(file);
            let functions = (0u32..).zip(&source.items).filter(|(_, item)| item.kind == ItemKind::Function);
            for (number, item) in functions.filter(|(_, item)| is_vm_hook(item.head().of(&source.text))) {
                let name = item.name.of(&source.text);
                let mut users = self.neighbours(near).filter(|user| *user == file || !is_static(source, item));
                if users.any(|user| self.may_close(user, name)) {
                    found.push(ItemId { file, item: number });
                }
            }
        }
        found
    }

    /// Whether a file gives a function to a table that is not installed by its name.
    fn may_close(&self, file: u32, function: &[u8]) -> bool {
        let source = self.file(file);
        words(&source.text, function).any(|at| {
            let before = source.text[..at].trim_ascii_end();
            if begins_call(&source.text[at + function.len()..])
                || is_of_other_member(before)
                || source.is_in_comment(at)
            {
                return false;
            }
            let table =
                source.item_at(at as u32).filter(|item| source.items[*item as usize].kind == ItemKind::Variable);
            table.is_none_or(|item| {
                let name = source.name(&source.items[item as usize]);
                !source.named_members(item, &name).is_whole || !is_installed_by_name(source, name.as_bytes())
            })
        })
    }

    /// Functions of the driver that the initialiser of a variable, as `near` sees it, names.
    pub fn functions_in(&self, variable: &str, near: u32) -> Vec<ItemId> {
        let mut found = Vec::new();
        for file in self.neighbours(near) {
            let source = self.file(file);
            // The name stands anywhere in the head of an array of functions: `static void (*const steps[])(struct lamp *) = { ... }`.
            let is_it = |item: &&Item| {
                item.kind == ItemKind::Variable
                    && find_word(item.head().of(&source.text), variable.as_bytes(), 0).is_some()
            };
            for item in source.items.iter().filter(is_it) {
                let ids = identifiers(item.span.of(&source.text)).flat_map(|name| self.functions(name, file));
                found.extend(ids.filter(|id| self.same_driver(file, *id)));
            }
        }
        found.sort();
        found.dedup();
        found
    }

    /// Functions that code of the driver of `near` gives to a member, in tables of the struct `tag`, or of any struct if it is not known.
    pub fn given_to(&self, member: &str, tag: impl Fn() -> Option<String>, near: u32) -> Vec<ItemId> {
        let mut found = Vec::new();
        for file in self.neighbours(near) {
            let source = self.file(file);
            for (at, name) in given(&source.text, member) {
                let ids = self.functions(name, file);
                let is_of_struct = || match source.item_at(at as u32).map(|item| &source.items[item as usize]) {
                    Some(item) if item.kind == ItemKind::Variable => {
                        let head = item.head().of(&source.text);
                        tag().is_none_or(|tag| find_word(head, tag.as_bytes(), 0).is_some())
                    }
                    _ => true,
                };
                if !ids.is_empty() && is_of_struct() && !source.is_in_comment(at) {
                    found.extend(ids.into_iter().filter(|id| self.same_driver(file, *id)));
                }
            }
        }
        found.sort();
        found.dedup();
        found
    }

    fn driver_items(&self, near: u32) -> impl Iterator<Item = (&SourceFile, &Item)> {
        self.neighbours(near)
            .map(|file| self.file(file))
            .flat_map(|source| source.items.iter().map(move |item| (source, item)))
    }
}

/// Places where a text gives a member a value that is a name, and the names: `.get = lamp_get`, `lamp->ops.get = lamp_get`.
fn given<'t>(text: &'t [u8], member: &'t str) -> impl Iterator<Item = (usize, &'t str)> {
    words(text, member.as_bytes()).filter_map(move |at| {
        let before = text[..at].trim_ascii_end();
        let value = text[at + member.len()..].trim_ascii_start().strip_prefix(b"=")?.trim_ascii_start();
        let value = value.strip_prefix(b"&").unwrap_or(value).trim_ascii_start();
        let end = identifier_end(value, 0);
        let is_whole = matches!(value[end..].trim_ascii_start().first(), Some(b',' | b';' | b'}'));
        let is_member = before.ends_with(b".") || before.ends_with(b"->");
        let name = std::str::from_utf8(&value[..end]).ok()?;
        (is_member && is_whole && !name.is_empty()).then_some((at, name))
    })
}

/// Whether an item makes a table without an initialiser that can be read: a call of a macro, or a plain declaration.
fn makes_table(source: &SourceFile, item: &Item, table: &str) -> bool {
    let text = item.span.of(&source.text);
    matches!(item.kind, ItemKind::Other | ItemKind::Macro)
        && !text.starts_with(b"extern")
        && find_word(text, table.as_bytes(), 0).is_some()
}

/// Whether a text sets a member of a table: `lamp_vm_ops.close = lamp_close`.
fn sets_member(text: &[u8], table: &str) -> bool {
    words(text, table.as_bytes()).any(|at| {
        let end = at + table.len();
        text.get(end) == Some(&b'.') && begins_assignment(&text[identifier_end(text, end + 1)..])
    })
}

/// Whether a head is that of `void f(struct vm_area_struct *vma)`.
fn is_vm_hook(head: &[u8]) -> bool {
    find_word(head, b"vm_area_struct", 0).is_some() && find_word(head, b"void", 0).is_some() && !head.contains(&b',')
}

fn is_static(source: &SourceFile, item: &Item) -> bool {
    find_word(item.head().of(&source.text), b"static", 0).is_some()
}

/// Whether the text before a function gives it to a member other than `close`.
fn is_of_other_member(before: &[u8]) -> bool {
    let Some(before) = before.strip_suffix(b"=") else { return false };
    let before = before.trim_ascii_end();
    !before.ends_with(b"close")
}

/// Whether a file uses a table only in assignments to the `vm_ops` of a VMA or a desc, besides its definition.
fn is_installed_by_name(source: &SourceFile, table: &[u8]) -> bool {
    let text = &source.text;
    let is_definition = |at: usize| begins_assignment(&text[at + table.len()..]);
    words(text, table).filter(|at| !is_definition(*at)).all(|at| {
        let before = text[..at].trim_ascii_end();
        let before = before.strip_suffix(b"&").unwrap_or(before).trim_ascii_end();
        let target = before.strip_suffix(b"=").and_then(|before| before.trim_ascii_end().strip_suffix(b"->vm_ops"));
        // `&lamp.vm_ops` is a part of it.
        let target = target.filter(|_| !text[at + table.len()..].starts_with(b"."));
        let base = target.and_then(|target| identifier_before(target, target.len()));
        base.is_some_and(|(start, end)| {
            source
                .item_at(at as u32)
                .is_some_and(|item| declares_mapping(source.items[item as usize].span.of(text), &text[start..end]))
        })
    })
}

/// Whether a function declares a variable that points to a VMA or a desc.
fn declares_mapping(function: &[u8], variable: &[u8]) -> bool {
    [b"vm_area_struct".as_slice(), b"vm_area_desc"].iter().any(|record| {
        words(function, record).any(|at| {
            let rest = function[at + record.len()..].trim_ascii_start();
            rest.strip_prefix(b"*").is_some_and(|rest| {
                let rest = rest.trim_ascii_start();
                &rest[..identifier_end(rest, 0)] == variable
            })
        })
    })
}
