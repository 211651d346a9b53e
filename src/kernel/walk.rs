//! Lists the C files of a tree, in parallel.

use std::borrow::Cow;
use std::path::{Path, PathBuf};

use rayon::iter::once;
use rayon::prelude::*;
use walkdir::{DirEntry, WalkDir};

use super::{FileTrouble, Layer, Paths, Tree, TroubleKind};
use crate::profile::{Phase, measure};

/// Top-level folders that hold no kernel code.
const LEFT_OUT: &[&str] = &["tools", "Documentation", "scripts", ".git"];

/// C files of a part of a tree, in no order: the few that are kept are sorted later.
#[derive(Debug)]
pub struct Listing {
    /// `.h` files.
    pub headers: Paths,
    /// `.c` files, and others that may hold C.
    pub sources: Paths,
    /// Paths that could not be listed.
    pub trouble: Vec<FileTrouble>,
}

/// Walks a tree in parallel, and the kernel that a module is built against. Runs `look` on the C files of each part, with the directory
/// that has them, as soon as they are listed: the kernel still caches their folders.
pub fn walk<'t, T: Send>(tree: &'t Tree, look: impl Fn(&'t Tree, Listing) -> T + Sync) -> Vec<T> {
    let mut parts = walk_one(tree, |part| look(tree, part));
    if tree.is_module() {
        parts.extend(walk_one(tree.kernel(), |part| look(tree.kernel(), part.below(tree))));
    }
    parts
}

fn walk_one<T: Send>(tree: &Tree, look: impl Fn(Listing) -> T + Sync) -> Vec<T> {
    let (tops, mut files) = split(tree, tree.root());
    files.add_overlay(tree);
    // Splitting two levels gives enough folders to run in parallel.
    let below = tops.into_par_iter().filter(|top| !is_left_out(top)).flat_map(|top| {
        let (folders, files) = measure(Phase::Walk, || split(tree, &top));
        let listings = folders.into_par_iter().map(|folder| measure(Phase::Walk, || list(tree, &folder)));
        listings.chain(once(files)).with_max_len(1).map(&look)
    });
    below.chain(once(files).map(&look)).collect()
}

/// Folders in a folder, and the files in it.
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

/// Endings of files that hold no C. Files with any other ending may: `impl.inc` that a source includes, `parser.c_shipped`.
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
    "png",
    "jpg",
    "gif",
    "svg",
    "pdf",
    "bin",
    "fw",
    "gz",
    "xz",
    // Patches, and what patch, editors and make leave behind.
    "diff",
    "patch",
    "mbox",
    "orig",
    "rej",
    "bak",
    "swp",
    "cmd",
    "o",
    "ko",
];

/// Beginnings of the names of files that hold no C.
const NO_C_BEGINNINGS: &[&str] = &["Kconfig", "Makefile", "Kbuild"];

/// Kind of a file by its name.
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
                let is_no_c =
                    |ending: &[u8]| ending.ends_with(b"~") || NO_C_ENDINGS.iter().any(|no_c| no_c.as_bytes() == ending);
                let is_built = NO_C_BEGINNINGS.iter().any(|no_c| name.starts_with(no_c.as_bytes()));
                let is_c = ending.is_some_and(|ending| !is_built && !is_no_c(ending));
                if is_c { Kind::Source } else { Kind::NoC }
            }
        }
    }
}

/// Whether a path is that of a listed C file.
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
    /// Empty listing for a folder.
    fn of(tree: &Tree, folder: &Path) -> Listing {
        let paths = Paths::below(&below(tree.root(), folder));
        Listing { headers: paths.clone(), sources: paths, trouble: Vec::new() }
    }

    /// The files of a kernel below a module: those that the module does not have itself. Trouble with others is none of the module's.
    fn below(self, module: &Tree) -> Listing {
        let trouble = Vec::new();
        if !module.shares(self.headers.folder()) {
            return Listing { trouble, ..self };
        }
        let is_below = |path: &str| module.layer(path) == Layer::Kernel;
        Listing { headers: self.headers.kept(is_below), sources: self.sources.kept(is_below), trouble }
    }

    /// Adds the files that the overlay changes or adds. The walk over the disk leaves them out.
    fn add_overlay(&mut self, tree: &Tree) {
        for (path, _) in tree.overlay().files().filter(|(_, is_there)| *is_there) {
            if is_listed(path) {
                self.list(Kind::of(path.as_bytes())).into_iter().for_each(|list| list.push(path));
            } else {
                // The path may be a link to a folder.
                self.trouble.extend(tree.overlay().unread(path).cloned());
            }
        }
    }

    /// Adds an entry of the walk through `folder`.
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
        let is_laid = || !tree.overlay().is_empty() && tree.overlay().get(&below(tree.root(), entry.path())).is_some();
        if kind == Kind::NoC || file_type.is_dir() || is_laid() {
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

    /// Adds a link. A target in a part of the tree that is read is listed at its own path. Any other target in the tree is listed by the
    /// name of the link.
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

    /// Adds the target of a link: the file, or everything in the folder.
    fn add_linked(&mut self, tree: &Tree, folder: &Path, link: &Path) {
        // Links inside are not followed, so that the walk ends.
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
                    "a link inside a linked folder, not followed and not read",
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

/// Path below a folder with `/`. Invalid UTF-8 becomes replacement characters.
fn below<'p>(folder: &Path, path: &'p Path) -> Cow<'p, str> {
    // Paths of the walk start with the folder as it was given. Comparing them name by name takes longer than the walk.
    let path = path.as_os_str().as_encoded_bytes();
    let below = path.strip_prefix(folder.as_os_str().as_encoded_bytes()).unwrap_or(path);
    let below = below.strip_prefix(b"/").unwrap_or(below);
    std::str::from_utf8(below).map_or_else(|_| String::from_utf8_lossy(below), Cow::Borrowed)
}
