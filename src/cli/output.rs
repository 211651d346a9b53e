//! Output to stdout, a pipe, a device, or a file. A file is written whole or not at all.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};

use super::pager::Pager;
use super::{Color, Common};
use crate::profile::{Phase, measure};
use crate::replace::{Part, place_of};
use crate::report::guard::{Guard, Syntax};

/// Whether the result is coloured.
pub fn is_coloured(color: Color, to_file: bool) -> bool {
    match color {
        Color::Always => true,
        Color::Never => false,
        Color::Auto => {
            !to_file && io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none_or(|value| value.is_empty())
        }
    }
}

/// Prints a message to stderr, beside the result. Errors (a full disk, a closed stderr) are ignored.
pub fn tell(text: &str) {
    let _ = to_stderr(|out| writeln!(out, "mmaplint: {text}"));
}

/// Writes to stderr.
///
/// # Errors
/// Stderr cannot be written.
pub fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    to_stream(io::stderr().lock(), Syntax::Text, write)
}

/// Syntax of text for people.
pub fn text_syntax(coloured: bool) -> Syntax {
    if coloured { Syntax::Coloured } else { Syntax::Text }
}

/// Syntax of text for people with a diff in it.
pub fn diff_syntax(common: &Common) -> Syntax {
    if is_coloured(common.color, common.output.is_some()) { Syntax::Painted } else { Syntax::Text }
}

/// Writes a result by `write`. A file is replaced as a whole: a failure keeps the old file.
///
/// # Errors
/// The result cannot be written; the text names the file. A closed pipe is not an error.
pub fn write(
    path: Option<&Path>,
    syntax: Syntax,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    // Reopening /dev/stdout would overwrite the output of others.
    let path = path.filter(|path| !STDOUT.iter().any(|stdout| *path == Path::new(stdout)));
    let written = measure(Phase::Report, || match path {
        None => to_stdout(syntax, write),
        Some(path) => to_path(path, syntax, write),
    });
    match written {
        Err(error) if error.kind() != io::ErrorKind::BrokenPipe => {
            let place = path.map_or("stdout".to_owned(), |path| path.display().to_string());
            Err(format!("{place}: {error}"))
        }
        _ => Ok(()),
    }
}

/// Checks that a directory holds no mails: `git am DIR/*` would take them along.
///
/// # Errors
/// It holds one, which the text names.
pub fn without_mails(directory: &Path) -> Result<(), String> {
    let is_mail = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "patch");
    let mut there = fs::read_dir(directory).into_iter().flatten().flatten().map(|entry| entry.path());
    match there.find(is_mail) {
        Some(mail) => Err(format!("{} is there already; give an empty directory", mail.display())),
        None => Ok(()),
    }
}

/// Writes files into a directory. Creates the directory if it is missing.
///
/// # Errors
/// A file cannot be written or exists already; the text names it. Files written before it are removed.
pub fn write_directory(directory: &Path, files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        let folder = path.parent().map_or(Ok(()), fs::create_dir_all);
        let result = folder.and_then(|()| File::create_new(&path)).and_then(|mut file| {
            written.push(path.clone());
            file.write_all(&text)
        });
        if let Err(error) = result {
            for path in &written {
                let _ = fs::remove_file(path);
            }
            return Err(format!("{}: {error}", path.display()));
        }
    }
    Ok(())
}

/// Writes to stdout, or to a pager before it.
fn to_stdout(syntax: Syntax, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let pager = Pager::start().and_then(|mut pager| Some((pager.input()?, pager)));
    let Some((input, pager)) = pager else { return to_stream(io::stdout().lock(), syntax, write) };
    // The text is kept for a system without a pager.
    let mut text = Vec::new();
    to_stream(&mut text, syntax, write)?;
    let paged = { input }.write_all(&text);
    if pager.wait()? { paged } else { io::stdout().lock().write_all(&text) }
}

/// Paths that mean stdout.
const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1"];

/// Size of the output buffer in bytes.
const BUFFER: usize = 256 << 10;

fn to_stream(out: impl Write, syntax: Syntax, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, Guard::new(out, syntax));
    write(&mut out)?;
    out.flush()?;
    out.get_mut().finish()
}

/// Replaces a file as a whole. A link stays; its target is replaced. A pipe, a device such as `/dev/null`, or an open file such as
/// `/dev/fd/3` must stay what it is, and is written to.
fn to_path(path: &Path, syntax: Syntax, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let is_link = path.is_symlink();
    let is_open = is_link && (path.starts_with("/dev") || path.starts_with("/proc"));
    if is_open || fs::metadata(path).is_ok_and(|there| !there.is_file()) {
        return to_stream(OpenOptions::new().append(true).open(path)?, syntax, write);
    }
    let path = if is_link { path.canonicalize()? } else { path.to_owned() };
    let (folder, name) = place_of(&path)?;
    let mut part = Part::beside(&folder, name)?;
    to_stream(part.file(), syntax, write)?;
    part.put()
}
