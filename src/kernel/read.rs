//! Reads files in parallel and keeps those that a sieve lets through.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read, Seek};
use std::sync::atomic::{AtomicU64, Ordering};

use rayon::prelude::*;
use rustix::io::Errno;

use super::open_folder::{FILE_LIMIT, Links, OpenFolder, bounded};
use super::overlay::Laid;
use super::tree::unread;
use super::{FileTrouble, Paths, Tree, TroubleKind};
use crate::profile::{Phase, count, measure};

/// Most files are shorter than this many bytes. Longer ones, registers described by machines for the most part, are looked at in
/// parts of that size, which stay in the cache, and read as a whole only where a part may matter.
const PART: usize = 256 << 10;

/// The bytes of the smallest page that a kernel has.
const PAGE: usize = 4 << 10;

/// The byte order marks of UTF-16, in which no word would be found.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Decides which files are kept, and what is made of them.
pub trait Sieve<T>: Sync {
    /// Whether a file, or a part of one, holds what makes a file worth keeping. Where the end of a part cuts off what would tell,
    /// it may say yes in vain.
    fn matters(&self, text: &[u8]) -> bool;

    /// How many bytes the longest thing has that is searched for: parts overlap by so many.
    fn overlap(&self) -> usize;

    /// What is made of a whole file that matters, if there is room for it.
    ///
    /// # Errors
    /// Why it is none to work with.
    fn keep(&self, path: &str, text: Vec<u8>) -> Result<Option<T>, FileTrouble>;
}

/// So many files are read in a row by one thread: they mostly lie in one folder.
const FILES_AT_ONCE: usize = 16;

thread_local! {
    /// Allocating a buffer for each of 65,000 files costs more than reading them.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PART]);
    static FOLDER: RefCell<Option<LastFolder>> = const { RefCell::new(None) };
}

/// The folder that a thread has opened a file of last.
struct LastFolder {
    /// The reading that it belongs to.
    sift: u64,
    /// Its path, relative to the folder of that reading.
    path: String,
    opened: OpenFolder,
}

/// Tells readings apart.
static SIFTS: AtomicU64 = AtomicU64::new(0);

/// What came of reading files.
#[derive(Debug)]
pub struct Sifted<T> {
    /// What the sieve made of those it kept.
    pub kept: Vec<T>,
    /// Files that were to be read.
    pub files: usize,
    /// Bytes read.
    pub bytes: u64,
    /// The files that could not be read, or not be worked with.
    pub trouble: Vec<FileTrouble>,
}

impl<T> Default for Sifted<T> {
    fn default() -> Sifted<T> {
        Sifted { kept: Vec::new(), files: 0, bytes: 0, trouble: Vec::new() }
    }
}

impl<T> Sifted<T> {
    /// Both this and what came of reading others.
    pub fn and(mut self, mut other: Sifted<T>) -> Sifted<T> {
        self.kept.append(&mut other.kept);
        self.files += other.files;
        self.bytes += other.bytes;
        self.trouble.append(&mut other.trouble);
        self
    }
}

/// Reads every file of `paths` in parallel and collects what the sieve makes of those it keeps, in the order of `paths`.
pub fn sift<T: Send>(tree: &Tree, paths: &Paths, sieve: &impl Sieve<T>) -> Sifted<T> {
    if paths.is_empty() {
        return Sifted::default();
    }
    let opened = tree.folder().folder(paths.folder(), Links::Below);
    let sift = SIFTS.fetch_add(1, Ordering::Relaxed);
    let (reader, bytes) = (Reader { sift, tree, paths, opened }, AtomicU64::new(0));
    // Most files leave nothing behind, so that the few results are collected and not one for each file.
    let outcomes: Vec<Result<T, FileTrouble>> = (0..paths.len())
        .into_par_iter()
        .with_max_len(FILES_AT_ONCE)
        .map(|number| reader.sift_one(number, sieve, &bytes))
        .filter_map(Result::transpose)
        .collect();
    let mut sifted = Sifted { files: paths.len(), bytes: bytes.into_inner(), ..Sifted::default() };
    for outcome in outcomes {
        match outcome {
            Ok(value) => sifted.kept.push(value),
            Err(failed) => sifted.trouble.push(failed),
        }
    }
    sifted
}

/// Reads files that lie below a folder.
struct Reader<'t> {
    sift: u64,
    tree: &'t Tree,
    paths: &'t Paths,
    /// The kernel has a shorter way from an open folder to a file below than along the whole path.
    opened: io::Result<OpenFolder>,
}

impl Reader<'_> {
    fn sift_one<T>(&self, number: usize, sieve: &impl Sieve<T>, bytes: &AtomicU64) -> Result<Option<T>, FileTrouble> {
        let (text, length) = match self.changed(number) {
            Some(Laid::Text(text)) => (sieve.matters(text).then(|| text.to_vec()), text.len() as u64),
            Some(Laid::Unread(trouble)) => return Err(trouble.clone()),
            Some(Laid::Gone) => return Ok(None),
            None => {
                let open = || self.open(number);
                BUFFER.with_borrow_mut(|buffer| sift_file(open, buffer, sieve)).map_err(|error| {
                    // What is gone since it was listed is not read either.
                    let gone = || self.failed(number, TroubleKind::Unreadable, &error.to_string());
                    unread(&self.paths.path(number), &error).unwrap_or_else(gone)
                })?
            }
        };
        if length > FILE_LIMIT {
            let text = format!("longer than {} MiB; not read", FILE_LIMIT >> 20);
            return Err(self.failed(number, TroubleKind::TooLarge, &text));
        }
        bytes.fetch_add(length, Ordering::Relaxed);
        text.map_or(Ok(None), |text| sieve.keep(&self.paths.path(number), text))
    }

    fn failed(&self, number: usize, kind: TroubleKind, text: &str) -> FileTrouble {
        FileTrouble::of(&self.paths.path(number), kind, text)
    }

    /// What the change that is laid over the tree makes of a file.
    fn changed(&self, number: usize) -> Option<&Laid> {
        let overlay = self.tree.overlay();
        if overlay.is_empty() {
            return None;
        }
        let path = self.paths.path(number);
        overlay.get(&path).or_else(|| if self.paths.has_links() { self.tree.laid(&path) } else { None })
    }

    /// Links are listed only where they stay in the tree.
    fn open(&self, number: usize) -> io::Result<File> {
        match self.open_listed(self.paths.name(number)) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                self.tree.folder().file(&self.paths.path(number), Links::Below)
            }
            opened => opened,
        }
    }

    /// Files that lie in one folder are mostly listed one behind the other, and that folder stays open.
    fn open_listed(&self, name: &str) -> io::Result<File> {
        let opened = self.opened.as_ref().map_err(|error| io::Error::new(error.kind(), error.to_string()))?;
        let Some((folder, name)) = name.rsplit_once('/') else { return opened.listed_file(name) };
        FOLDER.with_borrow_mut(|last| match last {
            Some(last) if last.sift == self.sift && last.path == folder => last.opened.listed_file(name),
            _ => {
                let opened = opened.folder(folder, Links::None)?;
                let last = last.insert(LastFolder { sift: self.sift, path: folder.to_owned(), opened });
                last.opened.listed_file(name)
            }
        })
    }
}

/// Reads a file through a buffer, and gives its text if it matters, and its length in bytes, of which no more than the limit and a part are
/// counted.
fn sift_file<T>(
    open: impl FnOnce() -> io::Result<File>,
    buffer: &mut [u8],
    sieve: &impl Sieve<T>,
) -> io::Result<(Option<Vec<u8>>, u64)> {
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
        let matters = measure(Phase::Filter, || sieve.matters(text));
        return Ok((matters.then(|| measure(Phase::Read, || text.to_vec())), held as u64));
    }
    let overlap = sieve.overlap().min(buffer.len() / 2);
    let mut length = held as u64;
    while length <= FILE_LIMIT {
        if measure(Phase::Filter, || sieve.matters(&buffer[..held])) {
            let text = measure(Phase::Read, || whole(file))?;
            let length = text.len() as u64;
            let matters = length <= FILE_LIMIT && measure(Phase::Filter, || sieve.matters(&text));
            return Ok((matters.then_some(text), length));
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

/// A file from its beginning, or as much of it as shows that it is too long.
fn whole(mut file: File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let length = file.metadata()?.len();
    bounded(file, length, FILE_LIMIT)
}

/// Reads on behind the first `held` bytes of a buffer, until it is full or the file ends, and returns how many it holds then.
///
/// A read gives less than there is room for at the end of a file, or before a page that the disk does not give. The former alone is within
/// a page, and then nothing is asked for once more, which for a tree of small files was every third call of the system.
fn fill(file: &mut impl Read, buffer: &mut [u8], mut held: usize) -> io::Result<usize> {
    let is_beginning = held == 0;
    while held < buffer.len() {
        match file.read(&mut buffer[held..]) {
            Ok(0) => break,
            Ok(read) => held += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        }
        if is_beginning && held < buffer.len() && !held.is_multiple_of(PAGE) {
            break;
        }
    }
    Ok(held)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Gives pieces of so many bytes, then fails.
    struct Torn(Vec<usize>);

    impl Read for Torn {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            if self.0.is_empty() {
                return Err(io::Error::other("torn"));
            }
            Ok(self.0.remove(0).min(buffer.len()))
        }
    }

    #[test]
    fn a_page_that_cannot_be_read_is_not_taken_for_the_end() {
        let mut buffer = vec![0; 3 * PAGE];
        let mut held =
            |pieces: &[usize]| fill(&mut Torn(pieces.to_vec()), &mut buffer, 0).map_err(|error| error.to_string());
        assert_eq!(held(&[10]), Ok(10));
        assert_eq!(held(&[PAGE, 10]), Ok(PAGE + 10));
        assert_eq!(held(&[PAGE]), Err("torn".to_owned()));
        assert_eq!(held(&[PAGE, 0]), Ok(PAGE));
        assert_eq!(held(&[3 * PAGE]), Ok(3 * PAGE));
        // What is held of the part before says nothing of where in the file a read ended.
        assert_eq!(
            fill(&mut Torn(vec![PAGE - 1]), &mut buffer, 10).map_err(|error| error.to_string()),
            Err("torn".to_owned())
        );
    }
}
