//! Parses expressions and initialisers.

use tree_sitter::Node;

use super::Reader;
use super::fields::Fields;
use crate::source::ast::{Entry, Expression, ExpressionKind as E, Type};
use crate::source::operator::{Arithmetic, Binary, Prefix};

impl Reader<'_> {
    pub(super) fn field(&self, node: Node, field: &str, depth: usize) -> Expression {
        match node.field(field) {
            Some(value) => self.expression(value, depth + 1),
            None => Expression { kind: E::Other(Vec::new()), span: self.span(node) },
        }
    }

    pub(super) fn boxed(&self, node: Node, field: &str, depth: usize) -> Box<Expression> {
        Box::new(self.field(node, field, depth))
    }

    /// The operator of an expression; `None` if the parser had to invent it.
    fn operator<O>(&self, node: Node, read: impl Fn(&str) -> Option<O>) -> Option<O> {
        node.field("operator").and_then(|operator| read(&self.text_of(operator)))
    }

    pub(super) fn expression(&self, node: Node, depth: usize) -> Expression {
        let span = self.span(node);
        if !self.within_depth(node, depth) {
            return Expression { kind: E::Other(Vec::new()), span };
        }
        let kind = match node.kind() {
            "identifier" | "field_identifier" | "type_identifier" | "true" | "false" | "null" => {
                E::Name(self.text_of(node))
            }
            "number_literal" => E::Number(self.text_of(node)),
            "string_literal" | "char_literal" | "concatenated_string" => E::Literal,
            "parenthesized_expression" => return self.parenthesized(node, depth),
            "call_expression" if self.is_cast(node) => {
                let ty = node
                    .field("function")
                    .map(|name| self.expression(name, depth + 1))
                    .and_then(|name| name.name().map(str::to_owned));
                let argument = self.arguments(node, depth).into_iter().next();
                match (ty, argument) {
                    (Some(name), Some(value)) => {
                        E::Cast { ty: Type { name, ..Type::default() }, value: Box::new(value) }
                    }
                    _ => E::Other(self.parts(node, depth)),
                }
            }
            "call_expression" => {
                let callee = self.boxed(node, "function", depth);
                private_member(&callee, self.arguments(node, depth))
                    .unwrap_or_else(|arguments| E::Call { callee, arguments })
            }
            "field_expression" => E::Field {
                base: self.boxed(node, "argument", depth),
                name: node.field("field").map(|field| self.text_of(field)).unwrap_or_default(),
                arrow: node.field("operator").is_some_and(|operator| self.text_of(operator) == "->"),
            },
            "subscript_expression" => {
                E::Index { base: self.boxed(node, "argument", depth), index: self.boxed(node, "index", depth) }
            }
            "pointer_expression" | "unary_expression" => match self.operator(node, Prefix::read) {
                Some(operator) => E::Unary { operator, operand: self.boxed(node, "argument", depth) },
                None => E::Other(self.parts(node, depth)),
            },
            "update_expression" => E::Step {
                up: node.field("operator").is_some_and(|operator| self.text_of(operator) == "++"),
                is_prefix: node.field("operator").is_some_and(|operator| operator.start_byte() == node.start_byte()),
                operand: self.boxed(node, "argument", depth),
            },
            "sizeof_expression" | "alignof_expression" | "offsetof_expression" => E::Literal,
            "binary_expression" => match self.operator(node, Binary::read) {
                Some(operator) => self.binary(operator, node, depth),
                None => E::Other(self.parts(node, depth)),
            },
            "assignment_expression" => match self.operator(node, Arithmetic::read_assignment) {
                Some(operator) => E::Assign {
                    operator,
                    target: self.boxed(node, "left", depth),
                    value: self.boxed(node, "right", depth),
                },
                None => E::Other(self.parts(node, depth)),
            },
            "conditional_expression" => E::Conditional {
                condition: self.boxed(node, "condition", depth),
                then: node.field("consequence").map(|then| Box::new(self.expression(then, depth + 1))),
                otherwise: self.boxed(node, "alternative", depth),
            },
            "comma_expression" => self.binary(Binary::Comma, node, depth),
            "cast_expression" => E::Cast { ty: self.type_descriptor(node), value: self.boxed(node, "value", depth) },
            "compound_literal_expression" => {
                let entries = node.field("value").map(|list| self.entries(list, depth)).unwrap_or_default();
                E::Initializer { ty: Some(self.type_descriptor(node)), entries }
            }
            "initializer_list" => E::Initializer { ty: None, entries: self.entries(node, depth) },
            "compound_statement" => E::Statements(self.block(node, depth)),
            _ => E::Other(self.parts(node, depth)),
        };
        Expression { kind, span }
    }

    fn binary(&self, operator: Binary, node: Node, depth: usize) -> E {
        E::Binary { operator, left: self.boxed(node, "left", depth), right: self.boxed(node, "right", depth) }
    }

    /// Whether what looks like a call is a cast to a named type: `(u64)(size)`. The grammar does not know which names are types. Functions
    /// have lower-case names, and a macro in parentheses is not called, so a capital begins the name of a type.
    fn is_cast(&self, call: Node) -> bool {
        let Some(name) = call.field("function").filter(|name| name.kind() == "parenthesized_expression") else {
            return false;
        };
        let text = self.text_of(name);
        let name = text.trim_matches(['(', ')', ' ']);
        let is_sized =
            |prefix: &str| name.strip_prefix(prefix).is_some_and(|bits| ["8", "16", "32", "64"].contains(&bits));
        name.starts_with(|first: char| first.is_ascii_uppercase())
            || name.ends_with("_t")
            || ["u", "s", "__u", "__s", "__le", "__be"].into_iter().any(is_sized)
    }

    pub(super) fn parenthesized(&self, node: Node, depth: usize) -> Expression {
        let mut cursor = node.walk();
        let inner: Option<Node> = node.named_children(&mut cursor).find(|child| child.kind() != "comment");
        match inner {
            Some(inner) => Expression { span: self.span(node), ..self.expression(inner, depth + 1) },
            None => Expression { kind: E::Other(Vec::new()), span: self.span(node) },
        }
    }

    pub(super) fn parts(&self, node: Node, depth: usize) -> Vec<Expression> {
        let mut cursor = node.walk();
        let children: Vec<Node> = node.named_children(&mut cursor).collect();
        children.into_iter().map(|child| self.expression(child, depth + 1)).collect()
    }

    pub(super) fn arguments(&self, node: Node, depth: usize) -> Vec<Expression> {
        let Some(list) = node.field("arguments") else { return Vec::new() };
        let mut cursor = list.walk();
        let children: Vec<Node> = list.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
        children.into_iter().map(|child| self.expression(child, depth + 1)).collect()
    }

    pub(super) fn entries(&self, list: Node, depth: usize) -> Vec<Entry> {
        let mut cursor = list.walk();
        let children: Vec<Node> = list.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
        children
            .into_iter()
            .map(|child| {
                let span = self.span(child);
                if child.kind() != "initializer_pair" {
                    return Entry { members: Vec::new(), value: self.expression(child, depth + 1), span };
                }
                let mut cursor = child.walk();
                let designators: Vec<Node> = child.children_by_field_name("designator", &mut cursor).collect();
                let members = designators
                    .into_iter()
                    .filter_map(|designator| match designator.kind() {
                        "field_designator" => designator.named_child(0).map(|name| self.text_of(name)),
                        "field_identifier" => Some(self.text_of(designator)),
                        _ => None,
                    })
                    .collect();
                Entry { members, value: self.field(child, "value", depth), span }
            })
            .collect()
    }
}

/// The member that `ACCESS_PRIVATE(vma, __vm_flags)` means (include/linux/compiler.h), else the arguments.
fn private_member(callee: &Expression, mut arguments: Vec<Expression>) -> Result<E, Vec<Expression>> {
    match (callee.name(), arguments.as_slice()) {
        (Some("ACCESS_PRIVATE"), [_, Expression { kind: E::Name(member), .. }]) => {
            let name = member.clone();
            Ok(E::Field { base: Box::new(arguments.swap_remove(0)), name, arrow: true })
        }
        _ => Err(arguments),
    }
}
