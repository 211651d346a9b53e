//! Patterns of `F:` and `X:` in MAINTAINERS, matched as in scripts/get_maintainer.pl (file_match_pattern). They are not shell patterns: `*`
//! matches anything, slashes too, and only the start is anchored. The file must lie as deep as the pattern, unless the pattern ends in a
//! slash or holds `**`.

/// A pattern, with quick checks that reject most files.
#[derive(Debug)]
pub(super) struct FilePattern {
    text: String,
    /// Length in bytes of the literal prefix.
    literal: usize,
    /// Number of slashes in a matching path, if the pattern fixes it.
    slashes: Option<usize>,
}

impl FilePattern {
    pub(super) fn new(text: &str) -> FilePattern {
        let is_deep = text.ends_with('/') || text.contains("**");
        FilePattern {
            text: text.to_owned(),
            literal: text.find(['*', '?', '[']).unwrap_or(text.len()),
            slashes: (!is_deep).then(|| slashes(text)),
        }
    }

    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Literal prefix of all matching paths.
    pub(super) fn literal(&self) -> &str {
        &self.text[..self.literal]
    }

    /// Whether the pattern may name a folder without a trailing slash.
    pub(super) fn may_be_folder(&self) -> bool {
        !self.text.ends_with('/') && !self.text.contains(['*', '?'])
    }

    /// Closeness of a match: the number of path components in the pattern, or -1 if it starts with `*`.
    pub(super) fn depth(&self) -> isize {
        let depth = slashes(&self.text) as isize + isize::from(!self.text.ends_with('/'));
        if self.text.starts_with('*') { -1 } else { depth }
    }

    /// Whether the pattern matches a file.
    pub(super) fn means(&self, file: &str) -> bool {
        let (literal, rest) = self.text.as_bytes().split_at(self.literal);
        file.as_bytes().strip_prefix(literal).is_some_and(|behind| is_prefix(rest, behind))
            && self.slashes.is_none_or(|wanted| wanted == slashes(file))
    }
}

fn slashes(path: &str) -> usize {
    memchr::memchr_iter(b'/', path.as_bytes()).count()
}

fn is_prefix(pattern: &[u8], text: &[u8]) -> bool {
    if pattern.is_empty() || text.is_empty() {
        return pattern.iter().all(|byte| *byte == b'*');
    }
    // `ends[n]` tells whether the pattern so far matches the first `n` bytes of the text.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    let mut rest = pattern;
    while let [byte, tail @ ..] = rest {
        rest = tail;
        if *byte == b'*' {
            let mut any = false;
            for end in &mut ends {
                any |= *end;
                *end = any;
            }
            continue;
        }
        // `[ch]` matches one of these bytes.
        let set = memchr::memchr(b']', rest).filter(|_| *byte == b'[').map(|end| &tail[..end]);
        rest = set.map_or(rest, |set| &tail[set.len() + 1..]);
        let is_it = |letter: u8| match (byte, set) {
            (_, Some(set)) => set.contains(&letter),
            (b'?', _) => true,
            (byte, _) => *byte == letter,
        };
        for at in (0..text.len()).rev() {
            ends[at + 1] = ends[at] && is_it(text[at]);
        }
        ends[0] = false;
    }
    ends.contains(&true)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn means(pattern: &str, file: &str) -> bool {
        FilePattern::new(pattern).means(file)
    }

    #[test]
    fn patterns_are_no_shell_patterns() {
        assert!(means("drivers/net/", "drivers/net/ethernet/a.c"));
        assert!(means("drivers/net/*", "drivers/net/a.c"));
        assert!(!means("drivers/net/*", "drivers/net/ethernet/a.c"));
        assert!(means("*/net/*", "drivers/net/a.c"));
        assert!(means("fs/**/foo*.c", "fs/a/b/foo_x.c"));
        assert!(means("drivers/char/hpet", "drivers/char/hpet.c"));
        assert!(means("drivers/irqchip/irq-gic*.[ch]", "drivers/irqchip/irq-gic-v4.c"));
        assert!(!means("drivers/irqchip/irq-gic*.[ch]", "drivers/irqchip/irq-gic-v4.S"));
        assert!(!means("drivers/char/hpet.c", "drivers/char/hpetxc"));
    }
}
