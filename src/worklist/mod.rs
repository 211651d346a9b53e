//! Worklist of the migration: open tasks in the order in which they can be done, with maintainers.

mod late_hook;
mod missing;
mod needed;
mod statistics;
mod task;

pub use late_hook::LateHook;
use late_hook::{Instead, instead};
use missing::missing;
pub use statistics::{Count, Statistics};
pub use task::{By, Effort, Task, TaskKind, grouped};

use std::collections::BTreeSet;
use std::sync::Arc;

use rayon::prelude::*;

use crate::fix::{Applicability, Fate, Fixes, HandlerFix};
use crate::index::{Index, Takes};
use crate::kernel::{Layer, Maintainers};
use crate::rules::{RequirementKind, Rules};
use crate::source::ItemKind;
use crate::source::ast::Function;
use crate::verdict::{Blocker, BlockerKind, Finding, Place, Requirement, Scan, Verdict};

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
        let mut tasks: Vec<Task> = self.scan.blockers.par_iter().map(|blocker| self.of_blocker(blocker)).collect();
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
            // A blocker blocks at least as many handlers as the blockers that wait for it, so it comes before them.
            let key = |task: &Task| (rank(task), usize::MAX - task.blocks, task.waits_for.len());
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
        let evidence = evidence(index, finding.judgement.deciding(finding.verdict));
        let waits_for = finding.judgement.depends_on();
        let is_shared = !self.rules.is_migrating(&registration.hook.record);
        let effort = match finding.verdict {
            _ if !is_left(finding) => Effort::Done,
            _ if is_sketch(finding) => Effort::Small,
            _ if safe => Effort::Patch,
            Verdict::Blocked => Effort::Waits,
            // The handlers of the other tables come with it.
            Verdict::Mechanical | Verdict::Action if fix.is_some_and(|fix| fix.swapped_with.is_some()) => Effort::Waits,
            Verdict::Mapped => Effort::Medium,
            Verdict::Finish if missing(&finding.judgement.requirements, self.rules).is_some() => Effort::Api,
            Verdict::Manual | Verdict::Unknown => Effort::Large,
            _ if is_shared || has_state(finding) => Effort::Medium,
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
            evidence,
            waits_for,
            blocks: 0,
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
                let (name, file) = (finding.handler_name(), self.scan.index.file(registration.file));
                let kernel = if file.layer == Layer::Module { " --kernel KERNEL" } else { "" };
                format!("run: mmaplint fix TREE {}:{name}{kernel}", file.path)
            }
            Effort::Small if is_sketch(finding) => "finish the sketch, and remove the comment above it".to_owned(),
            Effort::Small => {
                let with = if finding.verdict == Verdict::Finish { ", on top of the series of fix" } else { "" };
                why().map_or_else(
                    || format!("convert it by hand{with}"),
                    |why| format!("convert it by hand{with}: {why}"),
                )
            }
            Effort::Medium if !self.rules.is_migrating(&registration.hook.record) => {
                let hook = registration.hook.name();
                why().map_or_else(
                    || format!("retype {hook} with all its implementers, in one patch"),
                    |why| format!("convert it by hand, with all that implement {hook} or beside them: {why}"),
                )
            }
            Effort::Medium if finding.verdict == Verdict::Finish => {
                "move its state to vm_ops->mapped, on top of the series of fix".to_owned()
            }
            Effort::Medium => "move its state to vm_ops->mapped".to_owned(),
            Effort::Waits if finding.verdict != Verdict::Blocked => why().unwrap_or_default(),
            Effort::Waits => {
                let blockers = finding.judgement.depends_on();
                let then = match why().filter(|_| blockers.iter().all(|name| self.is_written(name))) {
                    Some(why) => format!("; convert it by hand: {why}"),
                    None => finding.after.map_or(String::new(), |after| format!("; the rest of it is {after}")),
                };
                format!("{}{then}", self.needed_first(&blockers, finding.handler_name()))
            }
            Effort::Api if only_goes_on(finding) => GOES_ON.to_owned(),
            Effort::Api => match instead(finding, self.rules) {
                Instead::ByPage => {
                    format!("needs {}; until then a fault handler can map the pages", Instead::ByPage.text())
                }
                less => {
                    let missing = missing(&finding.judgement.requirements, self.rules);
                    let needed = missing.filter(|_| less == Instead::Nothing);
                    format!("needs {}, which the kernel does not have", needed.as_deref().unwrap_or(less.text()))
                }
            },
            Effort::Large if finding.verdict == Verdict::Unknown => NOT_READ.to_owned(),
            Effort::Large => match self.advice_of(finding) {
                Some(advice) => format!("redesign it: {advice}"),
                None => "redesign it".to_owned(),
            },
        }
    }

    /// Advice for the requirement that decides a verdict.
    fn advice_of(&self, finding: &Finding) -> Option<&str> {
        let deciding = finding.judgement.deciding(finding.verdict)?;
        let kind = deciding.kind.to_string();
        let is_it = |known: &str| kind == known || (known.ends_with(':') && kind.starts_with(known));
        Some(self.rules.requirements().iter().find(|known| is_it(&known.kind))?.advice.as_str())
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

    /// The task for a blocker.
    pub fn of_blocker(&self, blocker: &Blocker) -> Task {
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
            Verdict::Finish if self.missing_for(blocker).is_some() => Effort::Api,
            Verdict::Manual | Verdict::Unknown => Effort::Large,
            _ if blocker.kind == BlockerKind::Hook => Effort::Medium,
            Verdict::Mapped => Effort::Medium,
            _ => Effort::Small,
        };
        let advice = self.blocker_advice(blocker, effort, fate);
        let deciding = blocker.requirements.iter().find(|requirement| requirement.verdict == blocker.verdict);
        let evidence = evidence(index, deciding);
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
            evidence,
            waits_for: blocker.depends_on.clone(),
            blocks: blocker.all.len(),
            frees: blocker.all.iter().filter(|finding| waits_only_for(&self.scan.findings[**finding], blocker)).count(),
            notes: Vec::new(),
            subsystem: told.sections.first().map_or(String::new(), |section| section.title.clone()),
            status: told.sections.first().map_or(String::new(), |section| section.status.clone()),
            maintainers: told.to,
            lists: told.cc,
        }
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
            (Effort::Waits, _) => self.needed_first(&blocker.depends_on, &blocker.name),
            (Effort::Api, BlockerKind::Hook) => {
                "some of its implementers need an API that the kernel does not have".to_owned()
            }
            (Effort::Api, BlockerKind::Helper) => {
                let missing = self.missing_for(blocker).unwrap_or_default();
                format!("needs {missing}, which the kernel does not have")
            }
            (Effort::Large, BlockerKind::Hook) => "some of its implementers have to be redesigned".to_owned(),
            (Effort::Large, BlockerKind::Helper) if blocker.verdict == Verdict::Unknown => NOT_READ.to_owned(),
            (Effort::Large, BlockerKind::Helper) => {
                let mut requirements = blocker.requirements.iter();
                let deciding = requirements.find(|requirement| requirement.verdict == blocker.verdict);
                deciding.map_or("redesign it".to_owned(), |one| format!("redesign it: it {}", one.text))
            }
            (_, BlockerKind::Hook) => format!("retype it with all its implementers ({count}), in one patch"),
            (Effort::Medium, BlockerKind::Helper) => {
                "move its state to vm_ops->mapped, and give it a twin that takes a desc".to_owned()
            }
            (_, BlockerKind::Helper) if blocker.verdict == Verdict::Finish => {
                "give it a twin that takes a desc, on top of the series of fix".to_owned()
            }
            // `drm_gem_vm_close(vma)`: what it does, it does to the private data.
            (_, BlockerKind::Helper) if self.returns_nothing(blocker) => {
                "let its callers do what it does, without a VMA".to_owned()
            }
            (_, BlockerKind::Helper) => "give it a twin that takes a desc".to_owned(),
        }
    }

    /// Whether a helper only takes the VMA, and returns nothing: a desc twin of it would have nothing to say.
    fn returns_nothing(&self, blocker: &Blocker) -> bool {
        let index = self.scan.index;
        let Some(place) = blocker.place else { return false };
        let file = index.file(place.file);
        let functions =
            file.named(ItemKind::Function, &blocker.name).flat_map(|item| file.function(item).variants.clone());
        let mut functions = functions.peekable();
        let is_it =
            |one: Arc<Function>| one.returns.name == "void" && one.returns.pointers == 0 && one.parameters.len() == 1;
        functions.peek().is_some() && functions.all(is_it)
    }

    /// What a blocker needs and the API lacks. Of a hook, that is what some of its implementers need.
    fn missing_for(&self, blocker: &Blocker) -> Option<String> {
        match blocker.kind {
            BlockerKind::Helper => missing(&blocker.requirements, self.rules),
            BlockerKind::Hook => Some(Instead::Nothing.text().to_owned()),
        }
    }
}

/// Advice for what was not understood.
const NOT_READ: &str = "read it: parts could not be analysed";

/// Whether a finding still has to be converted: it registers a handler that takes a VMA, or a sketch.
fn is_left(finding: &Finding) -> bool {
    is_sketch(finding) || finding.takes_vma()
}

/// Advice for a handler that does something behind an action.
const GOES_ON: &str = "what follows the populating call may move to vm_ops->mapped, which runs after the action, unless it puts a field of the VMA back or frees what the call reads";

/// Whether a handler needs the finished mapping only for what follows a call that has an action.
fn only_goes_on(finding: &Finding) -> bool {
    let mut late = finding.judgement.requirements.iter().filter(|one| one.verdict == Verdict::Finish).peekable();
    late.peek().is_some() && late.all(|one| one.kind == RequirementKind::PostPopulate)
}

/// Whether a handler takes state for each mapping, which moves to `vm_ops->mapped`.
fn has_state(finding: &Finding) -> bool {
    let mut requirements = finding.judgement.requirements.iter();
    requirements.any(|one| {
        one.verdict >= Verdict::Mapped && matches!(one.kind, RequirementKind::State(_) | RequirementKind::OpenCall)
    })
}

/// Whether a handler was written as a sketch.
fn is_sketch(finding: &Finding) -> bool {
    finding.registration.hook.takes == Takes::Desc && finding.verdict == Verdict::Unknown
}

/// The line that decides, and what it requires. Empty if there is none.
fn evidence(index: &Index, deciding: Option<&Requirement>) -> String {
    let told = |requirement: &Requirement| {
        format!("{}: {}", index.file(requirement.file).at(requirement.span.start), requirement.text)
    };
    deciding.map(told).unwrap_or_default()
}

/// Declaration of the struct that contains a hook.
fn hook_place(index: &Index, scan: &Scan, blocker: &Blocker) -> Option<Place> {
    let (record, _) = blocker.name.split_once('.').filter(|_| blocker.kind == BlockerKind::Hook)?;
    let near = blocker.implementers.first().map_or(0, |finding| scan.findings[*finding].registration.file);
    let id = index.record(record, near)?;
    Some(Place { file: id.file, span: index.item(id).name })
}

/// Whether a registration waits for one blocker alone.
fn waits_only_for(finding: &Finding, blocker: &Blocker) -> bool {
    finding.judgement.depends_on() == [blocker.name.as_str()]
}
