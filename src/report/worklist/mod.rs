//! Writes worklists, one file a format.

mod csv;
mod json;
mod markdown;
mod org;
mod text;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub use org::org;
pub use text::text;

use crate::worklist::{By, Statistics, Task, TaskKind, grouped};

/// A worklist as it is to be shown.
pub struct Worklist<'a> {
    /// The tasks, in order.
    pub tasks: &'a [Task],
    /// By what to put them together.
    pub by: By,
    /// The counts, where they are asked for.
    pub statistics: Option<Statistics>,
    /// The kernel version of the tree, where it states one.
    pub version: Option<String>,
    /// The target they were judged against.
    pub target: &'a str,
}

impl Worklist<'_> {
    fn groups(&self) -> Vec<(String, Vec<&Task>)> {
        grouped(self.tasks, self.by)
    }

    fn title(&self) -> String {
        let version = self.version.as_deref().unwrap_or("a tree without a version");
        let handlers = self.tasks.iter().filter(|task| task.kind == TaskKind::Handler).count();
        format!(
            "The move to .mmap_prepare in Linux {version}: handlers left: {handlers}, judged against {}",
            self.target
        )
    }
}

/// What a task is: `hpet_mmap (file_operations.mmap)`, `drm_gem_mmap (helper, frees 95)`.
fn subject(task: &Task) -> String {
    match task.kind {
        TaskKind::Handler => format!("{} ({})", task.name, task.what),
        TaskKind::Blocker => format!("{} ({}, frees {})", task.name, task.what, task.frees),
    }
}

/// Where a task is; nothing for what was not found.
fn place(task: &Task) -> String {
    if task.file.is_empty() { String::new() } else { format!("{}:{}", task.file, task.line) }
}
