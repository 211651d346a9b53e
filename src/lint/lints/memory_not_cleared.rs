//! Memory that is mapped as the allocator left it.

use std::collections::BTreeMap;

use crate::behaviour::{Part, Term};
use crate::lint::allocation::{Allocation, allocations, is_named, mapped, named, names_one, naming};
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::CallValue;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::visit::{self, Seen};
use crate::verdict::Place;

pub fn check(facts: &Facts, found: &mut Found) {
    for (handler, calls) in facts.of_each(|handler| of_handler(facts, handler)) {
        for (place, call) in calls {
            let message = format!(
                "{} maps memory of {call}(): nothing clears it, so that user space reads the old content",
                handler.name()
            );
            found.at(place.file, place.span, message);
        }
    }
}

/// The places that map such memory, with the call that allocates it.
fn of_handler(facts: &Facts, handler: &HandlerView) -> BTreeMap<Place, String> {
    let file = handler.key.id.file;
    if !names_one(facts, handler, facts.rules().uncleared()) {
        return BTreeMap::new();
    }
    let mapped = mapped(facts, handler).into_iter().filter(|mapped| !mapped.is_filled);
    mapped.filter_map(|mapped| Some((mapped.place, uncleared(facts, file, &mapped.object)?))).collect()
}

/// The call that allocates the memory at a page, frame or address, if nothing in the file clears it.
fn uncleared(facts: &Facts, file: u32, object: &Term) -> Option<String> {
    let rules = facts.rules();
    for (part, _) in object.parts() {
        if let Part::Call(name, arguments) = part
            && rules.value(name) == Some(CallValue::Address)
        {
            return arguments.iter().find_map(|address| uncleared(facts, file, address));
        }
    }
    let calls = allocations(facts, file, object, &|name| rules.is_uncleared(name));
    let is_dirty =
        |call: &Allocation| call.arguments.iter().all(|text| !text.contains("ZERO") && !text.contains("gfp"));
    let first = calls.first()?;
    let is_written = object.parts().filter_map(|(part, _)| base_name(part)).any(|name| is_written(facts, file, name));
    (calls.iter().all(is_dirty) && !is_written).then(|| first.name.clone())
}

fn base_name(part: &Part) -> Option<&str> {
    match part {
        Part::Index(base, _) => base.as_part().and_then(named),
        part => named(part),
    }
}

/// Whether a file has a call that writes all of the memory of this name.
fn is_written(facts: &Facts, file: u32, name: &str) -> bool {
    let rules = facts.rules();
    let mut is_written = false;
    for function in naming(facts, file, name, &|call| rules.clears(call)) {
        visit::statements(&function.body, &mut |seen| {
            let Seen::Expression(Expression { kind: E::Call { callee, arguments }, .. }) = seen else { return };
            if !callee.name().is_some_and(|callee| rules.clears(callee)) {
                return;
            }
            for argument in arguments {
                visit::expression(argument, &mut |part| is_written |= is_named(part, name));
            }
        });
    }
    is_written
}
