//! Reads files in parallel and keeps those that a sieve lets through.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::os::fd::OwnedFd;
use std::path::Path;

use rayon::prelude::*;
use rustix::fs::{Mode, OFlags, openat};

use super::{FileTrouble, Tree};
use crate::meter::{Phase, count, measure};

/// Files longer than this many bytes are not read.
pub const FILE_LIMIT: u64 = 64 << 20;

/// Most files are shorter than this many bytes. Longer ones, registers described by machines for the most part, are looked at in
/// parts of that size, which stay in the cache, and read as a whole only where a part may matter.
const PART: usize = 64 << 10;

/// The byte order marks of UTF-16, in which no word would be found.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Decides which files are kept, and what is made of them.
pub trait Sieve<T>: Sync {
    /// Whether a part of a file may hold what makes a file worth keeping. A quick look, which may say yes in vain.
    fn may_matter(&self, part: &[u8]) -> bool;

    /// How many bytes the longest thing has that the quick look searches for: parts overlap by so many.
    fn overlap(&self) -> usize;

    /// What is made of a whole file that may matter, if it is kept.
    fn keep(&self, path: &str, text: &[u8]) -> Option<T>;
}

thread_local! {
    /// Allocating a buffer for each of 65,000 files costs more than reading them.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PART]);
}

/// The folder that was read from last, held open: what is opened in it takes the kernel a look at one name and not at a whole path.
#[derive(Default)]
struct Folder<'p>(Option<(&'p str, OwnedFd)>);

impl<'p> Folder<'p> {
    /// Opens a file of the tree.
    fn open(&mut self, root: &Path, path: &'p str) -> io::Result<File> {
        let (folder, name) = path.rsplit_once('/').unwrap_or(("", path));
        let open = match self.0.take() {
            Some((known, open)) if known == folder => open,
            _ => File::open(root.join(folder))?.into(),
        };
        let (_, open) = self.0.insert((folder, open));
        Ok(openat(open, name, OFlags::RDONLY | OFlags::CLOEXEC, Mode::empty())?.into())
    }
}

/// What became of one file.
enum Outcome<T> {
    Kept(T),
    Passed,
    Failed(FileTrouble),
}

/// Reads every file of `paths` (relative to the tree) and collects what the sieve makes of those it keeps, in the order of `paths`;
/// with it the bytes read and the files that could not be.
pub fn read_matching<T: Send>(tree: &Tree, paths: &[String], sieve: &impl Sieve<T>) -> (Vec<T>, u64, Vec<FileTrouble>) {
    let outcomes: Vec<(Outcome<T>, u64)> = paths
        .par_iter()
        .with_max_len(64)
        .map_init(Folder::default, |folder, path| read_one(tree, folder, path, sieve))
        .collect();
    let (mut kept, mut bytes, mut trouble) = (Vec::new(), 0, Vec::new());
    for (outcome, read) in outcomes {
        bytes += read;
        match outcome {
            Outcome::Kept(value) => kept.push(value),
            Outcome::Passed => {}
            Outcome::Failed(failed) => trouble.push(failed),
        }
    }
    (kept, bytes, trouble)
}

fn read_one<'p, T>(tree: &Tree, folder: &mut Folder<'p>, path: &'p str, sieve: &impl Sieve<T>) -> (Outcome<T>, u64) {
    let failed = |kind, text| (Outcome::Failed(FileTrouble { file: path.to_owned(), line: None, kind, text }), 0);
    if let Some(Some(text)) = tree.overlay().get(path) {
        let kept = if sieve.may_matter(text) { sieve.keep(path, text) } else { None };
        return (kept.map_or(Outcome::Passed, Outcome::Kept), text.len() as u64);
    }
    let open = || folder.open(tree.root(), path);
    match BUFFER.with_borrow_mut(|buffer| sift(open, path, buffer, sieve)) {
        Err(error) => failed("unreadable", error.to_string()),
        Ok((_, length)) if length > FILE_LIMIT => {
            failed("too-large", format!("longer than {} MiB; not read", FILE_LIMIT >> 20))
        }
        Ok((kept, length)) => (kept.map_or(Outcome::Passed, Outcome::Kept), length),
    }
}

/// Reads a file through a buffer, and gives what the sieve makes of it and the length of the file in bytes, of which no more
/// than the limit and a part are counted.
fn sift<T>(
    open: impl FnOnce() -> io::Result<File>,
    path: &str,
    buffer: &mut [u8],
    sieve: &impl Sieve<T>,
) -> io::Result<(Option<T>, u64)> {
    let (mut file, mut held) = measure(Phase::Read, || {
        let mut file = open()?;
        let held = fill(&mut file, buffer, 0)?;
        io::Result::Ok((file, held))
    })?;
    count(Phase::Read, held);
    if UTF_16.iter().any(|mark| buffer[..held].starts_with(mark)) {
        return Err(io::Error::new(io::ErrorKind::InvalidData, "is UTF-16, as no source of a kernel is; not read"));
    }
    if held < buffer.len() {
        let text = &buffer[..held];
        let kept = measure(Phase::Filter, || if sieve.may_matter(text) { sieve.keep(path, text) } else { None });
        return Ok((kept, held as u64));
    }
    let overlap = sieve.overlap().min(buffer.len() / 2);
    let mut length = held as u64;
    while length <= FILE_LIMIT {
        if measure(Phase::Filter, || sieve.may_matter(&buffer[..held])) {
            let mut text = Vec::new();
            file.rewind()?;
            let length = file.take(FILE_LIMIT + 1).read_to_end(&mut text)? as u64;
            return Ok((
                if length > FILE_LIMIT { None } else { measure(Phase::Filter, || sieve.keep(path, &text)) },
                length,
            ));
        }
        buffer.copy_within(held - overlap..held, 0);
        held = measure(Phase::Read, || fill(&mut file, buffer, overlap))?;
        count(Phase::Read, held - overlap);
        length += (held - overlap) as u64;
        if held == overlap {
            break;
        }
    }
    Ok((None, length))
}

/// Reads on behind the first `held` bytes of a buffer, until it is full or the file ends, and returns how many it holds then.
fn fill(file: &mut File, buffer: &mut [u8], mut held: usize) -> io::Result<usize> {
    while held < buffer.len() {
        match file.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(read) => held += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(held)
}
