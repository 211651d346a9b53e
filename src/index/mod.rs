//! Who defines what: functions that take a VMA, records, macros that make tables, and who registers which handler for which
//! member of which struct. Built once from the items of all files that matter, and only asked from then on.

mod build;
mod built;
mod definitions;
mod elsewhere;
mod expansion;
mod file;
mod hooks;
mod includes;
mod matter;
mod names;
mod net;
mod prefilter;
mod reach;
mod rebuild;
mod registrations;
mod search;
mod stored_arguments;
mod swaps;
mod tables;
mod types;

pub use build::build;
pub use built::Built;
pub use file::SourceFile;
pub use hooks::{Hook, Hooks, Takes};
pub use matter::is_access;
pub use net::Unclear;
pub use rebuild::rebuild;
pub use registrations::Registration;
pub use search::Search;
pub use swaps::{Swap, swaps};
pub use tables::Handler;
pub use types::{KnownTypes, Scope, Types};

use std::sync::Arc;

use build::Sought;
use names::Names;
use reach::Meanings;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::source::{Item, ItemKind, macros};

/// So many definitions of one macro are told apart.
const TWIN_LIMIT: usize = 4;

/// A top-level item of a file of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId {
    /// The file, as its place in [`Index::files`].
    pub file: u32,
    /// The item, as its place in [`SourceFile::items`].
    pub item: u32,
}

/// What a table gives a member.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableMember {
    /// The file of the table, which may mean a function that no other file sees.
    pub file: u32,
    /// The function.
    pub name: String,
}

/// What the files of a tree define.
// More than twelve fields: one table for each kind of name that may be looked up.
#[derive(Debug, Default)]
pub struct Index {
    files: Vec<Arc<SourceFile>>,
    /// The files of each folder.
    folders: FxHashMap<String, Vec<u32>>,
    /// Functions whose head names a VMA or a desc.
    functions: Names,
    /// All other functions.
    others: Names,
    /// Macros with arguments.
    macros: Names,
    /// Records with their members.
    records: Names,
    /// Macros that expand to a table, or to members of one.
    table_macros: FxHashMap<String, Vec<ItemId>>,
    /// The last of those that were followed, where further ones may use them.
    last_macros: Vec<ItemId>,
    hooks: Hooks,
    /// Whether files were read through links.
    has_links: bool,
    /// What made sources matter.
    sought: Arc<Sought>,
    /// The files from here on were read because handlers reach them.
    listed: usize,
    /// What names mean that files use and that nothing near them defines.
    meanings: Meanings,
    registrations: Vec<Registration>,
    unclear: Vec<Unclear>,
    /// The members of structs that some file may call, by name.
    called: FxHashSet<String>,
}

impl Index {
    /// The files kept, sorted by path, headers first; behind them those that were read because handlers reach them.
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.files
    }

    /// One of the files.
    pub fn file(&self, file: u32) -> &SourceFile {
        &self.files[file as usize]
    }

    /// The header of a path, if it was kept.
    fn header(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.listed_number(path).map(|number| &self.files[number as usize]).filter(|file| file.is_header())
    }

    /// The number of the file of a path, if it was kept.
    fn numbered(&self, path: &str) -> Option<u32> {
        let reached = || self.files[self.listed..].iter().position(|file| file.path == path);
        self.listed_number(path).or_else(|| Some((self.listed + reached()?) as u32))
    }

    /// The number of the file of a path, if it is one of those that matter by themselves.
    fn listed_number(&self, path: &str) -> Option<u32> {
        let listed = self.listed();
        let (headers, sources) = listed.split_at(listed.partition_point(|file| file.is_header()));
        let by_path = |file: &Arc<SourceFile>| file.path.as_str().cmp(path);
        let number = if path.ends_with(".h") {
            headers.binary_search_by(by_path).ok()
        } else {
            sources.binary_search_by(by_path).ok().map(|number| headers.len() + number)
        };
        number.map(|number| number as u32)
    }

    /// The files that matter by themselves, sorted by path, headers first.
    fn listed(&self) -> &[Arc<SourceFile>] {
        &self.files[..self.listed]
    }

    /// The functions and macros called `name` that the index has for a file: its own, else the functions that take a VMA, those of the same
    /// folder, and macros as [`Index::expanded_call`] finds them.
    fn defined_near(&self, name: &str, near: u32) -> Vec<ItemId> {
        let source = self.file(near);
        let own = [ItemKind::Function, ItemKind::Macro].into_iter().flat_map(|kind| source.named(kind, name));
        let own: Vec<ItemId> = own.map(|item| ItemId { file: near, item }).collect();
        if !own.is_empty() {
            return own;
        }
        let functions = self.functions(name, near).into_iter();
        let functions: Vec<ItemId> =
            functions.filter(|id| self.file(id.file).is_header() || self.same_driver(near, *id)).collect();
        if functions.is_empty() { self.macros_near(name, near) } else { functions }
    }

    /// Notes what a name means that a file uses.
    fn mean(&mut self, file: u32, name: String, item: ItemId) {
        let meanings = self.meanings.entry((file, name)).or_default();
        if !meanings.contains(&item) {
            meanings.push(item);
        }
    }

    /// What a name means that a file uses and that nothing near it defines: in the headers it includes, or in a source of its driver.
    pub fn meant_elsewhere(&self, name: &str, near: u32) -> &[ItemId] {
        self.meanings.get(&(near, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// One of the items.
    pub fn item(&self, id: ItemId) -> &Item {
        &self.file(id.file).items[id.item as usize]
    }

    /// The files of the folder of a file.
    fn neighbours(&self, file: u32) -> impl Iterator<Item = u32> {
        self.folders.get(self.file(file).folder()).into_iter().flatten().copied()
    }

    /// The mmap callbacks that the tree's structs have.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Every registration of a handler, by file and place.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Whether some file may call a hook.
    pub fn is_called(&self, hook: &Hook) -> bool {
        self.called.contains(&hook.member)
    }

    /// Whether some table gives a hook a function, or may: where that is not understood.
    pub fn is_implemented(&self, hook: &Hook) -> bool {
        self.registrations.iter().any(|known| known.hook.is_same(hook) && known.handler != Handler::Null)
            || self.unclear.iter().any(|unclear| unclear.may_set(hook, self))
    }

    /// The places where something may be registered, and is not understood, by file and place.
    pub fn unclear(&self) -> &[Unclear] {
        &self.unclear
    }

    /// The functions called `name` that take a VMA or a desc, as one in `near` means them: its own, else those of its
    /// folder, else all.
    pub fn functions(&self, name: &str, near: u32) -> Vec<ItemId> {
        let own = self.functions.called_in(name, near, &self.files);
        if !own.is_empty() {
            return own;
        }
        let all = self.functions.called(name, &self.files);
        if all.is_empty() {
            return self.other_functions(name, near);
        }
        let visible: Vec<ItemId> = all.iter().copied().filter(|id| self.is_visible_elsewhere(*id)).collect();
        let folder = self.file(near).folder();
        let neighbours: Vec<ItemId> =
            visible.iter().copied().filter(|id| self.file(id.file).folder() == folder).collect();
        if neighbours.is_empty() { visible } else { neighbours }
    }

    /// The functions called `name` whose head names a VMA or a desc, as one in `near` means them; others of that name left out.
    pub fn vma_functions_called(&self, name: &str, near: u32) -> Vec<ItemId> {
        if self.functions.called(name, &self.files).is_empty() { Vec::new() } else { self.functions(name, near) }
    }

    /// Every function whose head names a VMA or a desc, by name.
    pub fn vma_functions(&self) -> impl Iterator<Item = ItemId> {
        self.functions.all(&self.files).into_iter()
    }

    /// Functions whose head names neither VMA nor desc, for a struct that holds one may be what they take: those of the file
    /// itself, else of its folder.
    fn other_functions(&self, name: &str, near: u32) -> Vec<ItemId> {
        let own = self.others.called_in(name, near, &self.files);
        if !own.is_empty() {
            return own;
        }
        let folder = self.file(near).folder();
        let is_beside = |id: &ItemId| self.file(id.file).folder() == folder && self.is_visible_elsewhere(*id);
        let all = self.others.called(name, &self.files);
        let beside: Vec<ItemId> = all.into_iter().filter(is_beside).collect();
        if !beside.is_empty() {
            return beside;
        }
        let elsewhere = self.meant_elsewhere(name, near).iter().copied();
        elsewhere.filter(|id| self.item(*id).kind == ItemKind::Function).collect()
    }

    /// The definitions of a macro with arguments that a file can mean: its own, else its folder's, else those of shared headers, else those
    /// of headers that it includes.
    fn macros_near(&self, name: &str, near: u32) -> Vec<ItemId> {
        let all = self.macros.called(name, &self.files);
        let rank = |id: &ItemId| {
            let file = self.file(id.file);
            (id.file == near, file.folder() == self.file(near).folder(), file.is_shared_header())
        };
        let Some(best) = all.iter().map(rank).max().filter(|best| *best != (false, false, false)) else {
            let elsewhere = self.meant_elsewhere(name, near).iter().copied();
            return elsewhere.filter(|id| self.item(*id).kind == ItemKind::Macro).take(TWIN_LIMIT).collect();
        };
        all.into_iter().filter(|id| rank(id) == best).take(TWIN_LIMIT).collect()
    }

    /// The texts that a call of a macro with arguments stands for, one for each definition that the file can mean.
    pub fn expanded_call(&self, name: &str, near: u32, arguments: &[&[u8]]) -> Vec<Vec<u8>> {
        let expanded = self.macros_near(name, near).into_iter().filter_map(|id| {
            let (text, item) = (&self.file(id.file).text, self.item(id));
            let definition = macros::definition(text, item.span, item.name.end);
            // What has no parameters is no macro that is called.
            let parameters = definition.parameters.as_deref()?;
            Some(macros::expand(definition.body.of(text), parameters, arguments))
        });
        expanded.collect()
    }

    /// The declaration of `struct tag`, as `near` means it: its folder's, else one in a shared header, else any.
    pub fn record(&self, tag: &str, near: u32) -> Option<ItemId> {
        let folder = self.file(near).folder();
        let known = self.records.called(tag, &self.files);
        known.into_iter().max_by_key(|id| {
            let file = self.file(id.file);
            (file.folder() == folder, file.is_shared_header())
        })
    }

    /// All structs and unions that are declared with a tag.
    pub fn records(&self, tag: &str) -> Vec<ItemId> {
        self.records.called(tag, &self.files).into_iter().collect()
    }

    /// What the initialiser of the variable `table`, as `near` sees it, gives the member `member`: a name.
    pub fn table_member(&self, table: &str, member: &str, near: u32) -> Option<TableMember> {
        std::iter::once(near).chain(self.neighbours(near)).find_map(|number| {
            let file = self.file(number);
            let item = file.items[file.named(ItemKind::Variable, table).next()? as usize];
            let text = item.span.of(&file.text);
            // Most tables do not have the member, which their words tell.
            let has_member = |text: &[u8]| crate::source::find_word(text, member.as_bytes(), 0).is_some();
            if !has_member(text) {
                return None;
            }
            let declared = crate::source::parse::variables_with(text, item.span.start, has_member).syntax;
            let value = declared.iter().find(|declared| declared.name == table)?.value.as_ref()?;
            Some(TableMember { file: number, name: value.member(member)?.name()?.to_owned() })
        })
    }

    /// What a macro without arguments renames `name` to, as `near` sees it.
    pub fn renamed(&self, name: &str, near: u32) -> Option<String> {
        let body = self.constant(name, near)?;
        let is_name = !body.is_empty() && body.iter().all(|byte| crate::source::is_identifier_byte(*byte));
        is_name.then(|| String::from_utf8_lossy(body).into_owned())
    }

    /// The text of a macro without arguments: of the file itself, else of a header in its folder.
    pub fn constant(&self, name: &str, near: u32) -> Option<&[u8]> {
        let headers = self.neighbours(near).filter(|file| self.file(*file).is_header());
        let elsewhere = self.meant_elsewhere(name, near).iter().map(|id| id.file);
        std::iter::once(near).chain(headers).chain(elsewhere).find_map(|file| {
            let file = self.file(file);
            let item = file.items[file.named(ItemKind::Macro, name).next()? as usize];
            file.text.get(item.body as usize..item.span.end as usize).map(<[u8]>::trim_ascii)
        })
    }

    /// Whether another file can mean this function: it is not static, or it stands in a header.
    pub fn is_visible_elsewhere(&self, id: ItemId) -> bool {
        let file = self.file(id.file);
        file.is_header() || !crate::source::words(self.item(id).head().of(&file.text), b"static").any(|_| true)
    }

    /// Whether two files belong to one driver: they are linked into the same module, for which the same folder is a fair stand-in.
    /// What one module exports is another's, so a symbol of another folder counts as the driver's own only where it is not
    /// exported and both lie below a common subsystem folder.
    pub fn same_driver(&self, from: u32, id: ItemId) -> bool {
        let (from, to) = (self.file(from), self.file(id.file));
        if from.folder() == to.folder() {
            return true;
        }
        let shared = from.path.split('/').zip(to.path.split('/')).take_while(|(left, right)| left == right).count();
        shared >= 2 && !to.is_header() && !to.exports(self.item(id).name.of(&to.text))
    }
}
