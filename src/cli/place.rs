//! Resolves TREE and PATH arguments: a folder inside a kernel tree selects that tree, limited to the folder.

use std::path::{Path, PathBuf};

use crate::kernel::{Tree, is_below};

/// A tree and the selected paths in it.
#[derive(Debug, Default)]
pub struct Place {
    /// Root of the tree.
    pub root: PathBuf,
    /// Selected paths, relative to the tree; empty for the whole tree.
    pub paths: Vec<String>,
}

impl Place {
    /// Resolves the arguments TREE and PATH. If TREE is a folder inside a tree, it is selected, or the paths that are given below it.
    pub fn of(tree: &Path, paths: &[String]) -> Place {
        let given = || Place { root: tree.to_owned(), paths: paths.to_vec() };
        if is_kernel(tree) {
            return given();
        }
        let Some((root, inside)) = root_above(tree) else { return given() };
        if paths.is_empty() {
            return Place { paths: vec![inside], root };
        }
        let resolved = |path: &String| {
            let places = [tree.join(path), PathBuf::from(path)];
            let found = places.iter().filter_map(|place| root_above(place)).find(|(other, _)| *other == root);
            found.map_or_else(|| path.clone(), |(_, inside)| inside)
        };
        Place { paths: paths.iter().map(resolved).collect(), root }
    }

    /// Rejects a selected path that the tree does not have.
    ///
    /// # Errors
    /// The first such path.
    pub fn check(&self, tree: &Tree) -> Result<(), String> {
        match self.paths.iter().find(|path| !has(tree, path)) {
            Some(path) => Err(format!("{path}: there is no such path in {}", self.root.display())),
            None => Ok(()),
        }
    }

    /// Whether a file of the tree is selected.
    pub fn holds(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }
}

/// Whether a tree has a path, or stdin has a file there.
pub fn has(tree: &Tree, path: &str) -> bool {
    tree.has(path) || tree.overlay().files().any(|(file, exists)| file == path && exists)
}

/// The tree and the other arguments, in whichever order they stand: `TREE NAME`, `NAME TREE`, and `NAME` alone in a tree.
pub fn in_order(first: &Path, others: &[String]) -> (PathBuf, Vec<String>) {
    let behind = others.iter().position(|other| Path::new(other).is_dir()).filter(|_| !first.exists());
    let here = Path::new(".");
    let is_here = || !first.exists() && (is_kernel(here) || root_above(here).is_some() || is_built(here));
    let name = || first.to_string_lossy().into_owned();
    match behind {
        Some(place) => {
            let rest = others.iter().enumerate().filter(|(number, _)| *number != place).map(|(_, other)| other.clone());
            (PathBuf::from(&others[place]), std::iter::once(name()).chain(rest).collect())
        }
        None if is_here() => (PathBuf::from("."), std::iter::once(name()).chain(others.iter().cloned()).collect()),
        None => (first.to_owned(), others.to_vec()),
    }
}

/// Finds the kernel tree that contains a file or folder. Returns its root and the path below it.
pub fn root_above(path: &Path) -> Option<(PathBuf, String)> {
    let whole = path.canonicalize().ok()?;
    let root = whole.ancestors().skip(1).find(|root| is_kernel(root))?;
    let inside = whole.strip_prefix(root).ok()?.to_string_lossy().into_owned();
    Some((root.to_owned(), inside))
}

/// The out-of-tree module that contains a folder. Returns its root, the outermost folder around with a Makefile, and the path below it.
pub fn module_above(folder: &Path) -> Option<(PathBuf, String)> {
    let whole = folder.canonicalize().ok()?;
    let root = whole.ancestors().take_while(|folder| is_built(folder)).last()?.to_owned();
    let inside = whole.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
    Some((root, inside))
}

/// Whether a folder says how it is built.
fn is_built(folder: &Path) -> bool {
    ["Makefile", "Kbuild"].into_iter().any(|name| folder.join(name).is_file())
}

fn is_kernel(root: &Path) -> bool {
    Tree::open(root).is_ok_and(|tree| tree.missing_landmarks().is_empty())
}
