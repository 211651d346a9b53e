//! Definitions of names that a file uses and the index lacks. They are in the headers that the file includes, else in the sources beside
//! the header that declares them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::Index;
use super::includes::{Include, added_folders, candidates, includes};
use crate::kernel::{Layer, Tree, folder_of};
use crate::profile::{Phase, measure};
use crate::source::{Span, closing, identifier_before, identifier_end, line_start, skip_blank, words};

/// Maximum include depth.
const INCLUDE_DEPTH: usize = 2;
/// Maximum include depth for a name that gets a VMA.
const VMA_INCLUDE_DEPTH: usize = 4;

/// Maximum number of headers searched for one file.
const HEADER_LIMIT: usize = 256;

/// Maximum length in bytes of a header. Longer ones hold registers and no functions.
const HEADER_BYTES: usize = 256 << 10;

/// Definition of a name that a file uses.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Definition {
    pub(super) file: u32,
    pub(super) name: String,
    /// Path of the file that defines the name.
    pub(super) path: String,
    pub(super) gets_vma: bool,
}

/// Names, each with whether it is called with a VMA somewhere.
pub(super) type Names = BTreeMap<String, bool>;

/// Finds the definitions of names, folder by folder.
pub(super) fn definitions(tree: &Tree, index: &Index, unknown: BTreeMap<u32, Names>) -> Vec<Definition> {
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

/// A header: its includes, and the wanted names that it defines or declares.
struct Header {
    includes: Vec<Include>,
    defined: BTreeSet<String>,
    declared: BTreeSet<String>,
}

/// Headers that were searched. Drivers share them, so each is read once.
struct Headers<'a> {
    tree: &'a Tree,
    index: &'a Index,
    /// Names to look for, of all files.
    wanted: FxHashSet<Vec<u8>>,
    known: Mutex<FxHashMap<String, Option<Arc<Header>>>>,
}

/// Finds the names that files of one folder use.
struct Folder<'a> {
    headers: &'a Headers<'a>,
    /// Include folders that the Makefiles of the folder add.
    added: Vec<String>,
    /// Whether folders exist. Each is checked once, not for each header that it lacks.
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
                let is_shared = is_shared(self.headers.tree, &path);
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

    /// Headers that a file includes, nearest first: those of the driver, or with `with_shared` those of the kernel too. Kernel headers are
    /// worth a search only for names that get a VMA.
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
                    let is_meant = |path: &&String| with_shared || !is_shared(self.headers.tree, path);
                    let header = paths.iter().filter(is_meant).find_map(|path| Some((path, self.header(path)?)));
                    let Some((path, header)) = header.filter(|(path, _)| seen.insert((*path).clone())) else {
                        continue;
                    };
                    if found.len() >= HEADER_LIMIT {
                        return found;
                    }
                    let folder = folder_of(path);
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
        let folder = folder_of(path);
        if let Some(exists) = self.exists.get(folder) {
            return *exists;
        }
        let exists = self.headers.tree.has_folder(folder);
        self.exists.insert(folder.to_owned(), exists);
        exists
    }

    /// Sources that define declared functions: beside the header that declares them, or beside their caller.
    fn in_sources(&self, file: u32, header: &str, mut names: BTreeSet<String>) -> Vec<(String, String)> {
        let mut found = Vec::new();
        if names.is_empty() {
            return found;
        }
        let stem = header.strip_suffix(".h").unwrap_or(header);
        let folder = folder_of(header);
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
    /// Finds the role of wanted names: those before a parenthesis, and those of macros.
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

/// Whether a header lies in a folder that all drivers share. The folders of a module are its own.
fn is_shared(tree: &Tree, path: &str) -> bool {
    is_shared_folder(path) && tree.layer(path) != Layer::Module
}

/// Whether a path of a kernel tree lies in a folder that all drivers share.
pub(super) fn is_shared_folder(path: &str) -> bool {
    path.starts_with("include/") || (path.starts_with("arch/") && path.contains("/include/"))
}

/// Role of a name at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Role {
    /// Name of a macro, or of a function with its body.
    Defined,
    /// Name in a prototype.
    Declared,
    Used,
}

fn role(text: &[u8], name: Span) -> Role {
    let (start, end) = (name.start as usize, name.end as usize);
    let line = line_start(text, start);
    let before = text[line..start].trim_ascii();
    if before.strip_prefix(b"#").is_some_and(|rest| rest.trim_ascii() == b"define") {
        return Role::Defined;
    }
    let open = skip_blank(text, end);
    // An indented name is a call.
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
