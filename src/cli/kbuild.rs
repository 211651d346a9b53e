//! `mmaplint kbuild`: the command that kbuild runs for each file under `make C=1 CHECK="mmaplint kbuild"`.

use std::path::{Path, PathBuf};

use clap::Args;

use super::place::root_above;
use super::{CLEAN, Common, output};
use crate::check::Engine;
use crate::check::accepted::Config;
use crate::kernel::Tree;
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

/// Checks one file and prints its findings to stderr, like sparse. Findings do not stop the build.
///
/// # Errors
/// The file or its tree cannot be read.
pub fn run(options: &Options) -> Result<u8, String> {
    let Some(file) = options.arguments.iter().rev().find(|argument| argument.ends_with(".c")) else {
        // kbuild passes assembler and generated sources too.
        return Ok(CLEAN);
    };
    let (root, path) = tree_of(Path::new(file))?;
    let tree = Tree::open(&root).map_err(|error| error.to_string())?;
    let text = tree.try_read(&path).map_err(|trouble| format!("{file}: {}", trouble.text))?;
    let text = text.ok_or_else(|| format!("{file}: not a file"))?;
    if !WORDS.iter().any(|word| memchr::memmem::find(&text, word).is_some()) {
        return Ok(CLEAN);
    }
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
    Ok(CLEAN)
}

/// Finds the tree of a file, and its path there: the tree that kbuild names, else the next folder above that looks like one.
fn tree_of(file: &Path) -> Result<(PathBuf, String), String> {
    let whole = file.canonicalize().map_err(|error| format!("{}: {error}", file.display()))?;
    let named = std::env::var_os("srctree").and_then(|root| PathBuf::from(root).canonicalize().ok());
    let named = named.and_then(|root| {
        let inside = whole.strip_prefix(&root).ok()?.to_string_lossy().into_owned();
        Some((root, inside))
    });
    named.or_else(|| root_above(&whole)).ok_or_else(|| format!("{}: not in a kernel tree", file.display()))
}
