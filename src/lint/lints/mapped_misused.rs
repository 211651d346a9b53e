//! `vm_ops->mapped` that takes the address of the private data for the private data, or that returns a positive value.

use std::collections::BTreeSet;

use crate::lint::{Facts, Found};
use crate::rules::Rules;
use crate::source::ast::{Declared, Expression, ExpressionKind as E, Function, Statement};
use crate::source::visit::{self, Seen, each_block};
use crate::source::{Span, is_error_number};

pub fn check(facts: &Facts, found: &mut Found) {
    let mut seen = BTreeSet::new();
    for handler in &facts.handlers {
        let hooks = handler.lowered().flat_map(|lowered| &lowered.vm_hooks);
        for mapped in hooks.filter(|hook| hook.member == "mapped" && seen.insert(hook.key.id)) {
            for function in facts.syntax(mapped.key.id).variants.iter() {
                let name = &function.name;
                for span in taken_for_data(function) {
                    let message = format!(
                        "{name} uses the address of the private data as the private data: the last argument of mapped is a void **"
                    );
                    found.at(mapped.key.id.file, span, message);
                }
                for span in positive(facts.context.rules, function) {
                    let message = format!(
                        "{name} returns a positive value, which mm takes for an error: the mapping is unmapped"
                    );
                    found.at(mapped.key.id.file, span, message);
                }
            }
        }
    }
}

/// Places at which the last argument, a pointer to a pointer, becomes a simple pointer.
fn taken_for_data(function: &Function) -> Vec<Span> {
    let Some(last) = function.parameters.last().filter(|last| last.ty.pointers == 2) else { return Vec::new() };
    let is_it = |value: &Expression| value.name() == Some(&last.name);
    let mut places = Vec::new();
    visit::statements(&function.body, &mut |seen| match seen {
        Seen::Declared(Declared { ty, value: Some(value), .. }) if ty.pointers == 1 && is_it(value) => {
            places.push(value.span)
        }
        Seen::Expression(Expression { kind: E::Cast { ty, value }, span }) if ty.pointers == 1 && is_it(value) => {
            places.push(*span)
        }
        Seen::Expression(Expression { kind: E::Field { base, .. }, span }) if is_it(base) => places.push(*span),
        _ => {}
    });
    // A cast in a declaration is one mistake.
    places.dedup_by_key(|span| span.end);
    places
}

/// Places at which a function returns a positive number, or the result of a call that is true if it took something.
fn positive(rules: &Rules, function: &Function) -> Vec<Span> {
    let mut places = Vec::new();
    each_block(&function.body, &mut |block| {
        for value in block.iter().filter_map(Statement::returned) {
            let is_number = matches!(value.bare().kind, E::Number(_)) && !value.is_zero();
            // `return ENOMEM`
            let is_positive = value.name().is_some_and(|name| name == "true" || is_error_number(name));
            // `return kref_get_unless_zero(&lamp->ref)`
            let is_truth = matches!(&value.bare().kind, E::Call { callee, .. } if callee.name().is_some_and(|name| rules.tells_by_truth(name)));
            places.extend((is_number || is_positive || is_truth).then_some(value.span));
        }
    });
    places
}
