//! Replaces files whole: the new text goes to a temporary file, which is renamed to the file. At any time the file has its old or its new
//! text. SIGINT, SIGTERM and SIGHUP remove the temporary file before they end the process.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, Once, PoisonError};

use rustix::fs::{AtFlags, Mode, OFlags, fchmod, fstat, openat, renameat, unlinkat};
use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM, SIGXFSZ};
use signal_hook::iterator::Signals;
use signal_hook::low_level::emulate_default_handler;
use tempfile::TempDir;

use crate::kernel::OpenFolder;

/// The new text of a file, in a temporary file beside it. It is removed on drop unless it has replaced the file.
#[derive(Debug)]
pub struct Part {
    file: File,
    /// Where to remove it.
    place: Place,
    /// Name of the file to replace.
    name: OsString,
}

#[derive(Clone, Debug)]
struct Place {
    folder: Arc<OpenFolder>,
    part: OsString,
}

/// The parts that exist now, to be removed if a signal ends the process.
static PARTS: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// Folders for temporary files, to be removed likewise.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// Held while files are replaced that belong together.
static TOGETHER: Mutex<()> = Mutex::new(());

/// Runs work that replaces several files. A signal ends the process before it or behind it, not between two files.
pub fn together<T>(work: impl FnOnce() -> T) -> T {
    watch();
    let _held = TOGETHER.lock().unwrap_or_else(PoisonError::into_inner);
    work()
}

/// A folder for temporary files. It is removed on drop, and if a signal ends the process.
#[derive(Debug)]
pub struct Temporary {
    folder: TempDir,
}

impl Temporary {
    /// Creates a folder whose name begins with `prefix`.
    ///
    /// # Errors
    /// The folder cannot be created.
    pub fn folder(prefix: &str) -> io::Result<Temporary> {
        watch();
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        folders.push(folder.path().to_owned());
        Ok(Temporary { folder })
    }

    /// Path of the folder.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        folders.retain(|folder| folder != self.folder.path());
    }
}

/// Mode of a new file, before the umask of the process.
const NEW_FILE: Mode = Mode::from_raw_mode(0o666);

impl Part {
    /// Creates the file for the new text in a folder, under a name that no other run uses.
    ///
    /// # Errors
    /// The folder cannot be written, or a file of that name exists.
    pub fn beside(folder: &Arc<OpenFolder>, name: &OsStr) -> io::Result<Part> {
        watch();
        let mut part = OsString::from(".");
        part.push(name);
        part.push(format!(".{}.part", std::process::id()));
        let place = Place { folder: Arc::clone(folder), part };
        let mut parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
        let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::EXCL | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(openat(&place.folder, &place.part, flags, NEW_FILE)?);
        parts.push(place.clone());
        Ok(Part { file, place, name: name.to_owned() })
    }

    /// The file for the new text.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Sets the file mode to that of another file.
    ///
    /// # Errors
    /// The mode cannot be read or set.
    pub fn with_mode_of(&self, other: &File) -> io::Result<()> {
        Ok(fchmod(&self.file, Mode::from_raw_mode(fstat(other)?.st_mode))?)
    }

    /// Replaces the file by the text.
    ///
    /// # Errors
    /// The file cannot be replaced, and is unchanged.
    pub fn put(self) -> io::Result<()> {
        Ok(renameat(&self.place.folder, &self.place.part, &self.place.folder, &self.name)?)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
        // After `put` there is no file of that name.
        self.place.remove();
        parts.retain(|place| !Arc::ptr_eq(&place.folder, &self.place.folder) || place.part != self.place.part);
    }
}

impl Place {
    fn remove(&self) {
        let _ = unlinkat(&self.folder, &self.part, AtFlags::empty());
    }
}

/// The folder and the name of a file.
///
/// # Errors
/// The folder cannot be opened, or the path does not name a file.
pub fn place_of(path: &Path) -> io::Result<(Arc<OpenFolder>, &OsStr)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("is not a file name"))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Arc::new(OpenFolder::open(parent)?), name))
}

fn watch() {
    static WATCH: Once = Once::new();
    // Without signals, a part may be left behind.
    WATCH.call_once(|| drop(clean_up_on_signals()));
}

/// Removes all parts and temporary folders before a signal ends the process. A file beyond the size limit of the process becomes an
/// ordinary error.
fn clean_up_on_signals() -> io::Result<()> {
    let ignored = Arc::default();
    signal_hook::flag::register(SIGXFSZ, ignored)?;
    let mut signals = Signals::new(ended_by())?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // The locks are never released, so that nothing new begins.
            let _together = TOGETHER.lock().unwrap_or_else(PoisonError::into_inner);
            let parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
            parts.iter().for_each(Place::remove);
            let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
            folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// The signals that end a process, without those that it was started to ignore, as by `nohup`.
fn ended_by() -> Vec<i32> {
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)).collect()
}

/// Whether the process was started with a signal ignored.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & (1 << (signal - 1)) != 0
}
