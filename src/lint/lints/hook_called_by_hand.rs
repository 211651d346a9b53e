//! A direct call of another file's mmap hook.

use crate::lint::{Facts, Found, Variant};
use crate::source::ast::{Expression, ExpressionKind as E};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Call { callee, .. } = &expression.kind else { return };
                let (call, why) = match hook_of_file(callee.bare()) {
                    Some(hook) => (format!("f_op->{hook}"), "the file may have the other hook only"),
                    // It calls .mmap_prepare without asking whether the file has it (include/linux/fs.h).
                    None if callee.name() == Some("compat_vma_mmap") && !asks_for_hook(variant) => {
                        ("compat_vma_mmap()".to_owned(), "the file may have no .mmap_prepare")
                    }
                    None => return,
                };
                let name = handler.name();
                let message = format!("{name} calls {call} itself: {why}; vfs_mmap() calls the hook that is set");
                found.at(body.file(), expression.span, message);
            });
        }
    }
}

/// The mmap hook of an open file that an expression names: `file->f_op->mmap`.
fn hook_of_file(expression: &Expression) -> Option<&str> {
    let E::Field { base, name, .. } = &expression.kind else { return None };
    let is_table = matches!(&base.bare().kind, E::Field { name, .. } if name == "f_op");
    (is_table && (name == "mmap" || name == "mmap_prepare")).then_some(name)
}

/// Whether a function asks which hook a file has, other than by a call of it.
fn asks_for_hook(variant: &Variant) -> bool {
    let (mut named, mut called) = (0, 0);
    variant.expressions(&mut |expression| {
        named += usize::from(hook_of_file(expression) == Some("mmap_prepare"));
        called += match &expression.kind {
            E::Call { callee, .. } => usize::from(hook_of_file(callee.bare()) == Some("mmap_prepare")),
            _ => 0,
        };
    });
    named > called
}
