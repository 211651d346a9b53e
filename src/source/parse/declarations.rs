//! Parses types, declarators, parameters and members.

use memchr::memmem::find;
use tree_sitter::Node;

use super::fields::Fields;
use super::{DEPTH_LIMIT, Reader};
use crate::source::Assumed;
use crate::source::ast::{Declared, Function, Parameter, Type};
use crate::source::lex::identifier_end;

impl Reader<'_> {
    pub(super) fn function(&self, node: Node) -> Option<Function> {
        let declarator = node.field("declarator")?;
        let (name, mut returns) = self.declarator(declarator, self.type_name(node));
        let parameters = returns.function.take()?;
        let body = node.field("body").map(|body| self.block(body, 0)).unwrap_or_default();
        let is_static = self.is_static(node);
        Some(Function { name, parameters, returns, is_static, body, assumed: Assumed::default() })
    }

    /// The type before a declarator.
    pub(super) fn type_name(&self, node: Node) -> Type {
        let Some(ty) = node.field("type") else { return Type::default() };
        let name = match ty.kind() {
            "struct_specifier" | "union_specifier" | "enum_specifier" => {
                let keyword = ty.kind().trim_end_matches("_specifier");
                let tag = ty.field("name").map(|tag| self.text_of(tag)).unwrap_or_default();
                format!("{keyword} {tag}")
            }
            _ => self.text_of(ty).split_whitespace().collect::<Vec<_>>().join(" "),
        };
        Type { name, ..Type::default() }
    }

    /// Reads name and type from a declarator: pointers, arrays, parentheses and parameters around a name.
    pub(super) fn declarator(&self, node: Node, mut ty: Type) -> (String, Type) {
        let mut node = node;
        for _ in 0..DEPTH_LIMIT {
            match node.kind() {
                "pointer_declarator" | "abstract_pointer_declarator" => {
                    // Stars before a function's name belong to its return type, those inside `(*f)` to the pointer.
                    if ty.function.is_none() {
                        ty.pointers += 1;
                    }
                }
                "array_declarator" | "abstract_array_declarator" => ty.is_array = true,
                "function_declarator" | "abstract_function_declarator" => {
                    ty.function = Some(node.field("parameters").map(|list| self.parameters(list)).unwrap_or_default());
                }
                "init_declarator"
                | "parenthesized_declarator"
                | "abstract_parenthesized_declarator"
                | "attributed_declarator" => {}
                "identifier" | "field_identifier" | "type_identifier" => return (self.text_of(node), ty),
                _ => return (String::new(), ty),
            }
            let mut cursor = node.walk();
            let inner = node
                .field("declarator")
                .or_else(|| node.named_children(&mut cursor).find(|child| child.kind().ends_with("declarator")));
            match inner {
                Some(inner) => node = inner,
                None => return (String::new(), ty),
            }
        }
        (String::new(), ty)
    }

    pub(super) fn parameters(&self, list: Node) -> Vec<Parameter> {
        let mut cursor = list.walk();
        let nodes: Vec<Node> =
            list.named_children(&mut cursor).filter(|child| child.kind() == "parameter_declaration").collect();
        nodes
            .into_iter()
            .map(|node| self.parameter(node))
            .filter(|parameter| parameter.ty.name != "void" || parameter.ty.pointers > 0)
            .collect()
    }

    pub(super) fn parameter(&self, node: Node) -> Parameter {
        let ty = self.type_name(node);
        match node.field("declarator") {
            Some(declarator) => {
                let (name, ty) = self.declarator(declarator, ty);
                Parameter { name, ty }
            }
            None => Parameter { name: String::new(), ty },
        }
    }

    pub(super) fn members(&self, list: Node, members: &mut Vec<Parameter>, depth: usize) {
        let mut cursor = list.walk();
        let fields: Vec<Node> = list.named_children(&mut cursor).collect();
        for field in fields {
            if field.kind() != "field_declaration" || depth > DEPTH_LIMIT {
                continue;
            }
            let ty = self.type_name(field);
            let mut cursor = field.walk();
            let declarators: Vec<Node> = field.children_by_field_name("declarator", &mut cursor).collect();
            let nested = field.field("type").and_then(|ty| ty.field("body"));
            if let Some(nested) = nested
                && (declarators.is_empty() || ty.tag().is_some_and(str::is_empty))
            {
                self.members(nested, members, depth + 1);
            }
            members.extend(declarators.into_iter().map(|declarator| {
                let (name, ty) = self.declarator(declarator, ty.clone());
                Parameter { name, ty }
            }));
        }
    }

    fn is_static(&self, node: Node) -> bool {
        let mut cursor = node.walk();
        let mut children = node.children(&mut cursor);
        children.any(|child| child.kind() == "storage_class_specifier" && self.text_of(child) == "static")
    }

    pub(super) fn declaration(&self, node: Node, depth: usize) -> Vec<Declared> {
        let is_static = self.is_static(node);
        let ty = self.type_name(node);
        let mut cursor = node.walk();
        let declarators: Vec<Node> = node.children_by_field_name("declarator", &mut cursor).collect();
        declarators
            .into_iter()
            .map(|declarator| {
                let value = declarator.field("value").map(|value| self.expression(value, depth + 1));
                let (name, ty) = self.declarator(declarator, ty.clone());
                Declared { name, ty, value, is_static, cleanup: self.cleanup(declarator), span: self.span(declarator) }
            })
            .collect()
    }

    /// The name in a `__free(name)` between a variable and its value.
    pub(super) fn cleanup(&self, declarator: Node) -> Option<String> {
        let head = &self.original[declarator.byte_range()];
        let open = find(head, b"__free(")? + b"__free(".len();
        let end = identifier_end(head, open);
        let before_value = find(head, b"=").is_none_or(|equals| open < equals);
        before_value.then(|| String::from_utf8_lossy(&head[open..end]).into_owned())
    }

    pub(super) fn type_descriptor(&self, node: Node) -> Type {
        let Some(descriptor) = node.field("type") else { return Type::default() };
        let ty = self.type_name(descriptor);
        match descriptor.field("declarator") {
            Some(declarator) => self.declarator(declarator, ty).1,
            None => ty,
        }
    }
}
