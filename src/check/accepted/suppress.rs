//! Hazards accepted by a comment beside the code: `/* mmaplint: ignore[RULE] REASON */`, after the code on its line, or alone before it.

use std::collections::BTreeSet;
use std::sync::Arc;

use memchr::memmem;
use rayon::prelude::*;

use crate::check::Change;
use crate::index::{Index, SourceFile};
use crate::lint::{Hazard, find};
use crate::rules::{Confidence, Level};
use crate::source::{Position, line_start};

/// Start of a comment.
const MARK: &[u8] = b"mmaplint: ignore[";

/// Name under which unused and unreadable comments are reported.
pub const UNUSED: &str = "unused-suppression";

/// A comment that accepts hazards.
struct Comment {
    file: u32,
    place: Position,
    end: Position,
    /// Line whose hazards it accepts: its own if code precedes it, else the next one.
    line: u32,
    /// The lints, and whether each accepted something.
    rules: Vec<(String, bool)>,
    has_reason: bool,
}

/// Removes the hazards that comments accept, and adds one for each comment that accepts nothing. `ran` tells whether a lint ran: a comment
/// about another lint is not unused.
pub fn suppressed(index: &Index, hazards: Vec<Hazard>, ran: impl Fn(&str) -> bool) -> Vec<Hazard> {
    let mut comments = comments(index);
    let mut kept = Vec::new();
    for hazard in hazards {
        let rules = comments.iter_mut().filter(|comment| {
            let is_here = index.file(comment.file).path == hazard.file && comment.line == hazard.start.line;
            is_here && comment.has_reason
        });
        match rules.flat_map(|comment| &mut comment.rules).find(|(rule, _)| rule == hazard.lint) {
            Some((_, is_used)) => *is_used = true,
            None => kept.push(hazard),
        }
    }
    for comment in comments {
        let unused = |rule: &&(String, bool)| !rule.1 && ran(&rule.0);
        let message = match comment.rules.iter().find(|(rule, _)| find(rule).is_none()) {
            Some((rule, _)) => format!("this comment names an unknown lint: {rule}"),
            None if !comment.has_reason => "this comment accepts nothing, because it gives no reason".to_owned(),
            None => match comment.rules.iter().find(unused) {
                Some((rule, _)) => format!("{rule} finds nothing here; remove it from the comment"),
                None => continue,
            },
        };
        let rules: Vec<&str> = comment.rules.iter().map(|(rule, _)| rule.as_str()).collect();
        kept.push(Hazard {
            file: index.file(comment.file).path.clone(),
            start: comment.place,
            end: comment.end,
            lint: UNUSED,
            level: Level::Warning,
            confidence: Confidence::High,
            function: String::new(),
            message,
            code: rules.join(", "),
            handler: None,
            verdict: None,
        });
    }
    kept.sort();
    kept
}

/// Number of comments that a change adds, and with which it accepts hazards of its own.
pub fn added_by(change: &Change) -> usize {
    let touched = change.before.overlay().files().chain(change.after.overlay().files());
    let touched: BTreeSet<&str> = touched.map(|(path, _)| path).collect();
    let count = |text: Option<Vec<u8>>| text.map_or(0, |text| memmem::find_iter(&text, MARK).count());
    let added = |path: &str| {
        let before = count(change.before.read(&change.name_before(path)));
        count(change.after.read(path)).saturating_sub(before)
    };
    touched.into_iter().map(added).sum()
}

fn comments(index: &Index) -> Vec<Comment> {
    let finder = memmem::Finder::new(MARK);
    let in_file = |(number, file): (usize, &Arc<SourceFile>)| {
        finder.find_iter(&file.text).filter_map(|at| comment(number as u32, file, at)).collect::<Vec<_>>()
    };
    index.files().par_iter().enumerate().flat_map_iter(in_file).collect()
}

/// Parses the comment with the mark at an offset. `None` if the comment does not begin with the mark.
fn comment(number: u32, file: &SourceFile, at: usize) -> Option<Comment> {
    let before = file.text[..at].trim_ascii_end();
    // The text of a kernel block comment begins on its second line.
    let before = match before {
        [.., b'/', b'*'] => before,
        _ => before.strip_suffix(b"*").unwrap_or(before).trim_ascii_end(),
    };
    let open = before.len().checked_sub(2)?;
    let close: &[u8] = match &before[open..] {
        b"/*" => b"*/",
        b"//" => b"\n",
        _ => return None,
    };
    let rest = &file.text[at + MARK.len()..];
    let end = memmem::find(rest, close).unwrap_or(rest.len());
    let text = String::from_utf8_lossy(&rest[..end]).into_owned();
    let (rules, reason) = text.split_once(']')?;
    let line = line_start(&file.text, open);
    let is_behind_code = !file.text[line..open].trim_ascii().is_empty();
    let (place, end) = (file.position(at as u32), file.position((at + MARK.len() + end) as u32));
    Some(Comment {
        file: number,
        place,
        end,
        line: if is_behind_code { file.position(open as u32).line } else { end.line + 1 },
        rules: rules.split(',').map(|rule| (rule.trim().to_owned(), false)).collect(),
        has_reason: reason.chars().any(char::is_alphanumeric),
    })
}
