//! A tree before and after a change.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::accepted::added_by;
use super::{Converted, Moves};
use crate::behaviour::redefined_between;
use crate::kernel::{DOCUMENTS, Git, Overlay, RUST, Tree, apply, is_below, parse_patch};
use crate::likeness::{likeness, sorted_names};
use crate::source::{Item, ItemKind, find_word, slice};
use crate::words::counted;

/// The two sides of a change.
pub struct Change {
    /// The tree without it.
    pub before: Tree,
    /// The tree with it.
    pub after: Tree,
    /// Number of files that it does not touch and that a sparse checkout leaves out.
    pub left_out: usize,
}

impl Change {
    /// A tree without and with a patch.
    ///
    /// # Errors
    /// The patch cannot be read, or does not apply. The error names the patch, the line and the hunk.
    pub fn patched(tree: &Tree, name: &str, text: &[u8]) -> Result<Change, String> {
        let patches = parse_patch(text).map_err(|error| format!("{name}:{error}"))?;
        let overlay = apply(tree, &patches).map_err(|error| format!("{name}:{error}"))?;
        Ok(Change { before: tree.clone(), after: tree.with(overlay), left_out: 0 })
    }

    /// A revision, and the tree on disk.
    ///
    /// # Errors
    /// git cannot list the differences.
    pub fn since(tree: &Tree, revision: &str) -> Result<Change, String> {
        let git = Git::new(tree.root());
        let base = git.commit(revision)?;
        let (mut before, mut after) = (git.overlay_before(&base)?, Overlay::default());
        let head = git.commit("HEAD").unwrap_or_else(|_| base.clone());
        let left_out = git.lay_left_out((&base, &mut before), (&head, &mut after))?;
        Ok(Change { before: tree.with(before), after: tree.with(after), left_out })
    }

    /// The two ends of `REV..REV`. `REV...REV` starts at the merge base; a single revision is compared with its parent.
    ///
    /// # Errors
    /// git cannot list the differences.
    pub fn range(tree: &Tree, range: &str) -> Result<Change, String> {
        let git = Git::new(tree.root());
        let commit = |revision: &str| git.commit(if revision.is_empty() { "HEAD" } else { revision });
        let (from, to) = match (range.split_once("..."), range.split_once("..")) {
            (Some((from, to)), _) => (git.merge_base(&commit(from)?, &commit(to)?)?, commit(to)?),
            (None, Some((from, to))) => (commit(from)?, commit(to)?),
            (None, None) => (commit(&format!("{range}^"))?, commit(range)?),
        };
        let (mut before, mut after) = (git.overlay_of(&from)?, git.overlay_of(&to)?);
        let left_out = git.lay_left_out((&from, &mut before), (&to, &mut after))?;
        after.renamed(&git.renames(&from, &to)?);
        Ok(Change { before: tree.with(before), after: tree.with(after), left_out })
    }

    /// Whether the overlay of either side contains a file, or a file below a folder.
    pub fn touches(&self, path: &str) -> bool {
        self.before.overlay().touches(path) || self.after.overlay().touches(path)
    }

    /// Whether it touches a header, or a folder without C that names what headers declare.
    pub fn touches_documents(&self) -> bool {
        let mut changed = self.before.overlay().files().chain(self.after.overlay().files());
        changed
            .any(|(path, _)| path.ends_with(".h") || [DOCUMENTS, RUST].iter().any(|(folder, _)| is_below(path, folder)))
    }

    /// For each line of a file after the change, its number before it.
    fn lines_before(&self, path: &str) -> Vec<Option<u32>> {
        let (Some(old), Some(new)) = (self.before.read(&self.name_before(path)), self.after.read(path)) else {
            return Vec::new();
        };
        let lines = |text: &[u8]| text.split_inclusive(|byte| *byte == b'\n').map(<[u8]>::to_vec).collect::<Vec<_>>();
        let (old, new) = (lines(&old), lines(&new));
        let mut before = vec![None; new.len()];
        for operation in capture_diff_slices(Algorithm::Myers, &old, &new) {
            if let DiffOp::Equal { old_index, new_index, len } = operation {
                for line in 0..len {
                    before[new_index + line] = Some((old_index + line) as u32 + 1);
                }
            }
        }
        before
    }
}

/// Line numbers before a change, computed once per file.
pub struct LineMoves<'t> {
    change: &'t Change,
    files: RefCell<BTreeMap<String, Vec<Option<u32>>>>,
    /// The names of converted handlers, after and before.
    handlers: BTreeMap<String, String>,
}

impl LineMoves<'_> {
    /// Lookup for a change that converts these handlers.
    pub fn new<'t>(change: &'t Change, converted: &[Converted]) -> LineMoves<'t> {
        let handlers = converted.iter().map(|converted| (converted.to.clone(), converted.from.clone())).collect();
        LineMoves { change, files: RefCell::default(), handlers }
    }
}

impl Moves for LineMoves<'_> {
    fn name_before(&self, path: &str) -> String {
        self.change.name_before(path)
    }

    fn line_before(&self, path: &str, line: u32) -> Option<u32> {
        if !self.change.touches(path) {
            return Some(line);
        }
        let mut files = self.files.borrow_mut();
        let lines = files.entry(path.to_owned()).or_insert_with(|| self.change.lines_before(path));
        *lines.get(line as usize - 1)?
    }

    fn handler_before<'h>(&'h self, handler: &'h str) -> &'h str {
        self.handlers.get(handler).map_or(handler, String::as_str)
    }

    fn may_have_moved(&self, handler: &str, path: &str, function: &str) -> bool {
        let before = self.change.before.read(&self.change.name_before(path)).unwrap_or_default();
        let is_new = !function.is_empty() && find_word(&before, function.as_bytes(), 0).is_none();
        is_new && self.handlers.values().any(|from| from == handler)
    }

    fn is_moved_out(&self, path: &str, function: &str) -> bool {
        let Some(text) = self.change.after.read(path) else { return true };
        let is_definition = |item: &Item| item.kind == ItemKind::Function && item.name.of(&text) == function.as_bytes();
        // A prototype, or a table that names the function, may stay.
        find_word(&text, function.as_bytes(), 0).is_none() || !slice(&text).items.iter().any(is_definition)
    }

    fn reads_alike(&self, before: (&str, &str), after: (&str, &str)) -> bool {
        /// A function that was converted on its way keeps about as many words.
        const ALIKE: f64 = 0.6;
        let (Some(old), Some(new)) = (self.change.before.read(before.0), self.change.after.read(after.0)) else {
            return false;
        };
        likeness(&names_of(&old, before.1), &names_of(&new, after.1)) >= ALIKE
    }
}

/// The names in a function of a text.
fn names_of(text: &[u8], function: &str) -> Vec<String> {
    let slices = slice(text);
    let is_it = |item: &&Item| item.kind == ItemKind::Function && item.name.of(text) == function.as_bytes();
    slices.items.iter().find(is_it).map_or(Vec::new(), |item| sorted_names(item.span.of(text)))
}

impl Change {
    /// The macros and enumerators that it defines otherwise.
    pub fn redefined(&self) -> BTreeSet<String> {
        let texts = |path: &str| Some((self.before.read(path)?, self.after.read(path)?));
        let changed = self.after.overlay().files().chain(self.before.overlay().files());
        let paths: BTreeSet<&str> = changed.map(|(path, _)| path).filter(|path| path.ends_with(['c', 'h'])).collect();
        paths.into_iter().filter_map(texts).flat_map(|(before, after)| redefined_between(&before, &after)).collect()
    }

    /// What it leaves unread, or accepts by itself, in sentences.
    pub fn remarks(&self) -> Vec<String> {
        let is_empty = self.before.overlay().is_empty() && self.after.overlay().is_empty();
        let nothing = is_empty.then(|| "the change touches no file that is read as C: nothing was checked".to_owned());
        let left_out = (self.left_out > 0).then(|| {
            format!("{} are not checked out (sparse checkout), and were not read", counted(self.left_out, "file"))
        });
        let accepted = Some(added_by(self)).filter(|count| *count > 0);
        let accepted =
            accepted.map(|count| format!("the change adds {} to accept findings", counted(count, "comment")));
        [left_out, nothing, accepted].into_iter().flatten().collect()
    }

    /// Name of a file before the change.
    pub fn name_before(&self, path: &str) -> String {
        let name = self.after.overlay().name_before(path);
        self.before.overlay().name_before(name).to_owned()
    }
}
