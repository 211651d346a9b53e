//! File names in a patch.

/// Whether the two names of a `diff --git` line are the same to the letter: git wrote them without `a/` and `b/` (diff.noprefix).
pub(super) fn are_bare(names: &[u8]) -> bool {
    let (old, new) = names.split_at(names.len() / 2);
    new.strip_prefix(b" ") == Some(old)
}

/// Both names of a `diff --git` line, without their first folder. Unquoted names can be separated only if they are the same.
pub(super) fn both_names(names: &[u8]) -> (Option<String>, Option<String>) {
    if are_bare(names) {
        let name = unquoted(&names[..names.len() / 2]);
        return (Some(name.clone()), Some(name));
    }
    let both = |old: &[u8], new: &[u8]| (Some(stripped(&unquoted(old))), Some(stripped(&unquoted(new))));
    if let Some(end) = quotation_end(names) {
        return names[end..].strip_prefix(b" ").map_or((None, None), |new| both(&names[..end], new));
    }
    if let Some(quote) = memchr::memmem::find(names, b" \"").filter(|_| names.ends_with(b"\"")) {
        return both(&names[..quote], &names[quote + 1..]);
    }
    let behind_slash = |name: &[u8]| memchr::memchr(b'/', name).map_or(0, |slash| slash + 1);
    let first = behind_slash(names);
    let blanks = memchr::memchr_iter(b' ', names);
    let is_end = |at: &usize| {
        let (old, new) = (&names[first.min(*at)..*at], &names[at + 1..]);
        let new = &new[behind_slash(new)..];
        old.len() == new.len() && old == new
    };
    blanks.into_iter().find(is_end).map_or((None, None), |at| both(&names[..at], &names[at + 1..]))
}

/// Offset behind a quoted name.
fn quotation_end(name: &[u8]) -> Option<usize> {
    let mut at = 1;
    name.strip_prefix(b"\"")?;
    loop {
        match name.get(at)? {
            b'"' => return Some(at + 1),
            b'\\' => at += 2,
            _ => at += 1,
        }
    }
}

pub(super) fn stripped(name: &str) -> String {
    name.split_once('/').map_or(name, |(_, rest)| rest).to_owned()
}

/// Decodes a name as git quotes it: `"a/n\303\244me"`.
pub(super) fn unquoted(name: &[u8]) -> String {
    let Some(quoted) = name.strip_prefix(b"\"").and_then(|name| name.strip_suffix(b"\"")) else {
        return String::from_utf8_lossy(name).into_owned();
    };
    let mut bytes = Vec::new();
    let mut rest = quoted;
    while let [first, tail @ ..] = rest {
        rest = tail;
        if *first != b'\\' {
            bytes.push(*first);
            continue;
        }
        let octal = tail.get(..3).and_then(|digits| std::str::from_utf8(digits).ok());
        if let Some(byte) = octal.and_then(|digits| u8::from_str_radix(digits, 8).ok()) {
            bytes.push(byte);
            rest = &tail[3..];
        } else if let [escaped, tail @ ..] = tail {
            bytes.push(match escaped {
                b'n' => b'\n',
                b't' => b'\t',
                b'r' => b'\r',
                b'a' => 0x07,
                b'b' => 0x08,
                b'v' => 0x0b,
                b'f' => 0x0c,
                other => *other,
            });
            rest = tail;
        }
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Checks that a path stays below the tree.
pub(super) fn checked(path: String) -> Result<String, String> {
    let is_inside = !path.is_empty()
        && !path.starts_with('/')
        && path.split('/').all(|part| !matches!(part, "" | "." | ".." | ".git"))
        // Control characters would not be printed as they are.
        && !path.chars().any(char::is_control);
    if is_inside { Ok(path) } else { Err(format!("{path:?} is no path below the tree")) }
}
