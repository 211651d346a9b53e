//! The call around a place in a text.

/// The `(` of the call around a place in one of its arguments, and the number of arguments before it.
pub(in crate::fix) fn argument_place(text: &[u8], at: usize) -> Option<(usize, usize)> {
    let (mut depth, mut before) = (0usize, 0);
    for place in (0..at).rev() {
        match text[place] {
            b')' | b']' => depth += 1,
            b'(' if depth == 0 => return Some((place, before)),
            b'(' | b'[' => depth = depth.checked_sub(1)?,
            b',' if depth == 0 => before += 1,
            b';' | b'{' | b'}' | b'"' => return None,
            b'#' if matches!(text[..place].last(), None | Some(b'\n')) => return None,
            _ => {}
        }
    }
    None
}
