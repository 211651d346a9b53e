//! Replaces files whole: a text is written beside a file under another name, which is then given the file's name. Whatever ends the process
//! meanwhile, the file holds one text or the other, and nothing is left beside it.

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

/// The text that is to replace a file. Where it is not put in the file's place, it is taken away.
#[derive(Debug)]
pub struct Part {
    file: File,
    /// What takes it away.
    place: Place,
    /// The name of the file that it is to replace.
    name: OsString,
}

#[derive(Clone, Debug)]
struct Place {
    folder: Arc<OpenFolder>,
    part: OsString,
}

/// The parts that are there now, for the case that a signal ends the process.
static PARTS: Mutex<Vec<Place>> = Mutex::new(Vec::new());

/// Likewise folders for temporary files.
static FOLDERS: Mutex<Vec<PathBuf>> = Mutex::new(Vec::new());

/// A folder for temporary files, which goes when it is dropped, and when a signal ends the process.
#[derive(Debug)]
pub struct Temporary {
    folder: TempDir,
}

impl Temporary {
    /// Makes a folder whose name begins so.
    ///
    /// # Errors
    /// Where it cannot be made.
    pub fn folder(prefix: &str) -> io::Result<Temporary> {
        watch();
        let mut folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
        let folder = tempfile::Builder::new().prefix(prefix).tempdir()?;
        folders.push(folder.path().to_owned());
        Ok(Temporary { folder })
    }

    /// Where it is.
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

/// What a file may be made for, before the mask of the process.
const NEW_FILE: Mode = Mode::from_raw_mode(0o666);

impl Part {
    /// Begins a text that is to replace a file of a folder, under a name that no other run takes.
    ///
    /// # Errors
    /// Where nothing can be written in the folder, or another file has that name.
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

    /// The file that the text is written to.
    pub fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Gives the text the mode of another file.
    ///
    /// # Errors
    /// Where that cannot be done.
    pub fn with_mode_of(&self, other: &File) -> io::Result<()> {
        Ok(fchmod(&self.file, Mode::from_raw_mode(fstat(other)?.st_mode))?)
    }

    /// Puts the text in the place of the file.
    ///
    /// # Errors
    /// Where that cannot be done; then the file is as it was.
    pub fn put(self) -> io::Result<()> {
        Ok(renameat(&self.place.folder, &self.place.part, &self.place.folder, &self.name)?)
    }
}

impl Drop for Part {
    fn drop(&mut self) {
        let mut parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
        // Where it was put in the file's place there is none by that name.
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
/// Where the folder cannot be opened, or the path names no file.
pub fn place_of(path: &Path) -> io::Result<(Arc<OpenFolder>, &OsStr)> {
    let name = path.file_name().ok_or_else(|| io::Error::other("is no file name"))?;
    let parent = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    Ok((Arc::new(OpenFolder::open(parent)?), name))
}

fn watch() {
    static WATCH: Once = Once::new();
    // A system without signals leaves what is half written, as it always was.
    WATCH.call_once(|| drop(clean_up_on_signals()));
}

/// From now on a signal that ends the process takes away first what is half written. A file that grows beyond the limit of the process is an
/// error as others are.
fn clean_up_on_signals() -> io::Result<()> {
    let ignored = Arc::default();
    signal_hook::flag::register(SIGXFSZ, ignored)?;
    let mut signals = Signals::new(ended_by())?;
    std::thread::Builder::new().name("signals".to_owned()).spawn(move || {
        if let Some(signal) = signals.forever().next() {
            // Nobody gives the lock back: nothing is begun any more.
            let parts = PARTS.lock().unwrap_or_else(PoisonError::into_inner);
            parts.iter().for_each(Place::remove);
            let folders = FOLDERS.lock().unwrap_or_else(PoisonError::into_inner);
            folders.iter().for_each(|folder| drop(std::fs::remove_dir_all(folder)));
            let _ = emulate_default_handler(signal);
        }
    })?;
    Ok(())
}

/// The signals that end a process, and that somebody may have told it to ignore, as `nohup` does.
fn ended_by() -> Vec<i32> {
    [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|signal| !is_ignored(*signal)).collect()
}

/// Whether the process was started so that it ignores a signal.
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let mask = mask.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).unwrap_or_default();
    mask & (1 << (signal - 1)) != 0
}
