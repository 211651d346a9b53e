//! Unified diffs that `git apply` and `patch -p1` take.

use std::fmt::Write;

use similar::{Algorithm, ChangeTag, TextDiff};

use super::edit::{Edit, applied};
use crate::source::Span;

/// Lines of context around what changes.
const CONTEXT: usize = 3;

/// What happens to one file.
#[derive(Debug)]
pub struct FileDiff {
    /// The diff, with its header.
    pub text: Vec<u8>,
    /// Lines that are new.
    pub added: usize,
    /// Lines that go.
    pub removed: usize,
}

/// A path as git writes it: in quotes where it holds what would end or change the line.
fn named(side: &str, path: &str) -> String {
    if !path.bytes().any(|byte| byte.is_ascii_control() || matches!(byte, b'"' | b'\\')) {
        return format!("{side}/{path}");
    }
    let mut quoted = format!("\"{side}/");
    for character in path.chars() {
        match character {
            '"' | '\\' => quoted.extend(['\\', character]),
            character if character.is_ascii_control() => {
                let _ = write!(quoted, "\\{:03o}", u32::from(character));
            }
            character => quoted.push(character),
        }
    }
    quoted.push('"');
    quoted
}

/// The diff of a file that edits (in order) are made in.
pub fn unified(path: &str, old: &[u8], edits: &[Edit]) -> FileDiff {
    let new = applied(old, Span::new(0, old.len()), edits);
    let diff = TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new.as_slice());
    let mut header = String::new();
    let (before, after) = (named("a", path), named("b", path));
    let _ = write!(header, "diff --git {before} {after}\n--- {before}\n+++ {after}\n");
    let mut out = header.into_bytes();
    let (mut added, mut removed) = (0, 0);
    for group in diff.grouped_ops(CONTEXT) {
        let (Some(first), Some(last)) = (group.first(), group.last()) else { continue };
        let old_range = first.old_range().start..last.old_range().end;
        let new_range = first.new_range().start..last.new_range().end;
        let name = function_above(old, old_range.start);
        let hunk = format!("@@ -{} +{} @@", range(&old_range), range(&new_range));
        out.extend_from_slice(hunk.as_bytes());
        if let Some(name) = name {
            out.push(b' ');
            out.extend_from_slice(name);
        }
        out.push(b'\n');
        for change in group.iter().flat_map(|op| diff.iter_changes(op)) {
            let sign = match change.tag() {
                ChangeTag::Equal => b' ',
                ChangeTag::Insert => {
                    added += 1;
                    b'+'
                }
                ChangeTag::Delete => {
                    removed += 1;
                    b'-'
                }
            };
            out.push(sign);
            out.extend_from_slice(change.value());
            if !change.value().ends_with(b"\n") {
                out.extend_from_slice(b"\n\\ No newline at end of file\n");
            }
        }
    }
    FileDiff { text: out, added, removed }
}

fn range(lines: &std::ops::Range<usize>) -> String {
    match lines.len() {
        0 => format!("{},0", lines.start),
        1 => format!("{}", lines.start + 1),
        count => format!("{},{count}", lines.start + 1),
    }
}

/// The last line before a hunk that starts in column 1 with a letter, as diff shows it.
fn function_above(text: &[u8], line: usize) -> Option<&[u8]> {
    let lines = text.split(|byte| *byte == b'\n').take(line);
    let named = lines.filter(|line| line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || *byte == b'_'));
    let found = named.last()?;
    Some(found[..found.len().min(80)].trim_ascii_end())
}
