//! A fault handler that maps the page at an offset that nothing bounds.

use std::collections::BTreeSet;

use crate::behaviour::{EffectKind, Literal, Outcome, Part, Term, is_fault_bounded};
use crate::lint::vm_ops::{VmOpsHook, is_page_of_fault};
use crate::lint::{Facts, Found, HandlerView};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for (handler, findings) in facts.of_each(|handler| of_handler(facts, handler)) {
        for Finding { place, may_grow } in findings {
            if !seen.insert(place) {
                continue;
            }
            let why = if may_grow {
                "the mapping can grow by mremap(), so the hook's check does not bound it"
            } else {
                "neither it nor the hook bounds the offset"
            };
            let message =
                format!("the fault handler of {} maps the page at the offset of the fault: {why}", handler.name());
            found.at(place.file, place.span, message);
        }
    }
}

/// A page that a fault maps without a bound.
struct Finding {
    place: Place,
    /// Whether only the check of the hook would bound it, if the mapping could not grow.
    may_grow: bool,
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> Vec<Finding> {
    let hooks = facts.fault_hooks(handler, "fault");
    if hooks.is_empty() {
        return Vec::new();
    }
    let Some(callers) = facts.caller_conditions(handler) else { return Vec::new() };
    hooks.iter().flat_map(|hook| of_hook(facts, hook, &callers)).collect()
}

fn of_hook(facts: &Facts, hook: &VmOpsHook, callers: &[Vec<Literal>]) -> Vec<Finding> {
    let mut findings: Vec<Finding> = Vec::new();
    let behaviours = facts.behaviours(&hook.key);
    for outcome in
        behaviours.iter().filter(|behaviour| behaviour.gap.is_none()).flat_map(|behaviour| &behaviour.outcomes)
    {
        for (page, place) in mapped_pages(outcome) {
            for accepted in hook.accepted.iter().filter(|accepted| !makes_object(accepted)) {
                for caller in callers {
                    let known: Vec<Literal> = accepted.condition.iter().chain(caller).cloned().collect();
                    let is_bounded = |hook: &[Literal]| is_fault_bounded(facts.rules(), page, &outcome.condition, hook);
                    let is_fixed = ["VM_DONTEXPAND", "VM_PFNMAP"].iter().any(|flag| facts.has_flag(accepted, flag));
                    // A check of the size says nothing about a mapping that has grown.
                    let lasting: Vec<Literal> =
                        known.iter().filter(|literal| !literal.asks(&|part| *part == Part::Pages)).cloned().collect();
                    let holds = if is_fixed { is_bounded(&known) } else { is_bounded(&lasting) };
                    if !holds && !findings.iter().any(|known| known.place == place) {
                        findings.push(Finding { place, may_grow: is_bounded(&known) });
                    }
                }
            }
        }
    }
    findings
}

/// The pages that a path of a fault handler maps or hands out, with their places.
fn mapped_pages(outcome: &Outcome) -> Vec<(&Term, Place)> {
    let mut pages = Vec::new();
    for effect in &outcome.effects {
        match &effect.kind {
            EffectKind::Populate(populate) => {
                pages.extend(populate.page.iter().chain(&populate.frame).map(|page| (page, effect.place)));
            }
            EffectKind::Store(place, value) if is_page_of_fault(place) => pages.push((value, effect.place)),
            _ => {}
        }
    }
    pages
}

/// Whether the hook makes an object of the mapping's size.
fn makes_object(accepted: &Outcome) -> bool {
    let is_sized = |term: &Term| {
        term.any(&|part| matches!(part, Part::Call(_, arguments) if arguments.iter().any(|argument| argument.any(&|part| *part == Part::Pages))))
    };
    let gets_size = |kind: &EffectKind| match kind {
        EffectKind::Call(_, arguments) => arguments.iter().any(|argument| argument.any(&|part| *part == Part::Pages)),
        EffectKind::Store(_, value) => is_sized(value),
        EffectKind::Populate(_) => false,
    };
    accepted.mapping.fields.values().any(is_sized) || accepted.effects.iter().any(|effect| gets_size(&effect.kind))
}
