//! A hook that replaces `desc->vm_file`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for body in &handler.bodies {
            let swaps = body.lowered.events.iter().filter(|event| matches!(event.kind, EventKind::SwapFile | EventKind::DropFile { .. }));
            for event in swaps {
                let message = format!(
                    "{} replaces desc->vm_file: check who drops the reference to the old file, and to the new one \
                     if the mapping fails; three such hooks got this wrong",
                    handler.name()
                );
                found.at(body.file(), event.span, message);
            }
        }
    }
}
