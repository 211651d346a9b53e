//! Reads files in parallel and keeps those that a sieve selects.

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

/// Size in bytes of the parts in which long files are searched. Most files are shorter; longer ones are mostly generated register headers.
/// A part stays in the cache, and the whole file is read only if a part may matter.
const PART: usize = 256 << 10;

/// Size in bytes of the smallest page of any kernel.
const PAGE: usize = 4 << 10;

/// Byte order marks of UTF-16. No word is found in such a file.
const UTF_16: [&[u8]; 2] = [b"\xff\xfe", b"\xfe\xff"];

/// Selects the files to keep and converts them.
pub trait Sieve<T>: Sync {
    /// Whether a file, or a part of one, matters. It may wrongly return true if the end of a part cuts off the deciding bytes.
    fn matters(&self, text: &[u8]) -> bool;

    /// Length in bytes of the longest search word. Parts overlap by this length.
    fn overlap(&self) -> usize;

    /// Reads a relevant file into the form that is kept; `None` if the memory limit is reached.
    ///
    /// # Errors
    /// The file is unusable; the text gives the reason.
    fn keep(&self, path: &str, text: Vec<u8>) -> Result<Option<T>, FileTrouble>;
}

/// Maximum number of files per rayon job. Files of a job mostly lie in one folder.
const FILES_AT_ONCE: usize = 16;

thread_local! {
    /// Allocating a buffer for each of 65,000 files costs more than reading them.
    static BUFFER: RefCell<Vec<u8>> = RefCell::new(vec![0; PART]);
    static FOLDER: RefCell<Option<LastFolder>> = const { RefCell::new(None) };
}

/// Folder of the last file that a thread opened.
struct LastFolder {
    /// Number of the `sift` call that it belongs to.
    sift: u64,
    /// Path, relative to the folder of that call.
    path: String,
    opened: OpenFolder,
}

/// Number of `sift` calls, to tell them apart.
static SIFTS: AtomicU64 = AtomicU64::new(0);

/// Result of reading files.
#[derive(Debug)]
pub struct Sifted<T> {
    /// Values that the sieve made of the files it kept.
    pub kept: Vec<T>,
    /// Number of files to read.
    pub files: usize,
    /// Number of bytes read.
    pub bytes: u64,
    /// Files that could not be read or are unusable.
    pub trouble: Vec<FileTrouble>,
}

impl<T> Default for Sifted<T> {
    fn default() -> Sifted<T> {
        Sifted { kept: Vec::new(), files: 0, bytes: 0, trouble: Vec::new() }
    }
}

impl<T> Sifted<T> {
    /// Combines two results.
    pub fn and(mut self, mut other: Sifted<T>) -> Sifted<T> {
        self.kept.append(&mut other.kept);
        self.files += other.files;
        self.bytes += other.bytes;
        self.trouble.append(&mut other.trouble);
        self
    }
}

/// Reads all files of `paths` in parallel. Returns the values that the sieve makes of them, in the order of `paths`.
pub fn sift<T: Send>(tree: &Tree, paths: &Paths, sieve: &impl Sieve<T>) -> Sifted<T> {
    if paths.is_empty() {
        return Sifted::default();
    }
    let opened = tree.folder().folder(paths.folder(), Links::Below);
    let sift = SIFTS.fetch_add(1, Ordering::Relaxed);
    let (reader, bytes) = (Reader { sift, tree, paths, opened }, AtomicU64::new(0));
    // Most files yield nothing, so only the few results are collected.
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

/// Reads files below a folder.
struct Reader<'t> {
    sift: u64,
    tree: &'t Tree,
    paths: &'t Paths,
    /// Open folder of the paths. Resolving a path from it is faster than resolving the whole path.
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
                    // A file deleted since it was listed is reported too.
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

    /// State of a file in the overlay, if the overlay has it.
    fn changed(&self, number: usize) -> Option<&Laid> {
        let overlay = self.tree.overlay();
        if overlay.is_empty() {
            return None;
        }
        let path = self.paths.path(number);
        overlay.get(&path).or_else(|| if self.paths.has_links() { self.tree.laid(&path) } else { None })
    }

    /// Opens a file. Links are listed only if they stay in the tree.
    fn open(&self, number: usize) -> io::Result<File> {
        match self.open_listed(self.paths.name(number)) {
            Err(error) if error.raw_os_error() == Some(Errno::LOOP.raw_os_error()) => {
                self.tree.folder().file(&self.paths.path(number), Links::Below)
            }
            opened => opened,
        }
    }

    /// Opens a file of the listing. Files of one folder are mostly listed in a row, so their folder stays open.
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

/// Reads a file through a buffer. Returns its text if it matters, and its length in bytes, counted up to the limit plus one part.
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
        return Err(io::Error::new(io::ErrorKind::InvalidData, "is UTF-16, unlike kernel sources; not read"));
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

/// Text of a file from its beginning, up to one byte beyond the limit.
fn whole(mut file: File) -> io::Result<Vec<u8>> {
    file.rewind()?;
    let length = file.metadata()?.len();
    bounded(file, length, FILE_LIMIT)
}

/// Fills a buffer behind its first `held` bytes, until it is full or the file ends. Returns the new number of bytes.
///
/// A read is short at the end of a file, or before a page that the disk cannot deliver. Only the former ends within a page, and then no
/// further read is needed. In a tree of small files that read was every third system call.
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

    /// Returns pieces of these lengths, then fails.
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
        // Bytes held from the part before say nothing about the file offset at which a read ended.
        assert_eq!(
            fill(&mut Torn(vec![PAGE - 1]), &mut buffer, 10).map_err(|error| error.to_string()),
            Err("torn".to_owned())
        );
    }
}
