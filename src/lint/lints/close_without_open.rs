//! `vm_ops->close` releases for each mapping what only the first one took: there is no open, or one that does nothing.

use std::collections::BTreeSet;

use crate::lint::{Facts, Found, HandlerView};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::vma::flow::{Key, Lowered, VmHook};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        // A mapping that fork() does not copy and nothing splits has no second VMA.
        let is_copied = !handler.sets("VM_DONTCOPY");
        for body in &handler.bodies {
            for close in body.lowered.vm_hooks.iter().filter(|hook| hook.member == "close") {
                let has = |member: &str| facts.context.index.table_member(&close.table, member, body.file()).is_some();
                let is_open = |hook: &&VmHook| hook.member == "open" && hook.table == close.table;
                let idle = body.lowered.vm_hooks.iter().find(is_open).filter(|open| is_idle(facts, &open.key));
                if (has("open") && idle.is_none())
                    || (!is_copied && has("may_split"))
                    || !seen.insert((body.file(), close.table.clone()))
                {
                    continue;
                }
                let Some(lowered) = facts.lowered(&close.key) else { continue };
                if copes(facts, &close.key, lowered) {
                    continue;
                }
                let by_name = || Some((close.key.id.file, undone_by_name(facts, handler, &close.key)?));
                let Some((file, undone)) = facts.first_undone(&close.key).or_else(by_name) else { continue };
                let how = if is_copied { "a fork() or a partial munmap()" } else { "a partial munmap()" };
                let open = match idle {
                    Some(open) => {
                        let name = facts.lowered(&open.key).map(|lowered| lowered.name.as_str()).unwrap_or_default();
                        format!("{name} takes nothing")
                    }
                    None => format!("{} has no open", close.table),
                };
                let message = format!(
                    "{} drops what the mapping took, but {open}: after {how} it drops more than was taken",
                    lowered.name
                );
                found.at(file, undone, message);
            }
        }
    }
}

/// Whether an open hook does nothing: it writes nothing but its variables, and calls only what prints or asserts.
fn is_idle(facts: &Facts, key: &Key) -> bool {
    let rules = facts.rules();
    let mut is_idle = true;
    for function in facts.syntax(key.id).variants.iter() {
        visit::statements(&function.body, &mut |seen| {
            let Seen::Expression(expression) = seen else { return };
            is_idle &= match &expression.kind {
                E::Assign { target, .. } => target.name().is_some(),
                E::Step { .. } => false,
                E::Call { callee, .. } => {
                    callee.name().is_some_and(|name| rules.is_silent(name) && !rules.has_state_rule(name))
                }
                _ => true,
            };
        });
    }
    is_idle
}

/// The call in a close hook whose counterpart, by its name, the handler calls: `ring_unmap` and `ring_map`.
fn undone_by_name(facts: &Facts, handler: &HandlerView, close: &Key) -> Option<Span> {
    let counterpart = |name: &str| name.contains("unmap").then(|| name.replace("unmap", "map"));
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

/// Whether a close hook is safe without open: it checks the range that goes away, clears its pointer,
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
    let condition = file.condition_at(facts.context.index.item(key.id).name.start);
    looks || forgets || condition.is_some_and(|condition| condition.excludes("CONFIG_MMU"))
}
