//! Which tree arguments mean: a folder inside a kernel tree means that tree, and this folder of it.

use std::path::{Path, PathBuf};

use crate::kernel::{Tree, is_below};

/// A tree, and what of it was named.
#[derive(Debug, Default)]
pub struct Place {
    /// The tree.
    pub root: PathBuf,
    /// The paths of the tree that were named; none for all of it.
    pub paths: Vec<String>,
}

impl Place {
    /// What the arguments TREE and PATH mean.
    pub fn of(tree: &Path, paths: &[String]) -> Place {
        let given = || Place { root: tree.to_owned(), paths: paths.to_vec() };
        if is_kernel(tree) {
            return given();
        }
        let Some((root, inside)) = root_above(tree) else { return given() };
        // Further paths are named as the first was.
        let others = paths.iter().map(|path| match root_above(Path::new(path)) {
            Some((other, inside)) if other == root => inside,
            _ => path.clone(),
        });
        Place { paths: std::iter::once(inside).chain(others).collect(), root }
    }

    /// Whether a file of the tree is what was named, or lies below it.
    pub fn holds(&self, file: &str) -> bool {
        self.paths.is_empty() || self.paths.iter().any(|path| is_below(file, path))
    }
}

/// The kernel tree that a file or a folder lies in, and its path there.
pub fn root_above(path: &Path) -> Option<(PathBuf, String)> {
    let whole = path.canonicalize().ok()?;
    let root = whole.ancestors().skip(1).find(|root| is_kernel(root))?;
    let inside = whole.strip_prefix(root).ok()?.to_string_lossy().into_owned();
    Some((root.to_owned(), inside))
}

fn is_kernel(root: &Path) -> bool {
    Tree::open(root).is_ok_and(|tree| tree.missing_landmarks().is_empty())
}
