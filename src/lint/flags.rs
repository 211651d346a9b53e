//! Conditions on the flags of a VMA: the tested flags, and the effect of the result.

use super::branches::Branch;
use super::function_view::Variant;
use crate::rules::Idiom;
use crate::source::Span;
use crate::source::ast::{Expression, ExpressionKind as E};
use crate::source::operator::{Arithmetic, Binary, Comparison, Prefix};
use crate::vma::lower::flags::{flag_of, tests_all};

/// A test of flags in a condition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FlagTest {
    /// The tested flags.
    pub flags: Vec<String>,
    /// Whether the condition holds if they are set, or else if they are clear.
    pub set: bool,
    /// Whether the test is for all of them, or else for any.
    pub all: bool,
    /// Place of the test.
    pub span: Span,
}

/// A condition on flags that makes a handler fail.
#[derive(Clone, Debug)]
pub struct Refusal {
    /// The flags that make it fail.
    pub test: FlagTest,
    /// The whole condition.
    pub condition: Span,
}

impl Variant<'_> {
    /// Flags whose presence (`set`) or absence makes the function fail.
    pub fn refusals(&self) -> Vec<Refusal> {
        let mut found = Vec::new();
        for Branch { condition, then_refuses, otherwise_refuses, .. } in self.branches() {
            if then_refuses == otherwise_refuses {
                continue;
            }
            let tests = self.flag_tests(condition, then_refuses);
            found.extend(tests.into_iter().map(|test| Refusal { test, condition: condition.span }));
        }
        found
    }

    /// Flag tests in a condition that make it true, or false if `holds` is false.
    pub fn flag_tests(&self, condition: &Expression, holds: bool) -> Vec<FlagTest> {
        let mut found = Vec::new();
        self.add_tests(condition, holds, 0, &mut found);
        found
    }

    fn add_tests(&self, condition: &Expression, set: bool, depth: usize, found: &mut Vec<FlagTest>) {
        const LOCALS: usize = 3;
        let span = condition.span;
        match &condition.bare().kind {
            E::Unary { operator: Prefix::Not, operand } => self.add_tests(operand, !set, depth, found),
            E::Binary { operator, left, right } => match operator {
                Binary::Both | Binary::Either => {
                    self.add_tests(left, set, depth, found);
                    self.add_tests(right, set, depth, found);
                }
                Binary::Comparison(comparison) if !comparison.is_order() => {
                    let equal = *comparison == Comparison::Equal;
                    if right.is_zero() {
                        return self.add_tests(left, set != equal, depth, found);
                    }
                    let Some(mask) = self.masked(left) else { return };
                    // `(flags & (A | B)) == A`: A is set and B is not.
                    let (of_value, rest) = mask.into_iter().partition(|flag| self.flag_names(right).contains(flag));
                    let (of_value, rest): (Vec<String>, Vec<String>) = (of_value, rest);
                    let holds = set == equal;
                    let all = of_value.len() > 1;
                    let parts = [(of_value, holds, all), (rest, !holds, false)];
                    let tests = parts.into_iter().filter(|(flags, _, _)| !flags.is_empty());
                    found.extend(tests.map(|(flags, set, all)| FlagTest { flags, set, all, span }));
                }
                Binary::Arithmetic(Arithmetic::And) => {
                    if let Some(flags) = self.masked(condition) {
                        found.push(FlagTest { flags, set, all: false, span });
                    }
                }
                _ => {}
            },
            E::Call { callee, arguments } => match callee.name() {
                Some(name) if self.rules().idiom(name).is_some_and(Idiom::is_truth) => {
                    arguments.iter().take(1).for_each(|argument| self.add_tests(argument, set, depth, found));
                }
                Some(name) => {
                    let Some(first) = self.rules().call(name).and_then(|rule| rule.test) else { return };
                    let flags: Vec<String> =
                        arguments.iter().skip(first).flat_map(|argument| self.flag_names(argument)).collect();
                    found.push(FlagTest { flags, set, all: tests_all(name), span });
                }
                None => {}
            },
            E::Name(name) if depth < LOCALS => {
                if let [value] = self.values(name) {
                    self.add_tests(value, set, depth + 1, found);
                }
            }
            _ => {}
        }
    }

    /// Flags in `vma->vm_flags & X`.
    fn masked(&self, expression: &Expression) -> Option<Vec<String>> {
        let E::Binary { operator: Binary::Arithmetic(Arithmetic::And), left, right } = &expression.bare().kind else {
            return None;
        };
        let mask = match (self.is_flags(left), self.is_flags(right)) {
            (true, _) => right,
            (_, true) => left,
            _ => return None,
        };
        let flags = self.flag_names(mask);
        (!flags.is_empty()).then_some(flags)
    }

    /// Flags that an expression names.
    pub fn flag_names(&self, expression: &Expression) -> Vec<String> {
        let mut flags = Vec::new();
        crate::source::visit::expression(expression, &mut |part| {
            let Some(name) = part.name().filter(|_| matches!(part.kind, E::Name(_))) else { return };
            match self.rules().mask(name) {
                Some(all) => flags.extend(all.iter().cloned()),
                None => flags.extend(flag_of(name)),
            }
        });
        flags
    }
}
