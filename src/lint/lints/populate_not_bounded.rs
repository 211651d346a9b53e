//! What is mapped is never compared with what there is.

use std::collections::BTreeSet;

use crate::lint::body::SIZE;
use crate::lint::{Facts, Found, HandlerView, Variant};
use crate::rules::{Call, Does};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};

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
                found.at(body.file(), Span { end: call.span.end, ..call.span }, message);
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
    rule.does == Does::Populate && rule.frame.is_some() && rule.size.is_some() && rule.start.is_some()
}

fn unbounded(variant: &Variant, rule: &Call, arguments: &[Expression], bounds: &BTreeSet<String>) -> Option<Unbounded> {
    let argument = |position: Option<usize>| position.and_then(|position| arguments.get(position));
    let (size, frame) = (argument(rule.size)?, argument(rule.frame)?);
    let is_bounded = |field: &str| bounds.contains(field);
    let is_one_page = matches!(size.name(), Some("PAGE_SIZE"));
    if !is_one_page && !SIZE.iter().any(|field| is_bounded(field)) {
        return Some(Unbounded::Size);
    }
    (variant.is_made_from(frame, &["vm_pgoff"]) && !is_bounded("vm_pgoff")).then_some(Unbounded::Offset)
}

/// The fields that a handler compares, hands to a function that may, or chooses by.
fn bounds_of(handler: &HandlerView) -> BTreeSet<String> {
    let mut bounds = BTreeSet::new();
    for (_, variant) in handler.variants() {
        variant.expressions(&mut |expression| match &expression.kind {
            E::Binary { operator, left, right } if matches!(operator.as_str(), "<" | ">" | "<=" | ">=" | "==" | "!=") => {
                bounds.extend(variant.made_from(left));
                bounds.extend(variant.made_from(right));
            }
            E::Call { callee, arguments } => {
                let rule = callee.name().and_then(|name| variant.rules().call(name));
                // A call that is known does what its rule says and no more.
                if rule.is_none() && !callee.name().is_some_and(is_message) {
                    arguments.iter().for_each(|argument| bounds.extend(variant.made_from(argument)));
                }
            }
            E::Index { index, .. } => bounds.extend(variant.made_from(index)),
            _ => {}
        });
    }
    bounds
}

/// Calls that only print, or only compute, what they are given.
fn is_message(name: &str) -> bool {
    ["pr_", "dev_", "printk", "drm_", "DRM_", "netdev_", "trace_", "PAGE_ALIGN", "PFN_", "virt_to_", "page_to_", "__pa", "phys_to_"]
        .iter()
        .any(|prefix| name.starts_with(prefix))
}
