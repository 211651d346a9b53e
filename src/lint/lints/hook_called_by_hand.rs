//! A direct call of another file's mmap hook.

use crate::lint::{Facts, Found};
use crate::source::ast::ExpressionKind as E;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in &facts.handlers {
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Call { callee, .. } = &expression.kind else { return };
                let E::Field { base, name, .. } = &callee.bare().kind else { return };
                let is_table = matches!(&base.bare().kind, E::Field { name, .. } if name == "f_op");
                if is_table && (name == "mmap" || name == "mmap_prepare") {
                    let message = format!(
                        "{} calls f_op->{name} itself: the file may have the other hook only; vfs_mmap() calls the one that is set",
                        handler.name()
                    );
                    found.at(body.file(), expression.span, message);
                }
            });
        }
    }
}
