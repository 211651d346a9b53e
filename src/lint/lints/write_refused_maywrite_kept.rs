//! A mapping that rejects writes, although mprotect() can make it writable.

use crate::behaviour::Literal;
use crate::lint::refused::{Permission, Refusal};
use crate::lint::{Facts, Found, HandlerView};

pub fn check(facts: &Facts, found: &mut Found) {
    report(facts, &Permission { flag: "VM_WRITE", may: "VM_MAYWRITE" }, "writable", found, &|_| true);
}

/// Reports handlers that keep a flag from mappings, but not from mprotect(), if they are meant.
pub(super) fn report(
    facts: &Facts,
    permission: &Permission,
    made: &str,
    found: &mut Found,
    is_meant: &(dyn Fn(&HandlerView) -> bool + Sync),
) {
    let Permission { flag, may } = permission;
    let of_handler = |handler: &'_ HandlerView| {
        let places = facts.refused(handler, permission);
        if places.is_empty() || is_meant(handler) { places } else { Vec::new() }
    };
    for (handler, places) in facts.of_each(of_handler) {
        for (place, refusal) in places {
            let how = match refusal {
                Refusal::Refuses(conditions) => format!("refuses {flag}{}", listed(&conditions)),
                Refusal::Clears => format!("clears {flag}"),
            };
            let name = handler.name();
            let message = format!("{name} {how} and leaves {may} set: mprotect() can still make the mapping {made}");
            found.at(place.file, place.span, message);
        }
    }
}

/// The conditions of a refusal as text; those of mappings that take more than a line to describe are left out.
fn listed(conditions: &[Literal]) -> String {
    const LENGTH_LIMIT: usize = 100;
    let listed = conditions.iter().map(ToString::to_string).collect::<Vec<_>>().join(" and ");
    match listed.len() {
        0 => String::new(),
        1..=LENGTH_LIMIT => format!(" if {listed},"),
        _ => " for some mappings".to_owned(),
    }
}
