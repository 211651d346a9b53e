//! Another file in the place of `desc->vm_file`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for body in &handler.bodies {
            let swaps = body.lowered.events.iter().filter(|event| matches!(event.kind, EventKind::SwapFile | EventKind::DropFile { .. }));
            for event in swaps {
                let message = format!(
                    "{} puts another file in the place of desc->vm_file: who drops the reference of the old one, and of \
                     the new one where the mapping fails, has been wrong three times",
                    handler.name()
                );
                found.at(body.file(), event.span, message);
            }
        }
    }
}
