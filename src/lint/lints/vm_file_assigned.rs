//! An assignment to `vma->vm_file`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::source::ast::ExpressionKind as E;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Vma) {
        for (body, variant) in handler.variants() {
            variant.expressions(&mut |expression| {
                let E::Assign { target, value, .. } = &expression.kind else { return };
                if variant.field(target) == Some("vm_file") && value.name() != Some("NULL") {
                    let message = format!(
                        "{} assigns vm_file: the reference to the old file is dropped by hand, or not at all; vma_set_file() does both",
                        handler.name()
                    );
                    found.at(body.file(), expression.span, message);
                }
            });
        }
    }
}
