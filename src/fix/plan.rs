//! Which handlers are converted, with which functions, and which edits that makes.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use rayon::prelude::*;

use super::edit::{Edit, sorted};
use super::mapped::{Mapped, mapped};
use super::rewriter::OpenPoint;
use super::work::Work;
use crate::index::{Handler, ItemId, Takes};
use crate::rules::{Rewrite, Target};
use crate::source::{blank_non_code, find_word};
use crate::verdict::{Chosen, Finding, Inside, Verdict};
use crate::vma::Analysis;
use crate::vma::analysis::handler_keys;
use crate::vma::flow::{Key, Root};
use crate::vma::lower::Context;

/// How far a conversion can be trusted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Applicability {
    /// Every use of the VMA was understood and has an equivalent.
    Safe,
    /// Part of the work; the open points are a person's.
    Sketch,
    /// Nothing is written.
    None,
}

impl Applicability {
    /// Its name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Applicability::Safe => "safe",
            Applicability::Sketch => "sketch",
            Applicability::None => "none",
        }
    }
}

/// What became of one handler.
#[derive(Debug)]
pub struct HandlerFix {
    /// Its name.
    pub name: String,
    /// Its name when converted.
    pub new_name: String,
    /// The finding that it was first registered by, as its place in the scan's list.
    pub finding: usize,
    /// How far its conversion can be trusted.
    pub applicability: Applicability,
    /// Why nothing is written.
    pub reason: Option<String>,
    /// What is left to a person: file, as its place in the index, and place.
    pub open_points: Vec<(u32, OpenPoint)>,
    /// What a person should know of a conversion that is complete.
    pub remarks: BTreeSet<String>,
    edits: BTreeMap<u32, Vec<Edit>>,
}

/// Handlers that are converted together, since they share a file or a helper: one patch.
#[derive(Debug)]
pub struct Change {
    /// The handlers, as places in [`Fixes::handlers`].
    pub handlers: Vec<usize>,
    /// The edits by file, as its place in the index; each file's in order.
    pub files: BTreeMap<u32, Vec<Edit>>,
}

/// All conversions of a run.
#[derive(Debug, Default)]
pub struct Fixes {
    /// The handlers, in the order of the scan.
    pub handlers: Vec<HandlerFix>,
    /// The patches.
    pub changes: Vec<Change>,
}

/// What else a plan is made by.
#[derive(Clone, Copy, Debug)]
pub struct Options<'a> {
    /// The API that the tree's own headers have.
    pub own: &'a Target,
    /// Take in sketches.
    pub sketches: bool,
    /// Begin with what the target needs and no tree has yet.
    pub scaffold: bool,
}

/// The change that gives a tree what a proposed target needs.
fn scaffold(context: Context<'_>, rewrite: &Rewrite) -> Result<Change, String> {
    let index = context.index;
    let mut files: BTreeMap<u32, Vec<Edit>> = BTreeMap::new();
    for insertion in &rewrite.scaffold {
        let numbered = (0u32..).zip(index.files());
        let found = numbered.into_iter().find(|(_, file)| file.path == insertion.file);
        let (number, file) = found.ok_or_else(|| format!("{}: is not in the tree; no scaffold", insertion.file))?;
        let mut places = memchr::memmem::find_iter(&file.text, insertion.after.as_bytes());
        let (Some(at), None) = (places.next(), places.next()) else {
            return Err(format!("{}: does not hold {:?} once; no scaffold", insertion.file, insertion.after));
        };
        let at = at + insertion.after.len();
        files.entry(number).or_default().push(Edit::new(at, at, &insertion.text));
    }
    if files.is_empty() {
        return Err("--scaffold: the target is not a proposal, and needs nothing that trees lack".to_owned());
    }
    files.values_mut().for_each(|edits| edits.sort());
    Ok(Change { handlers: Vec::new(), files })
}

/// Plans the conversion of the findings that are wanted, with what their scan has at hand.
///
/// # Errors
/// Where there are no templates for the target.
pub fn plan(inside: &Inside<'_>, wanted: &dyn Fn(&Finding) -> bool, options: Options<'_>) -> Result<Fixes, String> {
    let context = inside.context;
    let target = &inside.chosen.target;
    let rewrite = context
        .rules
        .rewrite(target, options.own)
        .ok_or_else(|| format!("target {}: there are no templates for writing conversions to it", target.name))?;
    let mut planner = Planner::new(inside, &rewrite);
    planner.choose(wanted);
    planner.convert();
    let mut fixes = planner.finish(options.sketches);
    if options.scaffold {
        fixes.changes.insert(0, scaffold(context, &rewrite)?);
    }
    Ok(fixes)
}

/// A handler that is to be converted.
pub(super) struct Candidate {
    /// All findings that register it.
    pub(super) findings: Vec<usize>,
    /// The helper for a desc that takes its place, where it is another module's.
    pub(super) twin: Option<String>,
    /// The functions that are converted with it.
    pub(super) definitions: BTreeSet<ItemId>,
    pub(super) helpers: BTreeSet<ItemId>,
    /// What of its state moves to `vm_ops->mapped`.
    pub(super) mapped: Option<Mapped>,
    pub(super) fix: HandlerFix,
}

/// Decides what is converted together.
pub(super) struct Planner<'a> {
    pub(super) context: Context<'a>,
    pub(super) chosen: &'a Chosen,
    pub(super) rewrite: &'a Rewrite,
    pub(super) findings: &'a [Finding],
    pub(super) analysis: Analysis<'a>,
    pub(super) candidates: Vec<Candidate>,
    pub(super) codes: RefCell<BTreeMap<u32, Rc<Vec<u8>>>>,
    /// Names with the files that hold them.
    names: RefCell<BTreeMap<String, Rc<[u32]>>>,
}

impl<'a> Planner<'a> {
    fn new(inside: &Inside<'a>, rewrite: &'a Rewrite) -> Planner<'a> {
        Planner {
            context: inside.context,
            chosen: inside.chosen,
            rewrite,
            findings: inside.findings,
            analysis: inside.analysis.clone(),
            candidates: Vec::new(),
            codes: RefCell::default(),
            names: RefCell::default(),
        }
    }

    /// The text of a file with comments and literals blank.
    pub(super) fn code(&self, file: u32) -> Rc<Vec<u8>> {
        let mut codes = self.codes.borrow_mut();
        codes.entry(file).or_insert_with(|| Rc::new(blank_non_code(&self.context.index.file(file).text))).clone()
    }

    /// All files that hold a name.
    pub(super) fn naming(&self, name: &str) -> Rc<[u32]> {
        let files = self.context.index.files();
        let search = || {
            let numbered = (0..files.len() as u32).into_par_iter();
            let holds = |file: &u32| find_word(&files[*file as usize].text, name.as_bytes(), 0).is_some();
            numbered.filter(holds).collect::<Vec<u32>>().into()
        };
        self.names.borrow_mut().entry(name.to_owned()).or_insert_with(search).clone()
    }

    /// Makes a candidate of every handler that a wanted finding registers, with all that register it.
    fn choose(&mut self, wanted: &dyn Fn(&Finding) -> bool) {
        let mut known: BTreeMap<(String, Option<(u32, u32)>), usize> = BTreeMap::new();
        let by_handler = |finding: &Finding| {
            let handler = finding.handler.as_ref()?;
            let place = handler.place.map(|place| (place.file, place.span.start));
            Some((handler.name.clone(), place))
        };
        for (number, finding) in self.findings.iter().enumerate() {
            let is_open = finding.registration.hook.takes == Takes::Vma && finding.verdict != Verdict::None;
            let Some(key) = by_handler(finding).filter(|_| is_open && wanted(finding)) else { continue };
            let name = key.0.clone();
            if let Entry::Vacant(entry) = known.entry(key) {
                entry.insert(self.candidates.len());
                self.candidates.push(Candidate {
                    findings: Vec::new(),
                    twin: None,
                    definitions: BTreeSet::new(),
                    helpers: BTreeSet::new(),
                    mapped: None,
                    fix: HandlerFix {
                        new_name: format!("{name}_prepare"),
                        name,
                        finding: number,
                        applicability: Applicability::None,
                        reason: None,
                        open_points: Vec::new(),
                        remarks: BTreeSet::new(),
                        edits: BTreeMap::new(),
                    },
                });
            }
        }
        for (number, finding) in self.findings.iter().enumerate() {
            if let Some(candidate) = by_handler(finding).and_then(|key| known.get(&key)) {
                self.candidates[*candidate].findings.push(number);
            }
        }
        let reasons: Vec<Option<String>> = self.candidates.iter().map(|candidate| self.refusal(candidate)).collect();
        for (candidate, reason) in self.candidates.iter_mut().zip(reasons) {
            candidate.fix.reason = reason;
        }
        let keys: Vec<Vec<Key>> = self.candidates.iter().map(|candidate| self.keys(candidate)).collect();
        self.analysis.add(keys.iter().flatten().cloned().collect());
        for (number, keys) in keys.into_iter().enumerate() {
            let twin = self.twin(&self.candidates[number], &keys);
            let findings: Vec<&Finding> =
                self.candidates[number].findings.iter().map(|finding| &self.findings[*finding]).collect();
            let mapped = match keys.as_slice() {
                [key] => mapped(self, &findings, key),
                _ => None,
            };
            let mut helpers = if twin.is_some() { BTreeSet::new() } else { self.helpers(&keys) };
            helpers.retain(|helper| mapped.as_ref().is_none_or(|mapped| mapped.open != *helper));
            let candidate = &mut self.candidates[number];
            if let Some(twin) = &twin {
                candidate.fix.new_name.clone_from(twin);
            } else {
                candidate.definitions = keys.into_iter().map(|key| key.id).collect();
            }
            candidate.twin = twin;
            candidate.helpers = helpers;
            candidate.mapped = mapped;
        }
    }

    /// Why a handler cannot be converted by what the scan says of it.
    fn refusal(&self, candidate: &Candidate) -> Option<String> {
        let findings = candidate.findings.iter().map(|number| &self.findings[*number]);
        for finding in findings {
            let registration = &finding.registration;
            if !self.context.rules.is_migrating(&registration.hook.record) {
                let hook = registration.hook.name();
                return Some(format!("{hook} is retyped together with all that implement it"));
            }
            if let Some(name) = &registration.macro_name {
                return Some(format!("the macro {name} registers it, for all that use the macro"));
            }
            if !matches!(registration.handler, Handler::Function(_)) {
                return Some("is registered by something that is no name".to_owned());
            }
            let is_split = finding.verdict == Verdict::Finish && self.is_split(finding);
            if !is_split && !matches!(finding.verdict, Verdict::Mechanical | Verdict::Action | Verdict::Mapped) {
                let hardest = finding.judgement.requirements.iter().max_by_key(|requirement| requirement.verdict);
                let why = hardest.map_or(finding.verdict.meaning().to_owned(), |requirement| requirement.text.clone());
                return Some(format!("{}: {why}", finding.verdict));
            }
        }
        None
    }

    /// Whether all that needs the finished mapping are calls that the target's second half has.
    fn is_split(&self, finding: &Finding) -> bool {
        let Some(form) = &self.rewrite.finish else { return false };
        let mut hardest =
            finding.judgement.requirements.iter().filter(|requirement| requirement.verdict == Verdict::Finish);
        hardest.all(|requirement| {
            requirement.kind.strip_prefix("finish:").is_some_and(|call| form.calls.contains_key(call))
        })
    }

    fn keys(&self, candidate: &Candidate) -> Vec<Key> {
        let file = self.findings[candidate.fix.finding].registration.file;
        let mut keys = handler_keys(self.context, &candidate.fix.name, file);
        // A stub in a header stands beside the real one.
        for id in self.context.index.functions(&candidate.fix.name, file) {
            if !keys.iter().any(|key| key.id == id) && self.context.index.file(id.file).is_header() {
                keys.push(Key { id, root: Root::None });
            }
        }
        keys
    }

    /// The helper for a desc that takes the place of a handler of another module.
    fn twin(&self, candidate: &Candidate, keys: &[Key]) -> Option<String> {
        let finding = &self.findings[candidate.fix.finding];
        let kind = format!("helper:{}", candidate.fix.name);
        let is_helper = finding.judgement.requirements.iter().any(|requirement| requirement.kind == kind);
        let twin = self.context.rules.twin(&self.chosen.target, &candidate.fix.name)?;
        let is_own = keys
            .iter()
            .any(|key| key.root != Root::None && self.context.index.same_driver(finding.registration.file, key.id));
        (is_helper || !is_own).then(|| twin.to_owned())
    }

    /// The driver's own functions that get the VMA from a handler.
    fn helpers(&self, keys: &[Key]) -> BTreeSet<ItemId> {
        let mut helpers = BTreeSet::new();
        let mut stack: Vec<Key> = keys.to_vec();
        while let Some(key) = stack.pop() {
            let Some(lowered) = self.analysis.lowered(&key) else { continue };
            for callee in lowered.callees.iter().filter(|callee| matches!(callee.root, Root::Vma(_))) {
                if self.context.index.same_driver(key.id.file, callee.id) && helpers.insert(callee.id) {
                    stack.push(callee.clone());
                }
            }
        }
        helpers
    }

    /// Converts all candidates, then again without those that failed, for what is shared with them cannot be retyped.
    fn convert(&mut self) {
        loop {
            let going: BTreeSet<usize> =
                (0..self.candidates.len()).filter(|number| self.candidates[*number].fix.reason.is_none()).collect();
            let converted: BTreeSet<ItemId> = going
                .iter()
                .filter(|number| self.is_planned_safe(**number))
                .flat_map(|number| {
                    let candidate = &self.candidates[*number];
                    candidate.definitions.iter().chain(&candidate.helpers).copied()
                })
                .collect();
            let mut failed = false;
            for number in going {
                let was_safe = self.is_planned_safe(number);
                self.convert_one(number, &converted);
                failed |= was_safe && !self.is_planned_safe(number);
            }
            if !failed {
                return;
            }
        }
    }

    /// Whether nothing is known yet that makes a conversion less than safe.
    fn is_planned_safe(&self, number: usize) -> bool {
        let candidate = &self.candidates[number];
        let is_mapped = candidate.findings.iter().any(|finding| self.findings[*finding].verdict == Verdict::Mapped);
        candidate.fix.reason.is_none() && candidate.fix.open_points.is_empty() && !is_mapped
    }

    fn convert_one(&mut self, number: usize, converted: &BTreeSet<ItemId>) {
        let candidate = &self.candidates[number];
        let mut converted = converted.clone();
        converted.extend(candidate.definitions.iter().chain(&candidate.helpers));
        let mut work = Work::new(self, candidate, converted);
        work.run();
        let Work { mut edits, mut open_points, remarks, reason, .. } = work;
        for (file, edits) in &mut edits {
            keep_line_ends(&self.context.index.file(*file).text, edits);
        }
        open_points.sort();
        open_points.dedup();
        let fix = &mut self.candidates[number].fix;
        (fix.edits, fix.open_points, fix.remarks, fix.reason) = (edits, open_points, remarks, reason);
    }

    /// Groups what was converted into changes.
    fn finish(mut self, sketches: bool) -> Fixes {
        for number in 0..self.candidates.len() {
            let is_safe = self.is_planned_safe(number);
            let left =
                if self.candidates[number].mapped.is_some() { &[][..] } else { &self.candidates[number].findings };
            let state: Vec<(u32, OpenPoint)> = left
                .iter()
                .flat_map(|finding| {
                    let finding = &self.findings[*finding];
                    let requirements = finding.judgement.requirements.iter();
                    requirements.filter(|requirement| requirement.verdict == Verdict::Mapped).map(|requirement| {
                        let text = format!("{}; it moves to vm_ops->mapped", requirement.text);
                        (requirement.file, OpenPoint { offset: requirement.span.start, text })
                    })
                })
                .collect();
            let fix = &mut self.candidates[number].fix;
            fix.applicability = match fix.reason {
                Some(_) => Applicability::None,
                None if is_safe => Applicability::Safe,
                None => Applicability::Sketch,
            };
            if fix.applicability == Applicability::Sketch {
                fix.open_points.extend(state);
                fix.open_points.sort();
                fix.open_points.dedup();
            }
        }
        let mut handlers: Vec<HandlerFix> = self.candidates.into_iter().map(|candidate| candidate.fix).collect();
        loop {
            let changes = grouped(&handlers, sketches);
            let clash = |change: &&Change| change.files.values().any(|edits| sorted(edits.clone()).is_err());
            let Some(last) = changes.iter().find(clash).and_then(|change| change.handlers.last().copied()) else {
                return Fixes { handlers, changes };
            };
            handlers[last].applicability = Applicability::None;
            handlers[last].reason = Some("changes what another conversion changes differently".to_owned());
        }
    }
}

/// Ends the lines of what is written as those of the file end.
fn keep_line_ends(text: &[u8], edits: &mut [Edit]) {
    let first = memchr::memchr(b'\n', text).unwrap_or(0);
    if text[..first].ends_with(b"\r") {
        for edit in edits {
            edit.text = edit.text.replace("\r\n", "\n").replace('\n', "\r\n");
        }
    }
}

/// Changes that edit one file are one.
fn grouped(handlers: &[HandlerFix], sketches: bool) -> Vec<Change> {
    let mut changes: Vec<Change> = Vec::new();
    for (number, fix) in handlers.iter().enumerate() {
        let is_wanted = match fix.applicability {
            Applicability::Safe => true,
            Applicability::Sketch => sketches,
            Applicability::None => false,
        };
        if !is_wanted {
            continue;
        }
        let mut change = Change { handlers: vec![number], files: fix.edits.clone() };
        let (shared, apart): (Vec<Change>, Vec<Change>) =
            changes.into_iter().partition(|other| other.files.keys().any(|file| change.files.contains_key(file)));
        for other in shared {
            change.handlers.extend(other.handlers);
            for (file, edits) in other.files {
                change.files.entry(file).or_default().extend(edits);
            }
        }
        change.handlers.sort_unstable();
        changes = apart;
        changes.push(change);
    }
    for change in &mut changes {
        for edits in change.files.values_mut() {
            edits.sort();
            edits.dedup();
        }
    }
    changes.sort_by_key(|change| change.handlers.first().copied());
    changes
}
