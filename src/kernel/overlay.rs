//! Files of a change, laid over a tree in memory. Nothing is written to disk.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{FileTrouble, TroubleKind};

/// State of a file after a change.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Laid {
    /// The file does not exist.
    Gone,
    /// The file has this text.
    Text(Arc<[u8]>),
    /// The file exists and is not read, for this reason.
    Unread(FileTrouble),
}

/// Files that differ from those on disk.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// States by path relative to the tree.
    files: BTreeMap<String, Laid>,
    /// Old paths of moved files, by new path.
    renames: BTreeMap<String, String>,
}

impl Overlay {
    /// Sets the text of a file; `None` deletes it.
    pub fn set(&mut self, path: &str, text: Option<Vec<u8>>) {
        self.lay(path, text.map_or(Laid::Gone, |text| Laid::Text(text.into())));
    }

    /// Sets the state of a file.
    pub fn lay(&mut self, path: &str, laid: Laid) {
        self.files.insert(path.to_owned(), laid);
    }

    /// Records that a submodule changes, of which only the commit is known.
    pub fn lay_submodule(&mut self, path: &str) {
        let trouble = FileTrouble::of(path, TroubleKind::Link, "is a submodule; its changes are not analysed");
        self.lay(path, Laid::Unread(trouble));
    }

    /// Records files that the change moves, all at once, as pairs of old and new path. Either side of the change may be laid over the tree.
    pub fn renamed(&mut self, moved: &[(String, String)]) {
        let origin = |from: &String| self.renames.get(from).unwrap_or(from).clone();
        let news: Vec<(String, String)> = moved.iter().map(|(from, to)| (to.clone(), origin(from))).collect();
        moved.iter().for_each(|(from, _)| drop(self.renames.remove(from)));
        self.renames.extend(news);
    }

    /// State of a file, if the overlay has it.
    pub fn get(&self, path: &str) -> Option<&Laid> {
        self.files.get(path)
    }

    /// Reason why an existing file is not read.
    pub fn unread(&self, path: &str) -> Option<&FileTrouble> {
        match self.files.get(path) {
            Some(Laid::Unread(trouble)) => Some(trouble),
            _ => None,
        }
    }

    /// Reasons for all existing files that are not read.
    pub fn all_unread(&self) -> impl Iterator<Item = &FileTrouble> {
        self.files.keys().filter_map(|path| self.unread(path))
    }

    /// Whether the overlay has a file at or below a path.
    pub fn touches(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let below = format!("{path}/");
        let is_whole = path.is_empty() || path == ".";
        let first_below = || self.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below));
        (is_whole && !self.files.is_empty()) || self.files.contains_key(path) || first_below()
    }

    /// Number of files in the overlay.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether the overlay has no file.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// Path of a file before the change.
    pub fn name_before<'p>(&'p self, path: &'p str) -> &'p str {
        self.renames.get(path).map_or(path, String::as_str)
    }

    /// Files of the overlay, sorted, each with whether it exists.
    pub fn files(&self) -> impl Iterator<Item = (&str, bool)> {
        self.files.iter().map(|(path, laid)| (path.as_str(), *laid != Laid::Gone))
    }
}
