//! A fault handler that changes the flags of its VMA.

use std::collections::BTreeSet;

use crate::index::ItemId;
use crate::lint::{Facts, Found, HandlerView};
use crate::source::ast::{Expression, ExpressionKind as E, Statement};
use crate::source::visit::{self, Seen};
use crate::source::{Span, identifiers};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (_, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (name, file, span) in places {
            if seen.insert((file, span)) {
                let message = format!(
                    "{name} runs in a fault, under the mmap lock for reading or the lock of the VMA: flags change only under the mmap lock for writing"
                );
                found.at(file, span, message);
            }
        }
    }
}

/// The places below the fault hooks of a handler that change flags, with the functions that hold them.
fn of_handler(facts: &Facts, handler: &HandlerView) -> Vec<(String, u32, Span)> {
    let index = facts.context.index;
    let gets_vma = |id: ItemId| {
        let head = index.item(id).head().of(&index.file(id.file).text);
        identifiers(head).any(|word| matches!(word, "vm_fault" | "vm_area_struct"))
    };
    let mut places = Vec::new();
    for member in ["fault", "huge_fault", "page_mkwrite", "pfn_mkwrite"] {
        for hook in facts.fault_hooks(handler, member).iter() {
            for (function, file) in facts.functions().with_callees(hook.key.id, &gets_vma) {
                places
                    .extend(changes(facts, &function.body).into_iter().map(|span| (function.name.clone(), file, span)));
            }
        }
    }
    places
}

/// Places that change flags of a VMA.
fn changes(facts: &Facts, statements: &[Statement]) -> Vec<Span> {
    let mut places = Vec::new();
    visit::statements(statements, &mut |seen| {
        let Seen::Expression(expression) = seen else { return };
        let is_change = match &expression.kind {
            E::Call { callee, .. } => {
                let rule = callee.name().and_then(|name| facts.rules().call(name));
                rule.is_some_and(|rule| rule.vma.is_some() && (rule.set.is_some() || rule.clear.is_some()))
            }
            E::Assign { target, .. } => is_flags(target),
            _ => false,
        };
        if is_change {
            places.push(expression.span);
        }
    });
    places
}

/// Whether an expression is `vma->vm_flags` or `vmf->vma->vm_flags`.
fn is_flags(target: &Expression) -> bool {
    let E::Field { base, name, .. } = &target.bare().kind else { return false };
    let is_vma = |name: &str| name == "vma";
    name == "vm_flags"
        && match &base.bare().kind {
            E::Field { name, .. } => is_vma(name),
            _ => base.name().is_some_and(is_vma),
        }
}
