//! Lookups in the whole index, with cached results.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::text::mentions::{Mention, mentions};
use crate::index::{Hook, Identifiers, Index, ItemId, is_access, is_macro_argument};
use crate::memo::Memo;
use crate::source::ast::Function;
use crate::source::{ItemKind, begins_call, blank_non_code, find_word, identifier_before, identifier_end, words};

/// A function or macro that accesses a member, with the syntax of the function's variants.
pub(super) struct User {
    pub(super) id: ItemId,
    /// Byte offset of the first access.
    pub(super) at: usize,
    pub(super) functions: Vec<Arc<Function>>,
}

/// Hooks of a VMA that exists. Their callers may hold its lock for reading only.
const VM_HOOKS: &[&[u8]] =
    &[b"open", b"close", b"fault", b"huge_fault", b"map_pages", b"page_mkwrite", b"pfn_mkwrite", b"access", b"mremap"];

/// Cached lookups in an index.
pub(super) struct Lookup<'a> {
    index: &'a Index,
    codes: Memo<u32, Vec<u8>>,
    names: Memo<String, Vec<u32>>,
    users: Memo<String, Vec<User>>,
    arguments: Memo<String, Vec<u32>>,
    users_of: Memo<String, Vec<ItemId>>,
    vm_hooks: Memo<(u32, String), bool>,
}

impl<'a> Lookup<'a> {
    pub(super) fn new(index: &'a Index) -> Lookup<'a> {
        Lookup {
            index,
            codes: Memo::default(),
            names: Memo::default(),
            users: Memo::default(),
            arguments: Memo::default(),
            users_of: Memo::default(),
            vm_hooks: Memo::default(),
        }
    }

    /// Text of a file with comments and literals blanked.
    pub(super) fn code(&self, file: u32) -> Arc<Vec<u8>> {
        self.codes.get(file, || blank_non_code(&self.index.file(file).text))
    }

    /// All files that contain a name.
    pub(super) fn naming(&self, name: &str) -> Arc<Vec<u32>> {
        let holds = |file: &u32| find_word(&self.index.file(*file).text, name.as_bytes(), 0).is_some();
        self.names.get(name.to_owned(), || self.files().filter(holds).collect())
    }

    /// Finds the files that contain many names, in one pass over all files.
    pub(super) fn look_for(&self, names: FxHashSet<String>) {
        let search = Identifiers::new(names.clone());
        let named = |file: u32| {
            let names: BTreeSet<&str> = search.places(&self.index.file(file).text).map(|(name, _)| name).collect();
            names.into_iter().map(|name| (name.to_owned(), file)).collect::<Vec<_>>()
        };
        let places: Vec<(String, u32)> = self.files().flat_map_iter(named).collect();
        let mut files: BTreeMap<String, Vec<u32>> = names.into_iter().map(|name| (name, Vec::new())).collect();
        for (name, file) in places {
            files.entry(name).or_default().push(file);
        }
        for (name, files) in files {
            self.names.get(name, || files);
        }
    }

    /// Functions and macros in all files that access a member of this name, in any struct.
    pub(super) fn users(&self, member: &str) -> Arc<Vec<User>> {
        self.users.get(member.to_owned(), || self.files().flat_map_iter(|file| self.users_in(file, member)).collect())
    }

    /// The functions that name a function, and the macros that call it, in files that may mean another one.
    pub(super) fn users_of(&self, name: &str) -> Arc<Vec<ItemId>> {
        self.users_of.get(name.to_owned(), || {
            let mut users = BTreeSet::new();
            for file in self.naming(name).iter() {
                let source = self.index.file(*file);
                for (at, mention) in mentions(source, &self.code(*file), name) {
                    let Mention::Code(Some(item)) = mention else { continue };
                    let is_call = begins_call(&source.text[at + name.len()..]);
                    if matches!((source.items[item].kind, is_call), (ItemKind::Function, _) | (ItemKind::Macro, true)) {
                        users.insert(ItemId { file: *file, item: item as u32 });
                    }
                }
            }
            users.into_iter().collect()
        })
    }

    /// Whether a file sets a hook of a VMA to a function: `.fault = name`.
    pub(super) fn is_vm_hook(&self, file: u32, name: &str) -> bool {
        *self.vm_hooks.get((file, name.to_owned()), || is_vm_hook(&self.code(file), name.as_bytes()))
    }

    /// The files in which a name stands as an argument of a macro, or may, as comments are not told from code.
    pub(super) fn macro_arguments(&self, name: &str) -> Arc<Vec<u32>> {
        let holds = |file: &&u32| {
            let text = &self.index.file(**file).text;
            words(text, name.as_bytes()).any(|at| is_macro_argument(text, at, at + name.len()))
        };
        self.arguments.get(name.to_owned(), || self.naming(name).iter().filter(holds).copied().collect())
    }

    /// Whether some initialiser of the struct names no members, so that it may set the hook unseen.
    pub(super) fn has_positional_table(&self, hook: &Hook) -> bool {
        self.naming(&hook.record).iter().any(|file| {
            let text = &self.index.file(*file).text;
            let tags =
                words(text, hook.record.as_bytes()).filter(|at| text[..*at].trim_ascii_end().ends_with(b"struct"));
            tags.into_iter().any(|at| {
                let behind = &text[at + hook.record.len()..];
                let end = behind.iter().position(|byte| matches!(byte, b';' | b'{')).unwrap_or(behind.len());
                let (head, rest) = behind.split_at(end);
                let is_literal = head.trim_ascii() == b")";
                // A list of pointers is no table.
                let is_variable = head.contains(&b'=') && !head.contains(&b'(') && !head.contains(&b'*');
                let entries = rest.strip_prefix(b"{").unwrap_or_default();
                let blanks = entries.iter().take_while(|byte| byte.is_ascii_whitespace() || **byte == b'\\').count();
                let entries = &entries[blanks..];
                // A macro sets members by their names, as its definition may show.
                let word = String::from_utf8_lossy(&entries[..identifier_end(entries, 0)]).into_owned();
                let is_macro = || match self.index.constant(&word, *file) {
                    Some(body) => body.starts_with(b".") || body.starts_with(b"\\"),
                    None => !word.is_empty() && !word.bytes().any(|byte| byte.is_ascii_lowercase()),
                };
                (is_literal || is_variable)
                    && !matches!(entries.first(), Some(b'.' | b'}' | b'/' | b'#') | None)
                    && !is_macro()
            })
        })
    }

    fn files(&self) -> impl ParallelIterator<Item = u32> {
        (0..self.index.files().len() as u32).into_par_iter()
    }

    fn users_in(&self, file: u32, member: &str) -> Vec<User> {
        let source = self.index.file(file);
        let mut users: Vec<User> = Vec::new();
        for at in words(&source.text, member.as_bytes()).filter(|at| is_access(&source.text, *at)) {
            let Some(item) = source.item_at(at as u32) else { continue };
            // Accesses come in file order, so those in one item are adjacent.
            if users.last().is_some_and(|user| user.id.item == item) {
                continue;
            }
            let functions = match source.items[item as usize].kind {
                ItemKind::Function if self.code(file)[at] != b' ' => source.function(item).all().cloned().collect(),
                ItemKind::Macro => Vec::new(),
                _ => continue,
            };
            users.push(User { id: ItemId { file, item }, at, functions });
        }
        users
    }
}

/// Whether a table sets a hook of a VMA to a function: `.fault = name`.
fn is_vm_hook(code: &[u8], name: &[u8]) -> bool {
    words(code, name).any(|at| {
        let before = code[..at].trim_ascii_end();
        let member = before.strip_suffix(b"=").map(<[u8]>::trim_ascii_end);
        let member =
            member.and_then(|before| identifier_before(before, before.len()).map(|(from, to)| &before[from..to]));
        member.is_some_and(|member| VM_HOOKS.contains(&member) || find_word(member, b"fault", 0).is_some())
    })
}
