//! Lists the C files of a tree, in parallel.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rayon::iter::once;
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::{FileTrouble, Paths, Tree, TroubleKind};
use crate::profile::{Phase, measure};

/// Top-level folders that hold no kernel code.
const LEFT_OUT: &[&str] = &["tools", "Documentation", "scripts", ".git"];

/// The C files of a part of a tree, in no order: the few that are kept are sorted then.
#[derive(Debug)]
pub struct Listing {
    /// The `.h` files.
    pub headers: Paths,
    /// The `.c` files, and others that may hold C.
    pub sources: Paths,
    /// What could not be listed.
    pub trouble: Vec<FileTrouble>,
}

/// Walks a tree in parallel, and has `look` look at the C files of each part of it as soon as they are listed, while the kernel
/// still has their folders at hand.
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

/// Files with these endings are no C. All others than these may be: `impl.inc` that a source includes, `parser.c_shipped`.
const NO_C_ENDINGS: &[&str] = &[
    "S",
    "dts",
    "dtsi",
    "dtso",
    "rs",
    "gitignore",
    "config",
    "kunitconfig",
    "defconfig",
    "txt",
    "rst",
    "yaml",
    "yml",
    "xml",
    "json",
    "sh",
    "py",
    "pl",
    "awk",
    "tbl",
    "asn1",
    "lds",
    "debug",
    "ppm",
];

/// Nor are files whose names begin so.
const NO_C_BEGINNINGS: &[&str] = &["Kconfig", "Makefile", "Kbuild"];

/// What a file may be, as its name tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Kind {
    Header,
    Source,
    NoC,
}

impl Kind {
    fn of(name: &[u8]) -> Kind {
        match name {
            [.., b'.', b'c'] => Kind::Source,
            [.., b'.', b'h'] => Kind::Header,
            _ => {
                let name = &name[memchr::memrchr(b'/', name).map_or(0, |slash| slash + 1)..];
                let ending = memchr::memrchr(b'.', name).filter(|dot| *dot > 0).map(|dot| &name[dot + 1..]);
                let is_no_c = |ending: &[u8]| NO_C_ENDINGS.iter().any(|no_c| no_c.as_bytes() == ending);
                let is_built = NO_C_BEGINNINGS.iter().any(|no_c| name.starts_with(no_c.as_bytes()));
                let is_c = ending.is_some_and(|ending| !is_built && !is_no_c(ending));
                if is_c { Kind::Source } else { Kind::NoC }
            }
        }
    }
}

/// Whether a file of that path is one of the C files of a tree.
pub fn is_listed(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    Kind::of(path.as_bytes()) != Kind::NoC && !LEFT_OUT.contains(&top)
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
        for (path, _) in tree.overlay().files().filter(|(_, is_there)| *is_there) {
            if is_listed(path) {
                self.list(Kind::of(path.as_bytes())).into_iter().for_each(|list| list.push(path));
            } else {
                // A link, to a folder perhaps.
                self.trouble.extend(tree.overlay().unread(path).cloned());
            }
        }
    }

    /// Adds what the walk through `folder` came to.
    fn add(&mut self, tree: &Tree, folder: &Path, entry: walkdir::Result<DirEntry>) {
        let entry = match entry {
            Ok(entry) => entry,
            Err(error) => return self.failed(tree.root(), &error),
        };
        let file_type = entry.file_type();
        if file_type.is_symlink() {
            return self.add_link(tree, folder, entry.path());
        }
        let kind = Kind::of(entry.path().as_os_str().as_encoded_bytes());
        if kind == Kind::NoC || file_type.is_dir() || tree.overlay().get(&below(tree.root(), entry.path())).is_some() {
            return;
        }
        if file_type.is_file() {
            let name = below(folder, entry.path());
            return self.list(kind).into_iter().for_each(|list| list.push(&name));
        }
        let file = below(tree.root(), entry.path());
        self.trouble.push(FileTrouble::of(&file, TroubleKind::NotAFile, "is neither a file nor a folder; not read"));
    }

    fn list(&mut self, kind: Kind) -> Option<&mut Paths> {
        match kind {
            Kind::Header => Some(&mut self.headers),
            Kind::Source => Some(&mut self.sources),
            Kind::NoC => None,
        }
    }

    /// What a link leads to is listed in its own place, where that is a part of the tree that is read. Anywhere else in the tree it is
    /// listed by the name of the link.
    fn add_link(&mut self, tree: &Tree, folder: &Path, link: &Path) {
        let path = below(tree.root(), link).into_owned();
        if tree.overlay().get(&path).is_some() {
            return;
        }
        let kind = Kind::of(path.as_bytes());
        let is_source = kind != Kind::NoC;
        let target = match tree.root().canonicalize().and_then(|root| Ok((root, link.canonicalize()?))) {
            Ok((root, target)) => target.strip_prefix(root).map(Path::to_owned).map_err(|_| target.is_dir()),
            Err(error) if is_source => {
                let text = format!("a link that cannot be followed: {error}");
                return self.trouble.push(FileTrouble::of(&path, TroubleKind::Link, text));
            }
            Err(_) => return,
        };
        match target {
            Err(true) => self.trouble.push(FileTrouble::of(
                &path,
                TroubleKind::Link,
                "links to a folder outside the tree; not read",
            )),
            Err(false) if is_source => {
                self.trouble.push(FileTrouble::of(
                    &path,
                    TroubleKind::Link,
                    "links to a file outside the tree; not read",
                ));
            }
            Ok(target) if target.components().next().is_some_and(|top| is_left_out(top.as_ref())) => {
                self.add_linked(tree, folder, link);
            }
            Ok(target) if is_source && tree.root().join(&target).is_file() && !is_listed(&target.to_string_lossy()) => {
                self.list(kind).into_iter().for_each(|list| list.push_link(&below(folder, link)));
            }
            _ => {}
        }
    }

    /// Adds the file, or what lies in the folder, that a link leads to.
    fn add_linked(&mut self, tree: &Tree, folder: &Path, link: &Path) {
        // Links of that folder are not followed on, so that there is an end.
        for entry in WalkDir::new(link).into_iter().filter_map(Result::ok) {
            let kind = Kind::of(entry.path().as_os_str().as_encoded_bytes());
            let is_file = entry.file_type().is_file() || (entry.depth() == 0 && entry.path().is_file());
            if is_file {
                self.list(kind).into_iter().for_each(|list| list.push_link(&below(folder, entry.path())));
            } else if entry.path_is_symlink() {
                let path = below(tree.root(), entry.path()).into_owned();
                self.trouble.push(FileTrouble::of(
                    &path,
                    TroubleKind::Link,
                    "a link in a folder that is read by a link; not read",
                ));
            }
        }
    }

    fn failed(&mut self, root: &Path, error: &walkdir::Error) {
        let file = error.path().map(|path| below(root, path).into_owned()).unwrap_or_default();
        let text = error.io_error().map_or_else(|| error.to_string(), ToString::to_string);
        self.trouble.push(FileTrouble::of(&file, TroubleKind::Unreadable, text));
    }
}

/// The path below a folder with `/`; bytes that are no UTF-8 are shown as replacement characters.
fn below<'p>(folder: &Path, path: &'p Path) -> Cow<'p, str> {
    // Paths of the walk begin with the folder as it was given. To compare them name by name takes longer than the walk.
    let path = path.as_os_str().as_encoded_bytes();
    let below = path.strip_prefix(folder.as_os_str().as_encoded_bytes()).unwrap_or(path);
    String::from_utf8_lossy(below.strip_prefix(b"/").unwrap_or(below))
}
