//! MAINTAINERS: who is to be told of a change to a file.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};

use super::mailmap::{Mailmap, Person};
use super::tree::Tree;

/// A section of MAINTAINERS.
#[derive(Debug, Default)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// `S:`, the first of them.
    pub status: String,
    /// `M:` and, with `true`, `R:`, in order.
    people: Vec<(Person, bool)>,
    /// `L:`, addresses alone; lists that only subscribers may write to are left out.
    lists: Vec<String>,
    files: Vec<String>,
    excluded: Vec<String>,
    names: Vec<Keyword>,
    keywords: Vec<Keyword>,
}

/// A regular expression, which few ask for.
#[derive(Debug)]
struct Keyword {
    text: String,
    regex: OnceLock<Option<Regex>>,
}

impl Keyword {
    fn new(text: &str) -> Keyword {
        Keyword { text: text.to_owned(), regex: OnceLock::new() }
    }

    fn is_match(&self, text: &[u8]) -> bool {
        let compiled = || RegexBuilder::new(&self.text).ignore_whitespace(true).unicode(false).build().ok();
        !text.is_empty() && self.regex.get_or_init(compiled).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// The sections of a tree's MAINTAINERS.
#[derive(Debug, Default)]
pub struct Maintainers {
    sections: Vec<Section>,
    mailmap: Mailmap,
}

/// Whom to tell.
#[derive(Debug, Default)]
pub struct Recipients<'m> {
    /// The sections that say so, the closest one first.
    pub sections: Vec<&'m Section>,
    /// The maintainers, as a mail's header has them.
    pub to: Vec<String>,
    /// Reviewers, likewise, and lists.
    pub cc: Vec<String>,
}

/// Who is told of nothing for being the maintainer of everything.
const CHIEF: &str = "torvalds@linux-foundation.org";

impl Maintainers {
    /// Reads the MAINTAINERS of a tree; a tree without one has no sections.
    pub fn read(tree: &Tree) -> Maintainers {
        let text = tree.text("MAINTAINERS").unwrap_or_default();
        let mut maintainers = Maintainers { mailmap: Mailmap::read(tree), ..Maintainers::parse(&text) };
        // A folder that is named without a slash means what lies below it.
        for section in &mut maintainers.sections {
            for pattern in section.files.iter_mut().chain(&mut section.excluded) {
                if !pattern.ends_with('/') && !pattern.contains(['*', '?']) && tree.root().join(&*pattern).is_dir() {
                    pattern.push('/');
                }
            }
        }
        maintainers
    }

    fn parse(text: &str) -> Maintainers {
        let mut sections: Vec<Section> = Vec::new();
        let mut title = "";
        let mut is_open = false;
        for line in text.lines() {
            let is_entry = line.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && line.get(1..2) == Some(":");
            let Some(value) = line.get(2..).map(str::trim).filter(|_| is_entry) else {
                is_open = false;
                title = line.trim();
                continue;
            };
            if !is_open {
                sections.push(Section { title: title.to_owned(), ..Section::default() });
                is_open = true;
            }
            if let Some(section) = sections.last_mut() {
                section.add(line.as_bytes()[0], value);
            }
        }
        Maintainers { sections, mailmap: Mailmap::default() }
    }

    /// Whom to tell of some files, and of the lines that a patch changes in them, as scripts/get_maintainer.pl has it. Keywords count
    /// only in those lines.
    pub fn recipients(&self, files: &[&str], changed: &[u8]) -> Recipients<'_> {
        let mut sections: Vec<&Section> = Vec::new();
        for file in files {
            let mut covering: Vec<(isize, &Section)> =
                self.sections.iter().filter_map(|section| Some((section.depth(file)?, section))).collect();
            covering.sort_by_key(|(depth, _)| -depth);
            sections.extend(covering.into_iter().map(|(_, section)| section));
        }
        sections.extend(self.sections.iter().filter(|section| section.speaks_of(changed)));
        let mut known: Vec<&Person> = Vec::new();
        let mut told = Recipients::default();
        for section in sections {
            for (person, is_reviewer) in &section.people {
                if known.iter().any(|other| other.is_same(person)) {
                    continue;
                }
                known.push(person);
                let current = self.mailmap.current(person.clone());
                let list = if *is_reviewer { &mut told.cc } else { &mut told.to };
                if current.address != CHIEF {
                    list.push(current.mailbox());
                }
            }
            for list in &section.lists {
                if !told.cc.iter().any(|other| other.eq_ignore_ascii_case(list)) {
                    told.cc.push(list.clone());
                }
            }
            if !told.sections.iter().any(|other| std::ptr::eq(*other, section)) {
                told.sections.push(section);
            }
        }
        told
    }
}

impl Section {
    fn add(&mut self, letter: u8, value: &str) {
        match letter {
            b'M' | b'R' => self.people.extend(Person::parse(value).map(|person| (person, letter == b'R'))),
            b'L' if !value.contains("subscribers-only") => {
                self.lists.extend(value.split_whitespace().next().map(str::to_owned));
            }
            b'S' if self.status.is_empty() => value.clone_into(&mut self.status),
            b'F' => self.files.push(value.to_owned()),
            b'X' => self.excluded.push(value.to_owned()),
            b'N' => self.names.push(Keyword::new(value)),
            b'K' => self.keywords.push(Keyword::new(value)),
            _ => {}
        }
    }

    /// How closely the section means a file: by how many folders its pattern names; `None` where it does not.
    fn depth(&self, file: &str) -> Option<isize> {
        if self.excluded.iter().any(|pattern| matches(pattern, file)) {
            return None;
        }
        let depth = |pattern: &String| {
            let depth = pattern.matches('/').count() as isize + isize::from(!pattern.ends_with('/'));
            if pattern.starts_with('*') { -1 } else { depth }
        };
        // Names stand behind the patterns, and what is said last holds.
        if self.names.iter().any(|name| name.is_match(file.as_bytes())) {
            return Some(0);
        }
        self.files.iter().filter(|pattern| matches(pattern, file)).map(depth).next_back()
    }

    /// Whether a text holds a keyword of the section.
    fn speaks_of(&self, text: &[u8]) -> bool {
        self.keywords.iter().any(|keyword| keyword.is_match(text))
    }
}

/// Whether a pattern of `F:` or `X:` means a file, as scripts/get_maintainer.pl has it (file_match_pattern): it is no shell pattern.
/// `*` stands for anything, slashes too, and only the start is anchored; but unless the pattern ends in a slash or holds `**`, the
/// file has to lie as deep as the pattern does.
fn matches(pattern: &str, file: &str) -> bool {
    let depth = |path: &str| path.matches('/').count();
    // Most patterns say no by one of their first letters.
    let mut letters = pattern.bytes().zip(file.bytes()).take_while(|(letter, _)| !matches!(letter, b'*' | b'?' | b'['));
    letters.all(|(letter, other)| letter == other)
        && is_prefix(pattern.as_bytes(), file.as_bytes())
        && (pattern.ends_with('/') || pattern.contains("**") || depth(pattern) == depth(file))
}

fn is_prefix(pattern: &[u8], text: &[u8]) -> bool {
    // The pattern so far, and where in the text it may have been matched to.
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
        // `[ch]`: one of these.
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

    #[test]
    fn patterns_are_no_shell_patterns() {
        assert!(matches("drivers/net/", "drivers/net/ethernet/a.c"));
        assert!(matches("drivers/net/*", "drivers/net/a.c"));
        assert!(!matches("drivers/net/*", "drivers/net/ethernet/a.c"));
        assert!(matches("*/net/*", "drivers/net/a.c"));
        assert!(matches("fs/**/foo*.c", "fs/a/b/foo_x.c"));
        assert!(matches("drivers/char/hpet", "drivers/char/hpet.c"));
        assert!(matches("drivers/irqchip/irq-gic*.[ch]", "drivers/irqchip/irq-gic-v4.c"));
        assert!(!matches("drivers/irqchip/irq-gic*.[ch]", "drivers/irqchip/irq-gic-v4.S"));
        assert!(!matches("drivers/char/hpet.c", "drivers/char/hpetxc"));
    }

    #[test]
    fn sections_say_whom_to_tell() {
        let text = "MAINTAINERS\n\nLAMP DRIVER\nM:\tAda <ada@example.org>\nR:\tBo <bo@example.org>\nL:\tlamps@example.org (moderated)\n\
                    L:\tclub@example.org (subscribers-only)\nS:\tMaintained\nF:\tdrivers/lamp/\nX:\tdrivers/lamp/old/\n\n\
                    NAMED\nM:\tCy <cy@example.org>\nM:\tAda <other@example.org>\nN:\tlamp\n\n\
                    WORDS\nL:\twords@example.org\nK:\t\\bbulb(s)?\\b\n\nTHE REST\n\
                    M:\tChief <torvalds@linux-foundation.org>\nL:\teverything@example.org\nF:\t*\nF:\t*/\n";
        let maintainers = Maintainers::parse(text);
        let found = maintainers.recipients(&["drivers/lamp/lamp.c"], b"");
        assert_eq!(found.to, ["Ada <ada@example.org>", "Cy <cy@example.org>"]);
        assert_eq!(found.cc, ["Bo <bo@example.org>", "lamps@example.org", "everything@example.org"]);
        assert_eq!(
            (found.sections[0].title.as_str(), found.sections[0].status.as_str()),
            ("LAMP DRIVER", "Maintained")
        );
        assert_eq!(maintainers.recipients(&["drivers/x.c"], b"").to, Vec::<String>::new());
        let found = maintainers.recipients(&["drivers/x.c"], b"+two bulbs");
        assert_eq!(found.cc, ["everything@example.org", "words@example.org"]);
    }
}
