//! Lists the C files of a tree, in parallel.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rayon::iter::once;
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::{FileTrouble, Paths, Tree};
use crate::meter::{Phase, measure};

/// Top-level folders that hold no kernel code.
const LEFT_OUT: &[&str] = &["tools", "Documentation", "scripts", ".git"];

/// The C files of a part of a tree, in no order: the few that are kept are sorted then.
#[derive(Debug)]
pub struct Listing {
    /// The `.h` files.
    pub headers: Paths,
    /// The `.c` files.
    pub sources: Paths,
    /// What could not be listed.
    pub trouble: Vec<FileTrouble>,
}

/// Walks a tree in parallel, and has `look` look at the C files of each part of it as soon as they are listed, while the kernel
/// still has their folders at hand. Links are not followed: what they lead to inside the tree is listed in its own place.
pub fn walk<T: Send>(tree: &Tree, look: impl Fn(Listing) -> T + Sync) -> Vec<T> {
    let (tops, mut files) = split(tree, tree.root());
    files.add_overlay(tree);
    // Two levels are split, so that there are folders enough to share out.
    let below = tops.into_par_iter().filter(|top| !is_left_out(top)).flat_map(|top| {
        let (folders, files) = measure(Phase::Walk, || split(tree, &top));
        let listings = folders.into_par_iter().map(|folder| measure(Phase::Walk, || list(tree, &folder)));
        listings.chain(once(files)).with_max_len(1).map(&look)
    });
    below.chain(once(files).map(&look)).collect()
}

/// The folders in a folder, and the files in it.
fn split(tree: &Tree, folder: &Path) -> (Vec<PathBuf>, Listing) {
    let (mut folders, mut files) = (Vec::new(), Listing::of(tree, folder));
    for entry in WalkDir::new(folder).min_depth(1).max_depth(1) {
        match entry {
            Ok(entry) if entry.file_type().is_dir() => folders.push(entry.into_path()),
            entry => files.add(tree, folder, entry),
        }
    }
    (folders, files)
}

fn is_left_out(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out))
}

/// Whether a file of that path is one of the C files of a tree.
pub fn is_listed(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    matches!(path.as_bytes(), [.., b'.', b'c' | b'h']) && !LEFT_OUT.contains(&top)
}

fn list(tree: &Tree, folder: &Path) -> Listing {
    let mut files = Listing::of(tree, folder);
    WalkDir::new(folder).into_iter().for_each(|entry| files.add(tree, folder, entry));
    files
}

impl Listing {
    /// Of no file yet.
    fn of(tree: &Tree, folder: &Path) -> Listing {
        let paths = Paths::below(&below(tree.root(), folder));
        Listing { headers: paths.clone(), sources: paths, trouble: Vec::new() }
    }

    /// Adds the files that the change laid over the tree changes or adds; what is listed from the disk leaves them out.
    fn add_overlay(&mut self, tree: &Tree) {
        let there = tree.overlay().files().filter(|(path, is_there)| *is_there && is_listed(path));
        for (path, _) in there {
            let list = if path.ends_with(".h") { &mut self.headers } else { &mut self.sources };
            list.push(path);
        }
    }

    /// Adds what the walk through `folder` came to.
    fn add(&mut self, tree: &Tree, folder: &Path, entry: walkdir::Result<DirEntry>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.failed(tree.root(), &error),
        };
        let list = match entry.path().as_os_str().as_encoded_bytes() {
            [.., b'.', b'c'] => &mut self.sources,
            [.., b'.', b'h'] => &mut self.headers,
            _ => return,
        };
        let file_type = entry.file_type();
        if file_type.is_dir() {
            return;
        }
        if tree.overlay().get(&below(tree.root(), entry.path())).is_some() {
            return;
        }
        if file_type.is_file() {
            return list.push(&below(folder, entry.path()));
        }
        let (kind, text) = if file_type.is_symlink() {
            ("link", broken_link(tree.root(), entry.path()))
        } else {
            ("not-a-file", Some("is neither a file nor a folder; not read".to_owned()))
        };
        let file = || below(tree.root(), entry.path()).into_owned();
        self.trouble.extend(text.map(|text| FileTrouble { file: file(), line: None, kind, text }));
    }

    fn failed(&mut self, root: &Path, error: &walkdir::Error) {
        let file = error.path().map(|path| below(root, path).into_owned()).unwrap_or_default();
        let text = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.trouble.push(FileTrouble { file, line: None, kind: "unreadable", text });
    }
}

/// Why a link cannot be left alone: it leads nowhere, in a circle, or out of the tree.
fn broken_link(root: &Path, path: &Path) -> Option<String> {
    let inside = |target: PathBuf| root.canonicalize().is_ok_and(|root| target.starts_with(root));
    match path.canonicalize() {
        Ok(target) if inside(target.clone()) => None,
        Ok(_) => Some("links to a file outside the tree; not read".to_owned()),
        Err(error) => Some(format!("a link that cannot be followed: {error}")),
    }
}

/// The path below a folder with `/`; bytes that are no UTF-8 are shown as replacement characters.
fn below<'p>(folder: &Path, path: &'p Path) -> Cow<'p, str> {
    // Paths of the walk begin with the folder as it was given. To compare them name by name takes longer than the walk.
    let path = path.as_os_str().as_encoded_bytes();
    let below = path.strip_prefix(folder.as_os_str().as_encoded_bytes()).unwrap_or(path);
    String::from_utf8_lossy(below.strip_prefix(b"/").unwrap_or(below))
}
