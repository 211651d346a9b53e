//! A hook that takes the mmap lock, or calls a function that does; its caller holds the lock.

use crate::lint::{Facts, Found};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        for (body, variant) in handler.variants() {
            for (name, _, call) in variant.calls() {
                if facts.rules().takes_mmap_lock(name) {
                    let message = format!(
                        "{} calls {name}(), which takes the mmap lock or may fault: mmap() calls the hook with that lock held for writing",
                        handler.name()
                    );
                    found.at(body.file(), call.span, message);
                }
            }
        }
    }
}
