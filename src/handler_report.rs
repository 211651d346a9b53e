//! Report on one handler: its registrations, the code that decides, and what `fix` would write.

use std::collections::{BTreeMap, BTreeSet};

use crate::fix::{Applicability, Edit, Fixes, HandlerFix, Step, sorted, unified};
use crate::index::Index;
use crate::source::Span;
use crate::verdict::{Evidence, Finding, HandlerPlace, Place, Verdict};

/// Number of lines shown around a mark, if a function is too long to be shown whole.
const AROUND: u32 = 6;

/// Maximum length of a handler's function that is shown whole, in lines. Other functions are shown around their marks.
const WHOLE: u32 = 120;

/// One handler with all its registrations.
#[derive(Debug)]
pub struct HandlerReport {
    /// Name of the handler.
    pub name: String,
    /// Its definition, as path and 1-based line; `None` if it was not found.
    pub place: Option<(String, u32)>,
    /// Findings that register it, as indices into the scan's findings; never empty.
    pub findings: Vec<usize>,
    /// The code that decides: the handler first, then its callees.
    pub excerpts: Vec<Excerpt>,
    /// Its conversion by `fix`, if one was requested.
    pub conversion: Option<Conversion>,
}

/// Lines of one function, or of one table.
#[derive(Debug)]
pub struct Excerpt {
    /// The file.
    pub file: String,
    /// The functions called on the path to it, outermost first.
    pub via: Vec<String>,
    /// The lines; numbers are missing if lines are omitted.
    pub lines: Vec<Line>,
}

impl Excerpt {
    /// Groups consecutive lines; lines are omitted between two groups.
    pub fn runs(&self) -> impl Iterator<Item = &[Line]> {
        self.lines.chunk_by(|line, next| line.number + 1 == next.number)
    }
}

/// One line of source.
#[derive(Debug)]
pub struct Line {
    /// Number of the line, from 1.
    pub number: u32,
    /// Its text, without the line end.
    pub text: String,
    /// Requirements and notes on the line.
    pub marks: Vec<Mark>,
}

/// A requirement or note on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// Kind of the requirement.
    pub kind: String,
    /// Its sentence.
    pub text: String,
    /// Verdict that it alone would give.
    pub verdict: Verdict,
}

/// Conversion of a handler by `fix`.
#[derive(Debug)]
pub struct Conversion {
    /// Confidence in the conversion.
    pub applicability: Applicability,
    /// Reason why nothing is written, and the places left to a person.
    pub open: Vec<String>,
    /// Facts that a reviewer should know.
    pub remarks: Vec<String>,
    /// Diff for this handler alone, or with all that its conversion needs ([`whole`]); empty if nothing is written.
    pub diff: String,
    /// Number of other handlers in the same patch.
    pub others: usize,
}

/// Builds the report on each handler, in the order of their first findings.
pub fn handler_reports(index: &Index, findings: &[Finding], fixes: &Fixes) -> Vec<HandlerReport> {
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
    for (handler, numbers) in &mut order {
        // A registration of another module's function says nothing about the function.
        numbers.sort_by_key(|number| is_foreign(&findings[*number], &handler.name));
    }
    order.into_iter().map(|(handler, numbers)| report(index, findings, fixes, handler, numbers)).collect()
}

/// Whether a finding registers a function that another module exports, and that blocks it for this.
pub fn is_foreign(finding: &Finding, handler: &str) -> bool {
    finding.judgement.requirements.iter().any(|requirement| requirement.blocker.as_deref() == Some(handler))
}

fn report(
    index: &Index,
    findings: &[Finding],
    fixes: &Fixes,
    handler: &HandlerPlace,
    numbers: Vec<usize>,
) -> HandlerReport {
    // All registrations in the handler's module find the same in it. The first stands for the others.
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
    // A patch may convert thousands of handlers, so each report shows only its own part.
    let files = change.into_iter().flat_map(|_| fix.edits());
    Conversion {
        applicability: fix.applicability,
        open: open(index, fix),
        remarks: fix.notes().collect(),
        diff: diff(index, files),
        others: change.map_or(0, |change| change.handlers.len() - 1),
    }
}

/// The conversion of one handler, with all that it needs. `fixes` are those that `fix` writes if it is asked for this handler alone.
pub fn whole(index: &Index, report: &HandlerReport, fixes: &Fixes) -> Option<Conversion> {
    let number = fixes.handlers.iter().position(|fix| report.findings.contains(&fix.finding))?;
    let mut files: BTreeMap<u32, Vec<Edit>> = BTreeMap::new();
    for (file, edits) in fixes.changes.iter().flat_map(|change| &change.files) {
        files.entry(*file).or_default().extend(edits.iter().cloned());
    }
    let files = files.into_iter().filter_map(|(file, edits)| Some((file, sorted(edits).ok()?)));
    let handlers: usize = fixes.changes.iter().map(|change| change.handlers.len()).sum();
    let others = handlers.saturating_sub(1);
    Some(Conversion { diff: diff(index, files), others, ..conversion(index, fixes, number) })
}

fn diff(index: &Index, files: impl Iterator<Item = (u32, Vec<Edit>)>) -> String {
    let diffs = files.map(|(file, edits)| unified(index.file(file), &Step::first(edits)));
    // An edit may leave a file as it was.
    let text: Vec<u8> = diffs.filter(|diff| diff.added + diff.removed > 0).flat_map(|diff| diff.text).collect();
    String::from_utf8_lossy(&text).into_owned()
}

/// Reasons why a conversion is not safe.
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

/// A top-level item of a file, with its marks so far.
struct Section {
    file: u32,
    first: u32,
    last: u32,
    via: Vec<String>,
    marks: BTreeMap<u32, Vec<Mark>>,
}

impl Section {
    /// The item around a place, or the place's lines if there is none.
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
