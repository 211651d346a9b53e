//! Reach of a change: the functions of the handlers that it touches.

use crate::kernel::FileTrouble;
use crate::verdict::Session;
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
