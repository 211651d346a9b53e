//! From the bytes of a masked slice to [`ast`](super::ast), by tree-sitter-c.

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use super::ast::{
    Declared, Entry, Expression, ExpressionKind as E, Function, Parameter, Statement, StatementKind as S, Type,
};
use memchr::memmem::find;

use super::lex::identifier_end;
use super::mask::every_arm;
use super::span::Span;

/// Syntax nested deeper than this is not understood. It bounds every recursion over the syntax of a slice.
pub const DEPTH_LIMIT: usize = 200;

/// Slices longer than this many bytes are not parsed.
pub const SLICE_LIMIT: usize = 1 << 20;

/// The time one slice may take in the parser before it is given up.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// What became of a slice.
#[derive(Debug)]
pub struct Parsed<T> {
    /// The syntax, as far as it was understood.
    pub syntax: T,
    /// The first place that was not understood, with what is wrong there.
    pub trouble: Option<(Span, &'static str)>,
}

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&tree_sitter_c::LANGUAGE.into()).ok()?;
    Some(parser)
}

fn parse_text(text: &[u8]) -> Option<Tree> {
    if text.len() > SLICE_LIMIT {
        return None;
    }
    PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        parser.reset();
        let deadline = Instant::now() + TIME_LIMIT;
        let mut progress = |_: &tree_sitter::ParseState| {
            if Instant::now() > deadline { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        parser.parse_with_options(&mut |offset, _| text.get(offset..).unwrap_or(&[]), None, Some(options))
    })
}

/// The functions of a slice (one, or one for each head that survived) that starts `base` bytes into its file; `masked` is one of
/// the slice's [`variants`](super::variants).
pub fn functions(original: &[u8], masked: &[u8], base: u32) -> Parsed<Vec<Function>> {
    with_tree(original, masked, base, |reader, root| {
        let mut cursor = root.walk();
        let nodes: Vec<Node> = root.named_children(&mut cursor).collect();
        nodes
            .into_iter()
            .filter(|node| node.kind() == "function_definition")
            .filter_map(|node| reader.function(node))
            .collect()
    })
}

/// The variables that a slice at file scope declares, every arm of its conditionals kept.
pub fn variables(slice: &[u8], base: u32) -> Parsed<Vec<Declared>> {
    with_tree(slice, &every_arm(slice), base, |reader, root| {
        let mut cursor = root.walk();
        let nodes: Vec<Node> = root.named_children(&mut cursor).collect();
        nodes
            .into_iter()
            .filter(|node| node.kind() == "declaration")
            .flat_map(|node| reader.declaration(node, 0))
            .collect()
    })
}

/// The statements that a macro expands to, all of which are said to stand at `place`: where the macro is called.
pub fn statements(expansion: &[u8], place: Span) -> Parsed<Vec<Statement>> {
    let text = [b"void f(void){", expansion, b";}"].concat();
    let masked = every_arm(&text);
    let parsed = with_tree_at(&text, &masked, 0, Some(place), |reader, root| {
        let mut cursor = root.walk();
        let first = root.named_children(&mut cursor).find(|node| node.kind() == "function_definition");
        first.and_then(|node| reader.function(node)).map(|function| function.body).unwrap_or_default()
    });
    Parsed { trouble: parsed.trouble.map(|(_, reason)| (place, reason)), ..parsed }
}

/// The members of a struct or union definition, those of anonymous members included.
pub fn members(slice: &[u8], base: u32) -> Parsed<Vec<Parameter>> {
    with_tree(slice, &every_arm(slice), base, |reader, root| {
        let mut members = Vec::new();
        let mut stack = vec![(root, 0)];
        while let Some((node, depth)) = stack.pop() {
            if node.kind() == "field_declaration_list" {
                reader.members(node, &mut members, 0);
                break;
            }
            if depth < DEPTH_LIMIT {
                let mut cursor = node.walk();
                let children: Vec<Node> = node.named_children(&mut cursor).collect();
                stack.extend(children.into_iter().rev().map(|child| (child, depth + 1)));
            }
        }
        members
    })
}

fn with_tree<T: Default>(original: &[u8], text: &[u8], base: u32, read: impl FnOnce(&Reader, Node) -> T) -> Parsed<T> {
    with_tree_at(original, text, base, None, read)
}

fn with_tree_at<T: Default>(
    original: &[u8],
    text: &[u8],
    base: u32,
    place: Option<Span>,
    read: impl FnOnce(&Reader, Node) -> T,
) -> Parsed<T> {
    let whole = Span { start: base, end: base.wrapping_add(text.len() as u32) };
    let Some(tree) = parse_text(text) else {
        let reason =
            if text.len() > SLICE_LIMIT { "longer than the slice limit" } else { "the parser ran out of time" };
        return Parsed { syntax: T::default(), trouble: Some((whole, reason)) };
    };
    let reader = Reader { original, text, base, place, too_deep: std::cell::Cell::new(None) };
    let syntax = read(&reader, tree.root_node());
    let trouble = reader.error(&tree).or_else(|| reader.too_deep.get().map(|span| (span, "nested too deep")));
    Parsed { syntax, trouble }
}

struct Reader<'t> {
    /// The slice as it stands in the file: for what the mask rewrote.
    original: &'t [u8],
    text: &'t [u8],
    base: u32,
    /// Where all of it is said to stand, for a text that is not in the file.
    place: Option<Span>,
    too_deep: std::cell::Cell<Option<Span>>,
}

impl Reader<'_> {
    fn span(&self, node: Node) -> Span {
        if let Some(place) = self.place {
            return place;
        }
        Span {
            start: self.base.wrapping_add(node.start_byte() as u32),
            end: self.base.wrapping_add(node.end_byte() as u32),
        }
    }

    fn text_of(&self, node: Node) -> String {
        String::from_utf8_lossy(&self.text[node.byte_range()]).into_owned()
    }

    /// The first error of a tree. A `;` that the grammar misses behind a macro call changes nothing and is no error.
    fn error(&self, tree: &Tree) -> Option<(Span, &'static str)> {
        if !tree.root_node().has_error() {
            return None;
        }
        let mut cursor = tree.walk();
        loop {
            let node = cursor.node();
            if node.is_error() {
                return Some((self.span(node), "does not parse"));
            }
            if node.is_missing() && node.kind() != ";" {
                return Some((self.span(node), "does not parse: something is missing"));
            }
            if node.has_error() && cursor.goto_first_child() {
                continue;
            }
            while !cursor.goto_next_sibling() {
                if !cursor.goto_parent() {
                    return None;
                }
            }
        }
    }

    fn function(&self, node: Node) -> Option<Function> {
        let declarator = node.child_by_field_name("declarator")?;
        let (name, mut returns) = self.declarator(declarator, self.type_name(node));
        let parameters = returns.function.take()?;
        let body = node.child_by_field_name("body").map(|body| self.block(body, 0)).unwrap_or_default();
        let mut cursor = node.walk();
        let is_static = node
            .children(&mut cursor)
            .any(|child| child.kind() == "storage_class_specifier" && self.text_of(child) == "static");
        Some(Function { name, parameters, returns, is_static, body })
    }

    /// The type that stands before a declarator.
    fn type_name(&self, node: Node) -> Type {
        let Some(ty) = node.child_by_field_name("type") else { return Type::default() };
        let name = match ty.kind() {
            "struct_specifier" | "union_specifier" | "enum_specifier" => {
                let keyword = ty.kind().trim_end_matches("_specifier");
                let tag = ty.child_by_field_name("name").map(|tag| self.text_of(tag)).unwrap_or_default();
                format!("{keyword} {tag}")
            }
            _ => self.text_of(ty).split_whitespace().collect::<Vec<_>>().join(" "),
        };
        Type { name, ..Type::default() }
    }

    /// Peels a declarator: pointers, arrays, parentheses and parameters around a name.
    fn declarator(&self, node: Node, mut ty: Type) -> (String, Type) {
        let mut node = node;
        for _ in 0..DEPTH_LIMIT {
            match node.kind() {
                "pointer_declarator" | "abstract_pointer_declarator" => {
                    // Stars in front of a function's name belong to what it returns, those inside `(*f)` to the pointer.
                    if ty.function.is_none() {
                        ty.pointers += 1;
                    }
                }
                "array_declarator" | "abstract_array_declarator" => ty.is_array = true,
                "function_declarator" | "abstract_function_declarator" => {
                    ty.function = Some(
                        node.child_by_field_name("parameters").map(|list| self.parameters(list)).unwrap_or_default(),
                    );
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
                .child_by_field_name("declarator")
                .or_else(|| node.named_children(&mut cursor).find(|child| child.kind().ends_with("declarator")));
            match inner {
                Some(inner) => node = inner,
                None => return (String::new(), ty),
            }
        }
        (String::new(), ty)
    }

    fn parameters(&self, list: Node) -> Vec<Parameter> {
        let mut cursor = list.walk();
        let nodes: Vec<Node> =
            list.named_children(&mut cursor).filter(|child| child.kind() == "parameter_declaration").collect();
        nodes
            .into_iter()
            .map(|node| self.parameter(node))
            .filter(|parameter| parameter.ty.name != "void" || parameter.ty.pointers > 0)
            .collect()
    }

    fn parameter(&self, node: Node) -> Parameter {
        let ty = self.type_name(node);
        match node.child_by_field_name("declarator") {
            Some(declarator) => {
                let (name, ty) = self.declarator(declarator, ty);
                Parameter { name, ty }
            }
            None => Parameter { name: String::new(), ty },
        }
    }

    fn members(&self, list: Node, members: &mut Vec<Parameter>, depth: usize) {
        let mut cursor = list.walk();
        let fields: Vec<Node> = list.named_children(&mut cursor).collect();
        for field in fields {
            if field.kind() != "field_declaration" || depth > DEPTH_LIMIT {
                continue;
            }
            let ty = self.type_name(field);
            let mut cursor = field.walk();
            let declarators: Vec<Node> = field.children_by_field_name("declarator", &mut cursor).collect();
            let nested = field.child_by_field_name("type").and_then(|ty| ty.child_by_field_name("body"));
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

    fn declaration(&self, node: Node, depth: usize) -> Vec<Declared> {
        let ty = self.type_name(node);
        let mut cursor = node.walk();
        let declarators: Vec<Node> = node.children_by_field_name("declarator", &mut cursor).collect();
        declarators
            .into_iter()
            .map(|declarator| {
                let value = declarator.child_by_field_name("value").map(|value| self.expression(value, depth + 1));
                let (name, ty) = self.declarator(declarator, ty.clone());
                Declared { name, ty, value, cleanup: self.cleanup(declarator), span: self.span(declarator) }
            })
            .collect()
    }

    fn block(&self, node: Node, depth: usize) -> Vec<Statement> {
        let mut statements = Vec::new();
        let mut cursor = node.walk();
        let children: Vec<Node> = node.named_children(&mut cursor).collect();
        for child in children {
            self.statement(child, depth + 1, &mut statements);
        }
        statements
    }

    /// Whether syntax at `depth` is still read; notes where it is not.
    fn within_depth(&self, node: Node, depth: usize) -> bool {
        if depth > DEPTH_LIMIT {
            self.too_deep.set(Some(self.span(node)));
        }
        depth <= DEPTH_LIMIT
    }

    /// The statements below a field of a node: a block's own, or the single one.
    fn body(&self, node: Node, field: &str, depth: usize) -> Vec<Statement> {
        let Some(body) = node.child_by_field_name(field) else { return Vec::new() };
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

    fn statement(&self, node: Node, depth: usize, out: &mut Vec<Statement>) {
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
            "goto_statement" => {
                S::Goto(node.child_by_field_name("label").map(|label| self.text_of(label)).unwrap_or_default())
            }
            "labeled_statement" => {
                let label = node.child_by_field_name("label");
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

    fn loop_statement(&self, node: Node, depth: usize, out: &mut Vec<Statement>) {
        let span = self.span(node);
        let condition = node.child_by_field_name("condition").map(|condition| self.expression(condition, depth + 1));
        let mut body = self.body(node, "body", depth);
        if let Some(first) = node.child_by_field_name("initializer") {
            let kind = match first.kind() {
                "declaration" => S::Declaration(self.declaration(first, depth)),
                _ => S::Expression(self.expression(first, depth + 1)),
            };
            out.push(Statement { kind, span: self.span(first) });
        }
        if let Some(step) = node.child_by_field_name("update") {
            body.push(Statement { kind: S::Expression(self.expression(step, depth + 1)), span: self.span(step) });
        }
        out.push(Statement {
            kind: S::Loop { condition, body, is_do: node.kind() == "do_statement", head: self.macro_head(node) },
            span,
        });
    }

    /// The macro that the mask made a `while` of.
    fn macro_head(&self, node: Node) -> Option<String> {
        let word = &self.original[node.start_byte()..identifier_end(self.original, node.start_byte())];
        (!matches!(word, b"while" | b"for" | b"do")).then(|| String::from_utf8_lossy(word).into_owned())
    }

    /// What `__free(name)` between a variable and its value says.
    fn cleanup(&self, declarator: Node) -> Option<String> {
        let head = &self.original[declarator.byte_range()];
        let open = find(head, b"__free(")? + b"__free(".len();
        let end = identifier_end(head, open);
        let before_value = find(head, b"=").is_none_or(|equals| open < equals);
        before_value.then(|| String::from_utf8_lossy(&head[open..end]).into_owned())
    }

    fn switch(&self, node: Node, depth: usize) -> S {
        let value = self.field(node, "condition", depth);
        let (mut arms, mut has_default) = (Vec::new(), false);
        if let Some(body) = node.child_by_field_name("body") {
            let mut cursor = body.walk();
            let children: Vec<Node> = body.named_children(&mut cursor).collect();
            for child in children {
                if child.kind() != "case_statement" {
                    let mut loose = Vec::new();
                    self.statement(child, depth + 1, &mut loose);
                    arms.push(loose);
                    continue;
                }
                let label = child.child_by_field_name("value");
                has_default |= label.is_none();
                let mut arm = Vec::new();
                let mut cursor = child.walk();
                let statements: Vec<Node> =
                    child.named_children(&mut cursor).filter(|part| Some(*part) != label).collect();
                for statement in statements {
                    self.statement(statement, depth + 1, &mut arm);
                }
                arms.push(arm);
            }
        }
        S::Switch { value, arms, has_default }
    }

    fn field(&self, node: Node, field: &str, depth: usize) -> Expression {
        match node.child_by_field_name(field) {
            Some(value) => self.expression(value, depth + 1),
            None => Expression { kind: E::Other(Vec::new()), span: self.span(node) },
        }
    }

    fn boxed(&self, node: Node, field: &str, depth: usize) -> Box<Expression> {
        Box::new(self.field(node, field, depth))
    }

    fn operator(&self, node: Node) -> String {
        node.child_by_field_name("operator").map(|operator| self.text_of(operator)).unwrap_or_default()
    }

    fn expression(&self, node: Node, depth: usize) -> Expression {
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
            "call_expression" => {
                E::Call { callee: self.boxed(node, "function", depth), arguments: self.arguments(node, depth) }
            }
            "field_expression" => E::Field {
                base: self.boxed(node, "argument", depth),
                name: node.child_by_field_name("field").map(|field| self.text_of(field)).unwrap_or_default(),
                arrow: self.operator(node) == "->",
            },
            "subscript_expression" => {
                E::Index { base: self.boxed(node, "argument", depth), index: self.boxed(node, "index", depth) }
            }
            "pointer_expression" | "unary_expression" => {
                E::Unary { operator: self.operator(node), operand: self.boxed(node, "argument", depth) }
            }
            "update_expression" => {
                E::Step { operator: self.operator(node), operand: self.boxed(node, "argument", depth) }
            }
            "sizeof_expression" | "alignof_expression" | "offsetof_expression" => E::Literal,
            "binary_expression" => E::Binary {
                operator: self.operator(node),
                left: self.boxed(node, "left", depth),
                right: self.boxed(node, "right", depth),
            },
            "assignment_expression" => E::Assign {
                operator: self.operator(node),
                target: self.boxed(node, "left", depth),
                value: self.boxed(node, "right", depth),
            },
            "conditional_expression" => E::Conditional {
                condition: self.boxed(node, "condition", depth),
                then: node.child_by_field_name("consequence").map(|then| Box::new(self.expression(then, depth + 1))),
                otherwise: self.boxed(node, "alternative", depth),
            },
            "cast_expression" => E::Cast { ty: self.type_descriptor(node), value: self.boxed(node, "value", depth) },
            "compound_literal_expression" => {
                let entries =
                    node.child_by_field_name("value").map(|list| self.entries(list, depth)).unwrap_or_default();
                E::Initializer { ty: Some(self.type_descriptor(node)), entries }
            }
            "initializer_list" => E::Initializer { ty: None, entries: self.entries(node, depth) },
            "compound_statement" => E::Statements(self.block(node, depth)),
            _ => E::Other(self.parts(node, depth)),
        };
        Expression { kind, span }
    }

    fn parenthesized(&self, node: Node, depth: usize) -> Expression {
        let mut cursor = node.walk();
        let inner: Option<Node> = node.named_children(&mut cursor).find(|child| child.kind() != "comment");
        match inner {
            Some(inner) => Expression { span: self.span(node), ..self.expression(inner, depth + 1) },
            None => Expression { kind: E::Other(Vec::new()), span: self.span(node) },
        }
    }

    fn parts(&self, node: Node, depth: usize) -> Vec<Expression> {
        let mut cursor = node.walk();
        let children: Vec<Node> = node.named_children(&mut cursor).collect();
        children.into_iter().map(|child| self.expression(child, depth + 1)).collect()
    }

    fn arguments(&self, node: Node, depth: usize) -> Vec<Expression> {
        let Some(list) = node.child_by_field_name("arguments") else { return Vec::new() };
        let mut cursor = list.walk();
        let children: Vec<Node> = list.named_children(&mut cursor).filter(|child| child.kind() != "comment").collect();
        children.into_iter().map(|child| self.expression(child, depth + 1)).collect()
    }

    fn type_descriptor(&self, node: Node) -> Type {
        let Some(descriptor) = node.child_by_field_name("type") else { return Type::default() };
        let ty = self.type_name(descriptor);
        match descriptor.child_by_field_name("declarator") {
            Some(declarator) => self.declarator(declarator, ty).1,
            None => ty,
        }
    }

    fn entries(&self, list: Node, depth: usize) -> Vec<Entry> {
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declarators_are_peeled() {
        let parsed = members(
            b"struct ops { int (*mmap)(struct file *, struct vm_area_struct *vma); struct { struct b *c[2]; }; };",
            0,
        );
        assert_eq!(parsed.trouble, None);
        let mmap = &parsed.syntax[0];
        assert_eq!(mmap.name, "mmap");
        assert!(mmap.ty.function.as_ref().is_some_and(|parameters| parameters[1].ty.points_to("vm_area_struct")));
        assert_eq!(
            (parsed.syntax[1].name.as_str(), parsed.syntax[1].ty.tag(), parsed.syntax[1].ty.is_array),
            ("c", Some("b"), true)
        );
    }

    #[test]
    fn a_deep_nest_is_reported_not_followed() {
        let text = format!("int f(void) {{ return {}1{}; }}", "(".repeat(1000), ")".repeat(1000));
        assert_eq!(
            functions(text.as_bytes(), text.as_bytes(), 0).trouble.map(|(_, reason)| reason),
            Some("nested too deep")
        );
    }

    #[test]
    fn old_style_designators_are_entries() {
        let parsed = variables(b"struct file_operations f = { mmap: my_mmap, .a.b = 1 };", 0);
        let Some(Expression { kind: E::Initializer { entries, .. }, .. }) = &parsed.syntax[0].value else {
            panic!("no initialiser")
        };
        assert_eq!(entries[0].members, ["mmap"]);
        assert_eq!(entries[1].members, ["a", "b"]);
    }
}
