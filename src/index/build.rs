//! Builds the index of a tree: one pass over its headers, one over its sources, then the registrations.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use memchr::memmem;
use rayon::prelude::*;
use rustc_hash::{FxHashMap, FxHashSet};

use super::built::{Built, add_declarations};
use super::carried::Carried;
use super::matter::{MMAP, VMA, is_access, is_assigned, is_macro_argument};
use super::net::Unclear;
use super::registrations::{Registration, Words, collect};
use super::search::{Search, shared_parts};
use super::{Index, SourceFile, Types, net, reach};
use crate::ITEMS_PER_JOB;
use crate::kernel::{FileTrouble, Listing, Sieve, Sifted, Tree, TroubleKind, sift, walk};
use crate::profile::{Phase, measure};
use crate::rules::Rules;
use crate::source::{identifier_end, identifier_start};

/// Maximum length in bytes of all files kept. Sources that exceed it together with the headers are not analysed; neither are headers that
/// exceed it alone. A kernel has 40 MB of them, and their texts are held in memory.
const KEPT_LIMIT: usize = 192 << 20;

/// Maximum number of registrations. Those beyond it are reported and left out; a kernel has about 1,000.
pub(super) const REGISTRATION_LIMIT: usize = 10_000;

/// Number of bytes in which registrations are searched for at once.
const BATCH: usize = 16 << 20;

/// Reads a tree and builds its index.
pub fn build(tree: &Tree, rules: &Rules) -> Built {
    let (mut built, mut headers) = (Built::default(), Sifted::default());
    let sieve = Bounded::new(tree, Headers::new(), &built.index);
    let parts = walk(tree, |from, part: Listing| (sift(from, &part.headers, &sieve), from, part));
    let (mut sources, mut has_links) = (Vec::new(), false);
    for (sifted, from, part) in parts {
        headers = headers.and(sifted);
        headers.trouble.extend(part.trouble);
        has_links |= part.headers.has_links() || part.sources.has_links();
        sources.push((from, part.sources));
    }
    built.add(tree, headers, &sieve);
    add_declarations(&mut built.index, rules, 0);

    let first_source = built.index.files.len();
    let sieve = Bounded::new(tree, Sources::new(&built.index), &built.index);
    built.index.sought = sieve.filter.words.clone();
    let sources = sources.into_par_iter().map(|(from, paths)| sift(from, &paths, &sieve));
    built.add(tree, sources.reduce(Sifted::default, Sifted::and), &sieve);
    add_declarations(&mut built.index, rules, first_source);
    built.index.listed = built.index.files.len();
    built.index.has_links = has_links;
    built.index.has_several_modules = tree.is_module() && tree.module_names().len() > 1;
    register(tree, rules, &mut built, Carried::default());
    reach::add(tree, rules, &mut built, &FxHashMap::default());
    built
}

/// Finds the registrations, after the definitions of all files are known. Those of some files may be known.
pub(super) fn register(tree: &Tree, rules: &Rules, built: &mut Built, carried: Carried) {
    let index = &built.index;
    let types = Types::new(index, tree, &built.types, rules);
    let words = Words::new(index);
    let Carried { files: known, registrations: mut found, unclear: mut lost, mut called } = carried;
    let mut next = 0;
    while next < index.files.len() && found.len().max(lost.len()) <= REGISTRATION_LIMIT {
        let batch = next..end_of_batch(&index.files, next);
        next = batch.end;
        let files: Vec<u32> = (batch.start as u32..batch.end as u32).filter(|file| !known.contains(file)).collect();
        let jobs = files.par_iter().with_max_len(ITEMS_PER_JOB);
        let batch: Vec<_> =
            jobs.map(|file| measure(Phase::Follow, || collect(index, types, rules, &words, *file))).collect();
        for (number, file) in files.into_iter().zip(batch) {
            found.extend(file.found);
            lost.extend(file.unclear);
            for name in file.called {
                called.entry(name).or_default().push(number);
            }
        }
    }
    found.sort_by_key(|registration| registration.file);
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
        lost.extend(net::catch(rules, &built.index, &known));
    }
    lost.extend(built.index.last_macros.iter().map(|id| {
        let text = "macros that use this one may register handlers, but are nested too deep to be followed".to_owned();
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

/// Cuts a list at the limit. Returns trouble that names the first item left out.
fn limited<T>(list: &mut Vec<T>, what: &str, place: impl Fn(&T) -> (String, Option<u32>)) -> Option<FileTrouble> {
    let (file, line) = place(list.get(REGISTRATION_LIMIT)?);
    list.truncate(REGISTRATION_LIMIT);
    Some(too_many(file, line, what))
}

fn too_many(file: String, line: Option<u32>, what: &str) -> FileTrouble {
    let text = format!("{what} from here on are left out (limit: {REGISTRATION_LIMIT} registrations)");
    FileTrouble { file, line, kind: TroubleKind::TooMany, text }
}

/// End of the batch of files that begins at `start`. The findings of a batch must fit into memory.
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
    pub(super) fn add<F>(&mut self, tree: &Tree, sifted: Sifted<SourceFile>, sieve: &Bounded<'_, F>) {
        self.files += sifted.files;
        self.bytes += sifted.bytes;
        self.trouble.extend(sifted.trouble);
        let mut files = sifted.kept;
        if sieve.is_exceeded() {
            files.clear();
            let text = format!(
                "files that name VMAs exceed {} MiB, more than any kernel has; the sources, or the headers, were not analysed",
                KEPT_LIMIT >> 20
            );
            self.trouble.push(FileTrouble::of("", TroubleKind::TooLarge, text));
        }
        files.par_sort_unstable_by(|left: &SourceFile, right| left.path.cmp(&right.path));
        for file in &files {
            if let Some(place) = file.not_utf8 {
                let line = file.position(place).line;
                let text = "is not valid UTF-8; read as raw bytes";
                self.trouble.push(FileTrouble::at(&file.path, line, TroubleKind::NotUtf8, text));
            }
        }
        for file in &files {
            let Some(path) = &file.includes_no_c else { continue };
            if tree.has(path) || tree.overlay().get(path).is_some() {
                let text = format!(
                    "includes {path}, which is not read: its name is not that of a C file, or it is in tools, scripts or Documentation"
                );
                self.trouble.push(FileTrouble::of(&file.path, TroubleKind::Include, text));
            }
        }
        self.index.files.extend(files.into_iter().map(Arc::new));
    }
}

/// Selects the files that matter.
pub(super) trait Filter: Sync {
    /// See [`Sieve::matters`].
    fn matters(&self, text: &[u8]) -> bool;

    /// Length in bytes of the longest word that it searches for.
    fn longest(&self) -> usize;
}

/// Keeps the files that matter, up to the memory limit.
pub(super) struct Bounded<'t, F> {
    tree: &'t Tree,
    pub(super) filter: F,
    kept: AtomicUsize,
}

impl<'t, F> Bounded<'t, F> {
    /// Sieve for files of a tree that are kept in addition to those of an index.
    pub(super) fn new(tree: &'t Tree, filter: F, beside: &Index) -> Bounded<'t, F> {
        Bounded { tree, filter, kept: AtomicUsize::new(beside.files.iter().map(|file| file.text.len()).sum()) }
    }

    /// Whether the files exceed the limit. It does not depend on their order.
    fn is_exceeded(&self) -> bool {
        self.kept.load(Ordering::Relaxed) > KEPT_LIMIT
    }
}

impl<F: Filter> Sieve<SourceFile> for Bounded<'_, F> {
    fn matters(&self, text: &[u8]) -> bool {
        self.filter.matters(text)
    }

    fn overlap(&self) -> usize {
        self.filter.longest()
    }

    fn keep(&self, path: &str, text: Vec<u8>) -> Result<Option<SourceFile>, FileTrouble> {
        SourceFile::check(path, &text)?;
        if self.is_exceeded() {
            return Ok(None);
        }
        self.kept.fetch_add(text.len(), Ordering::Relaxed);
        Ok(Some(SourceFile::of(self.tree, path, text)))
    }
}

/// Selects headers that may hold a VMA, a table macro that names a hook, or a use of one.
pub(super) struct Headers(Search);

impl Headers {
    pub(super) fn new() -> Headers {
        Headers(Search::new(&[VMA, MMAP]))
    }
}

impl Filter for Headers {
    fn longest(&self) -> usize {
        self.0.longest()
    }

    fn matters(&self, text: &[u8]) -> bool {
        self.0.any_in(text)
            && self.0.places(text).any(|place| {
                let before = text[..identifier_start(text, place.start)].last();
                &text[place] == VMA || before.is_none_or(|before| matches!(before, b'.' | b'>'))
            })
    }
}

/// Selects sources that take a VMA, register a hook, or use a macro that does.
pub(super) struct Sources {
    search: Search,
    pub(super) words: Arc<Sought>,
}

/// Words that make a source matter, as declared in the headers.
#[derive(Debug, Default, PartialEq)]
pub struct Sought {
    members: FxHashSet<Vec<u8>>,
    macros: FxHashSet<Vec<u8>>,
}

impl Sought {
    /// The words that others lack.
    pub(super) fn added_to<'a>(&'a self, others: &'a Sought) -> impl Iterator<Item = &'a [u8]> {
        let members = self.members.difference(&others.members);
        members.chain(self.macros.difference(&others.macros)).map(Vec::as_slice)
    }
}

impl Sources {
    pub(super) fn new(index: &Index) -> Sources {
        let members: Vec<&str> = index.hooks.members();
        let macros: FxHashSet<Vec<u8>> = index.table_macros.keys().map(|name| name.clone().into_bytes()).collect();
        // The search for `mmap` finds all words that contain it.
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

    /// Whether the identifier around a match registers something or accesses a hook. Also true if the part of the file cuts it off.
    fn is_use(&self, text: &[u8], start: usize, end: usize) -> bool {
        let (start, end) = (identifier_start(text, start), identifier_end(text, end));
        // The deciding operator has at most two bytes on either side.
        let is_cut = text[..start].trim_ascii_end().len() < 2 || text[end..].trim_ascii_start().len() < 2;
        let word = &text[start..end];
        is_cut
            || self.words.macros.contains(word)
            || (self.words.members.contains(word)
                && (is_assigned(text, end) || is_access(text, start) || is_macro_argument(text, start, end)))
    }
}

impl Filter for Sources {
    fn longest(&self) -> usize {
        self.search.longest().max(VMA.len())
    }

    fn matters(&self, text: &[u8]) -> bool {
        // The match of a part of a word may hide an overlapping VMA.
        self.search.any_in(text)
            && (memmem::find(text, VMA).is_some()
                || self.search.places(text).any(|place| self.is_use(text, place.start, place.end)))
    }
}
