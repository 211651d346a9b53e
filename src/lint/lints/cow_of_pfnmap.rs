//! A private mapping of PFNs, which a write would copy.

use crate::lint::{Facts, Found, HandlerView};
use crate::rules::Does;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        let remaps = handler
            .ruled_calls(facts.rules())
            .any(|(_, rule)| matches!(rule.does, Does::Populate | Does::Action | Does::Helper) );
        // What remaps at once looks at copy-on-write itself.
        if remaps || asks(handler) {
            continue;
        }
        for body in &handler.bodies {
            for set in body.lowered.sets.iter().filter(|set| set.name == "VM_PFNMAP") {
                let message = format!(
                    "{} sets VM_PFNMAP and takes private mappings: the first fault of a writable one is a BUG in vmf_insert_pfn()",
                    handler.name()
                );
                found.at(body.file(), set.span, message);
            }
        }
    }
}

/// Whether the handler asks for anything that rules a private writable mapping out.
fn asks(handler: &HandlerView) -> bool {
    let flags = ["VM_SHARED", "VM_MAYSHARE", "VM_MAYWRITE"];
    flags.iter().any(|flag| handler.tests(flag) || handler.clears(flag))
        || handler.variants().any(|(_, variant)| {
            variant.calls().iter().any(|(name, _, _)| name.contains("is_cow_mapping") || name.contains("shared_maywrite"))
        })
}
