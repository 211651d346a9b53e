//! `VM_SHARED` tested to learn whether the caller passed MAP_SHARED.

use crate::lint::{Facts, Found};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        if handler.tests("VM_MAYSHARE") || handler.tests("VM_MAYWRITE") {
            continue;
        }
        for (body, variant) in handler.variants() {
            for branch in variant.branches() {
                let tests = variant.flag_tests(branch.condition, true);
                // A handler that rejects mappings without VM_SHARED rejects too many, which is harmless. With VM_WRITE the test is exact.
                let is_refusal = branch.then_refuses || branch.otherwise_refuses;
                let names = |flag: &str| tests.iter().any(|test| test.flags.iter().any(|name| name == flag));
                if is_refusal || !names("VM_SHARED") || names("VM_WRITE") {
                    continue;
                }
                let message = format!(
                    "{} tests VM_SHARED for MAP_SHARED: a shared mapping of a file opened read-only has only VM_MAYSHARE",
                    handler.name()
                );
                found.at(body.file(), branch.condition.span, message);
            }
        }
    }
}
