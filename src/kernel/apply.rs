//! Applies patches to a tree in memory, as patient as `patch` is: hunks may have moved, and their outermost lines may differ.

use std::ops::Range;

use super::patch::{FilePatch, Hunk, Mark, PatchError};
use super::{Overlay, Tree};

/// So many outermost lines of context of a hunk may differ.
const FUZZ: usize = 2;

/// Lays patches over a tree, each over what those before it left.
///
/// # Errors
/// Names the first hunk that does not apply, and why. Then nothing is laid over anything.
pub fn apply(tree: &Tree, patches: &[FilePatch]) -> Result<Overlay, PatchError> {
    let mut overlay = tree.overlay().clone();
    for patch in patches {
        one(tree, patch, &mut overlay)?;
    }
    Ok(overlay)
}

fn one(tree: &Tree, patch: &FilePatch, overlay: &mut Overlay) -> Result<(), PatchError> {
    let failed = |line: usize, reason: String| Err(PatchError { line, reason });
    let current = |overlay: &Overlay, path: &str| match overlay.get(path) {
        Some(text) => text.map(<[u8]>::to_vec),
        None => tree.read(path),
    };
    if patch.is_binary {
        // Nothing that is analysed is binary: pictures and firmware stay what they are.
        let matters = [".c", ".h", ".rs", ".rst"].iter().any(|end| patch.path().ends_with(end));
        return if matters { failed(patch.line, format!("{} is changed as binary", patch.path())) } else { Ok(()) };
    }
    let text = match (&patch.old, &patch.new) {
        (None, None) => return failed(patch.line, "names no file".to_owned()),
        (Some(old), _) => match current(overlay, old) {
            Some(text) => text,
            None => return failed(patch.line, format!("changes {old}, which is no file of the tree")),
        },
        (None, Some(new)) if current(overlay, new).is_some() => {
            return failed(patch.line, format!("adds {new}, which the tree has already"));
        }
        (None, Some(_)) => Vec::new(),
    };
    let is_link = |path: &String| tree.root().join(path).is_symlink();
    if patch.old.iter().chain(&patch.new).any(is_link) {
        return failed(patch.line, format!("changes {}, which is a link", patch.path()));
    }
    let text = patched(text, patch)?;
    match (&patch.old, &patch.new) {
        (Some(old), None) => {
            if !text.is_empty() && !patch.hunks.is_empty() {
                return failed(patch.line, format!("deletes {old}, and does not know all of it"));
            }
            overlay.set(old, None);
        }
        (Some(old), Some(new)) => {
            if old != new && !patch.is_copy {
                overlay.set(old, None);
                overlay.renamed(old, new);
            }
            overlay.set(new, Some(text));
        }
        (None, Some(new)) => overlay.set(new, Some(text)),
        (None, None) => {}
    }
    Ok(())
}

/// A file as the hunks of a patch leave it.
fn patched(text: Vec<u8>, patch: &FilePatch) -> Result<Vec<u8>, PatchError> {
    let old: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut new: Vec<u8> = Vec::with_capacity(text.len());
    // The lines before this one are written; what a hunk was off by, the next one is likely off by too.
    let (mut done, mut offset) = (0usize, 0isize);
    for (number, hunk) in (1..).zip(&patch.hunks) {
        let Some((place, trimmed)) = find(&old, hunk, done, offset) else {
            let why = why_not(&old, hunk, offset);
            let reason = format!("hunk {number} of {} does not apply: {why}", patch.path());
            return Err(PatchError { line: hunk.line, reason });
        };
        offset = place as isize + 1 - (hunk.start + trimmed.start) as isize;
        old[done..place].iter().for_each(|line| new.extend_from_slice(line));
        done = place;
        for (mark, line) in &hunk.lines[trimmed] {
            match mark {
                Mark::Added => new.extend_from_slice(line),
                Mark::Removed => done += 1,
                Mark::Context => {
                    new.extend_from_slice(old[done]);
                    done += 1;
                }
            }
        }
    }
    old[done..].iter().for_each(|line| new.extend_from_slice(line));
    Ok(new)
}

/// Where a hunk applies, as a line from 0, and which of its lines apply there: without the outermost ones where those differ.
fn find(old: &[&[u8]], hunk: &Hunk, done: usize, offset: isize) -> Option<(usize, Range<usize>)> {
    let is_context = |line: &&(Mark, Vec<u8>)| line.0 == Mark::Context;
    let before = hunk.lines.iter().take_while(is_context).count();
    let behind = hunk.lines.iter().rev().take_while(is_context).count();
    if before == hunk.lines.len() {
        return Some((done, 0..0));
    }
    for fuzz in 0..=FUZZ {
        if fuzz > 0 && fuzz > before.max(behind) {
            break;
        }
        let range = fuzz.min(before)..hunk.lines.len() - fuzz.min(behind);
        let wanted: Vec<&[u8]> = old_lines(&hunk.lines[range.clone()]).collect();
        if fuzz > 0 && wanted.is_empty() {
            // Nothing is left by which to find the place.
            break;
        }
        let guess = (hunk.start + range.start) as isize - 1 + offset;
        let guess = if wanted.is_empty() { guess + 1 } else { guess };
        let last = old.len().checked_sub(wanted.len()).filter(|last| *last >= done);
        let Some(last) = last else { continue };
        let guess = guess.clamp(done as isize, last as isize) as usize;
        let matches = |at: usize| wanted.iter().zip(&old[at..]).all(|(wanted, line)| wanted == line);
        let farthest = (guess - done).max(last - guess);
        let places = (0..=farthest).flat_map(|far| [guess.checked_sub(far), Some(guess + far)]).flatten();
        if let Some(place) = places.filter(|at| (done..=last).contains(at)).find(|at| matches(*at)) {
            return Some((place, range));
        }
    }
    None
}

fn old_lines(lines: &[(Mark, Vec<u8>)]) -> impl Iterator<Item = &[u8]> {
    lines.iter().filter(|(mark, _)| *mark != Mark::Added).map(|(_, line)| line.as_slice())
}

/// What the reader needs to see why a hunk does not apply.
fn why_not(old: &[&[u8]], hunk: &Hunk, offset: isize) -> String {
    let without_return = |line: &[u8]| line.strip_suffix(b"\r\n").map(<[u8]>::to_vec);
    if old_lines(&hunk.lines).any(|line| without_return(line).is_some())
        && !old.iter().any(|line| without_return(line).is_some())
    {
        return "the patch has CRLF line ends and the file has not".to_owned();
    }
    let place = usize::try_from(hunk.start as isize - 1 + offset).unwrap_or(0);
    let shown = |line: &[u8]| String::from_utf8_lossy(line).trim().escape_debug().to_string();
    for (number, wanted) in (place..).zip(old_lines(&hunk.lines)) {
        match old.get(number) {
            Some(line) if *line == wanted => {}
            Some(line) => {
                return format!("line {} is `{}` and should be `{}`", number + 1, shown(line), shown(wanted));
            }
            None => return format!("the file ends before line {}, `{}`", number + 1, shown(wanted)),
        }
    }
    "its lines are not found in their order".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::patch::parse_patch;
    use super::*;

    fn applied(text: &str, patch: &str) -> Result<String, String> {
        let patch = format!("--- a/x.c\n+++ b/x.c\n{patch}");
        let patch = parse_patch(patch.as_bytes()).unwrap().remove(0);
        let text = patched(text.as_bytes().to_vec(), &patch).map_err(|error| error.to_string())?;
        Ok(String::from_utf8(text).unwrap())
    }

    #[test]
    fn hunks_apply_where_they_have_moved_to() {
        let patch = "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n@@ -5,2 +5,3 @@\n e\n f\n+g\n";
        assert_eq!(applied("x\ny\na\nb\nc\nd\ne\nf\n", patch).unwrap(), "x\ny\na\nB\nc\nd\ne\nf\ng\n");
    }

    #[test]
    fn outermost_lines_may_differ() {
        let patch = "@@ -1,5 +1,5 @@\n one\n two\n-three\n+drei\n four\n five\n";
        assert_eq!(applied("ONE\ntwo\nthree\nfour\nfive\n", patch).unwrap(), "ONE\ntwo\ndrei\nfour\nfive\n");
    }

    #[test]
    fn something_of_a_hunk_has_to_be_there() {
        assert!(applied("x\n", "@@ -1 +1,2 @@\n a\n+b\n").is_err());
        assert_eq!(applied("x\n", "@@ -1,0 +2 @@\n+b\n").unwrap(), "x\nb\n");
    }

    #[test]
    fn a_hunk_that_does_not_apply_is_named() {
        let error = applied("a\nx\nc\n", "@@ -1,3 +1,3 @@\n a\n-b\n+B\n c\n").unwrap_err();
        assert_eq!(error, "3: hunk 1 of x.c does not apply: line 2 is `x` and should be `b`");
        let error = applied("a\nb\n", "@@ -1,2 +1,2 @@\n a\r\n-b\r\n+B\r\n").unwrap_err();
        assert!(error.contains("CRLF"), "{error}");
    }

    #[test]
    fn a_missing_newline_at_the_end_is_kept_or_added() {
        let patch = "@@ -1,2 +1,2 @@\n a\n-b\n\\ No newline at end of file\n+b\n";
        assert_eq!(applied("a\nb", patch).unwrap(), "a\nb\n");
    }
}
