//! Compares the kernel's documents with its headers: members that a listing lacks or that no longer exist, helpers that are not mentioned,
//! and marks of an old kernel.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::kernel::Tree;
use crate::rules::Document;
use crate::source::{ItemKind, Span, blank_non_code, find_word, identifiers, parse, slice};

/// Number of lines above a listing that may contain its mark ("As of kernel 4.18").
const MARK_ABOVE: usize = 6;

/// An omission or an error in a document.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Gap {
    /// The document.
    pub file: String,
    /// Line in it, from 1.
    pub line: u32,
    /// `member-missing`, `member-gone`, `member-undescribed`, `helper-missing`, `helper-gone`, `old-mark`.
    pub kind: &'static str,
    /// One sentence.
    pub text: String,
}

/// Result of a comparison.
#[derive(Debug, Default)]
pub struct Gaps {
    /// Number of documents that were compared with a header.
    pub compared: usize,
    /// The gaps, by document and line.
    pub gaps: Vec<Gap>,
    /// Documents and headers that the tree lacks, or that lack the expected listing.
    pub missing: Vec<String>,
}

impl Gaps {
    fn add(&mut self, document: &Document, line: u32, kind: &'static str, text: String) {
        self.gaps.push(Gap { file: document.file.clone(), line, kind, text });
    }
}

/// Compares each document with its header.
pub fn compare(tree: &Tree, documents: &[Document]) -> Gaps {
    let mut found = Gaps::default();
    for document in documents {
        match (tree.text(&document.file), tree.text(&document.header)) {
            (Some(text), Some(header)) => {
                found.compared += 1;
                match &document.record {
                    Some(record) => members(tree, document, record, &text, &header, &mut found),
                    None => helpers(document, &text, &header, &mut found),
                }
            }
            (None, _) => found.missing.push(format!("{}: not in the tree", document.file)),
            (_, None) => found.missing.push(format!("{}: not in the tree", document.header)),
        }
    }
    found.gaps.sort();
    found.missing.dedup();
    found
}

/// Members listed in a document or a header, each with its line.
struct Listing {
    /// First line.
    line: u32,
    /// The line after the last.
    end: u32,
    members: BTreeMap<String, u32>,
}

fn members(tree: &Tree, document: &Document, record: &str, text: &str, header: &str, found: &mut Gaps) {
    let Some(declared) = declared(header, record) else {
        return found.missing.push(format!("{}: does not declare struct {record}", document.header));
    };
    let Some(listed) = listed(text, record) else {
        return found.missing.push(format!("{}: does not list the members of {record}", document.file));
    };
    let mut add = |line, kind, text| found.add(document, line, kind, text);
    for (member, line) in declared.members.iter().filter(|(member, _)| !listed.members.contains_key(*member)) {
        let text = format!("the listing lacks {record}.{member} ({}:{line})", document.header);
        add(listed.line, "member-missing", text);
    }
    for (member, line) in listed.members.iter().filter(|(member, _)| !declared.members.contains_key(*member)) {
        add(*line, "member-gone", format!("{record} has no {member} in {}", document.header));
    }
    if document.described {
        let described = described(text, listed.end);
        for (member, line) in listed.members.iter().filter(|(member, _)| !described.contains(*member)) {
            add(*line, "member-undescribed", format!("{record}.{member} is listed and not described"));
        }
    }
    if let Some((line, mark)) = mark(text, listed.line)
        && let Some(version) = tree.version()
        && release(&mark) < release(&version)
    {
        let said = "the listing is marked as of kernel";
        add(line, "old-mark", format!("{said} {mark}, but this is {version}"));
    }
}

/// Members of a struct in a header.
fn declared(header: &str, record: &str) -> Option<Listing> {
    let text = header.as_bytes();
    let slices = slice(text);
    let is_it = |kind: ItemKind, name: Span| kind == ItemKind::Record && name.of(text) == record.as_bytes();
    let item = slices.items.iter().find(|item| is_it(item.kind, item.name))?;
    Some(listing(item.span.of(text), line_at(header, item.span.start as usize)))
}

/// Members of a struct in a document: from `struct NAME { ... }`, or from the prototypes below a heading of that name.
fn listed(text: &str, record: &str) -> Option<Listing> {
    let opening = format!("struct {record} {{");
    if let Some(start) = text.find(&opening) {
        let indent = start - text[..start].rfind('\n').map_or(0, |newline| newline + 1);
        let closing = format!("\n{}}}", &text[start - indent..start]);
        let end = text[start..].find(&closing).map(|end| start + end + closing.len())?;
        return Some(listing(&text.as_bytes()[start..end], line_at(text, start)));
    }
    let heading = text
        .match_indices(&format!("{record}\n="))
        .map(|(at, _)| at)
        .find(|at| *at == 0 || text[..*at].ends_with('\n'))?;
    let start = heading + text[heading..].find("::\n\n")? + "::\n\n".len();
    let lines = text[start..].split_inclusive('\n');
    let length: usize = lines.take_while(|line| line.starts_with(['\t', ' '])).map(str::len).sum();
    // The parser expects members inside a struct. Its braces have lines of their own, so line numbers stay known.
    let wrapped = format!("struct {record} {{\n{}}};", &text[start..start + length]);
    Some(listing(wrapped.as_bytes(), line_at(text, start) - 1))
}

/// Members in the text of a struct that begins at `line`.
fn listing(text: &[u8], line: u32) -> Listing {
    let names: BTreeSet<String> = parse::members(text, 0).syntax.into_iter().map(|member| member.name).collect();
    let source = String::from_utf8_lossy(text);
    let members = names.into_iter().filter(|name| !name.is_empty()).map(|name| {
        let at = find_word(text, name.as_bytes(), 0).unwrap_or_default();
        let below = memchr::memchr_iter(b'\n', &text[..at]).count() as u32;
        (name, line + below)
    });
    Listing { line, end: line + source.lines().count() as u32, members: members.collect() }
}

/// Members that have an entry after a line, up to the next heading. An entry is the name in double backquotes, alone on its line.
fn described(text: &str, behind: u32) -> BTreeSet<String> {
    let lines = text.lines().skip(behind as usize);
    let is_rule = |line: &str| line.len() > 3 && line.bytes().all(|byte| matches!(byte, b'=' | b'-' | b'~'));
    let entries = lines.take_while(|line| !is_rule(line));
    entries.filter_map(|line| line.strip_prefix("``")?.strip_suffix("``")).map(str::to_owned).collect()
}

/// Kernel version in the mark of a listing, with the mark's line: `As of kernel 4.18`, broken anywhere.
fn mark(text: &str, line: u32) -> Option<(u32, String)> {
    let lines: Vec<&str> = text.lines().collect();
    let listing = (line as usize).saturating_sub(1).min(lines.len());
    let first = listing.saturating_sub(MARK_ABOVE);
    let (mut words, mut at): (Vec<&str>, Vec<usize>) = (Vec::new(), Vec::new());
    for (number, line) in lines[first..listing].iter().enumerate() {
        for word in line.split_whitespace() {
            words.push(word);
            at.push(first + number + 1);
        }
    }
    let begins = |words: &[&str]| {
        words[0].eq_ignore_ascii_case("as") && words[1] == "of" && words[2].eq_ignore_ascii_case("kernel")
    };
    let place = words.windows(4).position(begins)?;
    Some((at[place] as u32, words[place + 3].trim_end_matches([',', ':', '.']).to_owned()))
}

/// The first two numbers of a version.
fn release(version: &str) -> (u32, u32) {
    let mut numbers =
        version.split(|character: char| !character.is_ascii_digit()).map(|part| part.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

/// Reports the helpers of a header that a document does not mention, and those that it mentions but the header lacks.
fn helpers(document: &Document, text: &str, header: &str, found: &mut Gaps) {
    let is_meant = |name: &str| {
        let named = document.names.iter().any(|known| known == name);
        let is_ignored = document.ignored.iter().any(|known| known == name);
        (named || document.prefixes.iter().any(|prefix| name.starts_with(prefix))) && !is_ignored
    };
    let names = |text: &str| -> BTreeMap<String, u32> {
        let mut names = BTreeMap::new();
        // `mmap_action_*` is a pattern, not a helper.
        for name in identifiers(text.as_bytes()).filter(|name| is_meant(name) && !name.ends_with('_')) {
            let line = || line_at(text, find_word(text.as_bytes(), name.as_bytes(), 0).unwrap_or_default());
            names.entry(name.to_owned()).or_insert_with(line);
        }
        names
    };
    let mut declared = names(&String::from_utf8_lossy(&blank_non_code(header.as_bytes())));
    // Directives are blank in the code, but many helpers are macros.
    for item in slice(header.as_bytes()).items.iter().filter(|item| item.kind == ItemKind::Macro) {
        let name = String::from_utf8_lossy(item.name.of(header.as_bytes())).into_owned();
        if is_meant(&name) {
            declared.entry(name).or_insert_with(|| line_at(header, item.name.start as usize));
        }
    }
    let mentioned = names(text);
    let mut add = |line, kind, text| found.add(document, line, kind, text);
    for (name, line) in declared.iter().filter(|(name, _)| !mentioned.contains_key(*name)) {
        add(1, "helper-missing", format!("{name} is not mentioned ({}:{line})", document.header));
    }
    for (name, line) in mentioned.iter().filter(|(name, _)| !declared.contains_key(*name)) {
        add(*line, "helper-gone", format!("{} has no {name}", document.header));
    }
}

/// Line of a byte offset, from 1.
fn line_at(text: &str, offset: usize) -> u32 {
    1 + memchr::memchr_iter(b'\n', &text.as_bytes()[..offset]).count() as u32
}
