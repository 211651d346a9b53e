//! Makes the index of a tree: one pass over the bytes of its headers, one over those of its sources, then the registrations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::FxHashSet;

use super::built::{Built, add_declarations};
use super::matter::{MMAP, VMA, is_access, is_assigned};
use super::net::Unclear;
use super::registrations::{Registration, Words, collect};
use super::search::{Search, shared_parts};
use super::{Index, SourceFile, Types, net, reach};
use crate::ITEMS_PER_JOB;
use crate::kernel::{FileTrouble, Listing, Sieve, Sifted, Tree, TroubleKind, sift, walk};
use crate::profile::{Phase, measure};
use crate::rules::Rules;
use crate::source::{identifier_end, identifier_start};

/// Sources that matter and that, with the headers before them, are longer than this many bytes all together are not analysed, nor are
/// headers that are longer themselves: a kernel has 40 MB of them, and their texts are held in memory.
const KEPT_LIMIT: usize = 192 << 20;

/// Registrations beyond so many are named and left out: a kernel has a thousand.
const REGISTRATION_LIMIT: usize = 10_000;

/// Registrations are looked for in so many bytes of text at once.
const BATCH: usize = 16 << 20;

/// Reads a tree and indexes what matters in it.
pub fn build(tree: &Tree, rules: &Rules) -> Built {
    let (mut built, mut headers) = (Built::default(), Sifted::default());
    let sieve = Bounded::new(Headers::new(), &built.index);
    let parts = walk(tree, |part: Listing| (sift(tree, &part.headers, &sieve), part));
    let (mut sources, mut has_links) = (Vec::new(), false);
    for (sifted, part) in parts {
        headers = headers.and(sifted);
        headers.trouble.extend(part.trouble);
        has_links |= part.headers.has_links() || part.sources.has_links();
        sources.push(part.sources);
    }
    built.add(tree, headers, &sieve);
    add_declarations(&mut built.index, rules, 0);

    let first_source = built.index.files.len();
    let sieve = Bounded::new(Sources::new(&built.index), &built.index);
    built.index.sought = sieve.filter.words.clone();
    let sources = sources.into_par_iter().map(|paths| sift(tree, &paths, &sieve));
    built.add(tree, sources.reduce(Sifted::default, Sifted::and), &sieve);
    add_declarations(&mut built.index, rules, first_source);
    built.index.listed = built.index.files.len();
    built.index.has_links = has_links;
    register(tree, rules, &mut built);
    reach::add(tree, rules, &mut built);
    built
}

/// Finds the registrations, once all is known that files define.
pub(super) fn register(tree: &Tree, rules: &Rules, built: &mut Built) {
    let index = &built.index;
    let types = Types::new(index, tree, &built.types, rules);
    let words = Words::new(index);
    let (mut found, mut lost, mut next) = (Vec::new(), Vec::new(), 0);
    let mut called = FxHashSet::default();
    while next < index.files.len() && found.len().max(lost.len()) <= REGISTRATION_LIMIT {
        let batch = next..end_of_batch(&index.files, next);
        next = batch.end;
        let files = (batch.start as u32..batch.end as u32).into_par_iter().with_max_len(ITEMS_PER_JOB);
        let batch: Vec<_> =
            files.map(|file| measure(Phase::Follow, || collect(index, types, rules, &words, file))).collect();
        for file in batch {
            found.extend(file.found);
            lost.extend(file.unclear);
            called.extend(file.called);
        }
    }
    let place = |registration: &Registration| {
        let file = index.file(registration.file);
        (file.path.clone(), Some(file.position(registration.span.start).line))
    };
    let left_out = [
        limited(&mut found, "registrations", place),
        index.files.get(next).map(|file| too_many(file.path.clone(), None, "files that may register handlers")),
    ];
    let left_out: Vec<FileTrouble> = left_out.into_iter().flatten().collect();
    let is_whole = left_out.is_empty();
    built.trouble.extend(left_out);
    built.index.registrations = found;
    built.types.forget_members();
    built.index.called = called;
    if is_whole {
        lost.extend(net::catch(rules, &built.index));
    }
    lost.extend(built.index.last_macros.iter().map(|id| {
        let text = "macros that use this one may register handlers; they are nested too deep to be followed".to_owned();
        Unclear { file: id.file, at: built.index.item(*id).span.start, text, takes: None }
    }));
    lost.sort();
    lost.dedup_by(|next, first| (next.file, next.at) == (first.file, first.at));
    let index = &built.index;
    let left_out = limited(&mut lost, "registrations that are not understood", |unclear| {
        let source = index.file(unclear.file);
        (source.path.clone(), Some(source.position(unclear.at).line))
    });
    built.trouble.extend(left_out);
    built.trouble.extend(lost.iter().map(|unclear| {
        let source = built.index.file(unclear.file);
        let line = source.position(unclear.at).line;
        FileTrouble::at(&source.path, line, TroubleKind::Registration, unclear.text.as_str())
    }));
    built.index.unclear = lost;
}

/// Cuts a list at the limit, and says what is left out, and from where on.
fn limited<T>(list: &mut Vec<T>, what: &str, place: impl Fn(&T) -> (String, Option<u32>)) -> Option<FileTrouble> {
    let (file, line) = place(list.get(REGISTRATION_LIMIT)?);
    list.truncate(REGISTRATION_LIMIT);
    Some(too_many(file, line, what))
}

fn too_many(file: String, line: Option<u32>, what: &str) -> FileTrouble {
    let text = format!("{what} from here on are left out: {REGISTRATION_LIMIT} registrations are the limit");
    FileTrouble { file, line, kind: TroubleKind::TooMany, text }
}

/// Where the files end that are looked at together with the one at `start`: what one batch finds has to fit into memory.
fn end_of_batch(files: &[Arc<SourceFile>], start: usize) -> usize {
    let mut bytes = 0;
    let fits = |file: &&Arc<SourceFile>| {
        bytes += file.text.len();
        bytes <= BATCH
    };
    start + files[start..].iter().take_while(fits).count().max(1)
}

impl Built {
    /// Adds the files that a sieve kept.
    pub(super) fn add<F>(&mut self, tree: &Tree, sifted: Sifted<SourceFile>, sieve: &Bounded<F>) {
        self.files += sifted.files;
        self.bytes += sifted.bytes;
        self.trouble.extend(sifted.trouble);
        let mut files = sifted.kept;
        if sieve.is_exceeded() {
            files.clear();
            let text = format!(
                "more than {} MiB of C that names VMAs, which no kernel has; the sources, or the headers, were not analysed",
                KEPT_LIMIT >> 20
            );
            self.trouble.push(FileTrouble::of("", TroubleKind::TooLarge, text));
        }
        files.par_sort_unstable_by(|left: &SourceFile, right| left.path.cmp(&right.path));
        for file in &files {
            if let Some(place) = file.not_utf8 {
                let line = file.position(place).line;
                let text = "holds bytes that are no UTF-8; read as they are";
                self.trouble.push(FileTrouble::at(&file.path, line, TroubleKind::NotUtf8, text));
            }
        }
        for file in &files {
            let Some(path) = &file.includes_no_c else { continue };
            if tree.has(path) || tree.overlay().get(path).is_some() {
                let text = format!(
                    "includes {path}, which is not read: C is looked for in files that are called so, outside of tools, scripts and Documentation"
                );
                self.trouble.push(FileTrouble::of(&file.path, TroubleKind::Include, text));
            }
        }
        self.index.files.extend(files.into_iter().map(Arc::new));
    }
}

/// Tells which files matter.
pub(super) trait Filter: Sync {
    /// As [`Sieve::matters`] has it.
    fn matters(&self, text: &[u8]) -> bool;
}

/// Keeps the files that matter, until they are more than memory should hold.
pub(super) struct Bounded<F> {
    pub(super) filter: F,
    kept: AtomicUsize,
}

impl<F> Bounded<F> {
    /// A sieve for files that are kept beside those of an index.
    pub(super) fn new(filter: F, beside: &Index) -> Bounded<F> {
        Bounded { filter, kept: AtomicUsize::new(beside.files.iter().map(|file| file.text.len()).sum()) }
    }

    /// Whether it came to more than the limit, which does not depend on the order in which files come.
    fn is_exceeded(&self) -> bool {
        self.kept.load(Ordering::Relaxed) > KEPT_LIMIT
    }
}

impl<F: Filter> Sieve<SourceFile> for Bounded<F> {
    fn matters(&self, text: &[u8]) -> bool {
        self.filter.matters(text)
    }

    fn overlap(&self) -> usize {
        VMA.len()
    }

    fn keep(&self, path: &str, text: Vec<u8>) -> Result<Option<SourceFile>, FileTrouble> {
        SourceFile::check(path, &text)?;
        if self.is_exceeded() {
            return Ok(None);
        }
        self.kept.fetch_add(text.len(), Ordering::Relaxed);
        Ok(Some(SourceFile::new(path, text)))
    }
}

/// Lets those headers through that can hold something for the index: a VMA, a table macro that names a hook, or a use of one.
pub(super) struct Headers(Search);

impl Headers {
    pub(super) fn new() -> Headers {
        Headers(Search::new(&[VMA, MMAP]))
    }
}

impl Filter for Headers {
    fn matters(&self, text: &[u8]) -> bool {
        self.0.any_in(text)
            && self.0.places(text).any(|place| {
                let before = text[..identifier_start(text, place.start)].last();
                &text[place] == VMA || before.is_none_or(|before| matches!(before, b'.' | b'>'))
            })
    }
}

/// Lets those sources through that take a VMA, register a hook, or use a macro that does.
pub(super) struct Sources {
    search: Search,
    pub(super) words: Arc<Sought>,
}

/// The words that make a source matter, as the headers declare them.
#[derive(Debug, Default, PartialEq)]
pub struct Sought {
    members: FxHashSet<Vec<u8>>,
    macros: FxHashSet<Vec<u8>>,
}

impl Sources {
    pub(super) fn new(index: &Index) -> Sources {
        let members: Vec<&str> = index.hooks.members();
        let macros: FxHashSet<Vec<u8>> = index.table_macros.keys().map(|name| name.clone().into_bytes()).collect();
        // What holds "mmap" is found by it.
        let others = members.iter().map(|member| member.as_bytes()).chain(macros.iter().map(Vec::as_slice));
        let others = others.filter(|word| !word.is_empty() && memmem::find(word, MMAP).is_none());
        let parts = shared_parts(others.collect());
        Sources {
            search: Search::new(&[&[VMA, MMAP], &*parts].concat()),
            words: Arc::new(Sought {
                members: members.iter().map(|member| member.as_bytes().to_vec()).collect(),
                macros,
            }),
        }
    }

    /// Whether the identifier around a match registers something, or is a hook of something; or would be, for all that a part of
    /// a file shows.
    fn is_use(&self, text: &[u8], start: usize, end: usize) -> bool {
        let (start, end) = (identifier_start(text, start), identifier_end(text, end));
        // What tells is an operator of at most two bytes on either side.
        let is_cut = text[..start].trim_ascii_end().len() < 2 || text[end..].trim_ascii_start().len() < 2;
        let word = &text[start..end];
        is_cut
            || self.words.macros.contains(word)
            || (self.words.members.contains(word) && (is_assigned(text, end) || is_access(text, start)))
    }
}

impl Filter for Sources {
    fn matters(&self, text: &[u8]) -> bool {
        // A part of a word may hide a VMA that it overlaps.
        self.search.any_in(text)
            && (memmem::find(text, VMA).is_some()
                || self.search.places(text).any(|place| self.is_use(text, place.start, place.end)))
    }
}
