//! A tree before and after a change.

use crate::index::Takes;
use crate::kernel::{Git, Overlay, Tree, apply, parse_patch};
use crate::report::check::Converted;
use crate::verdict::{Finding, Inside};

/// The two sides of a change.
pub struct Trees {
    /// Without it.
    pub before: Tree,
    /// With it.
    pub after: Tree,
}

impl Trees {
    /// A tree, and what a patch makes of it.
    ///
    /// # Errors
    /// Where the patch cannot be read, or does not apply: names it, the line, and the hunk.
    pub fn patched(tree: &Tree, name: &str, text: &[u8]) -> Result<Trees, String> {
        let patches = parse_patch(text).map_err(|error| format!("{name}:{error}"))?;
        let overlay = apply(tree, &patches).map_err(|error| format!("{name}:{error}"))?;
        Ok(Trees { before: tree.clone(), after: tree.with(overlay) })
    }

    /// A revision, and the tree as it is.
    ///
    /// # Errors
    /// Where git cannot say what differs.
    pub fn since(tree: &Tree, revision: &str) -> Result<Trees, String> {
        Ok(Trees { before: tree.with(overlay(tree, revision)?), after: tree.clone() })
    }

    /// The two ends of `REV..REV`; a single revision is compared with its parent.
    ///
    /// # Errors
    /// Where git cannot say what differs.
    pub fn range(tree: &Tree, range: &str) -> Result<Trees, String> {
        let (from, to) = match range.split_once("..") {
            Some((from, to)) => (from.to_owned(), if to.is_empty() { "HEAD" } else { to }),
            None => (format!("{range}^"), range),
        };
        Ok(Trees { before: tree.with(overlay(tree, &from)?), after: tree.with(overlay(tree, to)?) })
    }

    /// What a file was called before the change.
    pub fn name_before(&self, path: &str) -> String {
        let name = self.after.overlay().name_before(path);
        self.before.overlay().name_before(name).to_owned()
    }
}

fn overlay(tree: &Tree, revision: &str) -> Result<Overlay, String> {
    Git::new(tree.root()).overlay_of(revision)
}

/// The handlers that take a desc after a change, in a place where one took a VMA before: the same table of the same file.
pub fn converted(before: &Inside, after: &Inside, name_before: impl Fn(&str) -> String) -> Vec<Converted> {
    let place = |inside: &Inside, finding: &Finding| {
        let registration = &finding.registration;
        let path = inside.context.index.file(registration.file).path.clone();
        (path, registration.table.clone(), registration.hook.record.clone())
    };
    let name = |finding: &Finding| finding.handler.as_ref().map(|handler| handler.name.clone());
    let takes = |finding: &&Finding, takes: Takes| finding.registration.hook.takes == takes;
    let mut found = Vec::new();
    for new in after.findings.iter().filter(|finding| takes(finding, Takes::Desc)) {
        let (path, table, record) = place(after, new);
        let at = (name_before(&path), table, record);
        let is_here =
            |inside: &Inside, finding: &&Finding, at: &(String, Option<String>, String)| place(inside, finding) == *at;
        // A table that had the new hook already is not converted by this.
        if before.findings.iter().any(|old| takes(&old, Takes::Desc) && is_here(before, &old, &at)) {
            continue;
        }
        let old = before.findings.iter().find(|old| takes(old, Takes::Vma) && is_here(before, old, &at));
        if let (Some(from), Some(to)) = (old.and_then(name), name(new)) {
            let line = after.context.index.file(new.registration.file).position(new.registration.span.start).line;
            found.push(Converted { file: path, line, from, to });
        }
    }
    found.sort();
    found
}
