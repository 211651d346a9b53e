//! A file that stdin has, in place of the one in its tree: what an editor shows and has not saved.

use std::io::Read;
use std::path::{Path, PathBuf};

use clap::Args;

use super::place::{Place, module_above, root_above};
use crate::kernel::{Overlay, Tree, is_listed};

/// Maximum size of the file, in bytes.
const LIMIT: u64 = 64 << 20;

/// Whether TREE stands for a file that stdin has.
pub fn is_stdin(tree: &Path) -> bool {
    tree == Path::new("-")
}

/// The option that says which file stdin has.
#[derive(Args, Debug)]
pub struct Buffer {
    /// With - in place of TREE: the path, in its tree, of the file that stdin has
    #[arg(long, value_name = "PATH")]
    stdin_path: Option<PathBuf>,
}

impl Buffer {
    /// Opens the tree of a place. If TREE is `-`, opens instead the tree of the file that stdin has, with that file in it; the place is
    /// that of the file.
    ///
    /// # Errors
    /// The tree cannot be opened; or there is no path of the file, it lies in no kernel tree or is no C file, or stdin cannot be read.
    pub fn open(
        &self,
        tree: &Path,
        place: impl FnOnce() -> Place,
        open: impl FnOnce(&Path) -> Result<Tree, String>,
    ) -> Result<(Place, Tree), String> {
        let Some((place, text)) = self.read(tree)? else {
            let place = place();
            let tree = open(&place.root)?;
            return Ok((place, tree));
        };
        let tree = text.over(open(&place.root)?);
        Ok((place, tree))
    }

    /// The file on stdin with its place; `None` if TREE is not `-`.
    fn read(&self, tree: &Path) -> Result<Option<(Place, Text)>, String> {
        let path = match (&self.stdin_path, is_stdin(tree)) {
            (None, false) => return Ok(None),
            (Some(_), false) => return Err("--stdin-path goes with - in place of TREE".to_owned()),
            (None, true) => return Err("- needs --stdin-path: the place of the file in its tree".to_owned()),
            (Some(path), true) => path,
        };
        let named = || path.display();
        // The file may not exist yet.
        let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        let name = path.file_name().ok_or_else(|| format!("{}: names no file", named()))?.to_string_lossy();
        let (root, inside) = root_above(&folder.join("."))
            .or_else(|| module_above(folder))
            .ok_or_else(|| format!("{}: does not lie in a kernel tree, or in a module with a Makefile", named()))?;
        let inside = if inside.is_empty() { name.into_owned() } else { format!("{inside}/{name}") };
        if !is_listed(&inside) {
            return Err(format!("{}: is no C file that a scan reads", named()));
        }
        let mut text = Vec::new();
        std::io::stdin().lock().take(LIMIT + 1).read_to_end(&mut text).map_err(|error| format!("stdin: {error}"))?;
        if text.len() as u64 > LIMIT {
            return Err(format!("stdin: more than {} MiB", LIMIT >> 20));
        }
        Ok(Some((Place { root, paths: vec![inside.clone()] }, Text { path: inside, text })))
    }
}

/// The text of a file.
struct Text {
    path: String,
    text: Vec<u8>,
}

impl Text {
    /// The tree in which the file has this text.
    fn over(self, tree: Tree) -> Tree {
        let mut overlay = Overlay::default();
        overlay.set(&self.path, Some(self.text));
        tree.with(overlay)
    }
}
