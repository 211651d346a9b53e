//! Arithmetic on vm_pgoff that may wrap before it is compared.

use crate::lint::{Facts, Found, Variant};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Binary { operator, left, right } = &expression.kind else { return };
                if !matches!(operator.as_str(), "<" | ">" | "<=" | ">=") {
                    return;
                }
                for side in [left, right] {
                    if let Some(message) = wraps(variant, side, expression.span) {
                        found.at(body.file(), expression.span, message.to_owned());
                    }
                }
            });
        }
    }
}

/// Message for a side of a comparison that may wrap.
fn wraps(variant: &Variant, side: &Expression, comparison: Span) -> Option<&'static str> {
    let side = resolved(variant, side);
    let E::Binary { operator, left, right } = &side.bare().kind else { return None };
    let is_offset = |part: &Expression| variant.is_made_from(part, &["vm_pgoff"]);
    let is_bytes = |part: &Expression| is_offset(part) && is_shifted(variant, part);
    match operator.as_str() {
        "+" if (is_bytes(left) || is_bytes(right)) && !is_compared_before(variant, comparison) => {
            Some("adds to vm_pgoff in bytes before the comparison: the sum may wrap; compare in pages, or compare the offset first")
        }
        "-" if is_offset(right) && !is_compared_before(variant, comparison) => {
            Some("subtracts vm_pgoff before the comparison: the difference wraps if vm_pgoff is larger; compare the offset first")
        }
        _ => None,
    }
}

/// Value of a variable that is set once; any other expression as it is.
fn resolved<'v>(variant: &'v Variant, side: &'v Expression) -> &'v Expression {
    match side.name().map(|name| variant.values(name)) {
        Some([value]) => value,
        _ => side,
    }
}

fn is_shifted(variant: &Variant, value: &Expression) -> bool {
    let mut stack = vec![value];
    if let Some(name) = value.name() {
        stack.extend(variant.values(name));
    }
    let mut found = false;
    for value in stack {
        visit::expression(value, &mut |part| {
            found |= matches!(&part.kind, E::Binary { operator, .. } if operator == "<<" || operator == "*");
        });
    }
    found
}

/// Whether an earlier comparison checks vm_pgoff without a sum or a difference.
fn is_compared_before(variant: &Variant, comparison: Span) -> bool {
    let mut compared = false;
    variant.expressions(&mut |expression| {
        if let E::Binary { operator, left, right } = &expression.kind
            && matches!(operator.as_str(), "<" | ">" | "<=" | ">=")
            && expression.span.end <= comparison.start
        {
            let is_plain = |part: &Expression| {
                !matches!(&resolved(variant, part).bare().kind, E::Binary { operator, .. } if operator == "+" || operator == "-")
                    && variant.is_made_from(part, &["vm_pgoff"])
            };
            compared |= is_plain(left) || is_plain(right);
        }
    });
    compared
}
