//! A mapping that rejects execution, although mprotect() can make it executable.

use super::write_refused_maywrite_kept::report;
use crate::lint::refused::Permission;
use crate::lint::{Facts, Found};
use crate::source::macros::call_arguments;
use crate::source::{find_word, identifier_end, skip_blank, words};
use crate::verdict::Finding;

pub fn check(facts: &Facts, found: &mut Found) {
    report(facts, &Permission { flag: "VM_EXEC", may: "VM_MAYEXEC" }, "executable", found, &|handler| {
        let mut same = facts.findings.iter().filter(|other| other.handler == handler.finding.handler);
        !same.all(|finding| is_anonymous(facts, finding)) || !is_noexec(facts)
    });
}

/// Whether nothing of a pseudo file system can be mapped executable (init_pseudo() in fs/libfs.c): do_mmap() clears VM_MAYEXEC before it
/// calls the hook.
fn is_noexec(facts: &Facts) -> bool {
    facts.tree.read("fs/libfs.c").is_some_and(|text| find_word(&text, b"SB_I_NOEXEC", 0).is_some())
}

/// Whether a table belongs to files of anonymous inodes.
fn is_anonymous(facts: &Facts, finding: &Finding) -> bool {
    let registration = &finding.registration;
    let Some(table) = &registration.table else { return false };
    let text = &facts.context.index.file(registration.file).text;
    let makers = ["anon_inode_getfd", "anon_inode_getfile", "anon_inode_getfile_fmode", "anon_inode_create_getfile"];
    makers.into_iter().flat_map(|maker| words(text, maker.as_bytes())).any(|at| {
        let open = skip_blank(text, identifier_end(text, at));
        let arguments = call_arguments(text, open).map(|(arguments, _)| arguments).unwrap_or_default();
        arguments.iter().any(|argument| find_word(argument, table.as_bytes(), 0).is_some())
    })
}
