//! A test for any of several flags that means all of them, or the reverse.

use std::collections::BTreeSet;

use crate::index::Takes;
use crate::lint::flags::FlagTest;
use crate::lint::{Facts, Found, HandlerView, Variant};
use crate::rules::stem;

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
                    false if was(&test, true) => {
                        "this test is true if any of these flags is set; before the change, the handler tested for all of them"
                    }
                    // Other flags beside the pair are a list of what the handler refuses.
                    false if shared && writable && flags.len() == 2 && !was(&test, false) => {
                        "this test is true for shared or writable mappings, which are nearly all; to test for both flags, use vma_desc_test_all()"
                    }
                    true if was(&test, false) => {
                        "this test is true only if all of these flags are set; before the change, the handler tested for any of them"
                    }
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

/// Calls that test for any or for all of several flags.
fn tests(variant: &Variant) -> Vec<FlagTest> {
    let is_call = |name: &str| variant.rules().call(name).is_some_and(|rule| rule.test.is_some() && rule.variadic);
    let calls = variant.calls().into_iter().filter(|(name, _, _)| is_call(name));
    let tests = calls.flat_map(|(_, _, call)| variant.flag_tests(call, true));
    tests.filter(|test| test.flags.len() > 1).collect()
}

/// Tests of several flags in the handler before its conversion.
fn tests_before(before: &Facts, handler: &HandlerView) -> Vec<FlagTest> {
    let old = before.taking(Takes::Vma).filter(|old| stem(old.name()) == stem(handler.name()));
    let conditions = old.flat_map(|old| old.variants()).flat_map(|(_, variant)| {
        variant.branches().into_iter().flat_map(|branch| variant.flag_tests(branch.condition, true))
    });
    conditions.filter(|test| test.flags.len() > 1).collect()
}
