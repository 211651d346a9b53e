//! MAINTAINERS: who is to be told of a change to a file.

use std::sync::OnceLock;

use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::FxHashMap;

use super::bindings::people;
use super::file_pattern::FilePattern;
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
    files: Vec<FilePattern>,
    excluded: Vec<FilePattern>,
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
        // Most are words, which need no regular expression.
        if self.text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
            return memchr::memmem::find(text, self.text.as_bytes()).is_some();
        }
        let compiled = || RegexBuilder::new(&self.text).ignore_whitespace(true).unicode(false).build().ok();
        !text.is_empty() && self.regex.get_or_init(compiled).as_ref().is_some_and(|regex| regex.is_match(text))
    }
}

/// The sections of a tree's MAINTAINERS.
#[derive(Debug, Default)]
pub struct Maintainers {
    sections: Vec<Section>,
    mailmap: Mailmap,
    /// Where bindings are read, which name people themselves.
    tree: Option<Tree>,
    /// The sections that can mean a file below a folder (of two levels) by naming it, as places in `sections`.
    by_folder: FxHashMap<String, Vec<usize>>,
    /// Those that can mean a file anywhere.
    anywhere: Vec<usize>,
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
        let mut maintainers =
            Maintainers { mailmap: Mailmap::read(tree), tree: Some(tree.clone()), ..Maintainers::parse(&text) };
        // A folder that is named without a slash means what lies below it.
        for section in &mut maintainers.sections {
            for pattern in section.files.iter_mut().chain(&mut section.excluded) {
                if pattern.may_be_folder() && tree.root().join(pattern.text()).is_dir() {
                    *pattern = FilePattern::new(&format!("{}/", pattern.text()));
                }
            }
        }
        maintainers.sort_by_folder();
        maintainers
    }

    /// Notes where the sections can mean files: there are thousands of them, and few for each file.
    fn sort_by_folder(&mut self) {
        for (place, section) in self.sections.iter().enumerate() {
            let folders: Vec<Option<&str>> = section.files.iter().map(|pattern| folder(pattern.literal())).collect();
            if !section.names.is_empty() || folders.contains(&None) {
                self.anywhere.push(place);
                continue;
            }
            for folder in folders.into_iter().flatten() {
                let places = self.by_folder.entry(folder.to_owned()).or_default();
                if places.last() != Some(&place) {
                    places.push(place);
                }
            }
        }
    }

    /// The sections that mean a file, the closest first, and as they stand where they are as close.
    fn covering(&self, file: &str) -> Vec<&Section> {
        let named = folder(file).and_then(|folder| self.by_folder.get(folder)).map_or(&[][..], Vec::as_slice);
        let mut places: Vec<usize> = named.iter().chain(&self.anywhere).copied().collect();
        places.sort_unstable();
        let sections = places.into_iter().map(|place| &self.sections[place]);
        let mut covering: Vec<(isize, &Section)> =
            sections.filter_map(|section| Some((section.depth(file)?, section))).collect();
        covering.sort_by_key(|(depth, _)| -depth);
        covering.into_iter().map(|(_, section)| section).collect()
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
        Maintainers { sections, ..Maintainers::default() }
    }

    /// Whom to tell of some files, and of the lines that a patch changes in them, as scripts/get_maintainer.pl has it. Keywords count
    /// only in those lines.
    pub fn recipients(&self, files: &[&str], changed: &[u8]) -> Recipients<'_> {
        let mut sections: Vec<&Section> = Vec::new();
        for file in files {
            sections.extend(self.covering(file));
        }
        sections.extend(self.sections.iter().filter(|section| section.speaks_of(changed)));
        let mut known: Vec<Person> = Vec::new();
        let mut told = Recipients::default();
        for section in sections {
            for (person, is_reviewer) in &section.people {
                if known.iter().any(|other| other.is_same(person)) {
                    continue;
                }
                known.push(person.clone());
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
        let bindings = files.iter().filter(|file| file.ends_with(".yaml"));
        let texts = bindings.filter_map(|file| self.tree.as_ref()?.read(file));
        for person in texts.flat_map(|text| people(&text)).map(|person| self.mailmap.current(person)) {
            if !known.iter().any(|other| other.is_same(&person)) {
                told.to.push(person.mailbox());
                known.push(person);
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
            b'F' => self.files.push(FilePattern::new(value)),
            b'X' => self.excluded.push(FilePattern::new(value)),
            b'N' => self.names.push(Keyword::new(value)),
            b'K' => self.keywords.push(Keyword::new(value)),
            _ => {}
        }
    }

    /// How closely the section means a file: by how many folders its pattern names; `None` where it does not.
    fn depth(&self, file: &str) -> Option<isize> {
        // Names stand behind the patterns, and what is said last holds.
        let is_named = || self.names.iter().any(|name| name.is_match(file.as_bytes())).then_some(0);
        let depth = is_named()
            .or_else(|| self.files.iter().rev().find(|pattern| pattern.means(file)).map(FilePattern::depth))?;
        (!self.excluded.iter().any(|pattern| pattern.means(file))).then_some(depth)
    }

    /// Whether a text holds a keyword of the section.
    fn speaks_of(&self, text: &[u8]) -> bool {
        self.keywords.iter().any(|keyword| keyword.is_match(text))
    }
}

/// The first two folders of a path; `None` where it does not name two.
fn folder(path: &str) -> Option<&str> {
    let mut slashes = memchr::memchr_iter(b'/', path.as_bytes());
    slashes.nth(1).map(|end| &path[..end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sections_say_whom_to_tell() {
        let text = "MAINTAINERS\n\nLAMP DRIVER\nM:\tAda <ada@example.org>\nR:\tBo <bo@example.org>\nL:\tlamps@example.org (moderated)\n\
                    L:\tclub@example.org (subscribers-only)\nS:\tMaintained\nF:\tdrivers/lamp/\nX:\tdrivers/lamp/old/\n\n\
                    NAMED\nM:\tCy <cy@example.org>\nM:\tAda <other@example.org>\nN:\tlamp\n\n\
                    WORDS\nL:\twords@example.org\nK:\t\\bbulb(s)?\\b\n\nTHE REST\n\
                    M:\tChief <torvalds@linux-foundation.org>\nL:\teverything@example.org\nF:\t*\nF:\t*/\n";
        let mut maintainers = Maintainers::parse(text);
        maintainers.sort_by_folder();
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
