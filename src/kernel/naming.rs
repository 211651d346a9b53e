//! Files that hold no C and name something of it: documents, bindings of other languages.

use memchr::memmem::Finder;
use walkdir::WalkDir;

use super::read::{Sieve, sift};
use super::{FileTrouble, Paths, Tree};

/// A folder, and the extensions of its files.
pub type NoC = (&'static str, &'static [&'static str]);

/// The documents.
pub const DOCUMENTS: NoC = ("Documentation", &["rst", "txt"]);

/// Code in Rust.
pub const RUST: NoC = ("rust", &["rs"]);

/// Keeps the files that hold a word.
struct Naming<'w> {
    word: Finder<'w>,
}

impl Sieve<(String, Vec<u8>)> for Naming<'_> {
    fn matters(&self, text: &[u8]) -> bool {
        self.word.find(text).is_some()
    }

    fn overlap(&self) -> usize {
        self.word.needle().len()
    }

    fn keep(&self, path: &str, text: Vec<u8>) -> Result<Option<(String, Vec<u8>)>, FileTrouble> {
        Ok(Some((path.to_owned(), text)))
    }
}

/// Files below a folder that have one of the extensions and hold a word, by path, with their texts. Unreadable files are left out.
pub fn texts_naming(tree: &Tree, folder: &str, extensions: &[&str], word: &[u8]) -> Vec<(String, Vec<u8>)> {
    let root = tree.root().join(folder);
    let on_disk = WalkDir::new(&root).into_iter().filter_map(Result::ok).filter(|entry| entry.file_type().is_file());
    let on_disk =
        on_disk.filter_map(|entry| Some(entry.path().strip_prefix(&root).ok()?.to_string_lossy().into_owned()));
    let laid = tree.overlay().files().filter_map(|(path, _)| path.strip_prefix(folder)?.strip_prefix('/'));
    let is_meant = |path: &String| path.rsplit_once('.').is_some_and(|(_, end)| extensions.contains(&end));
    let mut names: Vec<String> = on_disk.chain(laid.map(str::to_owned)).filter(is_meant).collect();
    names.sort();
    names.dedup();
    let mut paths = Paths::below(folder);
    paths.extend(names);
    sift(tree, &paths, &Naming { word: Finder::new(word) }).kept
}
