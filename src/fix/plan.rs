//! Which handlers are converted, with which functions, and which edits that makes.

use std::cell::RefCell;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use super::edit::{Edit, sorted};
use super::function::Conversion;
use super::names::{Mention, documented, is_taken, mentions, registration};
use super::rewriter::OpenPoint;
use crate::index::{Handler, ItemId, Takes};
use crate::rules::Rewrite;
use crate::source::{blank_non_code, find_word, parse, variants};
use crate::verdict::{Chosen, Finding, Verdict};
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

/// Plans the conversion of the findings that are wanted.
///
/// # Errors
/// Where there are no templates for the target.
pub fn plan(
    context: Context<'_>,
    chosen: &Chosen,
    findings: &[Finding],
    wanted: &dyn Fn(&Finding) -> bool,
    sketches: bool,
) -> Result<Fixes, String> {
    let target = &chosen.target;
    let rewrite = context
        .rules
        .rewrite(target)
        .ok_or_else(|| format!("target {}: there are no templates for writing conversions to it", target.name))?;
    let mut planner = Planner::new(context, chosen, &rewrite, findings);
    planner.choose(wanted);
    planner.convert();
    Ok(planner.finish(sketches))
}

struct Candidate {
    name: String,
    new_name: String,
    /// All findings that register it.
    findings: Vec<usize>,
    /// The helper for a desc that takes its place, where it is another module's.
    twin: Option<String>,
    /// The functions that are converted with it.
    definitions: BTreeSet<ItemId>,
    helpers: BTreeSet<ItemId>,
    fix: HandlerFix,
}

struct Planner<'a> {
    context: Context<'a>,
    chosen: &'a Chosen,
    rewrite: &'a Rewrite,
    findings: &'a [Finding],
    analysis: Analysis<'a>,
    candidates: Vec<Candidate>,
    codes: RefCell<BTreeMap<u32, Rc<Vec<u8>>>>,
}

impl<'a> Planner<'a> {
    fn new(context: Context<'a>, chosen: &'a Chosen, rewrite: &'a Rewrite, findings: &'a [Finding]) -> Planner<'a> {
        Planner {
            context,
            chosen,
            rewrite,
            findings,
            analysis: Analysis::new(context),
            candidates: Vec::new(),
            codes: RefCell::default(),
        }
    }

    /// The text of a file with comments and literals blank.
    fn code(&self, file: u32) -> Rc<Vec<u8>> {
        let mut codes = self.codes.borrow_mut();
        codes.entry(file).or_insert_with(|| Rc::new(blank_non_code(&self.context.index.file(file).text))).clone()
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
                    new_name: format!("{name}_prepare"),
                    findings: Vec::new(),
                    twin: None,
                    definitions: BTreeSet::new(),
                    helpers: BTreeSet::new(),
                    fix: HandlerFix {
                        name: name.clone(),
                        new_name: format!("{name}_prepare"),
                        finding: number,
                        applicability: Applicability::None,
                        reason: None,
                        open_points: Vec::new(),
                        remarks: BTreeSet::new(),
                        edits: BTreeMap::new(),
                    },
                    name,
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
            let twin = self.twin(&self.candidates[number]);
            let helpers = if twin.is_some() { BTreeSet::new() } else { self.helpers(&keys) };
            let candidate = &mut self.candidates[number];
            if let Some(twin) = &twin {
                candidate.new_name.clone_from(twin);
                candidate.fix.new_name.clone_from(twin);
            } else {
                candidate.definitions = keys.into_iter().map(|key| key.id).collect();
            }
            candidate.twin = twin;
            candidate.helpers = helpers;
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
            if !matches!(finding.verdict, Verdict::Mechanical | Verdict::Action | Verdict::Mapped) {
                let hardest = finding.judgement.requirements.iter().max_by_key(|requirement| requirement.verdict);
                let why = hardest.map_or(finding.verdict.meaning().to_owned(), |requirement| requirement.text.clone());
                return Some(format!("{}: {why}", finding.verdict));
            }
        }
        None
    }

    fn keys(&self, candidate: &Candidate) -> Vec<Key> {
        let file = self.findings[candidate.fix.finding].registration.file;
        let mut keys = handler_keys(self.context, &candidate.name, file);
        // A stub in a header stands beside the real one.
        for id in self.context.index.functions(&candidate.name, file) {
            if !keys.iter().any(|key| key.id == id) && self.context.index.file(id.file).is_header() {
                keys.push(Key { id, root: Root::None });
            }
        }
        keys
    }

    /// The helper for a desc that takes the place of a handler of another module.
    fn twin(&self, candidate: &Candidate) -> Option<String> {
        let finding = &self.findings[candidate.fix.finding];
        let kind = format!("helper:{}", candidate.name);
        let is_helper = finding.judgement.requirements.iter().any(|requirement| requirement.kind == kind);
        let twin = self.context.rules.twin(&self.chosen.target, &candidate.name)?;
        let is_own = self
            .keys(candidate)
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
        let mut work = Work {
            planner: self,
            candidate,
            converted,
            edits: BTreeMap::new(),
            open_points: Vec::new(),
            remarks: BTreeSet::new(),
            reason: None,
        };
        work.run();
        let Work { edits, mut open_points, remarks, reason, .. } = work;
        open_points.sort();
        open_points.dedup();
        let fix = &mut self.candidates[number].fix;
        (fix.edits, fix.open_points, fix.remarks, fix.reason) = (edits, open_points, remarks, reason);
    }

    /// Groups what was converted into changes.
    fn finish(mut self, sketches: bool) -> Fixes {
        for number in 0..self.candidates.len() {
            let is_safe = self.is_planned_safe(number);
            let state: Vec<(u32, OpenPoint)> = self.candidates[number]
                .findings
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

/// The conversion of one handler.
struct Work<'w, 'a> {
    planner: &'w Planner<'a>,
    candidate: &'w Candidate,
    /// The functions that are converted in this run.
    converted: BTreeSet<ItemId>,
    edits: BTreeMap<u32, Vec<Edit>>,
    open_points: Vec<(u32, OpenPoint)>,
    remarks: BTreeSet<String>,
    reason: Option<String>,
}

impl<'a> Work<'_, 'a> {
    fn run(&mut self) {
        let index = self.planner.context.index;
        let helpers = self.helper_names();
        for finding in &self.candidate.findings {
            let registration = &self.planner.findings[*finding].registration;
            self.register(registration.file, registration.span, &registration.hook.member);
        }
        if self.candidate.twin.is_none() {
            for file in self.files_naming(&self.candidate.name, self.is_static()) {
                self.name_in(file, &helpers);
            }
            for id in self.candidate.helpers.clone() {
                self.helper(id, &helpers);
            }
        }
        let clash = self.edits.iter().find(|(_, edits)| sorted((*edits).clone()).is_err());
        if let Some((file, _)) = clash {
            self.reason = Some(format!("changes {} in two ways", index.file(*file).path));
        }
    }

    fn is_static(&self) -> bool {
        let index = self.planner.context.index;
        self.candidate.definitions.iter().all(|id| {
            let file = index.file(id.file);
            !file.is_header() && find_word(index.item(*id).head().of(&file.text), b"static", 0).is_some()
        })
    }

    /// The files in which a name can mean a function of this driver.
    fn files_naming(&self, name: &str, is_static: bool) -> Vec<u32> {
        let index = self.planner.context.index;
        let own: BTreeSet<u32> =
            self.candidate.definitions.iter().chain(&self.candidate.helpers).map(|id| id.file).collect();
        let all = 0..index.files().len() as u32;
        all.filter(|file| if is_static { own.contains(file) } else { true })
            .filter(|file| find_word(&index.file(*file).text, name.as_bytes(), 0).is_some())
            .collect()
    }

    fn refuse(&mut self, reason: String) {
        self.reason.get_or_insert(reason);
    }

    fn add(&mut self, file: u32, edits: impl IntoIterator<Item = Edit>) {
        self.edits.entry(file).or_default().extend(edits);
    }

    fn register(&mut self, file: u32, span: crate::source::Span, member: &str) {
        let text = &self.planner.context.index.file(file).text;
        match registration(text, span, member, &self.candidate.name, &self.candidate.new_name) {
            Some(edits) => self.add(file, edits),
            None => self.refuse("its registration is not understood".to_owned()),
        }
    }

    /// Every mention of the handler in one file.
    fn name_in(&mut self, file: u32, helpers: &BTreeMap<String, String>) {
        let index = self.planner.context.index;
        let source = index.file(file);
        let (name, new_name) = (&self.candidate.name, &self.candidate.new_name);
        if is_taken(source, new_name) {
            return self.refuse(format!("{} has a {new_name} already", source.path));
        }
        let code = self.planner.code(file);
        let conversion = self.conversion(file, &code, helpers);
        let at_registration = |at: usize| {
            self.candidate
                .findings
                .iter()
                .map(|finding| &self.planner.findings[*finding].registration)
                .any(|registration| registration.file == file && registration.span.contains(at as u32))
        };
        for (at, mention) in mentions(source, &code, name) {
            match mention {
                _ if at_registration(at) => {}
                Mention::Literal => {}
                // A function that is written anew says so itself.
                Mention::Comment if self.is_converted(file, at) => {}
                Mention::Definition(number) => {
                    let item = &source.items[number];
                    let done = conversion.function(item, name, new_name, true);
                    self.check(file, &done.text, new_name, item.name.start);
                    self.open_points.extend(done.open_points.into_iter().map(|point| (file, point)));
                    self.remarks.extend(done.remarks);
                    self.add(file, documented(source, item, &done.vma, done.dropped.as_deref()));
                    self.add(file, [Edit { span: item.span, text: done.text }]);
                }
                Mention::Prototype => match conversion.prototype(at, name, new_name, true) {
                    Some(edits) => self.add(file, edits),
                    None => self.refuse(format!("its prototype in {} is not understood", source.path)),
                },
                Mention::Export | Mention::Comment => self.add(file, [Edit::new(at, at + name.len(), new_name)]),
                Mention::Alias(number) => self.alias(file, number, at),
                Mention::Code(_) => {
                    let place = format!("{}:{}", source.path, source.position(at as u32).line);
                    return self.refuse(format!("{name} is used at {place} for something else than its registration"));
                }
            }
        }
    }

    /// Whether a place lies in a function that is converted in this run.
    fn is_converted(&self, file: u32, at: usize) -> bool {
        let item = self.planner.context.index.file(file).item_at(at as u32);
        item.is_some_and(|item| self.converted.contains(&ItemId { file, item }))
    }

    /// `#define f_mmap generic_file_mmap`.
    fn alias(&mut self, file: u32, number: usize, at: usize) {
        let source = self.planner.context.index.file(file);
        let item = &source.items[number];
        let body = &source.text[item.body as usize..item.span.end as usize];
        let other = String::from_utf8_lossy(body.trim_ascii()).into_owned();
        let (name, new_name) = (&self.candidate.name, &self.candidate.new_name);
        let renamed = match self.planner.context.rules.twin(&self.planner.chosen.target, &other) {
            Some(twin) => twin.to_owned(),
            None if other == "NULL" => other.clone(),
            None => return self.refuse(format!("{name} is a macro for {other}, which has no desc twin")),
        };
        let start = item.body as usize + body.len() - body.trim_ascii_start().len();
        let edits = [Edit::new(at, at + name.len(), new_name), Edit::new(start, start + other.len(), renamed)];
        self.add(file, edits);
    }

    /// What the driver's own functions are called when converted.
    fn helper_names(&mut self) -> BTreeMap<String, String> {
        let index = self.planner.context.index;
        let mut names = BTreeMap::new();
        for id in self.candidate.helpers.clone() {
            let file = index.file(id.file);
            let name = file.name(index.item(id));
            let renamed = match (name.contains("mmap") && !name.contains("mmap_prepare"), self.is_only_ours(id, &name))
            {
                (true, _) => name.replacen("mmap", "mmap_prepare", 1),
                (false, true) => name.clone(),
                (false, false) => format!("{name}_desc"),
            };
            if renamed != name && is_taken(file, &renamed) {
                self.refuse(format!("{} has a {renamed} already", file.path));
            }
            names.insert(name, renamed);
        }
        names
    }

    /// Whether only functions that are converted use a helper.
    fn is_only_ours(&self, id: ItemId, name: &str) -> bool {
        let index = self.planner.context.index;
        let is_static = find_word(index.item(id).head().of(&index.file(id.file).text), b"static", 0).is_some();
        let files = self.files_naming(name, is_static && !index.file(id.file).is_header());
        files.into_iter().all(|file| {
            let code = self.planner.code(file);
            mentions(index.file(file), &code, name).into_iter().all(|(_, mention)| match mention {
                Mention::Code(Some(item)) => self.converted.contains(&ItemId { file, item: item as u32 }),
                Mention::Code(None) | Mention::Alias(_) | Mention::Export => false,
                Mention::Definition(_) | Mention::Prototype | Mention::Comment | Mention::Literal => true,
            })
        })
    }

    /// Converts one of the driver's own functions: in its place where all who use it are converted, else beside it.
    fn helper(&mut self, id: ItemId, helpers: &BTreeMap<String, String>) {
        let index = self.planner.context.index;
        let source = index.file(id.file);
        let item = index.item(id);
        let name = source.name(item);
        let Some(new_name) = helpers.get(&name).cloned() else { return };
        let code = self.planner.code(id.file);
        let conversion = self.conversion(id.file, &code, helpers);
        let is_ours = self.is_only_ours(id, &name);
        let done = conversion.function(item, &name, &new_name, false);
        self.check(id.file, &done.text, &new_name, item.name.start);
        self.open_points.extend(done.open_points.into_iter().map(|point| (id.file, point)));
        self.remarks.extend(done.remarks);
        if !is_ours {
            let at = item.span.end as usize;
            self.add(id.file, [Edit::new(at, at, format!("\n\n{}", done.text))]);
        } else {
            self.add(id.file, documented(source, item, &done.vma, None));
            self.add(id.file, [Edit { span: item.span, text: done.text }]);
        }
        let is_static = find_word(item.head().of(&source.text), b"static", 0).is_some();
        for file in self.files_naming(&name, is_static && !source.is_header()) {
            let code = self.planner.code(file);
            let conversion = self.conversion(file, &code, helpers);
            let other = index.file(file);
            for (at, mention) in mentions(other, &code, &name) {
                match mention {
                    Mention::Prototype if is_ours => match conversion.prototype(at, &name, &new_name, false) {
                        Some(edits) => self.add(file, edits),
                        None => self.refuse(format!("the prototype of {name} in {} is not understood", other.path)),
                    },
                    Mention::Prototype => {
                        self.refuse(format!("{name} is used by others too, and declared in {}", other.path))
                    }
                    Mention::Comment if is_ours && new_name != name && !self.is_converted(file, at) => {
                        self.add(file, [Edit::new(at, at + name.len(), &new_name)]);
                    }
                    Mention::Export => self.refuse(format!("{name} is exported, and others may use it")),
                    _ => {}
                }
            }
        }
    }

    /// A function that was written anew has to be understood as well as the old one.
    fn check(&mut self, file: u32, text: &str, name: &str, offset: u32) {
        let Some(masked) = variants(text.as_bytes()).into_iter().next() else { return };
        let parsed = parse::functions(text.as_bytes(), &masked.text, 0);
        if parsed.trouble.is_some() || !parsed.syntax.iter().any(|function| function.name == name) {
            let text = "what was written of it does not parse".to_owned();
            self.open_points.push((file, OpenPoint { offset, text }));
        }
    }

    fn conversion<'c>(&self, file: u32, code: &'c [u8], helpers: &'c BTreeMap<String, String>) -> Conversion<'c>
    where
        'a: 'c,
    {
        let Planner { context, chosen, rewrite, .. } = self.planner;
        Conversion {
            rules: context.rules,
            target: &chosen.target,
            rewrite,
            helpers,
            source: &context.index.file(file).text,
            code,
        }
    }
}
