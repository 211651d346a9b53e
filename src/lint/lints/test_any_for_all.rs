//! A test for any of some flags where all of them are meant, or for all where any is.

use std::collections::BTreeSet;

use crate::index::Takes;
use crate::lint::flags::FlagTest;
use crate::lint::{Facts, Found, HandlerView, Variant};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        let meant = facts.before.map(|before| tests_before(before, handler)).unwrap_or_default();
        let was = |test: &FlagTest, all: bool| {
            meant.iter().any(|old| old.all == all && names(old) == names(test))
                && !meant.iter().any(|old| old.all != all && names(old) == names(test))
        };
        for (body, variant) in handler.variants() {
            for test in tests(variant) {
                let flags = names(&test);
                let shared = flags.contains("VM_SHARED") || flags.contains("VM_MAYSHARE");
                let writable = flags.contains("VM_WRITE") || flags.contains("VM_MAYWRITE");
                let message = match test.all {
                    false if was(&test, true) => "is true where any of these flags is set; the handler asked for all of them before",
                    false if shared && writable => {
                        "is true for a mapping that is shared or writable, which nearly all are; shared and writable is vma_desc_test_all()"
                    }
                    true if was(&test, false) => "is true only where all of these flags are set; the handler asked for any of them before",
                    _ => continue,
                };
                found.at(body.file(), test.span, message.to_owned());
            }
        }
    }
}

fn names(test: &FlagTest) -> BTreeSet<&str> {
    test.flags.iter().map(String::as_str).collect()
}

/// The calls that test for any or for all of several flags.
fn tests(variant: &Variant) -> Vec<FlagTest> {
    let is_call = |name: &str| variant.rules().call(name).is_some_and(|rule| rule.test.is_some() && rule.variadic);
    let calls = variant.calls().into_iter().filter(|(name, _, _)| is_call(name));
    let tests = calls.flat_map(|(name, _, call)| {
        let all = name.ends_with("_all");
        variant.flag_tests(call, true).into_iter().map(move |test| FlagTest { all, ..test })
    });
    tests.filter(|test| test.flags.len() > 1).collect()
}

/// The tests of several flags that the handler made before it was converted.
fn tests_before(before: &Facts, handler: &HandlerView) -> Vec<FlagTest> {
    let old_name = handler.name().trim_end_matches("_prepare");
    let old = before.taking(Takes::Vma).filter(|old| [old_name, handler.name()].contains(&old.name()));
    let conditions = old.flat_map(|old| old.variants()).flat_map(|(_, variant)| {
        variant.branches().into_iter().flat_map(|branch| variant.flag_tests(branch.condition, true))
    });
    conditions.filter(|test| test.flags.len() > 1).collect()
}
