//! The second half of a handler: the populating call that moves to a hook that sees the complete mapping, and the statements that its
//! arguments need.

use std::collections::BTreeSet;

use crate::fix::rewrite::draft::Draft;
use crate::fix::rewrite::function::Conversion;
use crate::fix::rewrite::rewriter::{Finish, OpenPoint};
use crate::fix::rewrite::tidy::tidy;
use crate::fix::text::edit::{Edit, applied};
use crate::fix::text::layout::laid_out;
use crate::source::ast::{Expression, ExpressionKind as E, Function, Statement, StatementKind as S};
use crate::source::visit::{self, Seen};
use crate::source::{Item, Span};

impl Conversion<'_> {
    /// Writes the second half of a function. The error is the reason why it cannot be separated from the first.
    pub(in crate::fix) fn second_half(
        &self,
        item: &Item,
        name: &str,
        function: &Function,
        finishes: &[Finish],
        edits: &[Edit],
    ) -> Result<String, OpenPoint> {
        let [finish] = finishes else {
            let text = "populates in more than one place; a second half does not know which path the first took";
            return Err(OpenPoint { offset: finishes[0].offset, text: text.to_owned() });
        };
        let Some(form) = &self.rewrite.finish else { return Ok(String::new()) };
        let holds = |statement: &Statement| statement.span.contains(finish.offset);
        let open = |offset: u32, text: &str| OpenPoint { offset, text: text.to_owned() };
        let Some(at) = function.body.iter().position(holds) else {
            return Err(open(finish.offset, "populates in a place that could not be parsed"));
        };
        if matches!(&function.body[at].kind, S::If { then, .. } if then.iter().any(holds))
            || matches!(&function.body[at].kind, S::Loop { .. } | S::Switch { .. } | S::Block(_))
        {
            return Err(open(
                finish.offset,
                "populates on only one of several paths; a second half does not know which the first took",
            ));
        }
        let kept = needed_before(&function.body[..at], &finish.names)?;
        let second = format!("{name}{}", form.suffix);
        let mut text = format!("static int {second}(struct vm_area_desc *desc)\n{{\n");
        for span in kept.iter().rev() {
            text.push('\t');
            text.push_str(&String::from_utf8_lossy(&applied(self.source, *span, edits)));
            text.push('\n');
        }
        if !kept.is_empty() {
            text.push('\n');
        }
        match &finish.error {
            None => text.push_str(&format!("\t{}\n", laid_out(&format!("return {};", finish.call), 8))),
            Some(error) => {
                let call = laid_out(&finish.call, 8 + "if (".len());
                text.push_str(&format!("\tif ({call})\n\t\treturn {error};\n\treturn 0;\n"));
            }
        }
        text.push('}');
        let text = text.replace("{desc}", "desc").replace("{file}", "desc->file");
        Ok(tidy(item.span.of(self.source), Draft::new(text, &second), &BTreeSet::new()).0.into_text())
    }
}

/// Statements before a populating call that its arguments need, last first.
fn needed_before(before: &[Statement], names: &BTreeSet<String>) -> Result<Vec<Span>, OpenPoint> {
    let mut needed = names.clone();
    let mut kept: Vec<Span> = Vec::new();
    for statement in before.iter().rev() {
        match &statement.kind {
            S::Declaration(variables) => {
                let wanted = variables.iter().filter(|variable| needed.contains(&variable.name));
                let values: Vec<&Expression> = wanted.clone().filter_map(|variable| variable.value.as_ref()).collect();
                if wanted.count() > 0 {
                    kept.push(statement.span);
                    values.into_iter().for_each(|value| add_names(value, &mut needed));
                }
            }
            S::Expression(Expression { kind: E::Assign { operator, target, value }, .. })
                if target.name().is_some_and(|name| needed.contains(name)) =>
            {
                kept.push(statement.span);
                if operator == "=" {
                    target.name().map(|name| needed.remove(name));
                }
                add_names(value, &mut needed);
                // The variable still needs its declaration.
                needed.extend(target.name().map(str::to_owned));
            }
            _ if sets_any(statement, &needed) => {
                let text = "decides what is populated, so the second half has to decide it too";
                return Err(OpenPoint { offset: statement.span.start, text: text.to_owned() });
            }
            _ => {}
        }
    }
    Ok(kept)
}

/// Variable that an expression names, or is a part of.
fn variable(expression: &Expression) -> Option<&str> {
    match &expression.kind {
        E::Field { base, arrow: false, .. } | E::Index { base, .. } => variable(base),
        _ => expression.name(),
    }
}

/// Adds the names in an expression.
pub(in crate::fix) fn add_names(value: &Expression, names: &mut BTreeSet<String>) {
    visit::expression(value, &mut |part| names.extend(part.name().map(str::to_owned)));
}

/// Whether a statement may change a needed variable: assigns it somewhere inside, steps it, or takes its address.
fn sets_any(statement: &Statement, needed: &BTreeSet<String>) -> bool {
    let mut sets = false;
    visit::statements(std::slice::from_ref(statement), &mut |seen| {
        if let Seen::Expression(expression) = seen {
            let target = match &expression.kind {
                E::Assign { target, .. } => target.name(),
                E::Step { operand, .. } => operand.name(),
                E::Unary { operator, operand } if operator == "&" => variable(operand),
                _ => None,
            };
            sets |= target.is_some_and(|name| needed.contains(name));
        }
    });
    sets
}
