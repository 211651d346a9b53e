//! `desc->vm_file` read instead of `desc->file`.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::source::Span;
use crate::source::ast::ExpressionKind as E;

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for (body, variant) in handler.variants() {
            let (mut reads, mut written): (Vec<Span>, Vec<Span>) = Default::default();
            variant.expressions(&mut |expression| match &expression.kind {
                E::Field { base, name, .. } if name == "vm_file" && variant.is_desc(base) => {
                    reads.push(expression.span)
                }
                E::Assign { target, .. } => written.push(target.span),
                _ => {}
            });
            for span in reads.into_iter().filter(|span| !written.contains(span)) {
                let message = format!(
                    "{} reads desc->vm_file, which another hook may have replaced; the file of this hook is desc->file",
                    handler.name()
                );
                found.at(body.file(), span, message);
            }
        }
    }
}
