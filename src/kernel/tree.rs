//! The tree itself: where it is, which kernel it is.

use std::fmt;
use std::path::{Component, Path, PathBuf};

use rayon::prelude::*;
use walkdir::WalkDir;

use super::overlay::Overlay;
use super::read::FILE_LIMIT;

/// A directory that is read as a kernel tree, with a change laid over it.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
    overlay: Overlay,
}

/// Why a directory cannot be read at all.
#[derive(Debug)]
pub struct TreeError {
    path: PathBuf,
    reason: String,
}

impl fmt::Display for TreeError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.path.display(), self.reason)
    }
}

impl std::error::Error for TreeError {}

/// What a kernel tree has at its top.
const LANDMARKS: &[&str] = &["Makefile", "MAINTAINERS", "include/linux/mm.h", "include/linux/fs.h"];

/// The headers that tell which API a tree has.
const API_HEADERS: &[&str] = &["include/linux/mm_types.h", "include/linux/mm.h", "include/linux/fs.h"];

impl Tree {
    /// Opens a directory.
    ///
    /// # Errors
    /// Where there is no such directory, or it cannot be listed.
    pub fn open(root: &Path) -> Result<Tree, TreeError> {
        let failed = |reason: String| TreeError { path: root.to_owned(), reason };
        let metadata = std::fs::metadata(root).map_err(|error| failed(error.to_string()))?;
        if !metadata.is_dir() {
            return Err(failed("is not a directory".to_owned()));
        }
        std::fs::read_dir(root).map_err(|error| failed(error.to_string()))?;
        Ok(Tree { root: root.to_owned(), overlay: Overlay::default() })
    }

    /// The same directory with another change laid over it.
    pub fn with(&self, overlay: Overlay) -> Tree {
        Tree { root: self.root.clone(), overlay }
    }

    /// A path as the files of the tree are named: relative to it, without detours. `None` for one that leads out of it.
    pub fn path_below(&self, path: &str) -> Option<String> {
        let path = Path::new(path);
        let inside = if path.is_absolute() {
            let root = self.root.canonicalize().ok()?;
            path.strip_prefix(&self.root).or_else(|_| path.strip_prefix(&root)).ok()?.to_owned()
        } else {
            path.to_owned()
        };
        let mut parts: Vec<&std::ffi::OsStr> = Vec::new();
        for component in inside.components() {
            match component {
                Component::Normal(part) => parts.push(part),
                Component::ParentDir => drop(parts.pop()?),
                _ => {}
            }
        }
        let parts: Vec<String> = parts.into_iter().map(|part| part.to_string_lossy().into_owned()).collect();
        Some(parts.join("/"))
    }

    /// What is laid over the directory.
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// A regular file of the tree; `None` for anything else, and for what cannot be read or is longer than the limit.
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        if let Some(changed) = self.overlay.get(path) {
            return changed.map(<[u8]>::to_vec);
        }
        let path = self.root.join(path);
        let metadata = std::fs::metadata(&path).ok()?;
        if metadata.is_file() && metadata.len() <= FILE_LIMIT { std::fs::read(path).ok() } else { None }
    }

    /// Whether there is a folder of that path from the top.
    pub fn has_folder(&self, folder: &str) -> bool {
        let is_below = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.root.join(folder).is_dir() || self.overlay.files().any(|(path, _)| is_below(path))
    }

    /// The directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// What a kernel tree has and this directory lacks.
    pub fn missing_landmarks(&self) -> Vec<&'static str> {
        LANDMARKS.iter().copied().filter(|landmark| !self.root.join(landmark).exists()).collect()
    }

    /// The version that the top Makefile states: `7.3.4`, `7.3.0-rc1`.
    pub fn version(&self) -> Option<String> {
        let makefile = String::from_utf8(self.read("Makefile")?).ok()?;
        let value = |key: &str| {
            let line =
                makefile.lines().take(20).find_map(|line| line.strip_prefix(key)?.trim_start().strip_prefix('='))?;
            Some(line.trim().to_owned())
        };
        let (version, patch) = (value("VERSION")?, value("PATCHLEVEL")?);
        Some(format!(
            "{version}.{patch}.{}{}",
            value("SUBLEVEL").unwrap_or_else(|| "0".to_owned()),
            value("EXTRAVERSION").unwrap_or_default()
        ))
    }

    /// A file of the tree as text; bytes that are no UTF-8 become replacement characters.
    pub fn text(&self, path: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.read(path)?).into_owned())
    }

    /// The files below a folder whose names end so, sorted, with their texts; those that cannot be read are left out.
    pub fn texts_below(&self, folder: &str, extension: &str) -> Vec<(String, Vec<u8>)> {
        let on_disk = WalkDir::new(self.root.join(folder)).into_iter().filter_map(Result::ok);
        let paths = on_disk.filter(|entry| entry.file_type().is_file()).filter_map(|entry| {
            let path = entry.path().strip_prefix(&self.root).ok()?;
            Some(path.to_string_lossy().into_owned())
        });
        let is_below = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        let added = self.overlay.files().map(|(path, _)| path.to_owned()).filter(|path| is_below(path));
        let is_meant = |path: &String| path.rsplit_once('.').is_some_and(|(_, end)| end == extension);
        let mut paths: Vec<String> = paths.chain(added).filter(is_meant).collect();
        paths.sort();
        paths.dedup();
        paths.into_par_iter().filter_map(|path| self.read(&path).map(|text| (path, text))).collect()
    }

    /// The C sources that lie in a folder itself, sorted; none where it cannot be listed.
    pub fn sources_in(&self, folder: &str) -> Vec<String> {
        let named = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten().filter_map(Result::ok);
        let on_disk = entries.filter(|entry| entry.file_type().is_ok_and(|ty| ty.is_file()));
        let on_disk = on_disk.map(|entry| named(&entry.file_name().to_string_lossy()));
        let is_inside = |path: &&str| path.rsplit_once('/').map_or("", |(inside, _)| inside) == folder;
        let changed = self.overlay.files().map(|(path, _)| path).filter(is_inside).map(str::to_owned);
        let is_there = |path: &String| path.ends_with(".c") && self.overlay.get(path).is_none_or(|text| text.is_some());
        let mut paths: Vec<String> = on_disk.chain(changed).filter(is_there).collect();
        paths.sort_unstable();
        paths.dedup();
        paths
    }

    /// The texts of the headers that tell the API, those that can be read.
    pub fn api_headers(&self) -> Vec<Vec<u8>> {
        API_HEADERS.iter().filter_map(|header| self.read(header)).collect()
    }
}
