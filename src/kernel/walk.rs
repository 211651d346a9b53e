//! Lists the C files of a tree, in parallel.

use std::fs::FileType;
use std::path::{Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::{FileTrouble, Tree};
use crate::meter::{Phase, measure};

/// Top-level folders that hold no kernel code.
const LEFT_OUT: &[&str] = &["tools", "Documentation", "scripts", ".git"];

/// The C files of a tree, as paths relative to it, in no order: the few that are kept are sorted then.
#[derive(Debug, Default)]
pub struct Listing {
    /// The `.h` files.
    pub headers: Vec<String>,
    /// The `.c` files.
    pub sources: Vec<String>,
    /// What could not be listed.
    pub trouble: Vec<FileTrouble>,
}

/// Lists the `.c` and `.h` files of a tree. Links are not followed: what they lead to inside the tree is listed in its own place.
pub fn list(tree: &Tree) -> Listing {
    let root = tree.root();
    let (mut parts, mut files) = (Vec::new(), Listing::default());
    // Two levels are walked first, so that there are folders enough to share out.
    for entry in WalkDir::new(root)
        .max_depth(2)
        .into_iter()
        .filter_entry(|entry| entry.depth() != 1 || !is_left_out(entry.path()))
    {
        match entry {
            Ok(entry) if entry.depth() == 2 && entry.file_type().is_dir() => parts.push(entry.into_path()),
            Ok(entry) => files.add(root, entry.path(), entry.file_type()),
            Err(error) => files.failed(root, &error),
        }
    }
    let listings: Vec<Listing> = parts.par_iter().map(|part| measure(Phase::Walk, || list_part(root, part))).collect();
    for part in listings {
        files.headers.extend(part.headers);
        files.sources.extend(part.sources);
        files.trouble.extend(part.trouble);
    }
    files.lay_over(tree);
    files
}

fn is_left_out(path: &Path) -> bool {
    path.file_name().is_some_and(|name| LEFT_OUT.iter().any(|left_out| name == *left_out))
}

/// Whether a file of that path is one of the C files of a tree.
pub fn is_listed(path: &str) -> bool {
    let top = path.split('/').next().unwrap_or_default();
    matches!(path.as_bytes(), [.., b'.', b'c' | b'h']) && !LEFT_OUT.contains(&top)
}

fn list_part(root: &Path, part: &PathBuf) -> Listing {
    let mut files = Listing::default();
    for entry in WalkDir::new(part) {
        match entry {
            Ok(entry) => files.add(root, entry.path(), entry.file_type()),
            Err(error) => files.failed(root, &error),
        }
    }
    files
}

impl Listing {
    /// Takes out the files that the change laid over the tree takes away, and adds those that it adds.
    fn lay_over(&mut self, tree: &Tree) {
        for (path, is_there) in tree.overlay().files() {
            let list = match path.as_bytes() {
                [.., b'.', b'c'] => &mut self.sources,
                [.., b'.', b'h'] => &mut self.headers,
                _ => continue,
            };
            list.retain(|known| known != path);
            if is_there && is_listed(path) {
                list.push(path.to_owned());
            }
        }
    }

    fn add(&mut self, root: &Path, path: &Path, file_type: FileType) {
        let list = match path.as_os_str().as_encoded_bytes() {
            [.., b'.', b'c'] => &mut self.sources,
            [.., b'.', b'h'] => &mut self.headers,
            _ => return,
        };
        if file_type.is_dir() {
            return;
        }
        let relative = relative(root, path);
        if file_type.is_symlink() {
            if let Some(text) = broken_link(root, path) {
                self.trouble.push(FileTrouble { file: relative, line: None, kind: "link", text });
            }
        } else if !file_type.is_file() {
            self.trouble.push(FileTrouble {
                file: relative,
                line: None,
                kind: "not-a-file",
                text: "is neither a file nor a folder; not read".to_owned(),
            });
        } else {
            list.push(relative);
        }
    }

    fn failed(&mut self, root: &Path, error: &walkdir::Error) {
        let file = error.path().map(|path| relative(root, path)).unwrap_or_default();
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

/// The path below the root with `/`; bytes that are no UTF-8 are shown as replacement characters.
fn relative(root: &Path, path: &Path) -> String {
    // Paths of the walk begin with the root as it was given. To compare them name by name takes longer than the walk.
    let path = path.as_os_str().as_encoded_bytes();
    let below = path.strip_prefix(root.as_os_str().as_encoded_bytes()).unwrap_or(path);
    String::from_utf8_lossy(below.strip_prefix(b"/").unwrap_or(below)).into_owned()
}
