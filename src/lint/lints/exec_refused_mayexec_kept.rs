//! A mapping that rejects execution, although mprotect() can make it executable.

use super::write_refused_maywrite_kept::report;
use crate::lint::refused::Permission;
use crate::lint::{Facts, Found};

pub fn check(facts: &Facts, found: &mut Found) {
    report(facts, &Permission { flag: "VM_EXEC", may: "VM_MAYEXEC" }, "executable", found);
}
