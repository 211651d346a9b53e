//! The tree itself: where it is, which kernel it is.

use std::fmt;
use std::path::{Path, PathBuf};

use super::read::read_file;

/// A directory that is read as a kernel tree.
#[derive(Debug)]
pub struct Tree {
    root: PathBuf,
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
        Ok(Tree { root: root.to_owned() })
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
        let makefile = String::from_utf8(read_file(&self.root, "Makefile")?).ok()?;
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
        Some(String::from_utf8_lossy(&read_file(&self.root, path)?).into_owned())
    }

    /// The texts of the headers that tell the API, those that can be read.
    pub fn api_headers(&self) -> Vec<Vec<u8>> {
        API_HEADERS.iter().filter_map(|header| read_file(&self.root, header)).collect()
    }
}
