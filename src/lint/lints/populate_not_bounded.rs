//! What is mapped is never compared with what there is.

use std::collections::BTreeSet;

use crate::lint::function_view::SIZE;
use crate::lint::branches::Branch;
use crate::lint::{Facts, Found, HandlerView, Variant};
use crate::rules::{Call, CallEffect, Idiom};
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let mut bounds = bounds_of(handler);
        facts.callers(handler).into_iter().for_each(|caller| bounds.extend(bounds_of(caller)));
        for (body, variant) in handler.variants() {
            for (name, arguments, call) in variant.calls() {
                let Some(rule) = facts.rules().call(name).filter(|rule| is_remap(rule)) else { continue };
                let message = match unbounded(variant, rule, arguments, &bounds) {
                    Some(Unbounded::Size) => format!(
                        "{} maps by {name} and never compares the size of the mapping with that of the object",
                        handler.name()
                    ),
                    Some(Unbounded::Offset) => format!(
                        "{} maps by {name} from vm_pgoff on and never compares vm_pgoff with anything",
                        handler.name()
                    ),
                    None => continue,
                };
                found.at(body.file(), call.span, message);
            }
        }
    }
}

enum Unbounded {
    Size,
    Offset,
}

/// Calls that map what they are told to; others compare with the object themselves, as vm_iomap_memory() does.
fn is_remap(rule: &Call) -> bool {
    let populates = rule.does == CallEffect::Populate && rule.size.is_some() && rule.start.is_some();
    rule.frame.is_some() && (populates || rule.does == CallEffect::Action)
}

fn unbounded(variant: &Variant, rule: &Call, arguments: &[Expression], bounds: &BTreeSet<String>) -> Option<Unbounded> {
    let argument = |position: Option<usize>| position.and_then(|position| arguments.get(position));
    let frame = argument(rule.frame)?;
    let is_bounded = |field: &str| bounds.contains(field);
    let is_one_page = argument(rule.size).is_some_and(|size| size.name() == Some("PAGE_SIZE"));
    if !is_one_page && !SIZE.iter().any(|field| is_bounded(field)) {
        return Some(Unbounded::Size);
    }
    (variant.is_made_from(frame, &["vm_pgoff"]) && !is_bounded("vm_pgoff")).then_some(Unbounded::Offset)
}

/// The fields that a handler bounds: by a comparison that refuses, or that decides what is mapped; by a switch; by handing them to a
/// function that may.
fn bounds_of(handler: &HandlerView) -> BTreeSet<String> {
    let mut bounds = BTreeSet::new();
    for (_, variant) in handler.variants() {
        for branch in variant.branches() {
            let decides = branch.then_refuses || branch.otherwise_refuses || populates(variant, branch.then);
            if is_clamp(&branch) {
                bounds.extend(variant.made_from(branch.condition));
            } else if decides || populates(variant, branch.otherwise) {
                add_compared(variant, branch.condition, &mut bounds);
            }
        }
        let mut results = Vec::new();
        chosen_by(&variant.function.body, &mut results);
        for (value, is_switch) in results {
            if is_switch { bounds.extend(variant.made_from(value)) } else { add_compared(variant, value, &mut bounds) }
        }
        variant.expressions(&mut |expression| match &expression.kind {
            E::Call { callee, arguments } => {
                let name = callee.name();
                let rule = name.and_then(|name| variant.rules().call(name));
                // A call that is known does what its rule says, and one that is followed what its own lines say.
                let is_followed = name.is_some_and(|name| followed_without_comparison(handler, name));
                if rule.is_none() && !is_followed && !name.is_some_and(is_message) {
                    arguments.iter().for_each(|argument| bounds.extend(variant.made_from(argument)));
                }
            }
            E::Index { index, .. } => bounds.extend(variant.made_from(index)),
            _ => {}
        });
    }
    bounds
}

/// The fields that a condition compares with something else than nothing or one another, or asks to be nothing.
fn add_compared(variant: &Variant, condition: &Expression, bounds: &mut BTreeSet<String>) {
    match &condition.bare().kind {
        E::Unary { operator, operand } if operator == "!" => add_compared(variant, operand, bounds),
        E::Binary { operator, left, right } => match operator.as_str() {
            "&&" | "||" => {
                add_compared(variant, left, bounds);
                add_compared(variant, right, bounds);
            }
            "<" | ">" | "<=" | ">=" | "==" | "!=" => {
                let (of_left, of_right) = (variant.made_from(left), variant.made_from(right));
                let is_size = |fields: &BTreeSet<String>| fields.iter().any(|field| SIZE.contains(&field.as_str()));
                // `vm_end < vm_start` and `size == 0` say nothing of how much there is.
                let says_nothing = (is_size(&of_left) && is_size(&of_right))
                    || (left.is_zero() || right.is_zero())
                        && is_size(&of_left.union(&of_right).cloned().collect());
                if !says_nothing {
                    bounds.extend(of_left);
                    bounds.extend(of_right);
                }
            }
            _ => {}
        },
        E::Call { callee, arguments }
            if callee.name().and_then(|name| variant.rules().idiom(name)).is_some_and(Idiom::is_truth) =>
        {
            arguments.iter().for_each(|argument| add_compared(variant, argument, bounds));
        }
        // `if (vma->vm_pgoff) return -EINVAL;`
        E::Name(_) | E::Field { .. } => {
            let of = variant.made_from(condition);
            bounds.extend(of.into_iter().filter(|field| field == "vm_pgoff"));
        }
        _ => {}
    }
}

/// Whether statements hold a call that maps.
fn populates(variant: &Variant, statements: &[Statement]) -> bool {
    let mut found = false;
    visit::statements(statements, &mut |seen| {
        if let Seen::Expression(Expression { kind: E::Call { callee, .. }, .. }) = seen {
            let rule = callee.name().and_then(|name| variant.rules().call(name));
            found |= rule.is_some_and(|rule| matches!(rule.does, CallEffect::Populate | CallEffect::Action));
        }
    });
    found
}

/// `if (done + part > size) part = size - done;`: what is too much is made less.
fn is_clamp(branch: &Branch) -> bool {
    let E::Binary { operator, left, right } = &branch.condition.bare().kind else { return false };
    let larger = match operator.as_str() {
        ">" | ">=" => left,
        "<" | "<=" => right,
        _ => return false,
    };
    let [Statement { kind: S::Expression(Expression { kind: E::Assign { target, .. }, .. }), .. }] = branch.then else {
        return false;
    };
    let mut found = false;
    visit::expression(larger, &mut |part| found |= part.name().is_some() && part.name() == target.name());
    found
}

/// What is chosen by: the values of switches, and with `false` what functions return, which their callers choose by.
fn chosen_by<'s>(statements: &'s [Statement], found: &mut Vec<(&'s Expression, bool)>) {
    for statement in statements {
        match &statement.kind {
            S::Switch { value, arms, .. } => {
                found.push((value, true));
                arms.iter().for_each(|arm| chosen_by(arm, found));
            }
            S::If { then, otherwise, .. } => {
                chosen_by(then, found);
                chosen_by(otherwise, found);
            }
            S::Loop { body, .. } | S::Block(body) => chosen_by(body, found),
            S::Return(Some(value)) => found.push((value, false)),
            _ => {}
        }
    }
}

/// Whether the analysis of the handler enters this function, and the function has no comparison.
fn followed_without_comparison(handler: &HandlerView, name: &str) -> bool {
    let mut own = handler.variants().filter(|(body, _)| body.lowered.name == name).peekable();
    own.peek().is_some()
        && own.all(|(_, variant)| {
            let mut compares = false;
            variant.expressions(&mut |expression| {
                compares |= matches!(&expression.kind, E::Binary { operator, .. }
                    if matches!(operator.as_str(), "<" | ">" | "<=" | ">=" | "==" | "!="));
            });
            !compares
        })
}

/// Calls that only print, or only compute, what they are given.
fn is_message(name: &str) -> bool {
    ["pr_", "dev_", "printk", "drm_", "DRM_", "netdev_", "trace_", "PAGE_ALIGN", "PFN_", "virt_to_", "page_to_", "__pa", "phys_to_", "IS_ALIGNED"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
