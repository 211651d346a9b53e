//! Parses patches: unified diffs, the output of `git format-patch`, an mbox with a series. Text between diffs is skipped.

mod file_patch;
mod mail;
mod names;

pub use file_patch::{FilePatch, Hunk, Mark, PatchError};
use mail::{Field, is_mail};
use names::{are_bare, both_names, checked, stripped, unquoted};

use super::FILE_LIMIT;

/// Maximum length of a patch in bytes.
pub const PATCH_LIMIT: usize = 64 << 20;

/// Maximum number of lines of a patch. Two releases of the kernel differ in a million.
const LINE_LIMIT: usize = 3_000_000;

/// Maximum length of a path in bytes, on any system.
const PATH_LIMIT: usize = 4096;

/// Parses all patches in a text, in order.
///
/// # Errors
/// The text is too long, holds no diff, or is a mail in another encoding. A hunk is incomplete, or a path leads out of the tree.
pub fn parse_patch(text: &[u8]) -> Result<Vec<FilePatch<'_>>, PatchError> {
    if text.len() > PATCH_LIMIT {
        return Err(error(1, format!("is longer than {} MiB", PATCH_LIMIT >> 20)));
    }
    if memchr::memchr_iter(b'\n', text).nth(LINE_LIMIT).is_some() {
        return Err(error(LINE_LIMIT, format!("has more than {LINE_LIMIT} lines")));
    }
    let mut reader = Reader {
        rest: text,
        at: 0,
        found: Vec::new(),
        mail: 0,
        part: Part::Header,
        has_parts: false,
        has_header: false,
    };
    while let Some(line) = reader.peek() {
        reader.line(line)?;
    }
    let mut found = reader.found;
    if let Some(file) = found.iter().find(|file| file.is_named && file.hunks.is_empty()) {
        return Err(error(file.line, format!("hunk 1 of {} is missing", file.path())));
    }
    let is_lost = |file: &&FilePatch| file.old.is_none() && file.new.is_none() && !file.hunks.is_empty();
    if let Some(file) = found.iter().find(is_lost) {
        return Err(error(file.line, "the names of the file cannot be read".to_owned()));
    }
    // `git diff` prints nothing if nothing changed.
    if text.iter().all(u8::is_ascii_whitespace) {
        return Ok(Vec::new());
    }
    if found.is_empty() {
        return Err(error(1, "holds no diff".to_owned()));
    }
    // Without paths, only a mode or an empty file changes, and no text.
    found.retain(|file| file.old.is_some() || file.new.is_some());
    Ok(found)
}

fn error(line: usize, reason: String) -> PatchError {
    PatchError { line, reason }
}

/// Position of a line in a mail.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Part {
    /// Among the headers.
    Header,
    /// In the message, before any diff.
    Message,
    /// Directly behind a line of a diff. A hunk may follow.
    Diff,
    /// Behind a diff.
    Behind,
}

struct Reader<'t> {
    /// Text still to be read.
    rest: &'t [u8],
    /// Number of lines read.
    at: usize,
    found: Vec<FilePatch<'t>>,
    /// Number of mails started.
    mail: usize,
    part: Part,
    /// Whether the mail has several parts.
    has_parts: bool,
    /// Whether a header of the mail was read.
    has_header: bool,
}

impl<'t> Reader<'t> {
    fn peek(&self) -> Option<&'t [u8]> {
        let end = memchr::memchr(b'\n', self.rest).map_or(self.rest.len(), |newline| newline + 1);
        (end > 0).then(|| &self.rest[..end])
    }

    /// Skips a line.
    fn pass(&mut self, line: &[u8]) {
        self.rest = &self.rest[line.len()..];
        self.at += 1;
    }

    /// The open diff: the one started last.
    fn open(&mut self) -> Option<&mut FilePatch<'t>> {
        self.found.last_mut()
    }

    fn begin(&mut self, patch: FilePatch<'t>) {
        self.found.push(FilePatch { mail: self.mail, ..patch });
    }

    fn line(&mut self, line: &'t [u8]) -> Result<(), PatchError> {
        let number = self.at + 1;
        self.pass(line);
        let header = |prefix: &[u8]| line.strip_prefix(prefix).map(without_end);
        if let Some(names) = header(b"diff --git ") {
            self.begin(FilePatch { line: number, is_git: true, ..FilePatch::default() });
            self.part = Part::Diff;
            return self.git_header(names, number);
        }
        if let (Some(old), Some(next)) = (header(b"--- "), self.peek())
            && let Some(new) = next.strip_prefix(b"+++ ")
        {
            self.pass(next);
            self.part = Part::Diff;
            return self.names(old, without_end(new), number);
        }
        match self.part {
            _ if is_mail(line) => {
                self.mail += 1;
                (self.part, self.has_parts, self.has_header) = (Part::Header, false, false);
            }
            // Blank lines may stand before the headers.
            Part::Header if without_end(line).is_empty() => {
                self.part = if self.has_header { Part::Message } else { Part::Header };
            }
            // Parts of a mail have headers of their own, before or behind a diff. Headers quoted in a message do not count.
            part if Field::of(line).is_some() && (part == Part::Header || self.has_parts) => {
                self.has_header = true;
                let has_parts = Field::of(line).map_or(Ok(false), |field| field.read(line, self.rest));
                self.has_parts |= has_parts.map_err(|reason| error(number, reason))?;
            }
            Part::Header => self.has_header = true,
            Part::Diff if line.starts_with(b"@@ -") => return self.hunk(line, number),
            // Text that looks like a hunk is a quotation before a diff, and a lost hunk behind one.
            Part::Behind if line.starts_with(b"@@ -") => {
                return Err(error(number, "a hunk follows text that is not part of a diff".to_owned()));
            }
            Part::Diff if !without_end(line).is_empty() => self.part = Part::Behind,
            Part::Diff | Part::Behind | Part::Message => {}
        }
        Ok(())
    }

    /// Reads the lines between `diff --git` and the first hunk.
    fn git_header(&mut self, names: &[u8], number: usize) -> Result<(), PatchError> {
        if names.len() > 2 * PATH_LIMIT {
            return Err(error(number, format!("names paths longer than {PATH_LIMIT} bytes")));
        }
        let (mut old, mut new) = both_names(names);
        let is_bare = are_bare(names);
        let mut patch = FilePatch { line: number, is_git: true, is_bare, mail: self.mail, ..FilePatch::default() };
        while let Some(line) = self.peek() {
            let value = |prefix: &[u8]| line.strip_prefix(prefix).map(without_end);
            patch.is_module |= without_end(line).ends_with(b" 160000");
            patch.is_link |=
                without_end(line).ends_with(b" 120000") && !line.starts_with(b"old") && !line.starts_with(b"deleted");
            if let Some(name) = value(b"rename from ").or(value(b"rename old ")).or(value(b"copy from ")) {
                old = Some(unquoted(name));
                patch.is_copy = line.starts_with(b"copy");
            } else if let Some(name) = value(b"rename to ").or(value(b"rename new ")).or(value(b"copy to ")) {
                new = Some(unquoted(name));
            } else if value(b"new file mode ").is_some() {
                old = None;
            } else if value(b"deleted file mode ").is_some() {
                new = None;
            } else if line.starts_with(b"GIT binary patch") || line.starts_with(b"Binary files ") {
                patch.is_binary = true;
            } else if !["old mode ", "new mode ", "similarity index ", "dissimilarity index ", "index "]
                .iter()
                .any(|prefix| line.starts_with(prefix.as_bytes()))
            {
                break;
            }
            self.pass(line);
        }
        patch.old = old.map(checked).transpose().map_err(|reason| error(number, reason))?;
        patch.new = new.map(checked).transpose().map_err(|reason| error(number, reason))?;
        self.found.pop();
        self.found.push(patch);
        Ok(())
    }

    /// Reads `--- a/old` and `+++ b/new`.
    fn names(&mut self, old: &[u8], new: &[u8], number: usize) -> Result<(), PatchError> {
        let continues = self.open().is_some_and(|open| open.is_git && open.hunks.is_empty() && open.line + 12 > number);
        let is_bare = self.open().is_some_and(|open| continues && open.is_bare) || before_tab(old) == before_tab(new);
        let path = |name: &[u8]| match unquoted(before_tab(name)) {
            name if name == "/dev/null" => Ok(None),
            name => {
                let name = if is_bare { name } else { stripped(&name) };
                checked(name).map(Some).map_err(|reason| error(number, reason))
            }
        };
        let (old, new) = (path(old)?, path(new)?);
        match self.open().filter(|_| continues) {
            // Names in a `diff --git` line are ambiguous if they hold blanks; these are not.
            Some(open) => (open.old, open.new, open.is_named) = (old, new, true),
            None => self.begin(FilePatch { old, new, is_named: true, line: number, ..FilePatch::default() }),
        }
        Ok(())
    }

    fn hunk(&mut self, head: &[u8], number: usize) -> Result<(), PatchError> {
        let Some(file) = self.open().map(|open| open.path().to_owned()) else {
            return Err(error(number, "a hunk comes before any file name".to_owned()));
        };
        let count = self.open().map_or(0, |open| open.hunks.len()) + 1;
        let named = |reason: &str| error(number, format!("hunk {count} of {file} {reason}"));
        let (start, mut removed, mut added) = ranges(head).ok_or_else(|| named("has a head that cannot be read"))?;
        let mut hunk = Hunk { start, lines: Vec::new(), line: number };
        while removed > 0 || added > 0 {
            let line = self.peek().ok_or_else(|| named("is truncated"))?;
            self.pass(line);
            let (mark, text) = match line {
                [b' ', text @ ..] => (Mark::Context, text),
                [b'-', text @ ..] => (Mark::Removed, text),
                [b'+', text @ ..] => (Mark::Added, text),
                // Some mailers cut the blank off an empty line.
                b"\n" | b"\r\n" => (Mark::Context, line),
                [b'\\', ..] => {
                    no_newline(&mut hunk);
                    continue;
                }
                _ => return Err(named("is truncated")),
            };
            let is_too_long = (mark != Mark::Added && removed == 0) || (mark != Mark::Removed && added == 0);
            if is_too_long {
                return Err(named("has more lines than its head says"));
            }
            removed -= usize::from(mark != Mark::Added);
            added -= usize::from(mark != Mark::Removed);
            hunk.lines.push((mark, text));
        }
        if let Some(line) = self.peek().filter(|line| line.starts_with(b"\\")) {
            self.pass(line);
            no_newline(&mut hunk);
        }
        if let Some(open) = self.open() {
            open.hunks.push(hunk);
        }
        Ok(())
    }
}

/// Applies `\ No newline at end of file`.
fn no_newline(hunk: &mut Hunk) {
    if let Some((_, text)) = hunk.lines.last_mut() {
        *text = without_end(text);
    }
}

/// Parses `@@ -12,3 +12,4 @@`: the first old line, the number of old lines, the number of new ones.
fn ranges(head: &[u8]) -> Option<(usize, usize, usize)> {
    let head = std::str::from_utf8(head.get(4..)?.split(|byte| *byte == b'@').next()?).ok()?;
    let (old, new) = head.trim().split_once(" +")?;
    let range = |text: &str| {
        let (start, count) = text.split_once(',').unwrap_or((text, "1"));
        Some((start.parse::<usize>().ok()?, count.parse::<usize>().ok()?))
    };
    let ((start, removed), (_, added)) = (range(old)?, range(new)?);
    // No file has more lines than it may have bytes.
    (start <= FILE_LIMIT as usize).then_some((start, removed, added))
}

fn without_end(line: &[u8]) -> &[u8] {
    let line = line.strip_suffix(b"\n").unwrap_or(line);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn before_tab(name: &[u8]) -> &[u8] {
    name.split(|byte| *byte == b'\t').next().unwrap_or(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_shape_is_read() {
        let text = b"From 1 Mon\nSubject: [PATCH] x\n\nwords\n---\n a.c | 2 +-\n\ndiff --git a/d/a.c b/d/a.c\nindex 1..2 100644\n\
            --- a/d/a.c\n+++ b/d/a.c\n@@ -1,2 +1,2 @@ int f(void)\n one\n-two\n+zwei\n\\ No newline at end of file\n-- \n2.1\n\n\
            diff --git a/d/b.c b/d/c.c\nsimilarity index 100%\nrename from d/b.c\nrename to d/c.c\n\
            diff --git a/d/e.c b/d/e.c\nnew file mode 100644\n--- /dev/null\n+++ b/d/e.c\n@@ -0,0 +1 @@\n+x\n\
            --- a/d/g.c\t2026-01-01\n+++ b/d/g.c\t2026-01-02\n@@ -1 +0,0 @@\n-x\n";
        let found = parse_patch(text).unwrap();
        let names: Vec<_> = found.iter().map(|file| (file.old.as_deref(), file.new.as_deref())).collect();
        let expected = [
            (Some("d/a.c"), Some("d/a.c")),
            (Some("d/b.c"), Some("d/c.c")),
            (None, Some("d/e.c")),
            (Some("d/g.c"), Some("d/g.c")),
        ];
        assert_eq!(names, expected);
        assert_eq!(found[0].hunks[0].lines[2], (Mark::Added, &b"zwei"[..]));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let wrong: [(&[u8], usize, &str); 6] = [
            (b"nothing\n", 1, "holds no diff"),
            (b"--- a/x.c\n+++ b/x.c\n@@ -1,3 +1,3 @@\n one\n", 3, "hunk 1 of x.c is truncated"),
            (b"--- a/x.c\n+++ b/x.c\n@@ -1 +1,0 @@\n-a\n@@ -zwei @@\n", 5, "hunk 2 of x.c has a head"),
            (b"--- a/../x.c\n+++ b/../x.c\n@@ -1 +1 @@\n-a\n+b\n", 1, "is no path below the tree"),
            (b"--- //etc/x.c\n+++ //etc/x.c\n@@ -1 +1 @@\n-a\n+b\n", 1, "is no path below the tree"),
            (b"Content-Transfer-Encoding: base64\n\nZGlm\n", 1, "base64"),
        ];
        for (text, line, reason) in wrong {
            let found = parse_patch(text).unwrap_err();
            assert!(found.line == line && found.reason.contains(reason), "{found}");
        }
    }
}
