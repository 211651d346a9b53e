//! A VMA pointer that outlives the call.

use std::sync::Arc;

use crate::index::Takes;
use crate::lint::{Facts, Found, FunctionView, HandlerView};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Function};
use crate::source::visit::{self, Seen};
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let is_desc = handler.takes == Takes::Desc;
        if !is_desc && keeps_up(facts, handler) {
            continue;
        }
        for body in &handler.bodies {
            for (into, span) in kept(body) {
                if is_forgotten(body, span) {
                    continue;
                }
                let name = handler.name();
                let message = if is_desc {
                    format!(
                        "{name} keeps the desc in {into}: it lies on the stack of mmap(), and is gone after the call"
                    )
                } else {
                    format!(
                        "{name} keeps the VMA in {into}: a split, a merge, mremap() or munmap() makes the pointer stale, and fork() makes a second VMA"
                    )
                };
                found.at(body.file(), span, message);
            }
        }
    }
}

/// Where a function stores the VMA, and in which object; or the desc, in a member of another object than a local variable.
fn kept(body: &FunctionView) -> Vec<(String, Span)> {
    let mut places = Vec::new();
    for event in &body.lowered.events {
        if let EventKind::Escape { into, .. } = &event.kind {
            places.push((into.clone(), event.span));
        }
    }
    for variant in &body.variants {
        variant.expressions(&mut |expression| {
            if let E::Assign { target, value, .. } = &expression.kind
                && variant.is_desc(value)
                && matches!(&target.bare().kind, E::Field { arrow: true, .. })
                && !places.iter().any(|(_, span)| *span == expression.span)
            {
                places.push((target.text(variant.text), expression.span));
            }
        });
    }
    places
}

/// Whether the pointer stays valid until close: the mapping is neither copied, nor split, nor moved.
fn keeps_up(facts: &Facts, handler: &HandlerView) -> bool {
    let tables =
        handler.bodies.iter().flat_map(|body| body.lowered.vm_ops.iter().map(move |table| (table, body.file())));
    let has = |member: &str| {
        tables.clone().any(|(table, file)| facts.context.index.table_member(&table.name, member, file).is_some())
    };
    // A close hook that clears the pointer leaves none behind.
    let closes = handler.lowered().flat_map(|lowered| lowered.closes());
    let clears = closes.into_iter().any(|close| clears_pointer(&facts.functions().with_callees(close.id, &|_| true)));
    handler.sets("VM_DONTCOPY") && (clears || has("may_split") && has("mremap") && has("close"))
}

/// Whether any of some functions stores NULL in a member, or passes it to another of them that takes a VMA.
fn clears_pointer(functions: &[(Arc<Function>, u32)]) -> bool {
    let takes_vma =
        |function: &Function| function.parameters.iter().any(|parameter| parameter.ty.points_to("vm_area_struct"));
    let setters: Vec<&str> = functions
        .iter()
        .filter(|(function, _)| takes_vma(function))
        .map(|(function, _)| function.name.as_str())
        .collect();
    let is_null = |value: &Expression| value.name() == Some("NULL");
    let mut found = false;
    for (function, _) in functions {
        visit::statements(&function.body, &mut |seen| {
            let Seen::Expression(expression) = seen else { return };
            found |= match &expression.kind {
                E::Assign { target, value, .. } => is_null(value) && is_of_object(function, target),
                E::Call { callee, arguments } => {
                    callee.name().is_some_and(|name| setters.contains(&name)) && arguments.iter().any(is_null)
                }
                _ => false,
            };
        });
    }
    found
}

/// Whether an expression is a member of another object than the VMA.
fn is_of_object(function: &Function, target: &Expression) -> bool {
    let E::Field { base, .. } = &target.bare().kind else { return false };
    let is_vma = |name: &str| {
        let mut vmas = function.parameters.iter().filter(|parameter| parameter.ty.points_to("vm_area_struct"));
        vmas.any(|parameter| parameter.name == name)
    };
    !base.name().is_some_and(is_vma)
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
