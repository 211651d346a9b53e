//! Rust code that lists the members of an ops table. A struct expression needs a value for each member.

use crate::fix::text::edit::Edit;
use crate::index::Hook;
use crate::source::{closing, find_word, words};

/// The edits of the struct expressions of the hook's struct: the new member behind the old one, or in its place if no expression implements the old one.
///
/// # Errors
/// The old member has a value and would be replaced, or is named in another way. The error says what it is.
pub(super) fn listed(text: &[u8], hook: &Hook, new_name: &str, is_twin: bool) -> Result<Vec<Edit>, &'static str> {
    let mut bodies = Vec::new();
    if find_word(text, hook.record.as_bytes(), 0).is_none() {
        return Ok(Vec::new());
    }
    for at in words(text, hook.record.as_bytes()) {
        let behind = &text[at + hook.record.len()..];
        let open = text.len() - behind.trim_ascii_start().len();
        if text.get(open) == Some(&b'{') {
            bodies.push(open..closing(text, open).ok_or("in code that does not parse")?);
        }
    }
    let mut edits = Vec::new();
    let is_field = |at: &usize| {
        let behind = &text[at + hook.member.len()..];
        behind.starts_with(b":") && !behind.starts_with(b"::")
    };
    for at in words(text, hook.member.as_bytes()).filter(is_field) {
        let end = at + hook.member.len();
        let value_end = end + memchr::memchr(b',', &text[end..]).ok_or("the last member")?;
        let line = memchr::memrchr(b'\n', &text[..at]).map_or(0, |newline| newline + 1);
        let indent = &text[line..at];
        if !bodies.iter().any(|body| body.contains(&at)) || !indent.iter().all(u8::is_ascii_whitespace) {
            return Err("named outside of a struct expression, or not on a line of its own");
        }
        if is_twin {
            let text = format!("\n{}{new_name}: None,", String::from_utf8_lossy(indent));
            edits.push(Edit::new(value_end + 1, value_end + 1, text));
        } else if text[end + 1..value_end].trim_ascii() == b"None" {
            edits.push(Edit::new(at, end, new_name));
        } else {
            return Err("implemented by Rust code");
        }
    }
    Ok(edits)
}
