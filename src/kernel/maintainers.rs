//! MAINTAINERS: the recipients of a change to a file.

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
    /// Title.
    pub title: String,
    /// First `S:` entry.
    pub status: String,
    /// `M:` entries and, with `true`, `R:` entries, in order.
    people: Vec<(Person, bool)>,
    /// Addresses of `L:` entries, without lists that only subscribers may write to.
    lists: Vec<String>,
    /// Length of the patterns in bytes.
    bytes: usize,
    files: Vec<FilePattern>,
    excluded: Vec<FilePattern>,
    names: Vec<Keyword>,
    keywords: Vec<Keyword>,
}

/// A regular expression, compiled on first use.
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
        // Most keywords are words and need no regular expression.
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

/// Sections of a tree's MAINTAINERS.
#[derive(Debug, Default)]
pub struct Maintainers {
    sections: Vec<Section>,
    mailmap: Mailmap,
    /// Tree of the bindings, which name people themselves.
    tree: Option<Tree>,
    /// Sections that match only below folders of two levels, by these folders; as places in `sections`.
    by_folder: FxHashMap<String, Vec<usize>>,
    /// Sections that may match a file anywhere; as places in `sections`.
    anywhere: Vec<usize>,
    /// Upper bound of the bytes of patterns and paths compared so far.
    compared: AtomicUsize,
}

/// Recipients of a change.
#[derive(Debug, Default)]
pub struct Recipients<'m> {
    /// Sections that match, closest first.
    pub sections: Vec<&'m Section>,
    /// Maintainers, formatted for a mail header.
    pub to: Vec<String>,
    /// Reviewers, formatted for a mail header, and lists.
    pub cc: Vec<String>,
}

/// Maximum number of sections. A kernel has three thousand.
const SECTION_LIMIT: usize = 20_000;

/// Maximum number of patterns of each kind. A kernel has ten thousand for files, and some hundred regular expressions.
const FILE_LIMIT: usize = 50_000;
const KEYWORD_LIMIT: usize = 4_000;

/// Maximum number of people and lists for a change.
const TOLD_LIMIT: usize = 200;

/// Maximum number of bytes compared in all, patterns times paths. A worklist of a kernel takes a tenth of it.
const COMPARED_LIMIT: usize = 4 << 30;

/// Maximum length of a pattern in bytes.
const PATTERN_LENGTH: usize = 512;
/// Maximum size in bytes of a compiled regular expression.
const REGEX_LIMIT: usize = 64 << 10;

/// Address of the maintainer of the whole tree. It is never a recipient.
const CHIEF: &str = "torvalds@linux-foundation.org";

impl Maintainers {
    /// Reads the MAINTAINERS of a tree. A tree without one has no sections; that of the kernel does not speak of modules.
    pub fn read(tree: &Tree) -> Maintainers {
        if tree.is_module() {
            return Maintainers::default();
        }
        let text = tree.short_text("MAINTAINERS", LENGTH_LIMIT).unwrap_or_default();
        let (parsed, left_out) = Maintainers::parse(&text);
        if let Some(left_out) = left_out {
            tree.note(left_out);
        }
        let mut maintainers = Maintainers { mailmap: Mailmap::read(tree), tree: Some(tree.clone()), ..parsed };
        // A folder named without a slash stands for everything below it.
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

    /// Indexes the sections by folder. There are thousands of them, and few match a given file.
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

    /// Sections that match a file, closest first. Equally close ones keep their order.
    fn covering(&self, file: &str) -> Vec<&Section> {
        let named = folder(file).and_then(|folder| self.by_folder.get(folder)).map_or(&[][..], Vec::as_slice);
        let mut places: Vec<usize> = named.iter().chain(&self.anywhere).copied().collect();
        places.sort_unstable();
        let bytes: usize = places.iter().map(|place| self.sections[*place].bytes * file.len()).sum();
        if self.compared.fetch_add(bytes, Ordering::Relaxed) > COMPARED_LIMIT {
            let text = "comparing its patterns takes too long; the remaining files get no recipients";
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

    /// Parses the sections of a text. Also returns the first place that exceeds a limit.
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
                let text = "sections or patterns exceed a limit from here on; those beyond it are ignored";
                left_out = Some(FileTrouble::at("MAINTAINERS", number, TroubleKind::TooMany, text));
            }
        }
        (Maintainers { sections, ..Maintainers::default() }, left_out)
    }

    /// Recipients for some files and for the lines that a patch changes in them, as scripts/get_maintainer.pl finds them. Keywords match
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

/// Names and addresses of the recipients so far.
#[derive(Debug, Default)]
struct Known {
    names: FxHashSet<String>,
    addresses: FxHashSet<String>,
}

impl Known {
    /// Adds a person whose name and address are both unknown. Returns whether it did.
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

/// Number of patterns that may still be added.
struct Room {
    files: usize,
    keywords: usize,
}

impl Section {
    /// Adds an entry. Returns false if a pattern exceeds a limit.
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

    /// Closeness of the section to a file: the depth of its pattern, or 0 for an `N:` match; `None` if it does not match.
    fn depth(&self, file: &str) -> Option<isize> {
        // `N:` lines follow the `F:` lines, and the last match counts.
        let is_named = || self.names.iter().any(|name| name.is_match(file.as_bytes())).then_some(0);
        let depth = is_named()
            .or_else(|| self.files.iter().rev().find(|pattern| pattern.means(file)).map(FilePattern::depth))?;
        (!self.excluded.iter().any(|pattern| pattern.means(file))).then_some(depth)
    }

    /// Whether a text matches a keyword of the section.
    fn speaks_of(&self, text: &[u8]) -> bool {
        self.keywords.iter().any(|keyword| keyword.is_match(text))
    }
}

/// First two folders of a path; `None` if it has fewer.
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
