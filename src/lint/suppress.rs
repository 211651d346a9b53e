//! Hazards that somebody has looked at and accepted, by a comment beside the code:
//! `/* mmaplint: ignore[RULE] REASON */`, on the line itself or on the one before.

use memchr::memmem;

use super::{Hazard, find};
use crate::index::Index;
use crate::rules::{Confidence, Level};
use crate::source::{Position, Span};

/// What a comment starts with.
const MARK: &[u8] = b"mmaplint: ignore[";

/// The name under which a comment that suppresses nothing, or cannot be read, is reported.
pub const UNUSED: &str = "unused-suppression";

/// One comment.
struct Comment {
    file: u32,
    place: Position,
    end: Position,
    rules: Vec<String>,
    has_reason: bool,
    is_used: bool,
}

/// Takes out the hazards that comments accept, and adds one for each comment that accepts nothing. `ran` tells which lints were run:
/// a comment about another one is not unused.
pub fn suppressed(index: &Index, hazards: Vec<Hazard>, ran: impl Fn(&str) -> bool) -> Vec<Hazard> {
    let mut comments = comments(index);
    let mut kept = Vec::new();
    for hazard in hazards {
        let accepts = |comment: &&mut Comment| {
            let behind = hazard.start.line.wrapping_sub(comment.place.line);
            index.file(comment.file).path == hazard.file
                && behind <= comment.end.line - comment.place.line + 1
                && comment.has_reason
                && comment.rules.iter().any(|rule| rule == hazard.lint)
        };
        match comments.iter_mut().find(accepts) {
            Some(comment) => comment.is_used = true,
            None => kept.push(hazard),
        }
    }
    for comment in comments.into_iter().filter(|comment| !comment.is_used) {
        let unknown = comment.rules.iter().find(|rule| find(rule).is_none());
        let message = match unknown {
            Some(rule) => format!("this comment names {rule}, which is no lint"),
            None if !comment.has_reason => "this comment gives no reason, and accepts nothing without one".to_owned(),
            None if !comment.rules.iter().all(|rule| ran(rule)) => continue,
            None => format!("there is nothing here that {} finds; take the comment out", comment.rules.join(" or ")),
        };
        kept.push(Hazard {
            file: index.file(comment.file).path.clone(),
            start: comment.place,
            end: comment.end,
            lint: UNUSED,
            level: Level::Warning,
            confidence: Confidence::High,
            function: String::new(),
            message,
            code: comment.rules.join(", "),
            handler: None,
        });
    }
    kept.sort();
    kept
}

fn comments(index: &Index) -> Vec<Comment> {
    let mut comments = Vec::new();
    let finder = memmem::Finder::new(MARK);
    for (number, file) in (0u32..).zip(index.files()) {
        for at in finder.find_iter(&file.text) {
            let rest = &file.text[at + MARK.len()..];
            let end =
                memmem::find(rest, b"*/").unwrap_or(rest.len()).min(memchr::memchr(b'\n', rest).unwrap_or(rest.len()));
            let text = String::from_utf8_lossy(&rest[..end]);
            let Some((rules, reason)) = text.split_once(']') else { continue };
            let span = Span::new(at, at + MARK.len() + end);
            comments.push(Comment {
                file: number,
                place: file.position(span.start),
                end: file.position(span.end),
                rules: rules.split(',').map(|rule| rule.trim().to_owned()).collect(),
                has_reason: !reason.trim().is_empty(),
                is_used: false,
            });
        }
    }
    comments
}
