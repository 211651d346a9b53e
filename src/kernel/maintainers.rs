//! MAINTAINERS: who is to be told of a change to a file.

use regex::bytes::Regex;

use super::tree::Tree;

/// A section of MAINTAINERS.
#[derive(Debug, Default)]
pub struct Section {
    /// Its title.
    pub title: String,
    /// `M:`, names with addresses.
    pub maintainers: Vec<String>,
    /// `R:`, likewise.
    pub reviewers: Vec<String>,
    /// `L:`, addresses alone.
    pub lists: Vec<String>,
    files: Vec<String>,
    excluded: Vec<String>,
    names: Vec<Regex>,
}

/// The sections of a tree's MAINTAINERS.
#[derive(Debug, Default)]
pub struct Maintainers {
    sections: Vec<Section>,
}

/// Whom to tell.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Recipients {
    /// The maintainers.
    pub to: Vec<String>,
    /// Reviewers and lists.
    pub cc: Vec<String>,
}

/// The section that matches whatever no other does; its maintainer is told of nothing else.
const THE_REST: &str = "THE REST";

impl Maintainers {
    /// Reads the MAINTAINERS of a tree; a tree without one has no sections.
    pub fn read(tree: &Tree) -> Maintainers {
        let text = tree.text("MAINTAINERS").unwrap_or_default();
        let mut maintainers = Maintainers::parse(&text);
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
            let value = line.get(2..).map(str::trim).filter(|_| line.as_bytes().get(1) == Some(&b':'));
            let Some(value) = value else {
                is_open = false;
                title = line.trim();
                continue;
            };
            if !is_open {
                sections.push(Section { title: title.to_owned(), ..Section::default() });
                is_open = true;
            }
            let Some(section) = sections.last_mut() else { continue };
            let value = value.to_owned();
            match line.as_bytes()[0] {
                b'M' => section.maintainers.push(mailbox(&value)),
                b'R' => section.reviewers.push(mailbox(&value)),
                b'L' => section.lists.push(value.split_whitespace().next().unwrap_or_default().to_owned()),
                b'F' => section.files.push(value),
                b'X' => section.excluded.push(value),
                b'N' => section.names.extend(Regex::new(&value)),
                _ => {}
            }
        }
        Maintainers { sections }
    }

    /// Whom to tell of a change to some files.
    pub fn recipients(&self, files: &[&str]) -> Recipients {
        let mut recipients = Recipients::default();
        let add = |list: &mut Vec<String>, people: &[String]| {
            for person in people {
                if !list.contains(person) {
                    list.push(person.clone());
                }
            }
        };
        let matching = self.sections.iter().filter(|section| files.iter().any(|file| section.covers(file)));
        for section in matching {
            if section.title != THE_REST {
                add(&mut recipients.to, &section.maintainers);
                add(&mut recipients.cc, &section.reviewers);
            }
            add(&mut recipients.cc, &section.lists);
        }
        recipients.cc.retain(|person| !recipients.to.contains(person));
        recipients
    }
}

impl Section {
    fn covers(&self, file: &str) -> bool {
        let by_pattern = self.files.iter().any(|pattern| matches(pattern, file));
        let by_name = || self.names.iter().any(|name| name.is_match(file.as_bytes()));
        (by_pattern || by_name()) && !self.excluded.iter().any(|pattern| matches(pattern, file))
    }
}

/// A name and an address as a mail's header has them: a name with signs that mean something there is quoted.
fn mailbox(person: &str) -> String {
    match person.split_once('<') {
        Some((name, address))
            if name.contains(['(', ')', ',', '.', ':', ';', '@', '[', ']']) && !name.contains('"') =>
        {
            format!("\"{}\" <{address}", name.trim())
        }
        _ => person.to_owned(),
    }
}

/// Whether a pattern of `F:` or `X:` means a file, as scripts/get_maintainer.pl has it (file_match_pattern): it is no shell pattern.
/// `*` stands for anything, slashes too, and only the start is anchored; but unless the pattern ends in a slash or holds `**`, the
/// file has to lie as deep as the pattern does.
fn matches(pattern: &str, file: &str) -> bool {
    let depth = |path: &str| path.matches('/').count();
    is_prefix(pattern.as_bytes(), file.as_bytes())
        && (pattern.ends_with('/') || pattern.contains("**") || depth(pattern) == depth(file))
}

fn is_prefix(pattern: &[u8], text: &[u8]) -> bool {
    // The pattern so far, and where in the text it may have been matched to.
    let mut ends = vec![false; text.len() + 1];
    ends[0] = true;
    for byte in pattern {
        match byte {
            b'*' => {
                let mut any = false;
                for end in &mut ends {
                    any |= *end;
                    *end = any;
                }
            }
            _ => {
                for at in (0..text.len()).rev() {
                    ends[at + 1] = ends[at] && (*byte == b'?' || *byte == text[at]);
                }
                ends[0] = false;
            }
        }
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
        assert!(!matches("drivers/char/hpet.c", "drivers/char/hpetxc"));
    }

    #[test]
    fn sections_say_whom_to_tell() {
        let text = "MAINTAINERS\n\nLAMP DRIVER\nM:\tAda <ada@example.org>\nR:\tBo <bo@example.org>\nL:\tlamps@example.org (moderated)\n\
                    F:\tdrivers/lamp/\nX:\tdrivers/lamp/old/\n\nNAMED\nM:\tCy <cy@example.org>\nN:\tlamp\n\nTHE REST\n\
                    M:\tChief <chief@example.org>\nL:\teverything@example.org\nF:\t*\nF:\t*/\n";
        let maintainers = Maintainers::parse(text);
        let found = maintainers.recipients(&["drivers/lamp/lamp.c"]);
        assert_eq!(found.to, ["Ada <ada@example.org>", "Cy <cy@example.org>"]);
        assert_eq!(found.cc, ["Bo <bo@example.org>", "lamps@example.org", "everything@example.org"]);
        assert_eq!(maintainers.recipients(&["drivers/x.c"]).to, Vec::<String>::new());
    }
}
