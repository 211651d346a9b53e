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
    /// Resolves the arguments TREE and PATH.
    pub fn of(tree: &Path, paths: &[String]) -> Place {
        let given = || Place { root: tree.to_owned(), paths: paths.to_vec() };
        if is_kernel(tree) {
            return given();
        }
        let Some((root, inside)) = root_above(tree) else { return given() };
        // Further paths are resolved like the first one.
        let others = paths.iter().map(|path| match root_above(Path::new(path)) {
            Some((other, inside)) if other == root => inside,
            _ => path.clone(),
        });
        Place { paths: std::iter::once(inside).chain(others).collect(), root }
    }

    /// Whether a file of the tree is selected.
    pub fn holds(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }
}

/// Finds the kernel tree that contains a file or folder. Returns its root and the path below it.
pub fn root_above(path: &Path) -> Option<(PathBuf, String)> {
    let whole = path.canonicalize().ok()?;
    let root = whole.ancestors().skip(1).find(|root| is_kernel(root))?;
    let inside = whole.strip_prefix(root).ok()?.to_string_lossy().into_owned();
    Some((root.to_owned(), inside))
}

fn is_kernel(root: &Path) -> bool {
    Tree::open(root).is_ok_and(|tree| tree.missing_landmarks().is_empty())
}
