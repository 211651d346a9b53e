//! The tree itself: its directory, its version, and the change laid over it.

use std::collections::BTreeSet;
use std::path::{Component, Path, PathBuf};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::{fmt, io};

use rustix::fs::FileType;
use rustix::io::Errno;

use super::open_folder::{FILE_LIMIT, OpenFolder};
use super::overlay::{Laid, Overlay};
use super::paths::folder_of;
use super::{FileTrouble, TroubleKind};
use crate::source::KnownMacros;

/// A directory read as a kernel tree, with a change laid over it. All files are read through it: regular files of a bounded length below
/// the directory.
#[derive(Clone, Debug)]
pub struct Tree {
    root: PathBuf,
    folder: Arc<OpenFolder>,
    overlay: Overlay,
    /// Requested files that could not be read.
    unread: Arc<Mutex<BTreeSet<FileTrouble>>>,
    /// Kernel that the directory, an out-of-tree module, is built against.
    kernel: Option<Arc<Kernel>>,
}

/// Kernel that an out-of-tree module is built against. Its files lie below those of the module: a path means the module's file if there
/// is one.
#[derive(Debug)]
struct Kernel {
    tree: Tree,
    macros: KnownMacros,
    /// Whether code of the module that this kernel does not compile is read too.
    keeps_dead_code: bool,
    /// Folders of the module with headers, once they were asked for.
    folders: OnceLock<Vec<String>>,
}

/// Origin of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Layer {
    /// The kernel tree that the command is about.
    Tree,
    /// The out-of-tree module that the command is about.
    Module,
    /// The kernel that this module is built against.
    Kernel,
}

/// Error in opening a directory.
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

/// Files that every kernel tree has.
const LANDMARKS: &[&str] = &["Makefile", "MAINTAINERS", "include/linux/mm.h", "include/linux/fs.h"];

/// Headers that show which API a tree has.
const API_HEADERS: &[&str] = &["include/linux/mm_types.h", "include/linux/mm.h", "include/linux/fs.h"];

impl Tree {
    /// Opens a directory.
    ///
    /// # Errors
    /// The directory does not exist or cannot be listed.
    pub fn open(root: &Path) -> Result<Tree, TreeError> {
        let folder = OpenFolder::open(root).map_err(|error| {
            let reason = match error.kind() {
                io::ErrorKind::NotADirectory => "is not a directory".to_owned(),
                _ => error.to_string(),
            };
            TreeError { path: root.to_owned(), reason }
        })?;
        let (overlay, unread) = Default::default();
        Ok(Tree { root: root.to_owned(), folder: Arc::new(folder), overlay, unread, kernel: None })
    }

    /// A tree of these texts alone, by path.
    ///
    /// # Errors
    /// No temporary directory can be made.
    pub fn of_texts(texts: &[(&str, &str)]) -> Result<Tree, TreeError> {
        let unmade = |error: io::Error| TreeError { path: std::env::temp_dir(), reason: error.to_string() };
        // It stays open, and empty, after it is removed.
        let empty = tempfile::tempdir().map_err(unmade)?;
        let mut overlay = Overlay::default();
        texts.iter().for_each(|(path, text)| overlay.set(path, Some(text.as_bytes().to_vec())));
        Ok(Tree::open(empty.path())?.with(overlay))
    }

    /// The same directory with another change laid over it.
    pub fn with(&self, overlay: Overlay) -> Tree {
        let kernel = self.kernel.clone();
        Tree { root: self.root.clone(), folder: Arc::clone(&self.folder), overlay, unread: Arc::default(), kernel }
    }

    /// The same directory as an out-of-tree module of a kernel. `macros` decide which arms of its conditionals are compiled.
    pub fn built_against(self, kernel: Tree, macros: KnownMacros, keeps_dead_code: bool) -> Tree {
        Tree {
            kernel: Some(Arc::new(Kernel { tree: kernel, macros, keeps_dead_code, folders: OnceLock::new() })),
            ..self
        }
    }

    /// Whether code of a module that its kernel does not compile is read too.
    pub fn keeps_dead_code(&self) -> bool {
        self.kernel.as_deref().is_some_and(|kernel| kernel.keeps_dead_code)
    }

    /// The kernel: the tree itself, or that which the module is built against.
    pub fn kernel(&self) -> &Tree {
        self.kernel.as_deref().map_or(self, |kernel| &kernel.tree)
    }

    /// Whether the directory is an out-of-tree module.
    pub fn is_module(&self) -> bool {
        self.kernel.is_some()
    }

    /// The kernel or module in words: `Linux 7.3.0`, `a module for Linux 7.3.0`. `None` for a kernel that states no version.
    pub fn title(&self) -> Option<String> {
        let kernel = self.version().map(|version| format!("Linux {version}"));
        match (self.is_module(), kernel) {
            (false, kernel) => kernel,
            (true, Some(kernel)) => Some(format!("a module for {kernel}")),
            (true, None) => Some("a module".to_owned()),
        }
    }

    /// Whether declarations of hooks stand in for the kernel of a module.
    pub fn has_assumed_kernel(&self) -> bool {
        self.is_module() && self.version().is_none()
    }

    /// Macros that are known for the files of a module.
    pub fn macros(&self) -> Option<&KnownMacros> {
        self.kernel.as_deref().map(|kernel| &kernel.macros)
    }

    /// Whether the directory itself has a folder; the top folder counts as one of its own.
    pub fn shares(&self, folder: &str) -> bool {
        folder.is_empty() || self.folder.kind(folder) == Some(FileType::Directory)
    }

    /// Folders of a module that have headers, relative to it, the outermost first, with the folders around them.
    pub fn module_folders(&self) -> &[String] {
        self.kernel.as_deref().map_or(&[], |kernel| kernel.folders.get_or_init(|| self.folders_with_headers()))
    }

    /// Origin of a file.
    pub fn layer(&self, path: &str) -> Layer {
        match self.is_module() {
            false => Layer::Tree,
            true if self.laid(path).is_some() || self.folder.kind(path).is_some() => Layer::Module,
            // A link of the module that leads nowhere is the module's, too.
            true if self.folder.is_reached_by_link(path) => Layer::Module,
            true => Layer::Kernel,
        }
    }

    /// Normalised path of a file: relative to the tree, without `..`. `None` if it leads out of the tree.
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

    /// The change laid over the directory.
    pub fn overlay(&self) -> &Overlay {
        &self.overlay
    }

    /// Reads a regular file of the tree; `None` if it does not exist. If it exists but cannot be read, it is added to
    /// [`unread`](Self::unread).
    pub fn read(&self, path: &str) -> Option<Vec<u8>> {
        self.try_read(path).unwrap_or_else(|trouble| {
            self.note(trouble);
            None
        })
    }

    /// Notes that a file, or a part of it, could not be used.
    pub fn note(&self, trouble: FileTrouble) {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).insert(trouble);
    }

    /// Reads a regular file of the tree; `None` if it does not exist.
    ///
    /// # Errors
    /// The file exists but is unreadable, not regular, too long, or reached by a link out of the tree.
    pub fn try_read(&self, path: &str) -> Result<Option<Vec<u8>>, FileTrouble> {
        match self.laid(path) {
            Some(Laid::Gone) => return Ok(None),
            Some(Laid::Text(text)) => return Ok(Some(text.to_vec())),
            Some(Laid::Unread(trouble)) => return Err(trouble.clone()),
            None => {}
        }
        match (self.folder.read(path, FILE_LIMIT), self.kernel.as_deref()) {
            (Ok(text), _) => Ok(Some(text)),
            (Err(error), kernel) => match (unread(path, &error), kernel) {
                (Some(trouble), _) => Err(trouble),
                (None, Some(kernel)) => kernel.tree.try_read(path),
                (None, None) => Ok(None),
            },
        }
    }

    /// State of a file in the overlay, by its own path or by the target of links.
    pub(super) fn laid(&self, path: &str) -> Option<&Laid> {
        if self.overlay.is_empty() {
            return None;
        }
        let by_link = || {
            let root = self.root.canonicalize().ok()?;
            let target = self.root.join(path).canonicalize().ok()?;
            self.overlay.get(&target.strip_prefix(root).ok()?.to_string_lossy())
        };
        let own = self.overlay.get(path);
        own.or_else(|| if self.folder.is_reached_by_link(path) { by_link() } else { None })
    }

    /// Files that were requested so far and could not be read.
    pub fn unread(&self) -> Vec<FileTrouble> {
        self.unread.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }

    /// Whether the tree has a folder at a path from the top.
    pub fn has_folder(&self, folder: &str) -> bool {
        let is_below = |path: &str| path.strip_prefix(folder).is_some_and(|rest| rest.starts_with('/'));
        self.folder.kind(if folder.is_empty() { "." } else { folder }) == Some(FileType::Directory)
            || self.overlay.files().any(|(path, _)| is_below(path))
            || self.kernel.as_deref().is_some_and(|kernel| kernel.tree.has_folder(folder))
    }

    /// Whether the directory has a file or folder at a path, whatever the overlay says.
    pub fn has(&self, path: &str) -> bool {
        self.folder.kind(if path.is_empty() { "." } else { path }).is_some()
    }

    /// The directory, held open.
    pub fn folder(&self) -> &OpenFolder {
        &self.folder
    }

    /// Path of the directory.
    pub fn root(&self) -> &Path {
        &self.root
    }

    /// Files that every kernel tree has and this directory lacks. A module is built against headers, which lack some.
    pub fn missing_landmarks(&self) -> Vec<&'static str> {
        if self.is_module() {
            return Vec::new();
        }
        LANDMARKS.iter().copied().filter(|landmark| self.folder.kind(landmark).is_none()).collect()
    }

    /// Version of the kernel in its top Makefile: `7.3.4`, `7.3.0-rc1`.
    pub fn version(&self) -> Option<String> {
        let makefile = String::from_utf8(self.kernel().read("Makefile")?).ok()?;
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

    /// A file of the tree as text; invalid UTF-8 becomes replacement characters.
    pub fn text(&self, path: &str) -> Option<String> {
        Some(String::from_utf8_lossy(&self.read(path)?).into_owned())
    }

    /// A file of at most `limit` bytes as text. A longer one is noted and left out.
    pub fn short_text(&self, path: &str, limit: usize) -> Option<String> {
        let text = self.text(path)?;
        if text.len() <= limit {
            return Some(text);
        }
        self.note(FileTrouble::of(path, TroubleKind::TooLarge, format!("longer than {} MiB; not used", limit >> 20)));
        None
    }

    /// C sources directly in a folder, sorted. If it cannot be listed, only those of the overlay.
    pub fn sources_in(&self, folder: &str) -> Vec<String> {
        let named = |name: &str| if folder.is_empty() { name.to_owned() } else { format!("{folder}/{name}") };
        let entries = std::fs::read_dir(self.root.join(folder)).into_iter().flatten().filter_map(Result::ok);
        let on_disk = entries.filter(|entry| entry.file_type().is_ok_and(|ty| ty.is_file()));
        let on_disk = on_disk.map(|entry| named(&entry.file_name().to_string_lossy()));
        let is_inside = |path: &&str| folder_of(path) == folder;
        let changed = self.overlay.files().map(|(path, _)| path).filter(is_inside).map(str::to_owned);
        let is_there = |path: &String| path.ends_with(".c") && self.overlay.get(path) != Some(&Laid::Gone);
        let mut paths: Vec<String> = on_disk.chain(changed).filter(is_there).collect();
        paths.sort_unstable();
        paths.dedup();
        match self.kernel.as_deref() {
            Some(kernel) if paths.is_empty() => kernel.tree.sources_in(folder),
            _ => paths,
        }
    }

    /// Whether the directory itself has one of these headers, as every kernel tree has, and trees of tests and partial checkouts do.
    pub fn has_api_headers(&self) -> bool {
        API_HEADERS.iter().any(|header| self.has(header))
    }

    /// Texts of the readable headers that show the API.
    pub fn api_headers(&self) -> Vec<Vec<u8>> {
        API_HEADERS.iter().filter_map(|header| self.kernel().read(header)).collect()
    }
}

/// Reason why a file is not read; `None` if it does not exist.
pub(super) fn unread(path: &str, error: &io::Error) -> Option<FileTrouble> {
    let (kind, text) = match (error.kind(), error.raw_os_error().map(Errno::from_raw_os_error)) {
        (_, Some(Errno::NOENT | Errno::NOTDIR | Errno::ISDIR | Errno::NAMETOOLONG | Errno::INVAL)) => return None,
        (_, Some(Errno::XDEV)) => (TroubleKind::Link, "links to a file outside the tree; not read".to_owned()),
        (_, Some(Errno::LOOP)) => (TroubleKind::Link, format!("a link that cannot be followed: {error}")),
        (io::ErrorKind::InvalidInput, _) => (TroubleKind::NotAFile, format!("{error}; not read")),
        (io::ErrorKind::FileTooLarge, _) => {
            (TroubleKind::TooLarge, format!("longer than {} MiB; not read", FILE_LIMIT >> 20))
        }
        _ => (TroubleKind::Unreadable, error.to_string()),
    };
    Some(FileTrouble::of(path, kind, text))
}
