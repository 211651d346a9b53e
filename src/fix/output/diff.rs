//! Unified diffs for `git apply` and `patch -p1`.

use std::fmt::Write;

use similar::{Algorithm, ChangeTag, TextDiff};

use crate::fix::change::Step;
use crate::fix::text::edit::{Edit, applied};
use crate::index::SourceFile;
use crate::source::Span;

/// Lines of context around a change.
const CONTEXT: usize = 3;

/// Lines compared around an edit: an edit may shift unchanged text by a few lines.
const AROUND: u32 = 16;

/// Maximum number of lines searched above a hunk for the head of its function.
const LOOKED_BACK: usize = 10_000;

/// Diff of one file.
#[derive(Debug)]
pub struct FileDiff {
    /// The diff, with its header.
    pub text: Vec<u8>,
    /// Number of added lines.
    pub added: usize,
    /// Number of removed lines.
    pub removed: usize,
}

/// Path as git writes it: quoted if it contains control characters, quotes or backslashes.
pub(in crate::fix) fn quoted(path: &str) -> String {
    if !path.chars().any(|letter| letter.is_control() || matches!(letter, '"' | '\\')) {
        return path.to_owned();
    }
    let mut quoted = String::from("\"");
    for letter in path.chars() {
        match letter {
            '"' | '\\' => quoted.extend(['\\', letter]),
            letter if letter.is_control() => {
                let mut bytes = [0; 4];
                let bytes = letter.encode_utf8(&mut bytes).bytes();
                bytes.for_each(|byte| quoted += &format!("\\{byte:03o}"));
            }
            letter => quoted.push(letter),
        }
    }
    quoted.push('"');
    quoted
}

/// Diff of what a change does to a file.
pub fn unified(source: &SourceFile, step: &Step) -> FileDiff {
    let mut header = String::new();
    let (before, after) = (quoted(&format!("a/{}", source.path)), quoted(&format!("b/{}", source.path)));
    let _ = write!(header, "diff --git {before} {after}\n--- {before}\n+++ {after}\n");
    let mut diff = FileDiff { text: header.into_bytes(), added: 0, removed: 0 };
    match step.alone(source) {
        Some(edits) => windows(source, edits).into_iter().for_each(|window| window.hunks(&source.text, &mut diff)),
        // The edits refer to a text that earlier changes have left.
        None => {
            let (old, new) = step.texts(source);
            Window { old: &old, new, first: 0 }.hunks(&old, &mut diff);
        }
    }
    diff
}

/// The lines around edits that are close together, before and after. If little changes in a long file, only these lines are compared.
struct Window<'t> {
    old: &'t [u8],
    new: Vec<u8>,
    /// Number of lines before them.
    first: usize,
}

fn windows<'t>(source: &'t SourceFile, edits: &[Edit]) -> Vec<Window<'t>> {
    let line = |offset: u32| source.position(offset).line;
    // The context lines of two hunks must not overlap.
    let is_close = |one: &Edit, next: &Edit| line(next.span.start) <= line(one.span.end) + 2 * AROUND + 1;
    let window = |edits: &[Edit]| {
        let (Some(first), Some(last)) = (edits.first(), edits.last()) else { return None };
        let (first, last) = (line(first.span.start).saturating_sub(AROUND).max(1), line(last.span.end) + AROUND);
        let start = source.line_range(first).map_or(0, |line| line.start);
        let end = source.line_range(last).map_or(source.text.len(), |line| line.end);
        let span = Span::new(start, end);
        Some(Window { old: span.of(&source.text), new: applied(&source.text, span, edits), first: first as usize - 1 })
    };
    edits.chunk_by(is_close).filter_map(window).collect()
}

impl Window<'_> {
    /// Adds the hunks of the window. `whole` is the text before the change.
    fn hunks(&self, whole: &[u8], out: &mut FileDiff) {
        let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(self.old, self.new.as_slice());
        // The new line numbers include the lines that earlier windows added and removed.
        let before = (self.first, (self.first + out.added) - out.removed);
        for group in diff.grouped_ops(CONTEXT) {
            let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
            let old_range = before.0 + first.old_range().start..before.0 + last.old_range().end;
            let new_range = before.1 + first.new_range().start..before.1 + last.new_range().end;
            let name = function_above(whole, old_range.start);
            let hunk = format!("@@ -{} +{} @@", range(&old_range), range(&new_range));
            out.text.extend_from_slice(hunk.as_bytes());
            if let Some(name) = name {
                out.text.push(b' ');
                // The function's head is only displayed, never compared.
                out.text.extend(
                    name.iter().map(|byte| if byte.is_ascii_control() && *byte != b'\t' { b'?' } else { *byte }),
                );
            }
            out.text.push(b'\n');
            for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
                out.line(change.tag(), change.value());
            }
        }
    }
}

impl FileDiff {
    fn line(&mut self, tag: ChangeTag, line: &[u8]) {
        let sign = match tag {
            ChangeTag::Equal => b' ',
            ChangeTag::Insert => {
                self.added += 1;
                b'+'
            }
            ChangeTag::Delete => {
                self.removed += 1;
                b'-'
            }
        };
        self.text.push(sign);
        self.text.extend_from_slice(line);
        if !line.ends_with(b"\n") {
            self.text.extend_from_slice(b"\n\\ No newline at end of file\n");
        }
    }
}

fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// Last line above a hunk that starts with a letter or `_` in column 1, as diff shows it. `before` is the number of lines above the hunk.
fn function_above(text: &[u8], before: usize) -> Option<&[u8]> {
    let end = match before.checked_sub(1) {
        Some(last) => memchr::memchr_iter(b'\n', text).nth(last).map_or(text.len(), |newline| newline + 1),
        None => 0,
    };
    let lines = text[..end].rsplit(|byte| *byte == b'\n').skip(1);
    let is_named = |line: &&[u8]| line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_');
    let found = lines.take(LOOKED_BACK).find(is_named)?;
    Some(found[..found.len().min(80)].trim_ascii_end())
}
