//! Output formats of worklists, one file per format.

mod csv;
mod folded;
mod json;
mod markdown;
mod org;
mod text;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub use org::org;
pub use text::text;

use crate::words::counted;
use crate::worklist::{By, Statistics, Task, TaskKind, grouped};

/// A worklist to show.
pub struct Worklist<'a> {
    /// The tasks, in order.
    pub tasks: &'a [Task],
    /// Whether text and Markdown have each task, however many share the next step.
    pub details: bool,
    /// Grouping of the tasks.
    pub by: By,
    /// Statistics, if requested.
    pub statistics: Option<Statistics>,
    /// Kernel version of the tree, if it states one.
    pub version: Option<String>,
    /// The kernel or module in words ([`crate::kernel::Tree::title`]).
    pub title: Option<String>,
    /// The maintainer or list that the tasks are for, if they were asked for.
    pub whose: Option<&'a str>,
    /// The registrations and handlers that are left, if the list has the tasks of all.
    pub left: Option<String>,
    /// Target that they were judged against.
    pub target: &'a str,
}

impl Worklist<'_> {
    fn groups(&self) -> Vec<(String, Vec<&Task>)> {
        grouped(self.tasks, self.by)
    }

    fn title(&self) -> String {
        let title = self.title.as_deref().unwrap_or("a kernel without a version");
        let whose = self.whose.map_or(String::new(), |whose| format!(", for {whose}"));
        let handlers = self.tasks.iter().filter(|task| task.kind == TaskKind::Handler).count();
        let left = self.left.as_ref().map_or(String::new(), |left| format!("{left} to move, as "));
        format!(
            "The move to .mmap_prepare in {title}, judged against {}{whose}: {left}{} in drivers, and {}",
            self.target,
            counted(handlers, "task"),
            counted(self.tasks.len() - handlers, "blocker")
        )
    }
}

/// Name and kind of a task: `hpet_mmap (file_operations.mmap)`, `drm_gem_mmap (helper, blocks 95 registrations, the only blocker of 3)`.
fn subject(task: &Task) -> String {
    match task.kind {
        TaskKind::Handler => format!("{} ({})", task.name, task.what),
        TaskKind::Blocker => {
            let blocked = counted(task.blocks, "registration");
            let only = if task.frees == 0 { String::new() } else { format!(", the only blocker of {}", task.frees) };
            format!("{} ({}, blocks {blocked}{only})", task.name, task.what)
        }
    }
}

/// Location of a task; empty if it was not found.
fn place(task: &Task) -> String {
    if task.file.is_empty() { String::new() } else { format!("{}:{}", task.file, task.line) }
}
