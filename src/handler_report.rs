//! All that is known of one handler, put together for a reader: where it is registered, the code that decides, what `fix` would
//! write.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::{Applicability, Fixes, HandlerFix, unified};
use crate::index::Index;
use crate::source::Span;
use crate::verdict::{Evidence, Finding, HandlerPlace, Place, Verdict};

/// Lines that are shown around what is marked, where a function is too long to be shown whole.
const AROUND: u32 = 6;

/// A handler's own function is shown whole up to this many lines, others around their marks.
const WHOLE: u32 = 120;

/// One handler with all that registers it.
#[derive(Debug)]
pub struct HandlerReport {
    /// Its name.
    pub name: String,
    /// Where it is defined, as path and 1-based line; `None` where it was not found.
    pub place: Option<(String, u32)>,
    /// The findings that register it, as places in the scan's list; never empty.
    pub findings: Vec<usize>,
    /// The code that decides: the handler first, then what it calls.
    pub excerpts: Vec<Excerpt>,
    /// What `fix` makes of it, where it was asked.
    pub conversion: Option<Conversion>,
}

/// Lines of one function, or of one table.
#[derive(Debug)]
pub struct Excerpt {
    /// The file.
    pub file: String,
    /// The functions called on the way to it, outermost first.
    pub via: Vec<String>,
    /// The lines; where numbers are missing, lines were left out.
    pub lines: Vec<Line>,
}

impl Excerpt {
    /// The lines as they stand together; between two runs, lines were left out.
    pub fn runs(&self) -> impl Iterator<Item = &[Line]> {
        self.lines.chunk_by(|line, next| line.number + 1 == next.number)
    }
}

/// One line of source.
#[derive(Debug)]
pub struct Line {
    /// Its number, from 1.
    pub number: u32,
    /// Its text, without the line end.
    pub text: String,
    /// What was found in it.
    pub marks: Vec<Mark>,
}

/// What was found in a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The requirement's kind.
    pub kind: String,
    /// The sentence.
    pub text: String,
    /// The verdict that it alone would give.
    pub verdict: Verdict,
}

/// What `fix` makes of a handler.
#[derive(Debug)]
pub struct Conversion {
    /// How far it can be trusted.
    pub applicability: Applicability,
    /// Why nothing is written, and what is left to a person.
    pub open: Vec<String>,
    /// What a person should know of it.
    pub remarks: Vec<String>,
    /// What the patch changes for it, and for no other; empty where nothing is written.
    pub diff: String,
    /// How many others are converted in the same patch.
    pub others: usize,
}

/// Puts together what is known of each handler, in the order in which the findings name them first.
pub fn dossiers(index: &Index, findings: &[Finding], fixes: &Fixes) -> Vec<HandlerReport> {
    let mut order: Vec<(&HandlerPlace, Vec<usize>)> = Vec::new();
    let mut known: BTreeMap<&HandlerPlace, usize> = BTreeMap::new();
    for (number, finding) in findings.iter().enumerate() {
        let Some(handler) = &finding.handler else { continue };
        let place = *known.entry(handler).or_insert_with(|| {
            order.push((handler, Vec::new()));
            order.len() - 1
        });
        order[place].1.push(number);
    }
    order.into_iter().map(|(handler, numbers)| dossier(index, findings, fixes, handler, numbers)).collect()
}

fn dossier(
    index: &Index,
    findings: &[Finding],
    fixes: &Fixes,
    handler: &HandlerPlace,
    numbers: Vec<usize>,
) -> HandlerReport {
    // All who register a handler find the same in it; what the first finds in its table stands for the others.
    let finding = &findings[numbers[0]];
    let place = handler.place.map(|place| {
        let file = index.file(place.file);
        (file.path.clone(), file.position(place.span.start).line)
    });
    let fix = fixes.handlers.iter().position(|fix| numbers.contains(&fix.finding));
    HandlerReport {
        name: handler.name.clone(),
        place,
        excerpts: excerpts(index, handler.place, finding),
        conversion: fix.map(|fix| conversion(index, fixes, fix)),
        findings: numbers,
    }
}

fn conversion(index: &Index, fixes: &Fixes, number: usize) -> Conversion {
    let fix = &fixes.handlers[number];
    let change = fixes.changes.iter().find(|change| change.handlers.contains(&number));
    // Thousands may be converted in one patch: each shows its own part.
    let files = change.into_iter().flat_map(|_| fix.edits());
    let diff: Vec<u8> = files.flat_map(|(file, edits)| unified(index.file(file), &edits).text).collect();
    Conversion {
        applicability: fix.applicability,
        open: open(index, fix),
        remarks: fix.remarks.iter().cloned().collect(),
        diff: String::from_utf8_lossy(&diff).into_owned(),
        others: change.map_or(0, |change| change.handlers.len() - 1),
    }
}

/// What keeps a conversion from being safe.
fn open(index: &Index, fix: &HandlerFix) -> Vec<String> {
    let points = fix.open_points.iter();
    let points = points.map(|(file, point)| format!("{}: {}", index.file(*file).at(point.offset), point.text));
    fix.reason.iter().cloned().chain(points).collect()
}

/// The code that decides, function by function.
fn excerpts(index: &Index, own: Option<Place>, finding: &Finding) -> Vec<Excerpt> {
    let mut found: Vec<Section> = own.into_iter().map(|place| Section::new(index, place.file, place.span)).collect();
    let judgement = &finding.judgement;
    let requirements = judgement.requirements.iter().map(Evidence::named);
    for requirement in requirements.chain(judgement.notes.iter().map(Evidence::named)) {
        let section = Section::new(index, requirement.file, requirement.span);
        let same = |other: &&mut Section| other.file == section.file && other.first == section.first;
        let number = index.file(requirement.file).position(requirement.span.start).line;
        match found.iter_mut().find(same) {
            Some(known) => known.mark(number, &requirement),
            None => {
                let mut section = section;
                section.via.clone_from(&requirement.via);
                section.mark(number, &requirement);
                found.push(section);
            }
        }
    }
    found.into_iter().enumerate().map(|(number, section)| section.excerpt(index, number == 0)).collect()
}

/// A top-level item of a file while its marks are gathered.
struct Section {
    file: u32,
    first: u32,
    last: u32,
    via: Vec<String>,
    marks: BTreeMap<u32, Vec<Mark>>,
}

impl Section {
    /// The item that a place lies in, or its line alone.
    fn new(index: &Index, file: u32, span: Span) -> Section {
        let source = index.file(file);
        let item = source.item_at(span.start).map_or(span, |item| source.items[item as usize].span);
        let (first, last) = (source.position(item.start).line, source.position(item.end.saturating_sub(1)).line);
        Section { file, first, last: last.max(first), via: Vec::new(), marks: BTreeMap::new() }
    }

    fn mark(&mut self, line: u32, requirement: &Evidence<String>) {
        let Evidence { kind, text, verdict, .. } = requirement;
        let mark = Mark { kind: kind.clone(), text: text.clone(), verdict: *verdict };
        let marks = self.marks.entry(line).or_default();
        if !marks.contains(&mark) {
            marks.push(mark);
        }
    }

    fn excerpt(mut self, index: &Index, is_own: bool) -> Excerpt {
        let source = index.file(self.file);
        let mut shown: BTreeSet<u32> = BTreeSet::new();
        if is_own && self.last - self.first < WHOLE {
            shown.extend(self.first..=self.last);
        } else {
            shown.extend(self.first..=self.last.min(self.first + 1));
            for line in self.marks.keys() {
                shown.extend(line.saturating_sub(AROUND).max(self.first)..=(line + AROUND).min(self.last));
            }
        }
        let lines = shown.into_iter().map(|number| Line {
            number,
            text: source
                .line_range(number)
                .map_or(String::new(), |range| String::from_utf8_lossy(&source.text[range]).trim_end().to_owned()),
            marks: self.marks.remove(&number).unwrap_or_default(),
        });
        Excerpt { file: source.path.clone(), lines: lines.collect(), via: self.via }
    }
}
