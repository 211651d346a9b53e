//! A function as syntax. It is parsed once for the analysis, the lints and the behaviour, also of trees that share its file.

use std::sync::Arc;

use super::SourceFile;
use crate::source::ast::Function;
use crate::source::{Span, parse, variants};

/// A parsed function.
#[derive(Debug, Default)]
pub struct FunctionSyntax {
    /// The function, once for each variant of its conditionals.
    pub variants: Vec<Arc<Function>>,
    /// Functions of other names that the item holds. Macros may hide the head of a function from the slicer.
    pub others: Vec<Arc<Function>>,
    /// What does not parse, with the reason.
    pub trouble: Vec<(Span, &'static str)>,
}

impl FunctionSyntax {
    /// All functions that the item holds, whatever their names.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Function>> {
        self.variants.iter().chain(&self.others)
    }

    /// Parses an item of a file.
    pub(super) fn parse(source: &SourceFile, item: u32) -> FunctionSyntax {
        let item = source.items[item as usize];
        let (text, name) = (item.span.of(&source.text), source.name(&item));
        let mut syntax = FunctionSyntax::default();
        for masked in variants(text) {
            if masked.truncated {
                syntax.trouble.push((item.span, "more #if variants than the limit"));
            }
            let parsed = parse::functions(text, &masked, item.span.start);
            syntax.trouble.extend(parsed.trouble);
            for function in parsed.syntax {
                let list = if function.name == name { &mut syntax.variants } else { &mut syntax.others };
                list.push(Arc::new(function));
            }
        }
        if syntax.variants.is_empty() && syntax.trouble.is_empty() {
            syntax.trouble.push((item.span, "no function definition found"));
        }
        syntax
    }
}
