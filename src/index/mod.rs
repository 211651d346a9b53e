//! Index of a tree: functions that take a VMA, records, table macros, and registrations of handlers. It is built once from the items of all
//! files that matter, and does not change afterwards.

mod build;
mod built;
mod carried;
mod definitions;
mod elsewhere;
mod expansion;
mod file;
mod function_syntax;
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
mod table_members;
mod tables;
mod types;

pub use build::build;
pub use built::Built;
pub use file::SourceFile;
pub use function_syntax::FunctionSyntax;
pub use hooks::{Hook, Hooks, Takes};
pub use matter::{is_access, is_macro_argument};
pub use net::Unclear;
pub use rebuild::rebuild;
pub use registrations::Registration;
pub use search::{Identifiers, Search};
pub use swaps::{Swap, swaps};
pub use tables::Handler;
pub use types::{KnownTypes, Scope, Types};

use std::borrow::Cow;
use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use build::Sought;
use names::Names;
use reach::Meanings;
use rustc_hash::FxHashMap;

use crate::kernel::Layer;
use crate::source::ast::Expression;
use crate::source::{Item, ItemKind, identifiers, macros, skip_blank, spelled, words};

/// Maximum number of definitions of one macro.
const TWIN_LIMIT: usize = 4;

/// A top-level item of a file of the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ItemId {
    /// Place of the file in [`Index::files`].
    pub file: u32,
    /// Place of the item in [`SourceFile::items`].
    pub item: u32,
}

/// Definitions in the files of a tree.
// More than twelve fields: one table for each kind of name that is looked up.
#[derive(Debug, Default)]
pub struct Index {
    files: Vec<Arc<SourceFile>>,
    /// Files of each folder.
    folders: FxHashMap<String, Vec<u32>>,
    /// Functions whose head names a VMA or a desc.
    functions: Names,
    /// All other functions.
    others: Names,
    /// Macros with arguments.
    macros: Names,
    /// Records with their members.
    records: Names,
    /// Macros that expand to a table or to members of one.
    table_macros: FxHashMap<String, Vec<ItemId>>,
    /// Table macros on the last level. Further macros may use them.
    last_macros: Vec<ItemId>,
    hooks: Hooks,
    /// Whether files were read through links.
    has_links: bool,
    /// Whether the Makefiles of an out-of-tree directory name several modules.
    has_several_modules: bool,
    /// Words that made sources matter.
    sought: Arc<Sought>,
    /// Number of files that matter by themselves. Handlers reach the files behind them.
    listed: usize,
    /// Definitions of names that a file uses and nothing near it defines.
    meanings: Meanings,
    registrations: Vec<Registration>,
    unclear: Vec<Unclear>,
    /// Names of the struct members that some file may call, each with the files that may.
    called: FxHashMap<String, Vec<u32>>,
    /// Files of another language that name kernel structs, as far as they were asked for. They have no items.
    bindings: OnceLock<Vec<SourceFile>>,
}

impl Index {
    /// All files: those that matter, headers first, each group sorted by path; behind them those that handlers reach.
    pub fn files(&self) -> &[Arc<SourceFile>] {
        &self.files
    }

    /// A file by its number.
    pub fn file(&self, file: u32) -> &SourceFile {
        match self.files.get(file as usize) {
            Some(file) => file,
            None => &self.bindings.get().map_or(&[][..], Vec::as_slice)[file as usize - self.files.len()],
        }
    }

    /// Files of another language that name kernel structs, with numbers behind those of all other files. The first call decides which they
    /// are.
    pub fn bindings(&self, read: impl FnOnce() -> Vec<SourceFile>) -> impl Iterator<Item = (u32, &SourceFile)> {
        (self.files.len() as u32..).zip(self.bindings.get_or_init(read))
    }

    /// Frees the syntax of functions.
    pub fn forget_functions(&self) {
        self.files.iter().for_each(|file| file.forget_functions());
    }

    /// Header at a path, if it matters by itself.
    fn header(&self, path: &str) -> Option<&Arc<SourceFile>> {
        self.listed_number(path).map(|number| &self.files[number as usize]).filter(|file| file.is_header())
    }

    /// Number of the file at a path, if it was kept.
    pub(crate) fn numbered(&self, path: &str) -> Option<u32> {
        let reached = || self.reached().iter().position(|file| file.path == path);
        self.listed_number(path).or_else(|| Some((self.listed + reached()?) as u32))
    }

    /// Number of the file at a path, if it matters by itself.
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

    /// Files that handlers reach and that do not matter by themselves.
    fn reached(&self) -> &[Arc<SourceFile>] {
        &self.files[self.listed..]
    }

    /// Files that matter by themselves, sorted by path, headers first.
    fn listed(&self) -> &[Arc<SourceFile>] {
        &self.files[..self.listed]
    }

    /// Functions and macros called `name` that a file can mean: its own, else functions of headers and of its driver, else the macros of
    /// [`Index::expanded_call`].
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

    /// Records the meaning of a name that a file uses.
    fn mean(&mut self, file: u32, name: String, item: ItemId) {
        let meanings = self.meanings.entry((file, name)).or_default();
        if !meanings.contains(&item) {
            meanings.push(item);
        }
    }

    /// Definitions of a name that nothing near the file defines: in the headers it includes, or in a source of its driver.
    pub fn meant_elsewhere(&self, name: &str, near: u32) -> &[ItemId] {
        self.meanings.get(&(near, name.to_owned())).map_or(&[], Vec::as_slice)
    }

    /// An item by its id.
    pub fn item(&self, id: ItemId) -> &Item {
        &self.file(id.file).items[id.item as usize]
    }

    /// Files of the folder of a file.
    fn neighbours(&self, file: u32) -> impl Iterator<Item = u32> {
        self.folders.get(self.file(file).folder()).into_iter().flatten().copied()
    }

    /// mmap callbacks of the tree's structs.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// Registrations of handlers, by file and place.
    pub fn registrations(&self) -> &[Registration] {
        &self.registrations
    }

    /// Registration of a function for a member of the variable `table`, if there is exactly one in the tree.
    pub fn registered_in(&self, table: &str, member: &str) -> Option<&Registration> {
        let mut all = self.registrations.iter().filter(|registration| {
            registration.table.as_deref() == Some(table)
                && registration.hook.member == member
                && matches!(registration.handler, Handler::Function(_))
        });
        all.next().filter(|_| all.next().is_none())
    }

    /// Whether some file may call a hook: it calls a member of its name, and lies near a table of a struct that is one driver's own.
    pub fn is_called(&self, hook: &Hook) -> bool {
        let tables = self.registrations.iter().filter(|registration| registration.hook.is_same(hook));
        let tables: BTreeSet<u32> = tables.map(|registration| registration.file).collect();
        let is_near = |file: u32| !hook.is_private || tables.iter().any(|table| self.may_be_linked(*table, file));
        self.called.get(&hook.member).is_some_and(|files| files.iter().any(|file| is_near(*file)))
    }

    /// Whether some table sets a hook to a function, or may do so in a place that is not understood.
    pub fn is_implemented(&self, hook: &Hook) -> bool {
        self.registrations.iter().any(|known| known.hook.is_same(hook) && known.handler != Handler::Null)
            || self.unclear.iter().any(|unclear| unclear.may_set(hook, self))
    }

    /// Places that may register something and are not understood, by file and place.
    pub fn unclear(&self) -> &[Unclear] {
        &self.unclear
    }

    /// Functions called `name` that take a VMA or a desc, as a file sees them: its own, else those of its folder, else all. Without any,
    /// other functions of that name.
    pub fn functions(&self, name: &str, near: u32) -> Vec<ItemId> {
        let own = self.functions.called_in(name, near, &self.files);
        if !own.is_empty() {
            return if self.file(near).is_header() { self.with_real(own, name) } else { own };
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

    /// Functions of a header, and what they stand for: the arm for configurations without a function stands beside the function itself,
    /// which is elsewhere.
    fn with_real(&self, mut own: Vec<ItemId>, name: &str) -> Vec<ItemId> {
        let is_real = |id: &ItemId| !self.file(id.file).is_header() && self.is_visible_elsewhere(*id);
        let real: Vec<ItemId> = self.functions.called(name, &self.files).into_iter().filter(is_real).collect();
        let is_stub = |id: &ItemId| self.file(id.file).condition_at(self.item(*id).name.start).is_some();
        if !real.is_empty() && own.iter().all(is_stub) {
            own.extend(real);
        }
        own
    }

    /// Functions called `name` whose head names a VMA or a desc, as a file sees them. Others of that name are left out.
    pub fn vma_functions_called(&self, name: &str, near: u32) -> Vec<ItemId> {
        if self.functions.called(name, &self.files).is_empty() { Vec::new() } else { self.functions(name, near) }
    }

    /// A definition of this name that other files can use: a function that is not static, or a function or macro of a header.
    pub fn visible_definition(&self, name: &str) -> Option<ItemId> {
        let tables = [&self.functions, &self.others, &self.macros];
        let all = tables.into_iter().flat_map(|table| table.called(name, &self.files));
        all.into_iter().find(|id| match self.item(*id).kind {
            ItemKind::Function => self.is_visible_elsewhere(*id),
            _ => self.file(id.file).is_header(),
        })
    }

    /// Functions of this name, in any file, whose head names a VMA or a desc.
    pub fn vma_functions_named(&self, name: &str) -> Vec<ItemId> {
        self.functions.called(name, &self.files)
    }

    /// All functions whose head names a VMA or a desc, by name.
    pub fn vma_functions(&self) -> impl Iterator<Item = ItemId> {
        self.functions.all(&self.files).into_iter()
    }

    /// Functions whose head names neither a VMA nor a desc: those of the file itself, else of its folder, else of its driver. They may take
    /// a struct that holds one.
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

    /// Definitions of a macro with arguments that a file can mean: in the file, else its folder, else shared headers, else included
    /// headers.
    pub fn macros_near(&self, name: &str, near: u32) -> Vec<ItemId> {
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

    /// The word that heads the statement for which a macro stands: `if` of `#define IF_LIT(lamp) if ((lamp)->is_lit)`, nothing of an empty
    /// one. `None` if the macro is not known.
    pub fn head_of(&self, name: &str, near: u32) -> Option<String> {
        const NESTING: usize = 4;
        let mut head: Option<String> = None;
        for _ in 0..NESTING {
            let macros = self.macros_near(head.as_deref().unwrap_or(name), near);
            let Some(id) = macros.first() else { break };
            let (text, item) = (&self.file(id.file).text, self.item(*id));
            let body = macros::definition(text, item.span, item.name.end).body.of(text);
            head = Some(identifiers(body).next().unwrap_or_default().to_owned());
        }
        head
    }

    /// Expansions of a call of a macro with arguments, one for each definition that the file can mean.
    pub fn expanded_call(&self, name: &str, near: u32, arguments: &[&[u8]]) -> Vec<Vec<u8>> {
        let expanded = self.macros_near(name, near).into_iter().filter_map(|id| {
            let (text, item) = (&self.file(id.file).text, self.item(id));
            let definition = macros::definition(text, item.span, item.name.end);
            // A macro without parameters is not called.
            let parameters = definition.parameters.as_deref()?;
            Some(macros::expand(definition.body.of(text), parameters, arguments))
        });
        expanded.collect()
    }

    /// The same for arguments as syntax. Within an expansion they all have the span of the whole call, so that their texts are rebuilt;
    /// `None` if one cannot be.
    pub fn expansions(&self, name: &str, near: u32, arguments: &[Expression], is_within: bool) -> Option<Vec<Vec<u8>>> {
        let source = &self.file(near).text;
        let text_of = |argument: &Expression| match is_within {
            true => spelled(argument).map(|text| Cow::Owned(text.into_bytes())),
            false => Some(Cow::Borrowed(argument.span.of(source))),
        };
        let texts: Vec<Cow<[u8]>> = arguments.iter().map(text_of).collect::<Option<_>>()?;
        let texts: Vec<&[u8]> = texts.iter().map(AsRef::as_ref).collect();
        Some(self.expanded_call(name, near, &texts))
    }

    /// Declaration of `struct tag`, as `near` sees it: that of its folder, else one in a shared header, else any.
    pub fn record(&self, tag: &str, near: u32) -> Option<ItemId> {
        let folder = self.file(near).folder();
        let known = self.records.called(tag, &self.files);
        known.into_iter().max_by_key(|id| {
            let file = self.file(id.file);
            (file.folder() == folder, file.is_shared_header())
        })
    }

    /// All structs and unions declared with a tag.
    pub fn records(&self, tag: &str) -> Vec<ItemId> {
        self.records.called(tag, &self.files).into_iter().collect()
    }

    /// The variable of this name in a file.
    pub fn variable(&self, path: &str, name: &str) -> Option<ItemId> {
        let file = self.files.iter().position(|file| file.path == path)?;
        let item = self.files[file].named(ItemKind::Variable, name).next()?;
        Some(ItemId { file: file as u32, item })
    }

    /// Name that a macro without arguments stands for, as `near` sees it.
    pub fn renamed(&self, name: &str, near: u32) -> Option<String> {
        let body = self.constant(name, near)?;
        let is_name = !body.is_empty() && body.iter().all(|byte| crate::source::is_identifier_byte(*byte));
        is_name.then(|| String::from_utf8_lossy(body).into_owned())
    }

    /// Definition of a macro without arguments: in the file itself, else a header of its folder, else an included header.
    pub fn constant_item(&self, name: &str, near: u32) -> Option<ItemId> {
        let headers = self.neighbours(near).filter(|file| self.file(*file).is_header());
        let elsewhere = self.meant_elsewhere(name, near).iter().map(|id| id.file);
        std::iter::once(near).chain(headers).chain(elsewhere).find_map(|file| {
            let item = self.file(file).named(ItemKind::Macro, name).next()?;
            Some(ItemId { file, item })
        })
    }

    /// Text of a macro without arguments, from the same places.
    pub fn constant(&self, name: &str, near: u32) -> Option<&[u8]> {
        let id = self.constant_item(name, near)?;
        let item = self.item(id);
        self.file(id.file).text.get(item.body as usize..item.span.end as usize).map(<[u8]>::trim_ascii)
    }

    /// Whether another file can use this function or variable: it is not static, or it stands in a header.
    pub fn is_visible_elsewhere(&self, id: ItemId) -> bool {
        let file = self.file(id.file);
        file.is_header() || !crate::source::words(self.item(id).head().of(&file.text), b"static").any(|_| true)
    }

    /// Whether a header of the kernel that a module is built against declares a function. Its body may be in none of them.
    pub fn is_declared_by_kernel(&self, name: &str) -> bool {
        let headers = self.files.iter().filter(|file| file.layer == Layer::Kernel && file.is_header());
        headers.into_iter().any(|file| {
            words(&file.text, name.as_bytes())
                .any(|at| file.text.get(skip_blank(&file.text, at + name.len())) == Some(&b'('))
        })
    }

    /// The end of a message that a definition was not found: for a module, the places that were searched.
    pub fn searched(&self) -> &'static str {
        match self.files.iter().any(|file| file.layer == Layer::Kernel) {
            true => " in the module and its kernel (headers alone lack bodies: give a source tree by --kernel)",
            false => "",
        }
    }

    /// Whether two files belong to one driver, that is, are linked into the same module. The same folder is a fair stand-in for that. A
    /// symbol of another folder counts only if both files lie below a common subsystem folder and it is not exported. An exported symbol
    /// belongs to another module. An out-of-tree directory is one module, unless its Makefiles name several.
    pub fn same_driver(&self, from: u32, id: ItemId) -> bool {
        let (from, to) = (self.file(from), self.file(id.file));
        if from.layer != to.layer {
            return false;
        }
        if from.folder() == to.folder() {
            return true;
        }
        let is_exported = || to.exports(self.item(id).name.of(&to.text));
        if from.layer == Layer::Module {
            // A header is compiled in each of the modules.
            return !self.has_several_modules || from.is_header() || !is_exported();
        }
        from.shares_subsystem(to) && !to.is_header() && !is_exported()
    }

    /// Whether two files can be parts of one module, whatever they export.
    fn may_be_linked(&self, one: u32, other: u32) -> bool {
        let (one, other) = (self.file(one), self.file(other));
        let is_of_module = one.layer == Layer::Module;
        one.layer == other.layer && (is_of_module || one.folder() == other.folder() || one.shares_subsystem(other))
    }
}
