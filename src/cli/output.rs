//! Where results go: stdout, a pipe, a device, or a file that is either whole or not there.

use std::fs::{self, File, OpenOptions};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::Path;

use super::Color;
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

/// Tells something beside the result. Where nobody can be told (a full disk, a stderr that is closed), nobody is.
pub fn tell(text: &str) {
    let _ = to_stderr(|out| writeln!(out, "mmaplint: {text}"));
}

/// Writes to stderr.
///
/// # Errors
/// Where nobody can be told.
pub fn to_stderr(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    to_stream(io::stderr().lock(), Syntax::Text, write)
}

/// How a result for people is read.
pub fn text_syntax(coloured: bool) -> Syntax {
    if coloured { Syntax::Coloured } else { Syntax::Text }
}

/// Writes a result by `write`. To a file it goes in one piece: a failure leaves the file that was there before.
///
/// # Errors
/// Names what could not be written. A reader that went away is no error.
pub fn write(
    path: Option<&Path>,
    syntax: Syntax,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), String> {
    // Opened once more, what is written there by others would be written over.
    let path = path.filter(|path| !STDOUT.iter().any(|stdout| *path == Path::new(stdout)));
    let written = measure(Phase::Report, || match path {
        None => to_stream(io::stdout().lock(), syntax, write),
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

/// Writes files into a directory, which is made where there is none.
///
/// # Errors
/// Names what could not be written, or is there already; the files written before it are taken away again.
pub fn write_directory(directory: &Path, files: impl Iterator<Item = (String, Vec<u8>)>) -> Result<(), String> {
    fs::create_dir_all(directory).map_err(|error| format!("{}: {error}", directory.display()))?;
    let mut written = Vec::new();
    for (name, text) in files {
        let path = directory.join(name);
        let result = File::create_new(&path).and_then(|mut file| {
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

/// Names of stdout.
const STDOUT: &[&str] = &["/dev/stdout", "/dev/fd/1"];

/// Bytes that go to a file at once.
const BUFFER: usize = 256 << 10;

fn to_stream(out: impl Write, syntax: Syntax, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(BUFFER, Guard::new(out, syntax));
    write(&mut out)?;
    out.flush()?;
    out.get_mut().finish()
}

/// A file is put in its place whole, that of a link where the link leads. A pipe or a device, `/dev/null` above all, has to stay what
/// it is, and so has what somebody has open, as `/dev/fd/3` is: that is written to.
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
