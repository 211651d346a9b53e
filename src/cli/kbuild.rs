//! `mmaplint kbuild`: the command that kbuild runs for each file under `make C=1 CHECK="mmaplint kbuild"`.

use std::fs::File;
use std::path::{Path, PathBuf};

use clap::Args;

use super::place::root_above;
use super::{CLEAN, Common, output};
use crate::check::Engine;
use crate::check::accepted::Config;
use crate::kernel::{FILE_LIMIT, Tree, bounded};
use crate::lint::{ALL, Lint};
use crate::report::escape::printable;
use crate::verdict::Extent;

#[derive(Args, Debug)]
pub struct Options {
    /// Compiler flags, which are ignored, and the source file
    #[arg(trailing_var_arg = true, allow_hyphen_values = true, required = true, value_name = "FLAGS... FILE")]
    arguments: Vec<String>,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Words of which a file must contain one for any lint to match.
const WORDS: &[&[u8]] = &[b"vm_area_", b"mmap"];

/// Checks one file and prints its findings to stderr, like sparse. Neither findings nor errors stop the build.
///
/// # Errors
/// Never: it prints an error, and the build goes on.
pub fn run(options: &Options) -> Result<u8, String> {
    if let Err(error) = check(options) {
        output::tell(&printable(&format!("not checked: {error}")));
    }
    Ok(CLEAN)
}

fn check(options: &Options) -> Result<(), String> {
    let Some(file) = options.arguments.iter().rev().find(|argument| argument.ends_with(".c")) else {
        // kbuild passes assembler and generated sources too.
        return Ok(());
    };
    let text = File::open(file).and_then(|file| bounded(file, 0, FILE_LIMIT));
    let text = text.map_err(|error| format!("{file}: {error}"))?;
    if !WORDS.iter().any(|word| memchr::memmem::find(&text, word).is_some()) {
        return Ok(());
    }
    let (tree, path) = tree_of(options, Path::new(file))?;
    let config = Config::read(&tree)?;
    let session = options.common.judged(options.common.workspace(tree)?, "auto", Extent::Handlers)?;
    let lints: Vec<&'static Lint> = ALL.iter().filter(|lint| lint.is_default()).collect();
    let engine = Engine { lints: &lints, config: &config, paths: &[path], suggests: false, shows_old: true };
    for reported in engine.tree(session)?.reported {
        let hazard = reported.hazard;
        let _ = output::to_stderr(|out| {
            let (line, column) = (hazard.start.line, hazard.start.column);
            let (file, message) = (printable(file), printable(&hazard.message));
            writeln!(out, "{file}:{line}:{column}: {}: {message} [{}]", hazard.level, hazard.lint)
        });
    }
    Ok(())
}

/// Opens the tree of a file, and returns its path there. In order: the module that kbuild builds, the tree that kbuild names, the next
/// folder above that looks like one; else the file's folder is a module.
fn tree_of(options: &Options, file: &Path) -> Result<(Tree, String), String> {
    let whole = file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?;
    let named = |variable: &str| {
        let root = std::env::var_os(variable).and_then(|root| PathBuf::from(root).canonicalize().ok())?;
        let inside = whole.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        Some((root, inside))
    };
    if let Some((root, path)) = named("KBUILD_EXTMOD") {
        return Ok((options.open_module(&root)?, path));
    }
    if let Some((root, path)) = named("srctree").or_else(|| root_above(&whole)) {
        return Ok((Tree::open(&root).map_err(|error| error.to_string())?, path));
    }
    let folder = whole.parent().unwrap_or(Path::new("."));
    let name = whole.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok((options.open_module(folder)?, name))
}

impl Options {
    /// Opens a module, built against the kernel whose headers the compiler gets, with the macros that it gets.
    fn open_module(&self, root: &Path) -> Result<Tree, String> {
        let flags = self.arguments.iter().zip(self.arguments.iter().skip(1).map(Some).chain([None]));
        let included = flags.filter_map(|(flag, next)| match flag.strip_prefix("-I")? {
            "" => next.map(PathBuf::from),
            folder => Some(PathBuf::from(folder)),
        });
        let kernels = included.filter_map(|folder| Some(folder.canonicalize().ok()?.parent()?.to_owned()));
        let defined = self.arguments.iter().filter_map(|flag| flag.strip_prefix("-D"));
        self.common.against.defining(defined).open_module(root, kernels, true, false)
    }
}
