//! JSON: the tasks in order, each with its groups.

use std::io::{self, Write};

use serde_json::{Value, json};

use super::Worklist;
use crate::report::layout::write_json;
use crate::worklist::{Count, Task, TaskKind};

/// Writes one document.
///
/// # Errors
/// `out` cannot be written.
pub fn json(list: &Worklist, out: &mut dyn Write) -> io::Result<()> {
    let groups = list.groups();
    let tasks: Vec<Value> = list
        .tasks
        .iter()
        .map(|task| {
            let is_in = |tasks: &Vec<&Task>| tasks.iter().any(|other| std::ptr::eq(*other, task));
            let names = groups.iter().filter(|(name, tasks)| !name.is_empty() && is_in(tasks)).map(|(name, _)| name);
            entry(task, names.collect())
        })
        .collect();
    let statistics = list.statistics.as_ref().map(|statistics| {
        json!({
            "left": statistics.left,
            "merge_retried": statistics.retried,
            "swap_file": statistics.swaps,
            "verdicts": counts(&statistics.verdicts),
            "flags_set": counts(&statistics.sets),
            "flags_cleared": counts(&statistics.clears),
            "flags_tested": counts(&statistics.tests),
            "populates": counts(&statistics.populates()),
            "actions": counts(&statistics.actions),
            "needs_finished_mapping": counts(&statistics.finishes),
            "frees_alone": counts(&statistics.frees),
            "late_hook": {
                "functions": statistics.late.functions,
                "registrations": statistics.late.registrations,
                "wraps": counts(&statistics.late.wrappers),
                "shows": counts(&statistics.late.fields),
                "promises": counts(&statistics.late.promises),
                "instead": counts(&statistics.late.instead),
            },
        })
    });
    let document = json!({
        "schema": 1,
        "tool": {"name": "mmaplint", "version": env!("CARGO_PKG_VERSION")},
        "tree": {"version": list.version, "target": list.target},
        "tasks": tasks,
        "statistics": statistics,
    });
    write_json(&document, out)
}

fn entry(task: &Task, groups: Vec<&String>) -> Value {
    json!({
        "kind": if task.kind == TaskKind::Handler { "handler" } else { "blocker" },
        "name": task.name,
        "what": task.what,
        "file": (!task.file.is_empty()).then_some(&task.file),
        "line": (!task.file.is_empty()).then_some(task.line),
        "verdict": task.verdict,
        "after": task.after,
        "effort": task.effort.name(),
        "advice": task.advice,
        "evidence": task.evidence,
        "waits_for": task.waits_for,
        "blocks": task.blocks,
        "frees": task.frees,
        "notes": task.notes,
        "subsystem": task.subsystem,
        "status": task.status,
        "maintainers": task.maintainers,
        "lists": task.lists,
        "groups": groups,
    })
}

fn counts(counts: &[Count]) -> Vec<Value> {
    counts.iter().map(|(name, count)| json!({"name": name, "handlers": count})).collect()
}
