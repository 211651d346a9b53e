//! `VM_X` in place of a bit number, or `VMA_X_BIT` in place of a mask.

use crate::index::Takes;
use crate::lint::{Facts, Found};
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary};
use crate::source::visit;
use crate::source::{Span, identifiers};

pub fn check(facts: &Facts, found: &mut Found) {
    for handler in facts.taking(Takes::Desc) {
        for (body, variant) in handler.variants() {
            for (name, arguments, _) in variant.calls() {
                let Some(rule) = facts.rules().call(name).filter(|rule| rule.variadic) else { continue };
                let first = [rule.set, rule.clear, rule.test].into_iter().flatten().min().unwrap_or(arguments.len());
                for argument in arguments.iter().skip(first) {
                    let written = named(argument).into_iter().filter(|(flag, _)| !is_bit(flag));
                    let masks = written.map(|(flag, part)| (flag.clone(), flag, part));
                    let behind = behind_macro(facts, argument, body.file());
                    for (mask, flag, part) in masks.chain(behind.into_iter().map(|(mask, flag)| (mask, flag, argument)))
                    {
                        let bit = &flag[3..];
                        let message = format!("{name} takes bit numbers, but {mask} is a mask: use VMA_{bit}_BIT");
                        found.at(body.file(), part.span, message);
                    }
                }
            }
            // A chain of operators is one mistake.
            let mut told: Vec<Span> = Vec::new();
            variant.expressions(&mut |expression| {
                let E::Binary { operator: Binary::Arithmetic(operator), left, right } = &expression.kind else {
                    return;
                };
                let cure = match operator {
                    Arithmetic::And => "use vma_desc_test()",
                    Arithmetic::Or => "give the bits one by one, with commas between them",
                    _ => return,
                };
                // `BIT(VMA_EXEC_BIT)` and `1UL << VMA_EXEC_BIT` are masks.
                let Some((flag, part)) = first_bit(*operator, [left, right]) else { return };
                if !told.iter().any(|span| span.contains(part.span.start)) {
                    told.push(expression.span);
                    found.at(body.file(), part.span, format!("{flag} is a bit number, not a mask: {cure}"));
                }
            });
        }
    }
}

/// The first bit number among operands, or in those that the same operator joins.
fn first_bit(operator: Arithmetic, operands: [&Expression; 2]) -> Option<(&str, &Expression)> {
    operands.into_iter().find_map(|operand| match &operand.bare().kind {
        E::Binary { operator: inner, left, right } if *inner == operator.into() => first_bit(operator, [left, right]),
        _ => operand.name().filter(|name| is_bit(name)).map(|name| (name, operand)),
    })
}

/// A macro without arguments that stands for a mask, and the first flag in it.
fn behind_macro(facts: &Facts, argument: &Expression, file: u32) -> Option<(String, String)> {
    let name = argument.name()?;
    let flag = identifiers(facts.context.index.constant(name, file)?).find(|word| word.starts_with("VM_"))?;
    Some((name.to_owned(), flag.to_owned()))
}

/// Flags that an expression names, as written. Those that it gives to a call are converted there: `legacy_to_vma_flags(VM_X)`.
fn named(value: &Expression) -> Vec<(String, &Expression)> {
    let (mut found, mut calls) = (Vec::new(), Vec::new());
    visit::expression(value, &mut |part| match &part.kind {
        E::Name(name) if name.starts_with("VM_") || is_bit(name) => found.push((name.clone(), part)),
        E::Call { .. } => calls.push(part.span),
        _ => {}
    });
    found.retain(|(_, part)| !calls.iter().any(|call| call.contains(part.span.start)));
    found
}

fn is_bit(name: &str) -> bool {
    name.starts_with("VMA_") && name.ends_with("_BIT")
}
