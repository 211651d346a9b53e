//! An out-of-tree module: its folders, its Makefiles, and the kernel that it is built against.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use walkdir::WalkDir;

use super::{Tree, TreeError, given_file, is_listed};
use crate::source::{KnownMacros, find_word, kernel_version};

/// Maximum number of folders in which headers are looked for.
const FOLDER_LIMIT: usize = 2_000;

/// Maximum length in bytes of a header, or of a file of the build system, that is read for macros.
const TEXT_LIMIT: usize = 1 << 20;

/// Version for the conditions of a module without a kernel: rules/declarations.h has its hooks.
const ASSUMED_VERSION: &str = "7.3.0";

/// A header that every kernel tree has, and every package of kernel headers.
const HEADER: &str = "include/linux/fs.h";

/// Folder that has the headers of a kernel: `folder` itself, or the common part of a distribution's package, which its Makefile or a
/// link names. `None` if there are none.
pub fn headers_of(folder: &Path) -> Option<PathBuf> {
    if folder.join(HEADER).is_file() {
        // Of Ubuntu's headers, whole folders are links to the common part.
        let header = folder.join(HEADER).canonicalize().ok()?;
        let root = header.ancestors().nth(Path::new(HEADER).components().count())?;
        return Some(if root.join("Makefile").is_file() { root.to_owned() } else { folder.to_owned() });
    }
    let makefile = given_text(&folder.join("Makefile"));
    let included = makefile.lines().filter_map(|line| line.strip_prefix("include ")?.trim().strip_suffix("/Makefile"));
    let beside = [folder.join("source"), folder.join("../source")];
    let mut places = included.map(PathBuf::from).chain(beside);
    places.find(|place| place.join(HEADER).is_file())
}

/// Kernel trees below a folder, at most two levels down, in order. They have a header of every kernel, and a version in their Makefile.
pub fn kernels_below(folder: &Path) -> Vec<PathBuf> {
    let entries = WalkDir::new(folder).min_depth(1).max_depth(2).sort_by_file_name().into_iter();
    let folders = entries.filter_map(Result::ok).filter(|entry| entry.file_type().is_dir()).take(FOLDER_LIMIT);
    let has_header = folders.filter(|entry| entry.path().join(HEADER).is_file());
    let is_kernel = |path: &Path| Tree::open(path).is_ok_and(|tree| tree.version().is_some());
    has_header.map(walkdir::DirEntry::into_path).filter(|path| is_kernel(path)).collect()
}

/// Kernels that the environment names for the build of modules, with the variables.
pub fn named_kernels() -> impl Iterator<Item = (&'static str, PathBuf)> {
    ["KDIR", "KERNELDIR"].into_iter().filter_map(|name| Some((name, PathBuf::from(std::env::var_os(name)?))))
}

/// Kernels that a module may be built against, as its Makefile would find them: those that the environment names, and those installed for
/// building.
pub fn installed_kernels() -> Vec<PathBuf> {
    let named = named_kernels().map(|(_, build)| build);
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    let running = Path::new("/lib/modules").join(release.trim()).join("build");
    let mut others: Vec<PathBuf> = std::fs::read_dir("/lib/modules")
        .into_iter()
        .flatten()
        .filter_map(|entry| Some(entry.ok()?.path().join("build")))
        .collect();
    // The newest first, as far as names tell.
    others.sort_by(|left, right| right.cmp(left));
    named.chain(std::iter::once(running)).chain(others).collect()
}

/// Macros that the headers of a kernel define, those of its distribution included.
pub fn macros_of(kernel: &Tree, build: &Path) -> KnownMacros {
    let version = kernel.version().unwrap_or_else(|| ASSUMED_VERSION.to_owned());
    let mut known = KnownMacros::of_version(version_code(&version));
    for root in [build, kernel.root()] {
        let header = root.join("include/generated/uapi/linux/version.h");
        for line in given_text(&header).lines() {
            let mut words = line.split_whitespace();
            if let (Some("#define"), Some(name), Some(value)) = (words.next(), words.next(), words.next())
                && let Ok(value) = value.parse()
            {
                known.define(name, value);
            }
        }
    }
    known
}

/// Text of a file of the build system; empty if there is none.
fn given_text(path: &Path) -> String {
    let text = given_file(path, TEXT_LIMIT as u64).unwrap_or_default();
    String::from_utf8_lossy(&text).into_owned()
}

/// Whether a directory has a Makefile that builds a module.
pub fn builds_module(directory: &Path) -> bool {
    ["Makefile", "Kbuild"].into_iter().any(|name| given_text(&directory.join(name)).contains("obj-m"))
}

/// `LINUX_VERSION_CODE` of a version: `7.3.4`, `7.3.0-rc1`. 0 if its numbers are too large.
fn version_code(version: &str) -> i64 {
    let mut numbers = version.split(|byte: char| !byte.is_ascii_digit()).map(|number| number.parse().unwrap_or(0));
    let mut next = || numbers.next().unwrap_or(0);
    kernel_version(next(), next(), next()).unwrap_or_default()
}

impl Tree {
    /// Opens a module's directory as built against a kernel. `given` are macros of its build, with their values, or `None` for those
    /// that are not defined.
    ///
    /// # Errors
    /// One of the directories cannot be listed.
    pub fn open_module(
        module: &Path,
        kernel: Tree,
        build: &Path,
        given: &[(String, Option<i64>)],
        keeps_dead_code: bool,
    ) -> Result<Tree, TreeError> {
        let mut macros = macros_of(&kernel, build);
        for (name, value) in given {
            match value {
                Some(value) => macros.define(name, *value),
                None => macros.undefine(name),
            }
        }
        let tree = Tree::open(module)?;
        tree.derive(&mut macros);
        Ok(tree.built_against(kernel, macros, keeps_dead_code))
    }

    /// Adds the macros that the headers of a module derive from those that are known. One that no header defines, and its build system
    /// names, may be set there, and stays unknown.
    fn derive(&self, macros: &mut KnownMacros) {
        let (mut headers, mut builds) = (Vec::new(), Vec::new());
        for path in self.entries() {
            let texts = if path.extension().is_some_and(|ending| ending == "h") {
                &mut headers
            } else if is_of_build(&path) {
                &mut builds
            } else {
                continue;
            };
            // A file that cannot be read is trouble later, if it matters.
            let text = self.try_read(&path.to_string_lossy()).ok().flatten();
            texts.extend(text.filter(|text| text.len() <= TEXT_LIMIT));
        }
        let is_named = |name: &str| builds.iter().any(|text| find_word(text, name.as_bytes(), 0).is_some());
        macros.derive(headers.iter().map(Vec::as_slice), is_named);
    }

    /// Folders that have headers, relative to the directory, the outermost first, with the folders around them.
    pub(super) fn folders_with_headers(&self) -> Vec<String> {
        let mut folders = BTreeSet::from([String::new()]);
        let headers = self.entries().filter(|path| path.extension().is_some_and(|ending| ending == "h"));
        for header in headers {
            for folder in header.ancestors().skip(1) {
                folders.insert(folder.to_string_lossy().into_owned());
            }
            if folders.len() > FOLDER_LIMIT {
                break;
            }
        }
        let mut folders: Vec<String> = folders.into_iter().collect();
        folders.sort_by_key(|folder| folder.matches('/').count() + usize::from(!folder.is_empty()));
        folders
    }

    /// Names of the kernel modules that the Makefiles of a module build.
    pub fn module_names(&self) -> BTreeSet<String> {
        let mut names = BTreeSet::new();
        for path in self.entries().filter(|path| is_makefile(path)) {
            let text = self.text(&path.to_string_lossy()).unwrap_or_default();
            names.extend(objects(&text.replace("\\\n", " ")));
        }
        names
    }

    /// Whether the directory itself, or the change over it, has a C file.
    pub fn holds_c(&self) -> bool {
        self.entries().any(|path| is_listed(&path.to_string_lossy()))
            || self.overlay().files().any(|(path, is_there)| is_there && is_listed(path))
    }

    /// Files of the directory, relative to it.
    fn entries(&self) -> impl Iterator<Item = PathBuf> {
        let entries = WalkDir::new(self.root()).into_iter().filter_map(Result::ok);
        let files = entries.filter(|entry| entry.file_type().is_file());
        files.filter_map(|entry| entry.path().strip_prefix(self.root()).ok().map(Path::to_owned))
    }
}

fn is_makefile(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let name = name.trim_end_matches(".in");
    // A large module has a file for each part, which its Kbuild includes: `lamp.Kbuild`.
    matches!(name, "Makefile" | "Kbuild") || name.ends_with(".Kbuild")
}

/// Whether a file may say which macros the compiler gets: a Makefile, a script that probes the kernel.
fn is_of_build(path: &Path) -> bool {
    let name = path.file_name().unwrap_or_default().to_string_lossy();
    let ending = path.extension().unwrap_or_default().to_string_lossy();
    is_makefile(path)
        || name.starts_with("configure")
        || matches!(ending.as_ref(), "mk" | "sh" | "m4" | "ac" | "conf" | "cmake")
}

/// Objects that a Makefile makes modules of: `obj-m += lamp.o`, `obj-$(CONFIG_LAMP) := lamp.o`.
fn objects(makefile: &str) -> impl Iterator<Item = String> {
    let lines = makefile.lines().filter_map(|line| {
        let (goal, objects) = line.split_once('=')?;
        let goal = goal.trim().trim_end_matches(['+', ':']).trim_end();
        (goal == "obj-m" || goal.starts_with("obj-$(CONFIG_")).then_some(objects)
    });
    lines.flat_map(str::split_whitespace).filter_map(|object| object.strip_suffix(".o")).map(str::to_owned)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn objects_of_a_makefile_are_its_modules() {
        let makefile =
            "obj-m += lamp.o\nlamp-y := core.o mmap.o\nobj-$(CONFIG_X) := x.o y.o\nobj-y += sub/\nCFLAGS=-O2\n";
        assert_eq!(objects(makefile).collect::<Vec<_>>(), ["lamp", "x", "y"]);
    }

    #[test]
    fn a_version_has_a_code() {
        assert_eq!(Some(version_code("7.3.0-rc1")), kernel_version(7, 3, 0));
        assert_eq!(Some(version_code("6.12.300")), kernel_version(6, 12, 255));
        assert_eq!(version_code("9223372036854775807.1"), 0);
    }

    #[test]
    fn headers_are_found_behind_a_package() {
        let place = tempfile::tempdir().expect("a folder");
        let (build, common) = (place.path().join("headers-amd64"), place.path().join("headers-common"));
        std::fs::create_dir_all(common.join("include/linux")).expect("folders");
        std::fs::create_dir(&build).expect("a folder");
        std::fs::write(common.join(HEADER), "struct file_operations;\n").expect("a file");
        assert_eq!(headers_of(&build), None);
        std::fs::write(build.join("Makefile"), format!("include {}/Makefile\n", common.display())).expect("a file");
        assert_eq!(headers_of(&build), Some(common.clone()));
        assert_eq!(headers_of(&common), Some(common));
    }
}
