//! Tasks that share their next step, as one line each.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use crate::words::counted;
use crate::worklist::{Effort, Task, TaskKind};

/// Minimum number of tasks that become one line.
const MANY: usize = 3;

/// The step that many tasks share.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Step<'t> {
    /// Whether the tasks wait for the blocker; else the patches of `fix` do them with it.
    is_waiting: bool,
    /// The first blocker of the tasks.
    blocker: &'t str,
}

impl<'t> Step<'t> {
    /// The step of a task; `None` if it is a blocker, or has no blocker.
    fn of(task: &'t Task) -> Option<Step<'t>> {
        let is_waiting = match task.effort {
            Effort::Waits => true,
            Effort::Patch => false,
            _ => return None,
        };
        let blocker = task.waits_for.first().filter(|_| task.kind == TaskKind::Handler)?;
        Some(Step { is_waiting, blocker })
    }

    /// The line for a number of handlers, with the name of the blocker as `named` writes it.
    pub fn line(self, count: usize, named: impl Fn(&str) -> String) -> String {
        let tasks = counted(count, "task");
        match self.is_waiting {
            true => format!("{tasks} wait for {}", named(self.blocker)),
            false => format!("{tasks} are done by the patches that convert {}", named(self.blocker)),
        }
    }
}

/// Splits tasks into those that are shown, and the steps that many others share, with their number, most first.
pub fn folded<'t>(tasks: &[&'t Task]) -> (Vec<&'t Task>, Vec<(Step<'t>, usize)>) {
    let mut counts: BTreeMap<Step, usize> = BTreeMap::new();
    for step in tasks.iter().filter_map(|task| Step::of(task)) {
        *counts.entry(step).or_default() += 1;
    }
    counts.retain(|_, count| *count >= MANY);
    let is_shown = |task: &&&Task| Step::of(task).is_none_or(|step| !counts.contains_key(&step));
    let shown = tasks.iter().filter(is_shown).copied().collect();
    let mut steps: Vec<(Step, usize)> = counts.into_iter().collect();
    steps.sort_by_key(|(step, count)| (Reverse(*count), *step));
    (shown, steps)
}
