//! What a function does with the result of a call: it may only pass it on, and print a message.

use crate::fix::rewrite::failure::failed;
use crate::fix::rewrite::rewriter::Rewriter;
use crate::source::ast::{Expression, ExpressionKind as E, Statement, StatementKind as S};
use crate::source::operator::Prefix;
use crate::source::{ItemKind, Span, visit};

impl Rewriter<'_> {
    /// The callee of the call whose result a statement returns, or stores and returns if it is an error.
    pub(super) fn passed_on(&self, first: &Statement, after: &[Statement]) -> Option<Span> {
        let call = |value: &Expression| match &value.bare().kind {
            E::Call { callee, .. } => Some(callee.span),
            _ => None,
        };
        if let Some(value) = first.returned() {
            return call(value);
        }
        let Some((target, value)) = first.assignment() else { return self.returns_what_populated(first) };
        let name = target.name().filter(|name| !self.locals.booleans.iter().any(|known| known == name))?;
        let returns = |statement: &Statement| statement.returned().and_then(Expression::name) == Some(name);
        let is_passed = match &after.first()?.kind {
            S::If { condition, then, otherwise } => {
                // A message about the failure of the call stays, and is not printed for that of an action.
                let behind = then.iter().find(|statement| self.message(statement).is_none());
                failed(self.conversion.rules, condition).name() == Some(name)
                    && otherwise.is_empty()
                    && match behind {
                        Some(last) => returns(last),
                        None => after.get(1).is_some_and(returns),
                    }
            }
            _ => after.first().is_some_and(returns),
        };
        call(value).filter(|_| is_passed)
    }

    /// The callee of `if (populates(vma, &ret)) return ret;`, which says by its value whether it has populated.
    pub(super) fn returns_what_populated(&self, statement: &Statement) -> Option<Span> {
        let S::If { condition, then, otherwise } = &statement.kind else { return None };
        let (E::Call { callee, arguments }, [only], true) =
            (&condition.bare().kind, then.as_slice(), otherwise.is_empty())
        else {
            return None;
        };
        let result = only.returned()?.name()?;
        let is_result = |argument: &Expression| matches!(&argument.kind, E::Unary { operator: Prefix::Address, operand } if operand.name() == Some(result));
        let rule = self.conversion.rules.call(callee.name()?)?;
        (rule.populates_if.is_some() && arguments.iter().any(is_result)).then_some(callee.span)
    }

    /// The function that prints a message in the branch behind a call.
    pub(super) fn kept_message(&self, after: &[Statement]) -> Option<String> {
        let S::If { then, .. } = &after.first()?.kind else { return None };
        then.iter().find_map(|statement| self.message(statement)).map(str::to_owned)
    }

    /// The function that a statement calls to print a message, if it does nothing else. The file's own functions may do more than print.
    pub(super) fn message<'s>(&self, statement: &'s Statement) -> Option<&'s str> {
        let S::Expression(Expression { kind: E::Call { callee, arguments }, .. }) = &statement.kind else {
            return None;
        };
        let name = callee.name().filter(|name| self.conversion.rules.is_silent(name))?;
        let is_own = self.conversion.file.named(ItemKind::Function, name).next().is_some();
        let is_text = |argument: &Expression| argument.span.of(self.conversion.source).contains(&b'"');
        let rules = self.conversion.rules;
        let is_known = |name: &str| rules.value(name).is_some() || rules.idiom(name).is_some();
        let is_printed = arguments.iter().any(is_text) && arguments.iter().all(|argument| is_idle(argument, is_known));
        (!is_own && is_printed).then_some(name)
    }
}

/// Whether an expression does nothing. `is_known` says which calls do nothing.
pub(super) fn is_idle(value: &Expression, is_known: impl Fn(&str) -> bool) -> bool {
    let mut is_idle = true;
    visit::expression(value, &mut |part| {
        is_idle &= match &part.kind {
            E::Step { .. } | E::Assign { .. } | E::Statements(_) => false,
            E::Call { callee, .. } => callee.name().is_some_and(&is_known),
            _ => true,
        }
    });
    is_idle
}
