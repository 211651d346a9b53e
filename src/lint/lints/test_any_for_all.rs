//! A test for any of some flags where all of them are meant.

use std::collections::BTreeSet;

use crate::index::Takes;
use crate::lint::flags::FlagTest;
use crate::lint::{Facts, Found, HandlerView, Variant};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        let meant = facts.before.map(|before| all_tests_before(before, handler)).unwrap_or_default();
        for (body, variant) in handler.variants() {
            for test in any_tests(variant) {
                let flags: BTreeSet<&str> = test.flags.iter().map(String::as_str).collect();
                let were_all = meant.iter().any(|old| old.iter().map(String::as_str).collect::<BTreeSet<_>>() == flags);
                let shared = flags.contains("VM_SHARED") || flags.contains("VM_MAYSHARE");
                let writable = flags.contains("VM_WRITE") || flags.contains("VM_MAYWRITE");
                let message = if were_all {
                    "is true where any of these flags is set; the handler asked for all of them before"
                } else if shared && writable {
                    "is true for a mapping that is shared or writable, which nearly all are; shared and writable is vma_desc_test_all()"
                } else {
                    continue;
                };
                found.at(body.file(), test.span, message.to_owned());
            }
        }
    }
}

/// The calls that test for any of several flags.
fn any_tests(variant: &Variant) -> Vec<FlagTest> {
    let is_call = |name: &str| variant.rules().call(name).is_some_and(|rule| rule.test.is_some() && rule.variadic);
    let calls = variant.calls().into_iter().filter(|(name, _, _)| is_call(name) && !name.ends_with("_all"));
    calls.flat_map(|(_, _, call)| variant.flag_tests(call, true)).filter(|test| test.flags.len() > 1).collect()
}

/// The sets of flags that the handler asked for all of, before it was converted.
fn all_tests_before(before: &Facts, handler: &HandlerView) -> Vec<Vec<String>> {
    let old_name = handler.name().trim_end_matches("_prepare");
    let old = before.taking(Takes::Vma).filter(|old| [old_name, handler.name()].contains(&old.name()));
    let conditions = old.flat_map(|old| old.variants()).flat_map(|(_, variant)| {
        variant.branches().into_iter().flat_map(|branch| variant.flag_tests(branch.condition, true))
    });
    conditions.filter(|test| test.all).map(|test| test.flags).collect()
}
