//! Words of messages.

/// A count with its noun: `1 file`, `2 files`, `2 patches`.
pub fn counted(count: usize, word: &str) -> String {
    let ending = match count {
        1 => "",
        _ if word.ends_with("ch") => "es",
        _ => "s",
    };
    format!("{count} {word}{ending}")
}
