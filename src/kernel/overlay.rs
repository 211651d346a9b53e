//! Files as a change leaves them, laid over a tree in memory. Nothing is written anywhere.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::FileTrouble;

/// A file as a change leaves it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Laid {
    /// It is gone.
    Gone,
    /// It holds this text.
    Text(Arc<[u8]>),
    /// It is there, and is not read.
    Unread(FileTrouble),
}

/// The files that differ from those on disk.
#[derive(Clone, Debug, Default)]
pub struct Overlay {
    /// By path relative to the tree.
    files: BTreeMap<String, Laid>,
    /// The new paths of files that moved, with the old ones.
    renames: BTreeMap<String, String>,
}

impl Overlay {
    /// Gives a file a text; `None` takes it away.
    pub fn set(&mut self, path: &str, text: Option<Vec<u8>>) {
        self.lay(path, text.map_or(Laid::Gone, |text| Laid::Text(text.into())));
    }

    /// Says what becomes of a file.
    pub fn lay(&mut self, path: &str, laid: Laid) {
        self.files.insert(path.to_owned(), laid);
    }

    /// Notes that the change moves files, from and to, all at once, whichever side of the change is laid over the tree.
    pub fn renamed(&mut self, moved: &[(String, String)]) {
        let origin = |from: &String| self.renames.get(from).unwrap_or(from).clone();
        let news: Vec<(String, String)> = moved.iter().map(|(from, to)| (to.clone(), origin(from))).collect();
        moved.iter().for_each(|(from, _)| drop(self.renames.remove(from)));
        self.renames.extend(news);
    }

    /// What the overlay says of a file, if anything.
    pub fn get(&self, path: &str) -> Option<&Laid> {
        self.files.get(path)
    }

    /// Why a file that it leaves there is not read.
    pub fn unread(&self, path: &str) -> Option<&FileTrouble> {
        match self.files.get(path) {
            Some(Laid::Unread(trouble)) => Some(trouble),
            _ => None,
        }
    }

    /// The files that it leaves there and that are not read, with the reasons.
    pub fn all_unread(&self) -> impl Iterator<Item = &FileTrouble> {
        self.files.keys().filter_map(|path| self.unread(path))
    }

    /// Whether it changes a file of that path, or one below it.
    pub fn touches(&self, path: &str) -> bool {
        let path = path.trim_start_matches("./").trim_end_matches('/');
        let below = format!("{path}/");
        let is_whole = path.is_empty() || path == ".";
        let first_below = || self.files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below));
        (is_whole && !self.files.is_empty()) || self.files.contains_key(path) || first_below()
    }

    /// How many files it changes.
    pub fn len(&self) -> usize {
        self.files.len()
    }

    /// Whether it changes nothing.
    pub fn is_empty(&self) -> bool {
        self.files.is_empty()
    }

    /// What a file was called before the change.
    pub fn name_before<'p>(&'p self, path: &'p str) -> &'p str {
        self.renames.get(path).map_or(path, String::as_str)
    }

    /// The files that it changes, sorted; with each whether it is there.
    pub fn files(&self) -> impl Iterator<Item = (&str, bool)> {
        self.files.iter().map(|(path, laid)| (path.as_str(), *laid != Laid::Gone))
    }
}
