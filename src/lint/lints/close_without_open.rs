//! `vm_ops->close` gives back for each mapping what only the first one took.

use std::collections::BTreeSet;

use crate::lint::{Facts, Found};
use crate::rules::StateKind;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::vma::EventKind;
use crate::vma::flow::{Key, Lowered};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        // A mapping that is neither copied by fork() nor split stays one.
        let is_copied = !handler.sets("VM_DONTCOPY");
        for body in &handler.bodies {
            for close in body.lowered.vm_hooks.iter().filter(|hook| hook.member == "close") {
                let has = |member: &str| facts.context.index.table_member(&close.table, member, body.file()).is_some();
                if has("open") || (!is_copied && has("may_split")) || !seen.insert((body.file(), close.table.clone())) {
                    continue;
                }
                let Some(lowered) = facts.lowered(&close.key) else { continue };
                if copes(facts, &close.key, lowered) {
                    continue;
                }
                let undone = lowered.events.iter().find(|event| {
                    matches!(&event.kind, EventKind::Undo { kind, .. } if *kind != StateKind::Lock)
                });
                let Some(undone) = undone else { continue };
                let how = if is_copied { "fork() or munmap() of a part" } else { "munmap() of a part" };
                let message = format!(
                    "{} gives back what the mapping took, and {} has no open: after {how} it runs once more than was taken",
                    lowered.name, close.table
                );
                found.at(close.key.id.file, undone.span, message);
            }
        }
    }
}

/// Whether a close looks how much of the mapping goes, or forgets what it has given back, or never runs twice for want of an MMU.
fn copes(facts: &Facts, key: &Key, lowered: &Lowered) -> bool {
    let looks = lowered.reads.iter().any(|read| matches!(read.name.as_str(), "vm_start" | "vm_end"));
    let mut forgets = false;
    for function in facts.syntax(key.id) {
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { value, .. }, .. }) = seen {
                forgets |= value.name() == Some("NULL");
            }
        });
    }
    let file = facts.context.index.file(key.id.file);
    let condition = file.condition_at(facts.context.index.item(key.id).name.start).unwrap_or_default();
    // What it takes itself is what it gives back.
    let takes = lowered.events.iter().any(|event| matches!(&event.kind, EventKind::Take { kind, .. } if *kind != StateKind::Lock));
    takes || looks || forgets || condition.contains("!CONFIG_MMU") || condition.contains("!defined(CONFIG_MMU)")
}
