//! Tasks of a worklist, their effort, and their groups.

use std::collections::BTreeMap;

use crate::verdict::Verdict;

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
    /// Number of registrations that wait for it, directly or through other blockers.
    pub blocks: usize,
    /// Number of registrations that wait for nothing else.
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
