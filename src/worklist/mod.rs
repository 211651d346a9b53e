//! Worklist of the migration: open tasks in the order in which they can be done, with maintainers.

mod late_hook;
mod statistics;

pub use late_hook::LateHook;
use late_hook::{Instead, instead};
pub use statistics::{Count, Statistics};

use std::collections::{BTreeMap, BTreeSet};

use rayon::prelude::*;

use crate::fix::{Applicability, Fate, Fixes, HandlerFix};
use crate::index::{Index, Takes};
use crate::kernel::Maintainers;
use crate::rules::Rules;
use crate::verdict::{Blocker, BlockerKind, Finding, Place, Scan, Verdict};

/// An open task.
// More than twelve fields: one for each column of the worklist.
#[derive(Clone, Debug)]
pub struct Task {
    /// Handler or blocker.
    pub kind: TaskKind,
    /// Name of the handler or helper, or `struct.member`.
    pub name: String,
    /// File of the task; empty for a hook whose struct is not found.
    pub file: String,
    /// Line in the file, from 1; 0 if the file is empty.
    pub line: u32,
    /// Hook of the handler, or kind of the blocker.
    pub what: String,
    /// Verdict of the handler or blocker.
    pub verdict: Verdict,
    /// Verdict after its blockers are converted.
    pub after: Option<Verdict>,
    /// Amount of work.
    pub effort: Effort,
    /// Next step, in a sentence.
    pub advice: String,
    /// Deciding line, as `path:line: text`; empty if there is none.
    pub evidence: String,
    /// Blockers that have to be converted first.
    pub waits_for: Vec<String>,
    /// Number of handlers that wait for it.
    pub frees: usize,
    /// Upstream's decisions about it.
    pub notes: Vec<String>,
    /// Section of MAINTAINERS that matches the file most closely.
    pub subsystem: String,
    /// Status of that section: `Maintained`, `Odd Fixes`.
    pub status: String,
    /// Maintainers to write to.
    pub maintainers: Vec<String>,
    /// Reviewers and lists.
    pub lists: Vec<String>,
}

/// Subject of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum TaskKind {
    /// A handler.
    Handler,
    /// A helper or a hook that handlers wait for.
    Blocker,
}

/// Amount of work of a task, in ascending order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effort {
    /// Nothing is left.
    Done,
    /// `fix` writes the patch.
    Patch,
    /// A few lines by hand.
    Small,
    /// State moves to `vm_ops->mapped`, or a hook is retyped with all its implementers.
    Medium,
    /// A blocker has to be converted first.
    Waits,
    /// The kernel has no API for it yet.
    Api,
    /// It needs a redesign, or a person has to understand it first.
    Large,
}

impl Effort {
    /// All values, in ascending order.
    pub const ALL: [Effort; 7] =
        [Effort::Done, Effort::Patch, Effort::Small, Effort::Medium, Effort::Waits, Effort::Api, Effort::Large];

    /// Meaning in one line.
    pub fn meaning(self) -> &'static str {
        match self {
            Effort::Done => "nothing is left to do",
            Effort::Patch => "mmaplint fix writes the patch",
            Effort::Small => "a few lines by hand",
            Effort::Medium => "state moves to vm_ops->mapped, or a hook is retyped with all its implementers",
            Effort::Waits => "a blocker has to be converted first",
            Effort::Api => "the kernel has no API for it yet",
            Effort::Large => "it needs a redesign, or a person has to understand it first",
        }
    }

    /// Name in reports.
    pub fn name(self) -> &'static str {
        match self {
            Effort::Done => "done",
            Effort::Patch => "patch",
            Effort::Small => "small",
            Effort::Medium => "medium",
            Effort::Waits => "waits",
            Effort::Api => "api",
            Effort::Large => "large",
        }
    }
}

/// Grouping of tasks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// No groups.
    Nothing,
    /// By maintainer.
    Maintainer,
    /// By section of MAINTAINERS.
    Subsystem,
    /// By verdict.
    Verdict,
    /// By the first blocker of a task.
    Blocker,
    /// By the first two folders.
    Directory,
}

/// Inputs of a worklist.
pub struct Sources<'a> {
    /// The scan, with its blockers.
    pub scan: &'a Scan<'a>,
    /// The rules of the scan.
    pub rules: &'a Rules,
    /// The conversions that `fix` would write.
    pub fixes: &'a Fixes,
    /// The maintainers of the tree.
    pub maintainers: &'a Maintainers,
}

impl Sources<'_> {
    /// All tasks: first those that can be done today, then the blockers that free most handlers, then the rest.
    pub fn tasks(&self) -> Vec<Task> {
        let mut tasks: Vec<Task> = self.scan.blockers.par_iter().map(|blocker| self.blocker(blocker)).collect();
        let findings = self.scan.findings.par_iter().enumerate().filter(|(_, finding)| is_left(finding));
        let mut handlers: Vec<Task> = findings.map(|(number, finding)| self.handler(number, finding)).collect();
        // A handler that several tables register is one task.
        let mut seen = BTreeSet::new();
        handlers.retain(|task| seen.insert((task.name.clone(), task.file.clone(), task.line)));
        tasks.extend(handlers);
        let rank = |task: &Task| match (task.kind, task.effort) {
            (TaskKind::Handler, Effort::Done | Effort::Patch) => 0,
            (TaskKind::Handler, Effort::Small) => 1,
            (TaskKind::Blocker, _) => 2,
            (TaskKind::Handler, Effort::Medium) => 3,
            (TaskKind::Handler, Effort::Waits) => 4,
            (TaskKind::Handler, Effort::Api) => 5,
            (TaskKind::Handler, Effort::Large) => 6,
        };
        tasks.sort_by(|left, right| {
            // A blocker frees at least as many handlers as the blockers that wait for it, so it comes before them.
            let key = |task: &Task| (rank(task), usize::MAX - task.frees, task.waits_for.len());
            (key(left), &left.file, left.line, &left.name).cmp(&(key(right), &right.file, right.line, &right.name))
        });
        tasks
    }

    /// A task for each finding, in scan order, including finished ones.
    pub fn of_each_finding(&self) -> Vec<Task> {
        (0..self.scan.findings.len()).into_par_iter().map(|number| self.of_finding(number)).collect()
    }

    /// The task for a finding, by its index in the scan's findings.
    pub fn of_finding(&self, number: usize) -> Task {
        self.handler(number, &self.scan.findings[number])
    }

    fn handler(&self, number: usize, finding: &Finding) -> Task {
        let index = &self.scan.index;
        let registration = &finding.registration;
        let name = finding.handler_name();
        let place = finding.handler.as_ref().and_then(|handler| handler.place);
        // If another module defines the handler, the work is at the registration.
        let is_own = |place: &Place| index.file(place.file).folder() == index.file(registration.file).folder();
        let (file, span) = match place.filter(is_own) {
            Some(place) => (place.file, place.span),
            None => (registration.file, registration.span),
        };
        let line = index.file(file).position(span.start).line;
        let is_same = |other: usize| finding.handler.is_some() && self.scan.findings[other].handler == finding.handler;
        let fix = self.fixes.handlers.iter().find(|fix| fix.finding == number || is_same(fix.finding));
        let safe = fix.is_some_and(|fix| fix.applicability == Applicability::Safe);
        let deciding = finding.judgement.requirements.iter().find(|requirement| requirement.verdict == finding.verdict);
        let evidence = deciding.map(|requirement| {
            format!("{}: {}", index.file(requirement.file).at(requirement.span.start), requirement.text)
        });
        let waits_for = finding.judgement.depends_on();
        let is_shared = !self.rules.is_migrating(&registration.hook.record);
        let effort = match finding.verdict {
            _ if !is_left(finding) => Effort::Done,
            _ if safe => Effort::Patch,
            Verdict::Blocked => Effort::Waits,
            Verdict::Mapped => Effort::Medium,
            Verdict::Finish => Effort::Api,
            Verdict::Manual | Verdict::Unknown => Effort::Large,
            _ if is_shared => Effort::Medium,
            _ => Effort::Small,
        };
        let advice = self.handler_advice(finding, effort, fix);
        let told = self.maintainers.recipients(&[&index.file(file).path], b"");
        Task {
            kind: TaskKind::Handler,
            name: name.to_owned(),
            file: index.file(file).path.clone(),
            line,
            what: registration.hook.name(),
            verdict: finding.verdict,
            after: finding.after,
            effort,
            advice,
            evidence: evidence.unwrap_or_default(),
            waits_for,
            frees: 0,
            notes: self.notes(finding),
            subsystem: told.sections.first().map_or(String::new(), |section| section.title.clone()),
            status: told.sections.first().map_or(String::new(), |section| section.status.clone()),
            maintainers: told.to,
            lists: told.cc,
        }
    }

    /// Next step for a handler.
    fn handler_advice(&self, finding: &Finding, effort: Effort, fix: Option<&HandlerFix>) -> String {
        let registration = &finding.registration;
        let why = || {
            let fix = fix?;
            fix.reason.clone().or_else(|| fix.open_points.first().map(|(_, point)| point.text.clone()))
        };
        match effort {
            Effort::Done => "nothing is left to do".to_owned(),
            Effort::Patch => {
                let name = finding.handler_name();
                format!("run: mmaplint fix TREE {}:{name}", self.scan.index.file(registration.file).path)
            }
            Effort::Small => match why() {
                Some(why) => format!("convert it by hand: {why}"),
                None => "convert it by hand".to_owned(),
            },
            Effort::Medium if !self.rules.is_migrating(&registration.hook.record) => why().unwrap_or_else(|| {
                format!("retype {} with all its implementers, in one patch", registration.hook.name())
            }),
            Effort::Medium => "move its state to vm_ops->mapped".to_owned(),
            Effort::Waits => {
                let after = finding.after.map_or(String::new(), |after| format!("; then it is {after}"));
                format!("{}{after}", self.needed_first(&finding.judgement.depends_on()))
            }
            Effort::Api => match (instead(finding, self.rules), why()) {
                (Instead::Nothing, _) | (Instead::Twin, None) => {
                    "needs an API that the kernel does not have".to_owned()
                }
                (Instead::Twin, Some(why)) => format!("convert it by hand, with the twins that fix writes: {why}"),
                (Instead::ByPage, _) => {
                    format!("needs {}; until then a fault handler can map the pages", Instead::ByPage.text())
                }
                (less, _) => format!("needs {}, which the kernel does not have", less.text()),
            },
            Effort::Large if finding.verdict == Verdict::Unknown => "read it: parts could not be analysed".to_owned(),
            Effort::Large => "redesign it".to_owned(),
        }
    }

    /// Upstream's decisions about calls of the handler that have no replacement yet.
    fn notes(&self, finding: &Finding) -> Vec<String> {
        let mut notes: Vec<String> = Vec::new();
        for requirement in &finding.judgement.requirements {
            let call = requirement.kind.finish().and_then(|name| self.rules.call(name));
            let note = call.and_then(|rule| rule.decided.clone());
            notes.extend(note.filter(|note| !notes.contains(note)));
        }
        notes
    }

    fn blocker(&self, blocker: &Blocker) -> Task {
        let index = &self.scan.index;
        let place = blocker.place.or_else(|| hook_place(index, self.scan, blocker));
        let (file, line) = place.map_or((String::new(), 0), |place| {
            let file = index.file(place.file);
            (file.path.clone(), file.position(place.span.start).line)
        });
        let fate = self.fixes.fate(index, &blocker.name);
        let effort = match blocker.verdict {
            _ if !matches!(fate, Fate::Left) => Effort::Patch,
            _ if !blocker.depends_on.is_empty() => Effort::Waits,
            Verdict::Finish => Effort::Api,
            Verdict::Manual | Verdict::Unknown => Effort::Large,
            _ if blocker.kind == BlockerKind::Hook => Effort::Medium,
            Verdict::Mapped => Effort::Medium,
            _ => Effort::Small,
        };
        let advice = self.blocker_advice(blocker, effort, fate);
        let told = if file.is_empty() { Default::default() } else { self.maintainers.recipients(&[&file], b"") };
        Task {
            kind: TaskKind::Blocker,
            name: blocker.name.clone(),
            file,
            line,
            what: blocker.kind.name().to_owned(),
            verdict: blocker.verdict,
            after: None,
            effort,
            advice,
            evidence: String::new(),
            waits_for: blocker.depends_on.clone(),
            frees: blocker.all.len(),
            notes: Vec::new(),
            subsystem: told.sections.first().map_or(String::new(), |section| section.title.clone()),
            status: told.sections.first().map_or(String::new(), |section| section.status.clone()),
            maintainers: told.to,
            lists: told.cc,
        }
    }

    /// Says which hooks and helpers have to change first, and what becomes of them.
    fn needed_first(&self, names: &[String]) -> String {
        let is_left = |name: &&String| matches!(self.fixes.fate(self.scan.index, name), Fate::Left);
        let (left, written): (Vec<&String>, Vec<&String>) = names.iter().partition(is_left);
        let blocker = |name: &str| self.scan.blockers.iter().find(|blocker| blocker.name == name);
        let needs_api = |name: &&String| blocker(name).is_some_and(|one| one.verdict == Verdict::Finish);
        let (api, left): (Vec<&String>, Vec<&String>) = left.into_iter().partition(needs_api);
        let (hooks, helpers): (Vec<&String>, Vec<&String>) = left.into_iter().partition(|name| name.contains('.'));
        let list = |names: &[&String]| names.iter().map(|name| name.as_str()).collect::<Vec<_>>().join(", ");
        let part = |names: &[&String], what: &str| (!names.is_empty()).then(|| format!("{what}{}", list(names)));
        let first = [part(&hooks, "the conversion of "), part(&helpers, "a desc twin of ")];
        let first: Vec<String> = first.into_iter().flatten().collect();
        let parts = [
            (!first.is_empty()).then(|| format!("first needs {}", first.join(", and "))),
            part(&api, "needs an API that the kernel does not have, for "),
            part(&written, "comes after the series of fix, which converts "),
        ];
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Next step for a blocker.
    fn blocker_advice(&self, blocker: &Blocker, effort: Effort, fate: Fate) -> String {
        let count = blocker.implementers.len();
        let written = match (fate, blocker.kind) {
            (Fate::Left, _) => None,
            (Fate::Twin(fix), _) => Some((fix, "its patches give this a twin that takes a desc".to_owned())),
            (Fate::Converted(fix), BlockerKind::Hook) => {
                Some((fix, format!("the patch converts all implementers ({count})")))
            }
            (Fate::Converted(fix), BlockerKind::Helper) => Some((fix, "the patch converts it".to_owned())),
        };
        if let Some((fix, what)) = written {
            return format!("run: mmaplint fix TREE {}; {what}", fix.name);
        }
        match (effort, blocker.kind) {
            (Effort::Waits, _) => self.needed_first(&blocker.depends_on),
            (Effort::Api, BlockerKind::Hook) => {
                "some of its implementers need an API that the kernel does not have".to_owned()
            }
            (Effort::Api, BlockerKind::Helper) => "needs an API that the kernel does not have".to_owned(),
            (Effort::Large, BlockerKind::Hook) => "some of its implementers have to be redesigned".to_owned(),
            (Effort::Large, BlockerKind::Helper) => "redesign it".to_owned(),
            (_, BlockerKind::Hook) => format!("retype it with all its implementers ({count}), in one patch"),
            (Effort::Medium, BlockerKind::Helper) => {
                "move its state to vm_ops->mapped, and give it a twin that takes a desc".to_owned()
            }
            (_, BlockerKind::Helper) => "give it a twin that takes a desc".to_owned(),
        }
    }
}

/// Whether a finding still has to be converted: it registers a handler that takes a VMA.
fn is_left(finding: &Finding) -> bool {
    finding.registration.hook.takes == Takes::Vma && finding.verdict != Verdict::None
}

/// Declaration of the struct that contains a hook.
fn hook_place(index: &Index, scan: &Scan, blocker: &Blocker) -> Option<Place> {
    let (record, _) = blocker.name.split_once('.').filter(|_| blocker.kind == BlockerKind::Hook)?;
    let near = blocker.implementers.first().map_or(0, |finding| scan.findings[*finding].registration.file);
    let id = index.record(record, near)?;
    Some(Place { file: id.file, span: index.item(id).name })
}

/// Groups tasks. A task that belongs to several groups is in each. The groups keep the order of their first task.
pub fn grouped(tasks: &[Task], by: By) -> Vec<(String, Vec<&Task>)> {
    let mut groups: Vec<(String, Vec<&Task>)> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for task in tasks {
        for name in names(task, by) {
            let place = *places.entry(name.clone()).or_insert_with(|| {
                groups.push((name, Vec::new()));
                groups.len() - 1
            });
            groups[place].1.push(task);
        }
    }
    groups
}

fn names(task: &Task, by: By) -> Vec<String> {
    let or = |name: &str, other: &str| vec![if name.is_empty() { other.to_owned() } else { name.to_owned() }];
    match by {
        By::Nothing => vec![String::new()],
        By::Maintainer if !task.maintainers.is_empty() => task.maintainers.clone(),
        By::Maintainer => vec!["no maintainer".to_owned()],
        By::Subsystem => or(&task.subsystem, "no subsystem"),
        By::Verdict => vec![task.verdict.name().to_owned()],
        By::Blocker => or(task.waits_for.first().map_or("", String::as_str), "no blocker"),
        By::Directory => {
            let parts: Vec<&str> = task.file.split('/').collect();
            let folders = &parts[..parts.len().saturating_sub(1).min(2)];
            or(&folders.join("/"), ".")
        }
    }
}
