//! Reach of a change: the handlers that it touches, and their functions.

use std::collections::BTreeSet;

use super::Change;

use crate::kernel::{FileTrouble, folder_of};
use crate::verdict::{Finding, Session, Verdict};
use crate::vma::Key;

/// A function that a touched handler runs through.
pub struct Reached {
    file: String,
    /// First to last line, from 1.
    lines: std::ops::RangeInclusive<u32>,
}

impl Reached {
    /// Whether `trouble` is inside the function.
    pub fn holds(&self, trouble: &FileTrouble) -> bool {
        self.file == trouble.file && trouble.line.is_some_and(|line| self.lines.contains(&line))
    }
}

/// The functions of all handlers that a change touches: in the registering file, or in the file of any function that they run through.
pub fn reached(session: &Session, touches: impl Fn(&str) -> bool) -> Vec<Reached> {
    let index = session.context.index;
    let mut found = Vec::new();
    for finding in session.findings() {
        let keys = session.handlers(&finding.registration);
        let functions: Vec<&Key> =
            keys.iter().flat_map(|key| session.analysis.reached(key)).map(|(key, _)| key).collect();
        let mut files = functions.iter().map(|key| key.id.file).chain([finding.registration.file]);
        if !files.any(|file| touches(&index.file(file).path)) {
            continue;
        }
        found.extend(functions.into_iter().map(|key| {
            let (source, item) = (index.file(key.id.file), index.item(key.id));
            let line = |offset| source.position(offset).line;
            Reached { file: source.path.clone(), lines: line(item.span.start)..=line(item.span.end) }
        }));
    }
    found
}

/// The handlers that a change can have an effect on.
pub struct Touched<'c> {
    change: &'c Change,
    /// Registrations with their verdicts, without the change and with it.
    before: BTreeSet<Known>,
    after: BTreeSet<Known>,
}

/// A registration, and its verdict.
type Known = (String, Option<String>, Option<String>, Verdict);

impl<'c> Touched<'c> {
    /// The handlers of two sessions, without a change and with it.
    pub fn new(change: &'c Change, before: &Session, after: &Session) -> Touched<'c> {
        let all = |session: &Session| session.findings().iter().map(|finding| known(session, finding)).collect();
        Touched { change, before: all(before), after: all(after) }
    }

    /// Whether the change touches the folder of a function that a handler runs through, or of its registration; or its registration or
    /// verdict is not in both sessions.
    pub fn holds(&self, session: &Session, finding: &Finding, key: &Key) -> bool {
        let index = session.context.index;
        let touches = |file: u32| {
            let path = &index.file(file).path;
            let folder = folder_of(path);
            self.change.touches(path) || !folder.is_empty() && self.change.touches(folder)
        };
        let known = known(session, finding);
        let in_both = self.before.contains(&known) && self.after.contains(&known);
        !in_both
            || touches(finding.registration.file)
            || session.analysis.reached(key).into_iter().any(|(key, _)| touches(key.id.file))
    }
}

fn known(session: &Session, finding: &Finding) -> Known {
    let registration = &finding.registration;
    let path = session.context.index.file(registration.file).path.clone();
    let handler = finding.handler.as_ref().map(|handler| handler.name.clone());
    (path, registration.table.clone(), handler, finding.verdict)
}
