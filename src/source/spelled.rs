//! Rebuilds the C text of an expression from its syntax. Within the expansion of a macro, every span is that of the call.

use super::ast::{Expression, ExpressionKind as E};
use super::operator::Binary;

/// Text that parses to the same expression. A literal becomes an empty one, since its value is not kept. `None` for initialisers,
/// statements, and what the parser did not understand.
pub fn spelled(expression: &Expression) -> Option<String> {
    Some(match &expression.kind {
        E::Name(text) | E::Number(text) => text.clone(),
        E::Literal => "\"\"".to_owned(),
        E::Call { callee, arguments } => {
            let arguments: Option<Vec<String>> = arguments.iter().map(spelled).collect();
            format!("{}({})", spelled(callee)?, arguments?.join(", "))
        }
        E::Field { base, name, arrow } => format!("{}{}{name}", spelled(base)?, if *arrow { "->" } else { "." }),
        E::Index { base, index } => format!("{}[{}]", spelled(base)?, spelled(index)?),
        E::Unary { operator, operand } => format!("({operator}{})", spelled(operand)?),
        E::Step { up, is_prefix, operand } => {
            let (operator, operand) = (if *up { "++" } else { "--" }, spelled(operand)?);
            if *is_prefix { format!("({operator}{operand})") } else { format!("({operand}{operator})") }
        }
        E::Binary { operator, left, right } => format!("({} {operator} {})", spelled(left)?, spelled(right)?),
        E::Assign { operator, target, value } => {
            let operator = operator.map(|operator| Binary::from(operator).to_string()).unwrap_or_default();
            format!("({} {operator}= {})", spelled(target)?, spelled(value)?)
        }
        E::Conditional { condition, then, otherwise } => {
            let then = then.as_deref().map_or(Some(String::new()), spelled)?;
            format!("({} ? {then} : {})", spelled(condition)?, spelled(otherwise)?)
        }
        E::Cast { ty, value } => format!("({}{})({})", ty.name, "*".repeat(ty.pointers.into()), spelled(value)?),
        E::Initializer { .. } | E::Statements(_) | E::Other(_) => return None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ast::StatementKind;
    use crate::source::{Span, parse};

    fn expression(text: &str) -> Expression {
        let statement = parse::statements(text.as_bytes(), Span::new(0, 1)).syntax.remove(0);
        let StatementKind::Expression(expression) = statement.kind else { panic!("{text}: no expression") };
        expression
    }

    #[test]
    fn a_spelled_expression_parses_to_the_same() {
        for text in [
            "f(a->b.c[i + 1], \"x\", (unsigned long)p)",
            "x = a ? b : -c",
            "*p |= 1UL << 2",
            "n++",
            "a ?: &b",
            "(struct s *)x",
        ] {
            let first = expression(&format!("{text};"));
            let again = expression(&format!("{};", spelled(&first).expect("it can be spelled")));
            assert_eq!(format!("{:?}", first.kind), format!("{:?}", again.kind), "{text}");
        }
    }
}
