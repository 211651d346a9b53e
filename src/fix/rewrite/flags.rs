//! Rewrites tests of VMA flags, and lists of flags.

use super::marks::filled;
use crate::fix::rewrite::rewriter::{Rewriter, Use};
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Comparison};

/// A test of flags on a VMA.
struct Test {
    bits: Vec<String>,
    asks: Asks,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Asks {
    Any,
    All,
    NotAny,
    NotAll,
}

impl Rewriter<'_> {
    /// Flags that an expression names, as bits of the target: `VM_IO | VM_PFNMAP`. `None` if it is not a list of flags.
    pub(in crate::fix) fn bits(&self, expression: &Expression) -> Option<Vec<String>> {
        match &expression.bare().kind {
            E::Binary { operator: Binary::Arithmetic(Arithmetic::Or), left, right } => {
                let mut bits = self.bits(left)?;
                bits.extend(self.bits(right)?);
                Some(bits)
            }
            E::Number(_) if expression.bare().is_zero() => Some(Vec::new()),
            E::Name(name) if name == "VM_NONE" => Some(Vec::new()),
            E::Name(name) => {
                let names = self.conversion.rules.mask(name).map_or_else(|| vec![name.clone()], <[String]>::to_vec);
                names.iter().map(|name| self.bit(name)).collect()
            }
            _ => None,
        }
    }

    fn bit(&self, flag: &str) -> Option<String> {
        let name = flag.strip_prefix("VM_").filter(|_| self.conversion.rules.has_bit(flag))?;
        let template = self.conversion.rewrite.bit.as_ref()?;
        Some(filled(template, &mut |key| (key == "name").then(|| name.to_owned())))
    }

    /// Rewrites a test of flags. Returns whether the expression is one.
    pub(in crate::fix) fn flag_test(&mut self, expression: &Expression, used: Use) -> bool {
        if let Some(text) = self.one(expression, used) {
            self.flags_after_populate(expression.span);
            self.replace(expression.span, text);
            return true;
        }
        self.both(expression)
    }

    /// Rewrites `(flags & A) && (flags & B)` as one test of both, also after other conditions.
    fn both(&mut self, expression: &Expression) -> bool {
        let (Some(template), E::Binary { operator: Binary::Both, left, right }) =
            (self.conversion.rewrite.test_all.clone(), &expression.kind)
        else {
            return false;
        };
        let one = |side: &Expression| {
            let test = self.test(side)?;
            (test.asks == Asks::Any && test.bits.len() == 1).then_some(test.bits)
        };
        let Some(last) = one(right) else { return false };
        let (first, others, start) = match &left.kind {
            E::Binary { operator: Binary::Both, left: others, right: first } if left.span.end == first.span.end => {
                (one(first), Some(others), first.span.start)
            }
            _ => (one(left), None, expression.span.start),
        };
        let Some(first) = first else { return false };
        let bits = [first, last].concat();
        let end = if others.is_some() { right.span.end } else { expression.span.end };
        let text = filled(&template, &mut |key| (key == "bits").then(|| bits.join(", ")));
        self.replace(Span { start, end }, text);
        if let Some(others) = others {
            self.expression(others, Use::Truth);
        }
        true
    }

    fn one(&self, expression: &Expression, used: Use) -> Option<String> {
        // A test without a comparison is rewritten only if its truth is used; its value may differ.
        let is_comparison = matches!(&expression.kind, E::Binary { operator: Binary::Comparison(operator), .. } if !operator.is_order());
        if used == Use::Value && !is_comparison {
            return None;
        }
        let Test { bits, asks } = self.test(expression)?;
        let template = match asks {
            _ if bits.len() == 1 => &self.conversion.rewrite.test,
            Asks::Any | Asks::NotAny => &self.conversion.rewrite.test_any,
            Asks::All | Asks::NotAll => &self.conversion.rewrite.test_all,
        };
        let text = filled(template.as_ref()?, &mut |key| (key == "bits").then(|| bits.join(", ")));
        Some(if matches!(asks, Asks::NotAny | Asks::NotAll) { format!("!{text}") } else { text })
    }

    fn test(&self, expression: &Expression) -> Option<Test> {
        let E::Binary { operator, left, right } = &expression.kind else { return None };
        match operator {
            Binary::Arithmetic(Arithmetic::And) => Some(Test { bits: self.tested(expression)?, asks: Asks::Any }),
            Binary::Comparison(comparison) if !comparison.is_order() => {
                let equal = *comparison == Comparison::Equal;
                let (masked, value) = if self.tested(left).is_some() { (left, right) } else { (right, left) };
                let bits = self.tested(masked)?;
                let value = self.bits(value)?;
                let same = |left: &[String], right: &[String]| {
                    left.len() == right.len() && left.iter().all(|bit| right.contains(bit))
                };
                let asks = match (value.is_empty(), same(&bits, &value)) {
                    (true, _) if equal => Asks::NotAny,
                    (true, _) => Asks::Any,
                    (_, true) if equal => Asks::All,
                    (_, true) => Asks::NotAll,
                    _ => return None,
                };
                Some(Test { bits, asks })
            }
            _ => None,
        }
    }

    /// The bits in `vma->vm_flags & BITS`.
    fn tested(&self, expression: &Expression) -> Option<Vec<String>> {
        let E::Binary { operator: Binary::Arithmetic(Arithmetic::And), left, right } = &expression.kind else {
            return None;
        };
        let list = match (self.is_field(left, "vm_flags"), self.is_field(right, "vm_flags")) {
            (true, _) => right,
            (_, true) => left,
            _ => return None,
        };
        self.bits(list).filter(|bits| !bits.is_empty())
    }
}
