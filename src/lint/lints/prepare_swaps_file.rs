//! A hook that replaces `desc->vm_file`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::vma::EventKind;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for body in &handler.bodies {
            let swaps = body
                .lowered
                .events
                .iter()
                .filter(|event| matches!(event.kind, EventKind::SwapFile | EventKind::DropFile { .. }));
            let text = &facts.context.index.file(body.file()).text;
            for event in swaps {
                // `file` is what mm has called the hook with.
                if writes_file(event.span.of(text)) {
                    let message = format!(
                        "{} changes desc->file, which mm never reads back: the file of the mapping is desc->vm_file",
                        handler.name()
                    );
                    found.at(body.file(), event.span, message);
                    continue;
                }
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

/// Whether an assignment writes the member `file`, not `vm_file`.
fn writes_file(assignment: &[u8]) -> bool {
    let target = assignment.split(|byte| *byte == b'=').next().unwrap_or_default().trim_ascii_end();
    target.ends_with(b"->file") || target.ends_with(b".file")
}
