//! Rust code that lists the members of an ops table. A struct expression needs a value for each member.

use crate::fix::text::edit::Edit;
use crate::index::Hook;
use crate::source::{Span, closing, find_word, line_start, words};

/// The edits of the struct expressions of the hook's struct: the new member behind the old one, or in its place if each expression has no
/// value for it, or a C function that converts. `renamed` gives the new name of an implementer, with the old one.
///
/// # Errors
/// The old member has a value and would be replaced, or is named in another way. The error says what it is.
pub(super) fn listed(
    text: &[u8],
    hook: &Hook,
    new_name: &str,
    is_twin: bool,
    renamed: impl Fn(String) -> Option<(String, String)>,
) -> Result<Vec<Edit>, &'static str> {
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
        let line = line_start(text, at);
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
            let value = Span::new(end + 1, value_end);
            let name = bound(value.of(text)).and_then(&renamed).ok_or("implemented by Rust code")?;
            let text = String::from_utf8_lossy(value.of(text)).replacen(&name.0, &name.1, 1);
            edits.extend([Edit::new(at, end, new_name), Edit { span: value, text }]);
        }
    }
    Ok(edits)
}

/// The edits of the statements that register a C function: `ops.mmap = Some(bindings::function);`. Each becomes one statement for each of
/// `new`: the member and the function that it gets. `keeps_old` tells whether the member stays beside a new one.
///
/// # Errors
/// The function is named in another way. The error is the offset.
pub(in crate::fix) fn assigned(
    text: &[u8],
    member: &str,
    name: &str,
    new: &[(String, String)],
    keeps_old: bool,
) -> Result<Vec<Edit>, usize> {
    const BINDINGS: &[u8] = b"bindings::";
    let mut edits = Vec::new();
    for at in words(text, name.as_bytes()).filter(|at| text[..*at].ends_with(BINDINGS)) {
        let line = line_start(text, at);
        let statement = &text[line..at - BINDINGS.len()];
        if statement.trim_ascii_start().starts_with(format!("{member}:").as_bytes()) {
            // A struct expression, which `listed` edits, but for the value of a member that stays.
            if keeps_old {
                return Err(at);
            }
            continue;
        }
        let table =
            statement.strip_suffix(format!("{member} = Some(").as_bytes()).filter(|table| table.ends_with(b"."));
        let (Some(table), true) = (table, text[at + name.len()..].starts_with(b");\n")) else { return Err(at) };
        let table = String::from_utf8_lossy(table);
        let lines = new.iter().map(|(member, name)| format!("{table}{member} = Some(bindings::{name});"));
        let end = at + name.len() + b");".len();
        edits.push(Edit::new(line, end, lines.collect::<Vec<_>>().join("\n")));
    }
    Ok(edits)
}

/// The C function in a value: `Some(bindings::function)`.
fn bound(value: &[u8]) -> Option<String> {
    let inner = value.trim_ascii().strip_prefix(b"Some(bindings::")?.strip_suffix(b")")?;
    let is_name = inner.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'_');
    is_name.then(|| String::from_utf8_lossy(inner).into_owned())
}
