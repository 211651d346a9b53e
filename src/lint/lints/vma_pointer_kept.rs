//! A VMA pointer that outlives the call.

use crate::lint::{FunctionView, Facts, Found, HandlerView};
use crate::source::Span;
use crate::source::ast::ExpressionKind as E;
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        if keeps_up(facts, handler) {
            continue;
        }
        for body in &handler.bodies {
            for event in &body.lowered.events {
                let EventKind::Escape { into } = &event.kind else { continue };
                if is_forgotten(body, event.span) {
                    continue;
                }
                let message = format!(
                    "{} keeps the VMA in {into}: a split, a merge, mremap() or munmap() makes the pointer stale, and fork() makes a second VMA",
                    handler.name()
                );
                found.at(body.file(), event.span, message);
            }
        }
    }
}

/// Whether the pointer stays valid until close: the mapping is neither copied, nor split, nor moved.
fn keeps_up(facts: &Facts, handler: &HandlerView) -> bool {
    let tables = handler.bodies.iter().flat_map(|body| body.lowered.vm_ops.iter().map(move |table| (table, body.file())));
    let has = |member: &str| tables.clone().any(|(table, file)| facts.context.index.table_member(&table.name, member, file).is_some());
    handler.sets("VM_DONTCOPY") && has("may_split") && (has("mremap") || handler.sets("VM_DONTEXPAND")) && has("close")
}

/// Whether the function clears the stored pointer again.
fn is_forgotten(body: &FunctionView, kept: Span) -> bool {
    body.variants.iter().any(|variant| {
        let (mut target_of_kept, mut cleared) = (None, Vec::new());
        variant.expressions(&mut |expression| {
            if let E::Assign { target, value, .. } = &expression.kind {
                let text = target.text(variant.text);
                if expression.span == kept {
                    target_of_kept = Some(text);
                } else if value.name() == Some("NULL") && expression.span.start > kept.end {
                    cleared.push(text);
                }
            }
        });
        target_of_kept.is_some_and(|target| cleared.contains(&target))
    })
}
