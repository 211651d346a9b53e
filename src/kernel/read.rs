//! Reads files in parallel and keeps those that a literal filter lets through.

use std::cell::RefCell;
use std::fs::File;
use std::io::{self, Read};
use std::path::Path;

use rayon::prelude::*;

use super::FileTrouble;

/// Files longer than this many bytes are not read.
pub const FILE_LIMIT: u64 = 64 << 20;

thread_local! {
    /// Allocating a buffer for each of 65,000 files costs more than reading them.
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// The size of a new buffer: nearly all files fit.
const FIRST_SIZE: usize = 1 << 20;

/// What became of one file.
enum Outcome<T> {
    Kept(T),
    Passed,
    Failed(FileTrouble),
}

/// Reads one regular file below `root`; `None` for anything else, and for what cannot be read or is longer than the limit.
pub fn read_file(root: &Path, path: &str) -> Option<Vec<u8>> {
    let path = root.join(path);
    let metadata = std::fs::metadata(&path).ok()?;
    if metadata.is_file() && metadata.len() <= FILE_LIMIT { std::fs::read(path).ok() } else { None }
}

/// Reads every file of `paths` (relative to `root`) into a buffer that is used again, and collects what `keep` makes of those
/// it keeps, in the order of `paths`; with it the bytes read and the files that could not be.
pub fn read_matching<T: Send>(
    root: &Path,
    paths: &[String],
    keep: impl Fn(&str, &[u8]) -> Option<T> + Sync,
) -> (Vec<T>, u64, Vec<FileTrouble>) {
    let outcomes: Vec<(Outcome<T>, u64)> =
        paths.par_iter().with_max_len(64).map(|path| read_one(root, path, &keep)).collect();
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

fn read_one<T>(root: &Path, path: &str, keep: &impl Fn(&str, &[u8]) -> Option<T>) -> (Outcome<T>, u64) {
    let failed = |kind, text| (Outcome::Failed(FileTrouble { file: path.to_owned(), line: None, kind, text }), 0);
    BUFFER.with_borrow_mut(|buffer| match File::open(root.join(path)).and_then(|file| fill(file, buffer)) {
        Err(error) => failed("unreadable", error.to_string()),
        Ok(length) if length as u64 > FILE_LIMIT => {
            failed("too-large", format!("longer than {} MiB; not read", FILE_LIMIT >> 20))
        }
        Ok(length) => (keep(path, &buffer[..length]).map_or(Outcome::Passed, Outcome::Kept), length as u64),
    })
}

/// Reads a file into a buffer that only ever grows, up to the limit and a byte, and returns its length. `read_to_end` would
/// probe for the end with small reads, which costs as much as reading does.
fn fill(mut file: File, buffer: &mut Vec<u8>) -> io::Result<usize> {
    let mut length = 0;
    while length as u64 <= FILE_LIMIT {
        if length == buffer.len() {
            buffer.resize((2 * length).max(FIRST_SIZE), 0);
        }
        match file.read(&mut buffer[length..]) {
            Ok(0) => break,
            Ok(read) => length += read,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
            Err(error) => return Err(error),
        }
    }
    Ok(length)
}
