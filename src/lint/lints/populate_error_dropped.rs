//! A hook that accepts the mapping although a populating call failed.

use std::collections::BTreeMap;

use crate::behaviour::{Outcome, Part};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::CallEffect;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, places) in facts.of_each(|handler| of_handler(facts, handler)) {
        let name = handler.name();
        for (place, call) in places {
            let message = format!("{name} returns 0 if {call}() fails: user space gets a mapping that lacks pages");
            found.at(place.file, place.span, message);
        }
        for (place, call) in overwritten(facts, handler) {
            let message = format!(
                "{name} returns the result of the last {call}() in the loop alone: if an earlier one fails, user space gets a mapping that lacks pages"
            );
            found.at(place.file, place.span, message);
        }
    }
}

/// Whether a call populates, and its result says whether it did.
fn populates(facts: &Facts, name: &str) -> bool {
    let rule = facts.rules().call(name);
    // What user space touches later, a fault can still map; and a call that may do nothing has its own meaning of 0.
    rule.is_some_and(|rule| rule.does == CallEffect::Populate && rule.populates_if.is_none() && rule.needs.is_empty())
}

fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let mut places = BTreeMap::new();
    if !handler.lowered().flat_map(|lowered| &lowered.calls).any(|call| populates(facts, &call.name)) {
        return places;
    }
    for outcome in facts.accepting(handler).iter() {
        if installs_fault(facts, handler, outcome) {
            continue;
        }
        let count = outcome.populates().count();
        let says = |number: usize| outcome.condition.iter().any(|literal| literal.says_populated(number));
        for (number, (populate, effect)) in outcome.populates().enumerate() {
            // A loop that ends when its call fails leaves the result in a variable.
            let is_kept = || effect.is_looped && outcome.condition.iter().any(|literal| literal.asks(&is_of_round));
            // Where one call fails, a later one may populate in its place.
            if populates(facts, &populate.name) && !(number..count).any(says) && !is_kept() {
                places.insert(effect.place, populate.name.clone());
            }
        }
    }
    places
}

/// The populating calls in loops that go on whatever the result was, and overwrite it: `for (...) ret = vm_insert_page(...); return ret;`.
fn overwritten(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let mut places = BTreeMap::new();
    for (body, variant) in handler.variants() {
        visit::each_block(&variant.function.body, &mut |block| {
            let unread = block.iter().flat_map(unread_in_loop).filter(|(call, _)| populates(facts, call));
            places.extend(unread.map(|(call, span)| (Place { file: body.file(), span }, call.to_owned())));
        });
    }
    places
}

/// The calls in a loop whose results are assigned to variables that nothing in the loop reads, with their places.
fn unread_in_loop<'s>(statement: &'s Statement) -> Vec<(&'s str, Span)> {
    let S::Loop { condition, body, head, .. } = &statement.kind else { return Vec::new() };
    // `do { ... } while (0)` and `scoped_guard(...) { ... }` have one round.
    let is_scope = head.as_deref().is_some_and(|head| head.starts_with("scoped_"));
    if is_scope || condition.as_ref().is_some_and(Expression::is_zero) {
        return Vec::new();
    }
    let (mut named, mut assigned) = (Vec::new(), Vec::new());
    let mut see = |expression: &'s Expression| match expression {
        Expression { kind: E::Name(name), .. } => named.push(name.as_str()),
        Expression { kind: E::Assign { operator: None, target, value }, .. } => {
            if let (Some(target), E::Call { callee, .. }) = (target.name(), &value.bare().kind) {
                assigned.extend(callee.name().map(|call| (target, call, value.span)));
            }
        }
        _ => {}
    };
    condition.iter().for_each(|condition| visit::expression(condition, &mut see));
    visit::statements(body, &mut |seen| {
        if let Seen::Expression(expression) = seen {
            see(expression);
        }
    });
    let is_unread = |target: &str| named.iter().filter(|name| **name == target).count() == 1;
    assigned.into_iter().filter(|(target, ..)| is_unread(target)).map(|(_, call, span)| (call, span)).collect()
}

/// Whether a value is that of a variable which the rounds of a loop change.
fn is_of_round(part: &Part) -> bool {
    matches!(part, Part::Changed(_))
}

/// Whether the mapping has a table of vm_ops, whose fault handler may map what is missing.
fn installs_fault(facts: &Facts, handler: &HandlerView, outcome: &Outcome) -> bool {
    let has_fault = |(table, file): (String, u32)| facts.context.index.table_member(&table, "fault", file).is_some();
    outcome.mapping.fields.contains_key("vm_ops") && facts.vm_ops_tables(handler).into_iter().any(has_fault)
}
