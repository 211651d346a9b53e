//! `vm_ops->close` releases for each mapping what only the first one took.

use std::collections::BTreeSet;

use crate::lint::{Facts, Found, HandlerView};
use crate::source::Span;
use crate::rules::StateKind;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::vma::EventKind;
use crate::vma::flow::{Key, Lowered};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        // A mapping that fork() does not copy and nothing splits has no second VMA.
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
                let undone = undone.map(|event| event.span).or_else(|| undone_by_name(facts, handler, &close.key));
                let Some(undone) = undone else { continue };
                let how = if is_copied { "a fork() or a partial munmap()" } else { "a partial munmap()" };
                let message = format!(
                    "{} drops what the mapping took, but {} has no open: after {how} it drops more than was taken",
                    lowered.name, close.table
                );
                found.at(close.key.id.file, undone, message);
            }
        }
    }
}

/// The call in a close hook whose counterpart, by its name, the handler calls: `ring_unmap` and `ring_map`.
fn undone_by_name(facts: &Facts, handler: &HandlerView, close: &Key) -> Option<Span> {
    let counterpart = |name: &str| {
        name.contains("unmap").then(|| name.replace("unmap", "map"))
    };
    let called: BTreeSet<&str> =
        handler.variants().flat_map(|(_, variant)| variant.calls()).map(|(name, _, _)| name).collect();
    let mut found = None;
    for function in facts.syntax(close.id).variants.iter() {
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(expression) = seen
                && let E::Call { callee, .. } = &expression.kind
                && callee.name().and_then(counterpart).is_some_and(|opening| called.contains(opening.as_str()))
            {
                found.get_or_insert(expression.span);
            }
        });
    }
    found
}

/// Whether a close hook is safe without open: it checks the range that goes away, clears its pointer, releases only what it took itself,
/// or exists only without an MMU, where it never runs twice.
fn copes(facts: &Facts, key: &Key, lowered: &Lowered) -> bool {
    let looks = lowered.reads.iter().any(|read| matches!(read.name.as_str(), "vm_start" | "vm_end"));
    let mut forgets = false;
    for function in facts.syntax(key.id).variants.iter() {
        visit::statements(&function.body, &mut |seen| {
            if let Seen::Expression(Expression { kind: E::Assign { value, .. }, .. }) = seen {
                forgets |= value.name() == Some("NULL");
            }
        });
    }
    let file = facts.context.index.file(key.id.file);
    let condition = file.condition_at(facts.context.index.item(key.id).name.start).unwrap_or_default();
    // It releases what it took itself.
    let takes = lowered.events.iter().any(|event| matches!(&event.kind, EventKind::Take { kind, .. } if *kind != StateKind::Lock));
    takes || looks || forgets || condition.contains("!CONFIG_MMU") || condition.contains("!defined(CONFIG_MMU)")
}
