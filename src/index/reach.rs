//! Functions and macros that handlers reach in files that no word makes matter: in the headers that they include, and in the other sources
//! of their driver.
//!
//! What a handler runs through in its own file, and in files that take the VMA, is gone through by its words alone. A name that nothing near
//! defines is looked for in the headers of the driver, which its `#include` lines tell; one that is only declared there is looked for in the
//! sources beside. Files in which something is found join the index. From there nothing is looked for any more: what a function does in
//! another file counts, with all that it calls in that file, and what that calls in a third file does not. What the kernel's own headers
//! define is looked for only where it gets a VMA: what it does else, rules tell.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::build::{Built, add_definitions, is_access};
use super::includes::{Include, added_folders, candidates, includes};
use super::registrations::Handler;
use super::{Index, ItemId, SourceFile};
use crate::SHARE;
use crate::kernel::{FileTrouble, Tree};
use crate::meter::{Phase, measure};
use crate::rules::Rules;
use crate::source::macros::call_arguments;
use crate::source::{
    Item, ItemKind, Span, blank_non_code, closing, find_word, identifier_before, identifier_end, identifiers,
    is_keyword_before_parenthesis, skip_blank, spans_of_identifiers, words,
};

/// Macros that use macros of other headers are followed so many rounds.
const ROUNDS: usize = 3;

/// Headers are followed so deep into one another,
const INCLUDE_DEPTH: usize = 2;
/// and so deep for a name that gets a VMA.
const VMA_INCLUDE_DEPTH: usize = 4;

/// One file includes no more headers than this that are looked through for it.
const HEADER_LIMIT: usize = 256;

/// Longer headers, in bytes, hold registers and no functions.
const HEADER_BYTES: usize = 256 << 10;

/// All files that are kept here together are no longer than this many bytes.
const TOTAL_BYTES: usize = 64 << 20;

/// What the names that a file uses and does not define mean: by file and name.
pub(super) type Meanings = FxHashMap<(u32, String), Vec<ItemId>>;

/// A piece of code that a handler reaches, and the file that it is compiled in: a macro is, where it is used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
struct Reached {
    file: u32,
    item: ItemId,
}

/// What one piece of code uses.
#[derive(Default)]
struct Uses {
    /// What the index has of it, to go on with.
    known: Vec<Reached>,
    /// The names that stand for functions of other files of the index.
    meant: Vec<(String, ItemId)>,
    /// The names that it does not have, and whether each is called with a VMA.
    unknown: Vec<(String, bool)>,
}

/// Where a name is defined that a file uses.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
struct Definition {
    file: u32,
    name: String,
    /// The file that defines it.
    path: String,
    gets_vma: bool,
}

/// Names, and whether each is called with a VMA somewhere.
type Names = BTreeMap<String, bool>;

/// Adds to an index what its handlers reach.
pub(super) fn add(tree: &Tree, rules: &Rules, built: &mut Built) {
    let mut level = handlers(&built.index);
    let mut seen: FxHashSet<Reached> = level.iter().copied().collect();
    let mut asked: FxHashSet<(u32, String)> = FxHashSet::default();
    let mut bytes = 0;
    for _ in 0..ROUNDS {
        let mut unknown: BTreeMap<u32, Names> = BTreeMap::new();
        while !level.is_empty() {
            let index = &built.index;
            let files: Vec<&[Reached]> = level.chunk_by(|left, right| left.file == right.file).collect();
            let used = files.into_par_iter().with_max_len(SHARE);
            let used = used.flat_map_iter(|reached| measure(Phase::Follow, || used_in(rules, index, reached)));
            let used: Vec<Uses> = used.collect();
            let mut next: BTreeSet<Reached> = BTreeSet::new();
            for (reached, uses) in level.iter().zip(used) {
                next.extend(uses.known);
                for (name, item) in uses.meant {
                    built.index.mean(reached.file, name, item);
                }
                for (name, gets_vma) in uses.unknown {
                    *unknown.entry(reached.file).or_default().entry(name).or_default() |= gets_vma;
                }
            }
            level = next.into_iter().filter(|reached| seen.insert(*reached)).collect();
        }
        for (file, names) in &mut unknown {
            names.retain(|name, _| asked.insert((*file, name.clone())));
        }
        let found = definitions(tree, &built.index, unknown);
        bytes += keep(tree, &mut built.index, &found, TOTAL_BYTES.saturating_sub(bytes));
        let next = found.iter().flat_map(|definition| go_on(&mut built.index, definition));
        level = next.collect::<BTreeSet<_>>().into_iter().filter(|reached| seen.insert(*reached)).collect();
    }
    if bytes >= TOTAL_BYTES {
        let text = format!(
            "the files that handlers reach are longer than {} MiB; the rest was not followed",
            TOTAL_BYTES >> 20
        );
        built.trouble.push(FileTrouble { file: String::new(), line: None, kind: "too-large", text });
    }
}

/// The handlers of all registrations.
fn handlers(index: &Index) -> Vec<Reached> {
    let named = index.registrations().iter().filter_map(|registration| match &registration.handler {
        Handler::Function(name) => Some(index.functions(name, registration.file)),
        _ => None,
    });
    let all: BTreeSet<Reached> = named.flatten().map(|item| Reached { file: item.file, item }).collect();
    all.into_iter().collect()
}

/// What each piece of code of one file uses.
fn used_in(rules: &Rules, index: &Index, reached: &[Reached]) -> Vec<Uses> {
    let mut meanings: FxHashMap<String, Option<Vec<ItemId>>> = FxHashMap::default();
    reached.iter().map(|reached| used_by(rules, index, *reached, &mut meanings)).collect()
}

/// What a piece of code uses: what the index has of it, and the names that it does not have. What names mean in the file is noted once;
/// one that is none of the driver's means nothing.
fn used_by(
    rules: &Rules,
    index: &Index,
    reached: Reached,
    meanings: &mut FxHashMap<String, Option<Vec<ItemId>>>,
) -> Uses {
    let (source, item) = (index.file(reached.item.file), index.item(reached.item));
    let mut uses = Uses::default();
    for (name, gets_vma) in names_in(source, item) {
        if !meanings.contains_key(&name) {
            meanings.insert(name.clone(), meaning(rules, index, &name, reached.file));
        }
        let Some(near) = &meanings[&name] else { continue };
        // What the kernel's headers use is not defined in those of a driver.
        if near.is_empty() && (gets_vma || !source.is_shared_header()) {
            uses.unknown.push((name, gets_vma));
            continue;
        }
        for item in near.iter().copied() {
            let is_macro = index.item(item).kind == ItemKind::Macro;
            if is_macro || item.file == reached.file {
                uses.known.push(Reached { file: reached.file, item });
            } else {
                uses.meant.push((name.clone(), item));
                if gets_vma {
                    uses.known.push(Reached { file: item.file, item });
                }
            }
        }
    }
    uses
}

/// What the index has for a name in a file; `None` where nothing is to be looked for: a rule says all, or another module defines it.
fn meaning(rules: &Rules, index: &Index, name: &str, file: u32) -> Option<Vec<ItemId>> {
    if rules.call(name).is_some() || rules.state(name).is_some() || rules.is_silent(name) {
        return None;
    }
    let near = index.defined_near(name, file);
    (!near.is_empty() || index.functions(name, file).is_empty()).then_some(near)
}

/// The names in a piece of code that are called, or written as constants are, and whether each is called with the VMA.
fn names_in(source: &SourceFile, item: &Item) -> Names {
    let code = code_of(source, item.kind, item.span);
    let vma = vma_of(item.head().of(&source.text));
    let mut names = Names::new();
    for span in spans_of_identifiers(&code) {
        let Ok(name) = std::str::from_utf8(span.of(&code)) else { continue };
        let open = skip_blank(&code, span.end as usize);
        let is_call = code.get(open) == Some(&b'(')
            && !is_access(&code, span.start as usize)
            && !is_keyword_before_parenthesis(name.as_bytes());
        if is_call || is_constant(name) {
            let gets_vma = is_call && vma.is_some_and(|vma| passes(&code, open, vma));
            match names.get_mut(name) {
                Some(known) => *known |= gets_vma,
                None => drop(names.insert(name.to_owned(), gets_vma)),
            }
        }
    }
    names
}

/// Looks for the definitions of names, folder by folder.
fn definitions(tree: &Tree, index: &Index, unknown: BTreeMap<u32, Names>) -> Vec<Definition> {
    let mut folders: BTreeMap<&str, Vec<(u32, Names)>> = BTreeMap::new();
    for (file, names) in unknown.into_iter().filter(|(_, names)| !names.is_empty()) {
        folders.entry(index.file(file).folder()).or_default().push((file, names));
    }
    let folders: Vec<(&str, Vec<(u32, Names)>)> = folders.into_iter().collect();
    let names = folders.iter().flat_map(|(_, files)| files).flat_map(|(_, names)| names.keys());
    let headers =
        Headers { tree, index, wanted: names.map(|name| name.clone().into_bytes()).collect(), known: Mutex::default() };
    let found = folders.into_par_iter().with_max_len(1).flat_map_iter(|(folder, files)| {
        measure(Phase::Follow, || {
            let mut folder =
                Folder { headers: &headers, added: added_folders(tree, folder), exists: FxHashMap::default() };
            files.into_iter().flat_map(|(file, names)| folder.definitions(file, names)).collect::<Vec<_>>()
        })
    });
    let mut found: Vec<Definition> = found.collect();
    found.sort();
    found
}

/// Takes the files of definitions into the index, up to so many bytes; how many those are.
fn keep(tree: &Tree, index: &mut Index, found: &[Definition], room: usize) -> usize {
    let paths: BTreeSet<&str> = found.iter().map(|one| one.path.as_str()).collect();
    let new: Vec<&str> = paths.into_iter().filter(|path| index.numbered(path).is_none()).collect();
    let files = new.into_par_iter().filter_map(|path| {
        let text = tree.read(path).filter(|text| SourceFile::check(path, text).is_ok())?;
        Some(Arc::new(SourceFile::new(path, text)))
    });
    let files: Vec<Arc<SourceFile>> = files.collect();
    let bytes = files.iter().map(|file| file.text.len()).sum();
    if bytes < room {
        let first = index.files.len();
        index.files.extend(files);
        add_definitions(index, first);
    }
    bytes
}

/// Notes what a name means, and gives what is to be gone through next: macros, and functions that get the VMA.
fn go_on(index: &mut Index, definition: &Definition) -> Vec<Reached> {
    let Definition { file, name, path, gets_vma } = definition;
    let Some(number) = index.numbered(path) else { return Vec::new() };
    let source = index.file(number);
    let kinds = [ItemKind::Function, ItemKind::Macro].into_iter();
    let items: Vec<ItemId> =
        kinds.flat_map(|kind| source.named(kind, name)).map(|item| ItemId { file: number, item }).collect();
    let mut next = Vec::new();
    for item in items {
        let is_macro = index.item(item).kind == ItemKind::Macro;
        if is_macro || *gets_vma {
            next.push(Reached { file: if is_macro { *file } else { number }, item });
        }
        index.mean(*file, name.clone(), item);
    }
    next
}

/// A header, as far as it matters: what it includes, and what it does with the names that are looked for.
struct Header {
    includes: Vec<Include>,
    defined: BTreeSet<String>,
    declared: BTreeSet<String>,
}

/// The headers that were looked through for names. Drivers share them, so that each is read once.
struct Headers<'a> {
    tree: &'a Tree,
    index: &'a Index,
    /// The names that any file uses.
    wanted: FxHashSet<Vec<u8>>,
    known: Mutex<FxHashMap<String, Option<Arc<Header>>>>,
}

/// Looks for the names that files of one folder use.
struct Folder<'a> {
    headers: &'a Headers<'a>,
    /// Where else the folder's Makefile has the compiler look for headers.
    added: Vec<String>,
    /// Whether there are folders, which is asked for once and not for each header that is not in them.
    exists: FxHashMap<String, bool>,
}

impl Folder<'_> {
    fn definitions(&mut self, file: u32, mut names: Names) -> Vec<Definition> {
        let mut found = Vec::new();
        let mut declared: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for with_shared in [false, true] {
            if with_shared {
                names.retain(|_, gets_vma| *gets_vma);
            }
            for (path, header) in self.reached_headers(file, with_shared, &names) {
                let is_shared = is_shared(&path);
                names.retain(|name, gets_vma| {
                    let is_defined = header.defined.contains(name) && (*gets_vma || !is_shared);
                    if is_defined {
                        let (name, path, gets_vma) = (name.clone(), path.clone(), *gets_vma);
                        found.push(Definition { file, name, path, gets_vma });
                    } else if header.declared.contains(name) && !is_shared {
                        declared.entry(path.clone()).or_default().insert(name.clone());
                    }
                    !is_defined
                });
            }
            if !with_shared {
                for (header, mut wanted) in std::mem::take(&mut declared) {
                    wanted.retain(|name| names.contains_key(name));
                    for (name, path) in self.in_sources(file, &header, wanted) {
                        let gets_vma = names.remove(&name).unwrap_or_default();
                        found.push(Definition { file, name, path, gets_vma });
                    }
                }
            }
        }
        found
    }

    /// The headers that a file includes, nearest first: those of the driver, or those of the kernel too, of which only a VMA makes one
    /// worth the look.
    fn reached_headers(&mut self, file: u32, with_shared: bool, names: &Names) -> Vec<(String, Arc<Header>)> {
        let source = self.headers.index.file(file);
        let (mut found, mut seen): (Vec<(String, Arc<Header>)>, FxHashSet<String>) = Default::default();
        if names.is_empty() {
            return found;
        }
        let mut level = vec![(source.folder().to_owned(), includes(&source.text))];
        let depth = if names.values().any(|gets_vma| *gets_vma) { VMA_INCLUDE_DEPTH } else { INCLUDE_DEPTH };
        for _ in 0..depth {
            let mut next = Vec::new();
            for (folder, includes) in level {
                for include in includes {
                    let paths = candidates(&include, &folder, &self.added);
                    let is_meant = |path: &&String| with_shared || !is_shared(path);
                    let header = paths.iter().filter(is_meant).find_map(|path| Some((path, self.header(path)?)));
                    let Some((path, header)) = header.filter(|(path, _)| seen.insert((*path).clone())) else {
                        continue;
                    };
                    if found.len() >= HEADER_LIMIT {
                        return found;
                    }
                    let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
                    next.push((folder.to_owned(), header.includes.clone()));
                    found.push((path.clone(), header));
                }
            }
            level = next;
        }
        found
    }

    fn header(&mut self, path: &str) -> Option<Arc<Header>> {
        if self.has_folder_of(path) { self.headers.of(path) } else { None }
    }

    fn has_folder_of(&mut self, path: &str) -> bool {
        let folder = path.rsplit_once('/').map_or("", |(folder, _)| folder);
        if let Some(exists) = self.exists.get(folder) {
            return *exists;
        }
        let exists = self.headers.tree.has_folder(folder);
        self.exists.insert(folder.to_owned(), exists);
        exists
    }

    /// The sources, beside the header that declares functions or beside their caller, that define them.
    fn in_sources(&self, file: u32, header: &str, mut names: BTreeSet<String>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if names.is_empty() {
            return found;
        }
        let stem = header.strip_suffix(".h").unwrap_or(header);
        let folder = header.rsplit_once('/').map_or("", |(folder, _)| folder);
        let own = self.headers.index.file(file).folder();
        let beside = || {
            let beside_caller = if folder == own { Vec::new() } else { self.headers.tree.sources_in(own) };
            self.headers.tree.sources_in(folder).into_iter().chain(beside_caller)
        };
        for path in std::iter::once(format!("{stem}.c")).chain(std::iter::once_with(beside).flatten()) {
            if names.is_empty() {
                break;
            }
            let read;
            let text = match self.headers.index.numbered(&path) {
                Some(file) => &self.headers.index.file(file).text,
                None => match self.headers.tree.read(&path) {
                    Some(text) => {
                        read = text;
                        &read
                    }
                    None => continue,
                },
            };
            names.retain(|name| {
                let mut places = words(text, name.as_bytes()).map(|at| Span::new(at, at + name.len()));
                let is_defined = places.any(|place| role(text, place) == Role::Defined);
                if is_defined {
                    found.push((name.clone(), path.clone()));
                }
                !is_defined
            });
        }
        found
    }
}

impl Headers<'_> {
    fn of(&self, path: &str) -> Option<Arc<Header>> {
        let known = || self.known.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(header) = known().get(path) {
            return header.clone();
        }
        let header = match self.index.header(path) {
            Some(file) => Some(Header::of(&file.text, &self.wanted)),
            None => {
                let text = self.tree.read(path).filter(|text| text.len() <= HEADER_BYTES);
                text.map(|text| Header::of(&text, &self.wanted))
            }
        };
        let header = header.map(Arc::new);
        known().insert(path.to_owned(), header.clone());
        header
    }
}

impl Header {
    /// What a header does with names: those that stand before a parenthesis, and those of macros.
    fn of(text: &[u8], wanted: &FxHashSet<Vec<u8>>) -> Header {
        let mut header = Header { includes: includes(text), defined: BTreeSet::new(), declared: BTreeSet::new() };
        let called = memchr::memchr_iter(b'(', text).filter_map(|open| identifier_before(text, open));
        let macros = memchr::memmem::find_iter(text, b"define").map(|at| {
            let start = skip_blank(text, at + b"define".len());
            (start, identifier_end(text, start))
        });
        for (start, end) in called.chain(macros).filter(|(start, end)| wanted.contains(&text[*start..*end])) {
            let name = || String::from_utf8_lossy(&text[start..end]).into_owned();
            match role(text, Span::new(start, end)) {
                Role::Defined => drop(header.defined.insert(name())),
                Role::Declared => drop(header.declared.insert(name())),
                Role::Used => {}
            }
        }
        header
    }
}

/// Whether a header lies where those of all drivers do.
fn is_shared(path: &str) -> bool {
    path.starts_with("include/") || (path.starts_with("arch/") && path.contains("/include/"))
}

/// What a name is where it stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// The name of a macro or of a function with its body.
    Defined,
    /// That of a prototype.
    Declared,
    Used,
}

fn role(text: &[u8], name: Span) -> Role {
    let (start, end) = (name.start as usize, name.end as usize);
    let line = memchr::memrchr(b'\n', &text[..start]).map_or(0, |newline| newline + 1);
    let before = text[line..start].trim_ascii();
    if before.strip_prefix(b"#").is_some_and(|rest| rest.trim_ascii() == b"define") {
        return Role::Defined;
    }
    let open = skip_blank(text, end);
    // What a statement begins with, or what stands deeper, calls.
    let is_head = !before.is_empty() || line == start;
    if text.get(open) != Some(&b'(') || !is_head || text[line..].first().is_some_and(|byte| byte.is_ascii_whitespace())
    {
        return Role::Used;
    }
    let Some(close) = closing(text, open) else { return Role::Used };
    let mut at = skip_blank(text, close);
    // Attributes may stand between.
    while text.get(at).is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_') {
        at = skip_blank(text, identifier_end(text, at));
        if text.get(at) == Some(&b'(') {
            let Some(close) = closing(text, at) else { return Role::Used };
            at = skip_blank(text, close);
        }
    }
    match text.get(at) {
        Some(b'{') => Role::Defined,
        Some(b';') => Role::Declared,
        _ => Role::Used,
    }
}

/// The code of a function or a macro; of a macro the body, which is a directive.
fn code_of(source: &SourceFile, kind: ItemKind, span: Span) -> Vec<u8> {
    let text = span.of(&source.text);
    if kind != ItemKind::Macro {
        return blank_non_code(text);
    }
    let body = find_word(text, b"define", 0).map_or(0, |at| at + b"define".len());
    blank_non_code(&text[body..])
}

/// The parameter of a function that is a VMA or a desc.
fn vma_of(head: &[u8]) -> Option<&str> {
    let at = [b"vm_area_struct".as_slice(), b"vm_area_desc"]
        .into_iter()
        .find_map(|tag| Some(find_word(head, tag, 0)? + tag.len()))?;
    identifiers(&head[at..]).next()
}

/// Whether one of the arguments behind `open` is a variable.
fn passes(code: &[u8], open: usize, name: &str) -> bool {
    let arguments = call_arguments(code, open).map(|(arguments, _)| arguments).unwrap_or_default();
    arguments.iter().any(|argument| argument.trim_ascii() == name.as_bytes())
}

/// What constants of the kernel's own headers begin with, which drivers use everywhere and do not define.
const OF_THE_KERNEL: [&str; 8] = ["VM_", "VMA_", "PAGE_", "GFP_", "__GFP_", "FMODE_", "SZ_", "CAP_"];

/// Whether a name is written as constants are that a driver may define.
fn is_constant(name: &str) -> bool {
    name.len() > 3
        && name.contains('_')
        && !OF_THE_KERNEL.iter().any(|prefix| name.starts_with(prefix))
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_')
}
