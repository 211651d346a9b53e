//! A fault handler that changes the flags of its VMA.

use std::collections::BTreeSet;
use std::sync::Arc;

use crate::lint::vm_ops::VmOpsHook;
use crate::lint::{Facts, Found};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement};
use crate::source::visit::{self, Seen};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        let hooks = ["fault", "huge_fault", "page_mkwrite", "pfn_mkwrite"];
        let hooks: Vec<Arc<Vec<VmOpsHook>>> = hooks.into_iter().map(|member| facts.fault_hooks(handler, member)).collect();
        for hook in hooks.iter().flat_map(|hooks| hooks.iter()) {
            let gets_vma = |function: &Function| {
                let of = |tag| function.parameters.iter().any(|parameter| parameter.ty.points_to(tag));
                of("vm_fault") || of("vm_area_struct")
            };
            let reached = facts.functions().with_callees(hook.key.id).into_iter();
            for (function, file) in reached.filter(|(function, _)| gets_vma(function)) {
                for span in changes(facts, &function.body) {
                    if seen.insert((file, span)) {
                        let message = format!(
                            "{} runs in a fault, under the mmap lock for reading or the lock of the VMA: flags change only under the mmap lock for writing",
                            function.name
                        );
                        found.at(file, span, message);
                    }
                }
            }
        }
    }
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
