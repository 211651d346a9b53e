//! Templates of a function that takes a desc, and the mark for its file.

use crate::rules::template::fill;

/// Stands for the file of the hook in the texts of edits, until it is known whether the function has a local for it. No C text has such a
/// character.
pub(super) const FILE: &str = "\0file";

/// Fills a template. `{desc}` is the parameter, and `{file}` becomes [`FILE`].
pub(super) fn filled(template: &str, value: &mut dyn FnMut(&str) -> Option<String>) -> String {
    fill(template, &mut |key| {
        value(key).or_else(|| match key {
            "desc" => Some("desc".to_owned()),
            "file" => Some(FILE.to_owned()),
            _ => None,
        })
    })
}

/// Fills a template that has no other keys.
pub(super) fn plain(template: &str) -> String {
    filled(template, &mut |_| None)
}
