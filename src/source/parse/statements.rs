//! Parses statements.

use tree_sitter::Node;

use super::fields::Fields;
use super::{DEPTH_LIMIT, Reader};
use crate::source::ast::{Label, Statement, StatementKind as S, SwitchArm};
use crate::source::lex::identifier_end;

impl Reader<'_> {
    pub(super) fn block(&self, node: Node, depth: usize) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut cursor = node.walk();
        let children: Vec<Node> = node.named_children(&mut cursor).collect();
        for child in children {
            self.statement(child, depth + 1, &mut statements);
        }
        statements
    }

    /// Whether `depth` is within the limit. Records the node if it is not.
    pub(super) fn within_depth(&self, node: Node, depth: usize) -> bool {
        if depth > DEPTH_LIMIT {
            self.too_deep.set(Some(self.span(node)));
        }
        depth <= DEPTH_LIMIT
    }

    /// The statements in a field of a node: those of a block, or the single one.
    pub(super) fn body(&self, node: Node, field: &str, depth: usize) -> Vec<Statement> {
        let Some(body) = node.field(field) else { return Vec::new() };
        if body.kind() == "compound_statement" {
            return self.block(body, depth);
        }
        let mut statements = Vec::new();
        if body.kind() == "else_clause" {
            let mut cursor = body.walk();
            let children: Vec<Node> = body.named_children(&mut cursor).collect();
            for child in children {
                match child.kind() {
                    "compound_statement" => statements.extend(self.block(child, depth)),
                    _ => self.statement(child, depth + 1, &mut statements),
                }
            }
        } else {
            self.statement(body, depth + 1, &mut statements);
        }
        statements
    }

    pub(super) fn statement(&self, node: Node, depth: usize, out: &mut Vec<Statement>) {
        if !self.within_depth(node, depth) {
            return;
        }
        let span = self.span(node);
        let kind = match node.kind() {
            "expression_statement" => match node.named_child(0) {
                Some(value) => S::Expression(self.expression(value, depth + 1)),
                None => return,
            },
            "declaration" => S::Declaration(self.declaration(node, depth)),
            "if_statement" => S::If {
                condition: self.field(node, "condition", depth),
                then: self.body(node, "consequence", depth),
                otherwise: self.body(node, "alternative", depth),
            },
            "while_statement" | "for_statement" | "do_statement" => return self.loop_statement(node, depth, out),
            "switch_statement" => self.switch(node, depth),
            "return_statement" => S::Return(node.named_child(0).map(|value| self.expression(value, depth + 1))),
            "goto_statement" => S::Goto(node.field("label").map(|label| self.text_of(label)).unwrap_or_default()),
            "labeled_statement" => {
                let label = node.field("label");
                out.push(Statement {
                    kind: S::Label(label.map(|label| self.text_of(label)).unwrap_or_default()),
                    span,
                });
                let mut cursor = node.walk();
                let children: Vec<Node> =
                    node.named_children(&mut cursor).filter(|child| Some(*child) != label).collect();
                for child in children {
                    self.statement(child, depth + 1, out);
                }
                return;
            }
            "break_statement" => S::Break,
            "continue_statement" => S::Continue,
            "compound_statement" => S::Block(self.block(node, depth)),
            "comment"
            | "type_definition"
            | "struct_specifier"
            | "enum_specifier"
            | "union_specifier"
            | "attributed_statement"
            | ";" => return,
            "ERROR" => {
                out.push(Statement { kind: S::Unknown, span });
                let mut cursor = node.walk();
                let children: Vec<Node> = node.named_children(&mut cursor).collect();
                for child in children {
                    self.statement(child, depth + 1, out);
                }
                return;
            }
            kind if kind.ends_with("_expression") || kind == "identifier" => {
                S::Expression(self.expression(node, depth + 1))
            }
            _ => S::Unknown,
        };
        out.push(Statement { kind, span });
    }

    pub(super) fn loop_statement(&self, node: Node, depth: usize, out: &mut Vec<Statement>) {
        let span = self.span(node);
        let condition = node.field("condition").map(|condition| self.expression(condition, depth + 1));
        let mut body = self.body(node, "body", depth);
        if let Some(first) = node.field("initializer") {
            let kind = match first.kind() {
                "declaration" => S::Declaration(self.declaration(first, depth)),
                _ => S::Expression(self.expression(first, depth + 1)),
            };
            out.push(Statement { kind, span: self.span(first) });
        }
        if let Some(step) = node.field("update") {
            body.push(Statement { kind: S::Expression(self.expression(step, depth + 1)), span: self.span(step) });
        }
        out.push(Statement {
            kind: S::Loop { condition, body, is_do: node.kind() == "do_statement", head: self.macro_head(node) },
            span,
        });
    }

    /// Name of the macro that the mask replaced by `while`.
    pub(super) fn macro_head(&self, node: Node) -> Option<String> {
        let word = &self.original[node.start_byte()..identifier_end(self.original, node.start_byte())];
        (!matches!(word, b"while" | b"for" | b"do")).then(|| String::from_utf8_lossy(word).into_owned())
    }

    pub(super) fn switch(&self, node: Node, depth: usize) -> S {
        let value = self.field(node, "condition", depth);
        let mut arms = Vec::new();
        if let Some(body) = node.field("body") {
            let mut cursor = body.walk();
            let children: Vec<Node> = body.named_children(&mut cursor).collect();
            arms.extend(children.into_iter().map(|child| self.switch_arm(child, depth)));
        }
        S::Switch { value, arms }
    }

    fn switch_arm(&self, child: Node, depth: usize) -> SwitchArm {
        let mut body = Vec::new();
        if child.kind() != "case_statement" {
            self.statement(child, depth + 1, &mut body);
            return SwitchArm { label: Label::Missing, body };
        }
        let label = child.field("value");
        let mut cursor = child.walk();
        let statements: Vec<Node> = child.named_children(&mut cursor).filter(|part| Some(*part) != label).collect();
        for statement in statements {
            self.statement(statement, depth + 1, &mut body);
        }
        let label = match label {
            Some(value) if self.is_range(value) => {
                Label::Range(self.field(value, "left", depth), self.field(value, "right", depth))
            }
            Some(_) => Label::Case(self.field(child, "value", depth)),
            None => Label::Default,
        };
        SwitchArm { label, body }
    }

    /// Whether the operator of a label stands where the source has `...`: the mask replaced it.
    fn is_range(&self, label: Node) -> bool {
        let operator = label.field("operator").map(|operator| operator.start_byte());
        operator.is_some_and(|at| self.original.get(at..).is_some_and(|text| text.starts_with(b"...")))
    }
}
