//! Visits all declarations and expressions below statements, outer before inner. The parser bounds the depth of the syntax.

use super::ast::{Declared, Expression, ExpressionKind as E, Statement, StatementKind as S};

/// A visited declaration or expression.
#[derive(Clone, Copy, Debug)]
pub enum Seen<'a> {
    /// An expression.
    Expression(&'a Expression),
    /// A declared variable; its initialiser follows as an expression.
    Declared(&'a Declared),
}

/// Visits every declaration and every expression below `statements`.
pub fn statements<'a>(statements: &'a [Statement], see: &mut dyn FnMut(Seen<'a>)) {
    for item in statements {
        statement(item, see);
    }
}

fn statement<'a>(item: &'a Statement, see: &mut dyn FnMut(Seen<'a>)) {
    match &item.kind {
        S::Expression(value) | S::Return(Some(value)) => below(value, see),
        S::Declaration(variables) => {
            for variable in variables {
                see(Seen::Declared(variable));
                if let Some(value) = &variable.value {
                    below(value, see);
                }
            }
        }
        S::If { condition, then, otherwise } => {
            below(condition, see);
            statements(then, see);
            statements(otherwise, see);
        }
        S::Loop { condition, body, .. } => {
            if let Some(condition) = condition {
                below(condition, see);
            }
            statements(body, see);
        }
        S::Switch { value, arms } => {
            below(value, see);
            for arm in arms {
                statements(&arm.body, see);
            }
        }
        S::Block(inner) => statements(inner, see),
        S::Return(None) | S::Goto(_) | S::Label(_) | S::Break | S::Continue | S::Unknown => {}
    }
}

/// The values that statements give to a variable where it is declared and by `=`, in the order of the source.
pub fn values_of<'a>(variable: &str, list: &'a [Statement]) -> Vec<&'a Expression> {
    let mut values = Vec::new();
    statements(list, &mut |seen| match seen {
        Seen::Declared(declared) if declared.name == variable => values.extend(&declared.value),
        Seen::Expression(Expression { kind: E::Assign { target, value, .. }, .. })
            if target.name() == Some(variable) =>
        {
            values.push(value);
        }
        _ => {}
    });
    values
}

/// Visits a list of statements, and every list below it, outer before inner.
pub fn each_block<'s>(list: &'s [Statement], see: &mut dyn FnMut(&'s [Statement])) {
    see(list);
    for statement in list {
        match &statement.kind {
            S::If { then, otherwise, .. } => {
                each_block(then, see);
                each_block(otherwise, see);
            }
            S::Loop { body, .. } | S::Block(body) => each_block(body, see),
            S::Switch { arms, .. } => arms.iter().for_each(|arm| each_block(&arm.body, see)),
            _ => {}
        }
    }
}

/// Visits `value` and every expression below it.
pub fn expression<'a>(value: &'a Expression, see: &mut dyn FnMut(&'a Expression)) {
    below(value, &mut |seen| {
        if let Seen::Expression(value) = seen {
            see(value);
        }
    });
}

fn below<'a>(value: &'a Expression, see: &mut dyn FnMut(Seen<'a>)) {
    see(Seen::Expression(value));
    match &value.kind {
        E::Name(_) | E::Number(_) | E::Literal => {}
        E::Call { callee, arguments } => {
            below(callee, see);
            arguments.iter().for_each(|argument| below(argument, see));
        }
        E::Field { base, .. } => below(base, see),
        E::Unary { operand, .. } | E::Step { operand, .. } | E::Cast { value: operand, .. } => below(operand, see),
        E::Index { base: left, index: right }
        | E::Binary { left, right, .. }
        | E::Assign { target: left, value: right, .. } => {
            below(left, see);
            below(right, see);
        }
        E::Conditional { condition, then, otherwise } => {
            below(condition, see);
            if let Some(then) = then {
                below(then, see);
            }
            below(otherwise, see);
        }
        E::Initializer { entries, .. } => entries.iter().for_each(|entry| below(&entry.value, see)),
        E::Statements(inner) => statements(inner, see),
        E::Other(parts) => parts.iter().for_each(|part| below(part, see)),
    }
}
