//! MAINTAINERS: who is to be told of a change to a file.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};

use regex::bytes::{Regex, RegexBuilder};
use rustc_hash::{FxHashMap, FxHashSet};

use super::bindings::people;
use super::file_pattern::FilePattern;
use super::mailmap::{LENGTH_LIMIT, Mailmap, Person};
use super::{FileTrouble, Tree, TroubleKind};

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
    /// The bytes of the patterns.
    bytes: usize,
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
        let compiled = || {
            let mut builder = RegexBuilder::new(&self.text);
            builder
                .ignore_whitespace(true)
                .unicode(false)
                .size_limit(REGEX_LIMIT)
                .dfa_size_limit(REGEX_LIMIT)
                .build()
                .ok()
        };
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
    /// How many bytes of patterns and paths were compared, at most.
    compared: AtomicUsize,
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

/// So many sections are read: a kernel has three thousand.
const SECTION_LIMIT: usize = 20_000;

/// So many patterns of each sort are read: a kernel has ten thousand for files, and some hundred regular expressions.
const FILE_LIMIT: usize = 50_000;
const KEYWORD_LIMIT: usize = 4_000;

/// So many people and lists are told of a change: nobody reads more.
const TOLD_LIMIT: usize = 200;

/// So many bytes are compared in all, patterns times paths: a worklist of a kernel takes a tenth of it.
const COMPARED_LIMIT: usize = 4 << 30;

/// A pattern has no more bytes,
const PATTERN_LENGTH: usize = 512;
/// and its regular expression, compiled, takes no more.
const REGEX_LIMIT: usize = 64 << 10;

/// Who is told of nothing for being the maintainer of everything.
const CHIEF: &str = "torvalds@linux-foundation.org";

impl Maintainers {
    /// Reads the MAINTAINERS of a tree; a tree without one has no sections.
    pub fn read(tree: &Tree) -> Maintainers {
        let text = tree.short_text("MAINTAINERS", LENGTH_LIMIT).unwrap_or_default();
        let (parsed, left_out) = Maintainers::parse(&text);
        if let Some(left_out) = left_out {
            tree.note(left_out);
        }
        let mut maintainers = Maintainers { mailmap: Mailmap::read(tree), tree: Some(tree.clone()), ..parsed };
        // A folder that is named without a slash means what lies below it.
        for section in &mut maintainers.sections {
            for pattern in section.files.iter_mut().chain(&mut section.excluded) {
                if pattern.may_be_folder() && tree.has_folder(pattern.text()) {
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
        let bytes: usize = places.iter().map(|place| self.sections[*place].bytes * file.len()).sum();
        if self.compared.fetch_add(bytes, Ordering::Relaxed) > COMPARED_LIMIT {
            let text = "its patterns take too long to compare; for the other files nobody is told";
            let trouble = FileTrouble::of("MAINTAINERS", TroubleKind::TooMany, text);
            self.tree.iter().for_each(|tree| tree.note(trouble.clone()));
            return Vec::new();
        }
        let sections = places.into_iter().map(|place| &self.sections[place]);
        let mut covering: Vec<(isize, &Section)> =
            sections.filter_map(|section| Some((section.depth(file)?, section))).collect();
        covering.sort_by_key(|(depth, _)| -depth);
        covering.into_iter().map(|(_, section)| section).collect()
    }

    /// The sections of a text, and what is wrong where it has more of something than is read.
    fn parse(text: &str) -> (Maintainers, Option<FileTrouble>) {
        let mut sections: Vec<Section> = Vec::new();
        let mut room = Room { files: FILE_LIMIT, keywords: KEYWORD_LIMIT };
        let mut left_out = None;
        let mut title = "";
        let mut is_open = false;
        for (number, line) in (1u32..).zip(text.lines()) {
            let is_entry = line.as_bytes().first().is_some_and(u8::is_ascii_uppercase) && line.get(1..2) == Some(":");
            let Some(value) = line.get(2..).map(str::trim).filter(|_| is_entry) else {
                is_open = false;
                title = line.trim();
                continue;
            };
            if !is_open && sections.len() < SECTION_LIMIT {
                sections.push(Section { title: title.to_owned(), ..Section::default() });
                is_open = true;
            }
            let section = sections.last_mut().filter(|_| is_open);
            if !section.is_some_and(|section| section.add(line.as_bytes()[0], value, &mut room)) && left_out.is_none() {
                let text = "sections or patterns beyond what a kernel has, from here on; they tell nobody";
                left_out = Some(FileTrouble::at("MAINTAINERS", number, TroubleKind::TooMany, text));
            }
        }
        (Maintainers { sections, ..Maintainers::default() }, left_out)
    }

    /// Whom to tell of some files, and of the lines that a patch changes in them, as scripts/get_maintainer.pl has it. Keywords count
    /// only in those lines.
    pub fn recipients(&self, files: &[&str], changed: &[u8]) -> Recipients<'_> {
        let mut sections: Vec<&Section> = Vec::new();
        let mut seen: FxHashSet<*const Section> = FxHashSet::default();
        let speaking = self.sections.iter().filter(|section| section.speaks_of(changed));
        for section in files.iter().flat_map(|file| self.covering(file)).chain(speaking) {
            if seen.insert(std::ptr::from_ref(section)) {
                sections.push(section);
            }
        }
        let mut known = Known::default();
        let mut lists: FxHashSet<String> = FxHashSet::default();
        let mut told = Recipients::default();
        for section in sections {
            if told.to.len() + told.cc.len() > TOLD_LIMIT {
                break;
            }
            for (person, is_reviewer) in section.people.iter().take(TOLD_LIMIT) {
                if !known.add(person) {
                    continue;
                }
                let current = self.mailmap.current(person.clone());
                let list = if *is_reviewer { &mut told.cc } else { &mut told.to };
                if current.address != CHIEF {
                    list.push(current.mailbox());
                }
            }
            for list in section.lists.iter().take(TOLD_LIMIT) {
                if lists.insert(list.to_ascii_lowercase()) {
                    told.cc.push(list.clone());
                }
            }
            told.sections.push(section);
        }
        let bindings = files.iter().filter(|file| file.ends_with(".yaml"));
        let texts = bindings.filter_map(|file| self.tree.as_ref()?.read(file));
        for person in texts.flat_map(|text| people(&text)).map(|person| self.mailmap.current(person)) {
            if known.add(&person) {
                told.to.push(person.mailbox());
            }
        }
        told
    }
}

/// The people that are told already.
#[derive(Debug, Default)]
struct Known {
    names: FxHashSet<String>,
    addresses: FxHashSet<String>,
}

impl Known {
    /// Adds somebody; whether neither that name nor that address was known.
    fn add(&mut self, person: &Person) -> bool {
        let is_new = |known: &FxHashSet<String>, value: &str| value.is_empty() || !known.contains(value);
        let (name, address) = (person.name.to_ascii_lowercase(), person.address.to_ascii_lowercase());
        let is_new = is_new(&self.names, &name) && is_new(&self.addresses, &address);
        if is_new {
            self.names.insert(name);
            self.addresses.insert(address);
        }
        is_new
    }
}

/// How many patterns there is still room for.
struct Room {
    files: usize,
    keywords: usize,
}

impl Section {
    /// Adds an entry, and says whether there was room for it.
    fn add(&mut self, letter: u8, value: &str, room: &mut Room) -> bool {
        let left = match letter {
            b'F' | b'X' => Some(&mut room.files),
            b'N' | b'K' => Some(&mut room.keywords),
            _ => None,
        };
        if let Some(left) = left {
            if *left == 0 || value.len() > PATTERN_LENGTH {
                return false;
            }
            *left -= 1;
            self.bytes += value.len();
        }
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
        true
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
        let (mut maintainers, left_out) = Maintainers::parse(text);
        assert_eq!(left_out, None);
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
