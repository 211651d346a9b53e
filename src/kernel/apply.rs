//! Applies patches to a tree in memory, as tolerantly as `patch`. Hunks may have moved, and their outermost lines may differ.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::patch::{FilePatch, Hunk, Mark, PatchError};
use super::{FileTrouble, Laid, Overlay, Tree, TroubleKind, is_listed};

/// Maximum number of outermost context lines, on each side of a hunk, that may differ.
const FUZZ: usize = 2;

/// Maximum number of line comparisons to find hunks, in all. No source repeats itself a million times.
const COMPARISONS: usize = 100_000_000;

/// Maximum number of bytes read and written, in all. A series of ten thousand mails takes a tenth of it.
const WORK_BYTES: usize = 2 << 30;

/// Maximum length in bytes of the files that patches leave, all together.
const TOTAL_BYTES: usize = 192 << 20;

/// Maximum number of files that patches leave. A kernel has fewer.
const FILE_COUNT: usize = 200_000;

/// Lays patches over a tree, mail by mail.
///
/// # Errors
/// The error names the first hunk that does not apply, and the reason. Then no patch is laid over the tree.
pub fn apply(tree: &Tree, patches: &[FilePatch]) -> Result<Overlay, PatchError> {
    let mut work = Work::default();
    let failed = match laid_over(tree, patches, &mut work) {
        Ok(overlay) => return Ok(overlay),
        Err(failed) => failed,
    };
    // If the reversed patches apply, the user has applied this change to the tree already.
    let back: Vec<FilePatch> = patches.iter().rev().map(FilePatch::reversed).collect();
    let is_there = !work.is_done() && !back.is_empty() && laid_over(tree, &back, &mut work).is_ok();
    let reason = "the tree already has this change: use --base REV, with a revision before it".to_owned();
    Err(if is_there { PatchError { line: failed.line, reason } } else { failed })
}

/// Work done so far, to be compared with the limits.
#[derive(Debug, Default)]
struct Work {
    /// Number of lines compared.
    comparisons: usize,
    /// Number of bytes read or written.
    bytes: usize,
    /// Length in bytes of the files laid over the tree.
    laid: usize,
}

impl Work {
    fn is_done(&self) -> bool {
        self.comparisons > COMPARISONS || self.bytes > WORK_BYTES || self.laid > TOTAL_BYTES
    }

    /// The limit that was exceeded, as an error message.
    fn limit(&self) -> Option<String> {
        let mib = |bytes: usize| format!("{} MiB", bytes >> 20);
        match self {
            _ if self.laid > TOTAL_BYTES => {
                Some(format!("the files that it changes are longer than {}", mib(TOTAL_BYTES)))
            }
            _ if self.bytes > WORK_BYTES => Some(format!("more than {} would be read and written", mib(WORK_BYTES))),
            _ if self.comparisons > COMPARISONS => Some(format!("more than {COMPARISONS} lines would be compared")),
            _ => None,
        }
    }
}

fn laid_over(tree: &Tree, patches: &[FilePatch], work: &mut Work) -> Result<Overlay, PatchError> {
    let mut overlay = tree.overlay().clone();
    work.laid = 0;
    for patches in patches.chunk_by(|one, next| one.mail == next.mail) {
        let mut mail = Mail::new(tree, patches);
        let mut moved = Vec::new();
        for patch in patches {
            moved.extend(one(&mut mail, patch, &mut overlay, work)?);
            let too_many = || format!("it changes more than {FILE_COUNT} files");
            if let Some(reason) = work.limit().or_else(|| (overlay.len() > FILE_COUNT).then(too_many)) {
                return Err(PatchError { line: patch.line, reason });
            }
        }
        overlay.renamed(&moved);
    }
    Ok(overlay)
}

/// A mail of a series, and the tree before it. Renames and copies take their source from before the mail.
struct Mail<'t> {
    tree: &'t Tree,
    /// Overlay entries, from before the mail, of the files it has changed so far.
    before: BTreeMap<String, Option<Laid>>,
    /// Paths that the mail moves away or deletes.
    left: BTreeSet<&'t str>,
    /// Paths that the mail writes.
    made: BTreeSet<&'t str>,
}

impl<'t> Mail<'t> {
    fn new(tree: &'t Tree, patches: &'t [FilePatch]) -> Mail<'t> {
        let leaves = patches.iter().filter(|patch| patch.old != patch.new && !patch.is_copy);
        let left = leaves.filter_map(|patch| patch.old.as_deref()).collect();
        let made = patches.iter().filter_map(|patch| patch.new.as_deref()).collect();
        Mail { tree, before: BTreeMap::new(), left, made }
    }

    /// Text of a file before the mail.
    fn text_before(&self, overlay: &Overlay, path: &str) -> Option<Vec<u8>> {
        match self.before.get(path) {
            Some(before) => text(self.tree, before.as_ref(), path),
            None => self.text(overlay, path),
        }
    }

    /// Text of a file after the patches applied so far.
    fn text(&self, overlay: &Overlay, path: &str) -> Option<Vec<u8>> {
        text(self.tree, overlay.get(path), path)
    }

    fn lay(&mut self, overlay: &mut Overlay, path: &str, laid: Laid) {
        self.before.entry(path.to_owned()).or_insert_with(|| overlay.get(path).cloned());
        overlay.lay(path, laid);
    }
}

fn text(tree: &Tree, laid: Option<&Laid>, path: &str) -> Option<Vec<u8>> {
    match laid {
        Some(Laid::Text(text)) => Some(text.to_vec()),
        Some(Laid::Gone | Laid::Unread(_)) => None,
        None => tree.read(path),
    }
}

/// Lays one patch over the result of those before it. Returns the old and the new path if it moves the file.
fn one(
    mail: &mut Mail,
    patch: &FilePatch,
    overlay: &mut Overlay,
    work: &mut Work,
) -> Result<Option<(String, String)>, PatchError> {
    let failed = |reason: String| PatchError { line: patch.line, reason };
    if patch.is_module {
        overlay.lay_submodule(patch.path());
        return Ok(None);
    }
    if patch.is_binary {
        // No binary file is analysed: pictures and firmware stay as they are.
        let matters = is_listed(patch.path()) || [".rs", ".rst", ".toml"].iter().any(|end| patch.path().ends_with(end));
        let reason = format!("{} is changed as binary", patch.path());
        return if matters { Err(failed(reason)) } else { Ok(None) };
    }
    let (old, new) = names(mail, patch, overlay).ok_or_else(|| {
        failed(format!("names two files, {} and another; git and patch choose differently", patch.path()))
    })?;
    if let Some(path) = old.iter().chain(&new).find(|path| mail.tree.folder().is_reached_by_link(path)) {
        return Err(failed(format!("changes {path}, which is reached by a link")));
    }
    let moves = patch.is_git && old.is_some() && new.is_some() && old != new;
    let was = match &old {
        Some(old) if moves => mail.text_before(overlay, old),
        Some(old) => mail.text(overlay, old),
        None => Some(Vec::new()),
    };
    let was = was.ok_or_else(|| {
        failed(format!("changes {}, which is no file of the tree", old.as_deref().unwrap_or_default()))
    })?;
    if let Some(new) = new.as_ref().filter(|new| old.as_ref() != Some(*new))
        && !mail.left.contains(new.as_str())
        && mail.text_before(overlay, new).is_some()
    {
        return Err(failed(format!("adds {new}, which the tree has already")));
    }
    let is = patched(&was, patch, work)?;
    work.bytes += was.len() + is.len();
    if let (Some(old), None) = (&old, &new)
        && !is.is_empty()
        && !patch.hunks.is_empty()
    {
        return Err(failed(format!("deletes {old}, and does not know all of it")));
    }
    let moved = old.clone().zip(new.clone()).filter(|(old, new)| old != new && !patch.is_copy);
    // If two files swap names, the old path of one is the new path of the other.
    let leaves = |old: &String| new.is_none() || (moved.is_some() && !mail.made.contains(old.as_str()));
    if let Some(old) = old.as_ref().filter(|old| leaves(old)) {
        mail.lay(overlay, old, Laid::Gone);
    }
    if let Some(new) = &new {
        if let Some(Laid::Text(text)) = overlay.get(new) {
            work.laid = work.laid.saturating_sub(text.len());
        }
        work.laid += is.len();
        mail.lay(overlay, new, laid_as(patch, new, is));
    }
    Ok(moved)
}

/// State of a path after the change.
fn laid_as(patch: &FilePatch, path: &str, text: Vec<u8>) -> Laid {
    if !patch.is_link {
        return Laid::Text(text.into());
    }
    let text = format!("the change makes it a link to {}; not read", String::from_utf8_lossy(&text).trim());
    Laid::Unread(FileTrouble::of(path, TroubleKind::Link, text))
}

/// Old and new path that a patch means. A diff that git did not make may name a file that never existed, or a backup beside the file.
/// `None` if both or neither of its two paths exist.
fn names(mail: &Mail, patch: &FilePatch, overlay: &Overlay) -> Option<(Option<String>, Option<String>)> {
    let exists = |path: &String| match overlay.get(path) {
        Some(laid) => *laid != Laid::Gone,
        None => mail.tree.has(path),
    };
    let adds_all = patch.hunks.iter().all(|hunk| hunk.start == 0 && old_lines(&hunk.lines).next().is_none());
    Some(match (&patch.old, &patch.new) {
        (Some(old), Some(new)) if !patch.is_git && old == new && !exists(new) && adds_all => (None, Some(new.clone())),
        (Some(old), Some(new)) if !patch.is_git && old != new => {
            let one = match (exists(old), exists(new)) {
                (true, false) => old,
                (false, true) => new,
                _ => return None,
            };
            (Some(one.clone()), Some(one.clone()))
        }
        (old, new) => (old.clone(), new.clone()),
    })
}

/// Text of a file after the hunks of a patch.
fn patched(text: &[u8], patch: &FilePatch, work: &mut Work) -> Result<Vec<u8>, PatchError> {
    let old: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    let mut new: Vec<u8> = Vec::with_capacity(text.len());
    // Lines before `done` are written. The next hunk is likely off by as many lines as the last one.
    let (mut done, mut offset) = (0usize, 0isize);
    for (number, hunk) in (1..).zip(&patch.hunks) {
        let failed = |why: String| PatchError {
            line: hunk.line,
            reason: format!("hunk {number} of {} does not apply: {why}", patch.path()),
        };
        let Some(found) = find(&old, hunk, done, offset, work) else {
            return Err(failed(work.limit().unwrap_or_else(|| why_not(&old, hunk, offset))));
        };
        // `patch` searches near the offset of the hunk before, git near the line in the hunk's head.
        let other = if offset == 0 { None } else { find(&old, hunk, done, 0, work) };
        if let Some(other) = other.filter(|other| other.place != found.place) {
            let (one, other) = (found.place + 1, other.place + 1);
            return Err(failed(format!("it fits at line {one} and at line {other}; git and patch choose differently")));
        }
        offset = found.offset;
        old[done..found.place].iter().for_each(|line| new.extend_from_slice(line));
        done = found.place;
        for (mark, line) in &hunk.lines[found.lines] {
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

/// Place of a hunk in the old file.
struct Found {
    /// Line in the old file, from 0.
    place: usize,
    /// Lines of the hunk that apply there, without outermost lines that differ.
    lines: Range<usize>,
    /// Number of lines by which the place is further down than the hunk says.
    offset: isize,
}

fn find(old: &[&[u8]], hunk: &Hunk, done: usize, offset: isize, work: &mut Work) -> Option<Found> {
    let is_context = |line: &&(Mark, &[u8])| line.0 == Mark::Context;
    let before = hunk.lines.iter().take_while(is_context).count();
    let behind = hunk.lines.iter().rev().take_while(is_context).count();
    for fuzz in 0..=FUZZ {
        if fuzz > 0 && fuzz > before.max(behind) {
            break;
        }
        let (first, last) = (fuzz.min(before), hunk.lines.len() - fuzz.min(behind));
        let lines = first..last.max(first);
        let wanted: Vec<&[u8]> = old_lines(&hunk.lines[lines.clone()]).collect();
        if fuzz > 0 && wanted.is_empty() {
            // No line is left to find the place by.
            break;
        }
        // A hunk without old lines names the line before it.
        let said = (hunk.start + lines.start) as isize - isize::from(!wanted.is_empty());
        let Some(end) = old.len().checked_sub(wanted.len()).filter(|end| *end >= done) else { continue };
        let guess = (said + offset).clamp(done as isize, end as isize) as usize;
        let same = |at: usize| wanted.iter().zip(&old[at..]).take_while(|(wanted, line)| wanted == line).count();
        let farthest = (guess - done).max(end - guess);
        let places = (0..=farthest).flat_map(|far| [Some(guess + far), guess.checked_sub(far)]).flatten();
        for place in places.filter(|at| (done..=end).contains(at)) {
            let same = same(place);
            work.comparisons += same + 1;
            if same == wanted.len() {
                return Some(Found { place, lines, offset: place as isize - said });
            }
            if work.is_done() {
                return None;
            }
        }
    }
    None
}

fn old_lines<'l>(lines: &'l [(Mark, &[u8])]) -> impl Iterator<Item = &'l [u8]> {
    lines.iter().filter(|(mark, _)| *mark != Mark::Added).map(|(_, line)| *line)
}

/// Explains why a hunk does not apply.
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
    "its lines are not in the file in this order".to_owned()
}

#[cfg(test)]
mod tests {
    use super::super::patch::parse_patch;
    use super::*;

    fn applied(text: &str, patch: &str) -> Result<String, String> {
        let patch = format!("--- a/x.c\n+++ b/x.c\n{patch}");
        let patch = parse_patch(patch.as_bytes()).unwrap().remove(0);
        let text = patched(text.as_bytes(), &patch, &mut Work::default()).map_err(|error| error.to_string())?;
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
