//! A hook that changes the range of the mapping.

use crate::lint::{Facts, Found};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        for body in &handler.bodies {
            for write in body.lowered.writes.iter().filter(|write| matches!(write.name.as_str(), "vm_start" | "vm_end"))
            {
                let message = format!(
                    "{} changes {}, which only mm may change: since v6.16 this breaks a mapping that several calls populate",
                    handler.name(),
                    write.name
                );
                found.at(body.file(), write.span, message);
            }
        }
    }
}
