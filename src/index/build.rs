//! Makes the index of a tree: one pass over the bytes of its headers, one over those of its sources, then the registrations.

use std::time::{Duration, Instant};

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::expansion::table_macros;
use super::registrations::{Words, collect};
use super::search::Search;
use super::{Index, ItemId, SourceFile, Types};
use crate::kernel::{FileTrouble, Listing, Tree, list, read_matching};
use crate::rules::Rules;
use crate::source::{ItemKind, is_identifier_byte, parse};

/// An index, and what it took to make it.
#[derive(Debug, Default)]
pub struct Built {
    /// The index.
    pub index: Index,
    /// Files read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// Files and items that were not understood.
    pub trouble: Vec<FileTrouble>,
    /// Wall time of each phase, in order.
    pub phases: Vec<(&'static str, Duration)>,
}

/// Files that matter and are longer than this many bytes are named and left out: nobody wrote them by hand.
const SOURCE_LIMIT: usize = 16 << 20;

/// Reads a tree and indexes what matters in it.
pub fn build(tree: &Tree, rules: &Rules) -> Built {
    let mut built = Built::default();
    let mut clock = Instant::now();
    let mut lap = |name: &'static str, phases: &mut Vec<(&'static str, Duration)>| {
        phases.push((name, clock.elapsed()));
        clock = Instant::now();
    };
    let Listing { headers, sources, trouble } = list(tree.root());
    built.files = headers.len() + sources.len();
    built.trouble = trouble;
    lap("walk", &mut built.phases);

    read(tree, &headers, &mut built, is_worth_indexing);
    add_definitions(&mut built.index, rules, 0);
    lap("headers", &mut built.phases);

    let first_source = built.index.files.len();
    let filter = Filter::new(&built.index);
    read(tree, &sources, &mut built, |text| filter.keeps(text));
    add_definitions(&mut built.index, rules, first_source);
    lap("sources", &mut built.phases);

    let index = &built.index;
    let types = Types::new(index, tree.root());
    let words = Words::new(index);
    let files = (0..index.files.len() as u32).into_par_iter();
    let found: Vec<_> = files.map(|file| collect(index, &types, &words, file)).collect();
    for (registrations, trouble) in found {
        built.index.registrations.extend(registrations);
        built.trouble.extend(trouble);
    }
    lap("registrations", &mut built.phases);
    built
}

fn read(tree: &Tree, paths: &[String], built: &mut Built, keeps: impl Fn(&[u8]) -> bool + Sync) {
    let (files, bytes, trouble) =
        read_matching(tree.root(), paths, |path, text| keeps(text).then(|| SourceFile::new(path, text)));
    built.bytes += bytes;
    built.trouble.extend(trouble);
    let (files, too_large): (Vec<_>, Vec<_>) = files.into_iter().partition(|file| file.text.len() <= SOURCE_LIMIT);
    built.trouble.extend(too_large.into_iter().map(|file| {
        let text = format!("names VMAs and is longer than {} MiB; not analysed", SOURCE_LIMIT >> 20);
        FileTrouble { file: file.path, line: None, kind: "too-large", text }
    }));
    for file in &files {
        if let Err(error) = std::str::from_utf8(&file.text) {
            let line = Some(file.position(error.valid_up_to() as u32).line);
            let text = "holds bytes that are no UTF-8; read as they are".to_owned();
            built.trouble.push(FileTrouble { file: file.path.clone(), line, kind: "not-utf8", text });
        }
    }
    built.index.files.extend(files);
}

/// Whether a header can hold something for the index: a VMA, or a table macro that names a hook.
fn is_worth_indexing(text: &[u8]) -> bool {
    memmem::find(text, b"vm_area_").is_some()
        || memmem::find_iter(text, b"mmap").any(|at| {
            let start = text[..at].iter().rposition(|byte| !is_identifier_byte(*byte));
            start.is_some_and(|before| text[before] == b'.')
        })
}

/// Lets those sources through that take a VMA, register a hook, or use a macro that does.
struct Filter {
    search: Search,
    members: FxHashSet<Vec<u8>>,
    macros: FxHashSet<Vec<u8>>,
}

impl Filter {
    fn new(index: &Index) -> Filter {
        let members: Vec<&str> = index.hooks.members();
        let macros: FxHashSet<Vec<u8>> = index.table_macros.keys().map(|name| name.clone().into_bytes()).collect();
        // What holds "mmap" is found by it.
        let others = members.iter().map(|member| member.as_bytes()).chain(macros.iter().map(Vec::as_slice));
        let mut needles: Vec<&[u8]> = vec![b"vm_area_", b"mmap"];
        needles.extend(others.filter(|word| memmem::find(word, b"mmap").is_none()));
        needles[2..].sort_unstable();
        Filter {
            search: Search::new(&needles),
            members: members.iter().map(|member| member.as_bytes().to_vec()).collect(),
            macros,
        }
    }

    fn keeps(&self, text: &[u8]) -> bool {
        self.search.any(text, |needle, start, end| needle == 0 || self.is_use(text, start, end))
    }

    /// Whether the identifier around a match registers something.
    fn is_use(&self, text: &[u8], start: usize, end: usize) -> bool {
        let start = text[..start].iter().rposition(|byte| !is_identifier_byte(*byte)).map_or(0, |before| before + 1);
        let end = end + text[end..].iter().take_while(|byte| is_identifier_byte(**byte)).count();
        let word = &text[start..end];
        self.macros.contains(word) || (self.members.contains(word) && is_assigned(text, end))
    }
}

/// Whether what stands behind a member makes it a designator or the target of an assignment.
pub(super) fn is_assigned(text: &[u8], end: usize) -> bool {
    let rest = text[end..].trim_ascii_start();
    matches!(rest, [b'=', next, ..] if *next != b'=') || matches!(rest, [b':', next, ..] if *next != b':')
}

/// Indexes what the files from `first` on define.
fn add_definitions(index: &mut Index, rules: &Rules, first: usize) {
    for file in first..index.files.len() {
        let source = &index.files[file];
        index.folders.entry(source.folder().to_owned()).or_default().push(file as u32);
        let mut private_hooks = Vec::new();
        for (number, item) in (0u32..).zip(&source.items) {
            let id = ItemId { file: file as u32, item: number };
            match item.kind {
                ItemKind::Function if memmem::find(item.head().of(&source.text), b"vm_area_").is_some() => {
                    index.functions.entry(source.name(item)).or_default().push(id);
                }
                ItemKind::Macro if source.text.get(item.body as usize) == Some(&b'(') => {
                    index.macros.entry(source.name(item)).or_default().push(id);
                }
                ItemKind::Record if item.body < item.span.end => {
                    let tag = source.name(item);
                    let text = item.span.of(&source.text);
                    if memmem::find(text, b"vm_area_").is_some() {
                        private_hooks.push((tag.clone(), parse::members(text, item.span.start).syntax));
                    }
                    index.records.entry(tag).or_default().push(id);
                }
                _ => {}
            }
        }
        let is_private = !source.is_shared_header();
        for (tag, members) in private_hooks {
            index.hooks.add(rules, &tag, &members, is_private);
        }
    }
    for (name, id) in table_macros(index, first) {
        index.table_macros.entry(name).or_default().push(id);
    }
}
