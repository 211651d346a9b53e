//! Parses a masked slice into [`ast`](super::ast) with tree-sitter-c.

mod blanks;
mod declarations;
mod expressions;
mod fields;
mod statements;

use std::cell::RefCell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use tree_sitter::{Node, ParseOptions, Parser, Tree};

use blanks::without_long_blanks;
use fields::LANGUAGE;

use super::ast::{Declared, Expression, Function, Parameter, Statement, StatementKind};
use super::blank_unneeded::{Parts, blank_unneeded};
use super::mask::{Masked, every_arm, variants};
use super::span::Span;
use crate::profile::{Phase, count, measure};

/// Maximum nesting depth of syntax. It bounds every recursion over the syntax of a slice.
pub const DEPTH_LIMIT: usize = 200;

/// Maximum length of a parsed slice in bytes.
pub const SLICE_LIMIT: usize = 1 << 20;

/// Maximum time in the parser per slice.
const TIME_LIMIT: Duration = Duration::from_secs(2);

/// Result of parsing a slice.
#[derive(Debug, Default)]
pub struct Parsed<T> {
    /// The syntax, as far as it was understood.
    pub syntax: T,
    /// The first location that was not understood, and the reason.
    pub trouble: Option<(Span, &'static str)>,
}

thread_local! {
    static PARSER: RefCell<Option<Parser>> = RefCell::new(new_parser());
}

fn new_parser() -> Option<Parser> {
    let mut parser = Parser::new();
    parser.set_language(&LANGUAGE).ok()?;
    Some(parser)
}

fn parse_text(text: &[u8]) -> Option<Tree> {
    if text.len() > SLICE_LIMIT {
        return None;
    }
    PARSER.with_borrow_mut(|parser| {
        let parser = parser.as_mut()?;
        parser.reset();
        parser.set_included_ranges(&without_long_blanks(text)).ok()?;
        let deadline = Instant::now() + TIME_LIMIT;
        let mut progress = |_: &tree_sitter::ParseState| {
            if Instant::now() > deadline { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        let options = ParseOptions::new().progress_callback(&mut progress);
        parser.parse_with_options(&mut |offset, _| text.get(offset..).unwrap_or(&[]), None, Some(options))
    })
}

/// Parses the functions of a slice: one, or one per remaining head. The slice starts `base` bytes into its file; `masked` is one of its
/// [`variants`].
pub fn functions(original: &[u8], masked: &Masked, base: u32) -> Parsed<Vec<Function>> {
    with_tree(original, &masked.text, base, |reader, root| {
        let mut cursor = root.walk();
        let nodes: Vec<Node> = root.named_children(&mut cursor).collect();
        let definitions = nodes.into_iter().filter(|node| node.kind() == "function_definition");
        let functions = definitions.filter_map(|node| reader.function(node));
        functions.map(|function| Function { assumed: masked.assumed.clone(), ..function }).collect()
    })
}

/// Parses the functions of a slice in its first variant. For facts that do not depend on conditionals.
pub fn in_first_variant(slice: &[u8], base: u32) -> Parsed<Vec<Function>> {
    let variants = variants(slice);
    variants.first().map(|masked| functions(slice, masked, base)).unwrap_or_default()
}

/// Parses the variables that a slice declares at file scope. Every arm of its conditionals is kept.
pub fn variables(slice: &[u8], base: u32) -> Parsed<Vec<Declared>> {
    variables_with(slice, base, |_| true)
}

/// Parses the variables that a slice declares at file scope. Of the designated entries of initialisers, only those that `is_asked`
/// accepts are parsed.
pub fn variables_with(slice: &[u8], base: u32, is_asked: impl Fn(&[u8]) -> bool) -> Parsed<Vec<Declared>> {
    let mut masked = every_arm(slice);
    blank_unneeded(&mut masked, Parts::Entries, is_asked);
    with_tree(slice, &masked, base, |reader, root| {
        let mut cursor = root.walk();
        let nodes: Vec<Node> = root.named_children(&mut cursor).collect();
        nodes
            .into_iter()
            .filter(|node| node.kind() == "declaration")
            .flat_map(|node| reader.declaration(node, 0))
            .collect()
    })
}

/// Parses the statements of a macro expansion. All get the span `place`, which is that of the call.
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

/// Parses the expansion of a macro that is one expression; `None` if it is anything else. All of it gets the span `place`.
pub fn expression(expansion: &[u8], place: Span) -> Option<Expression> {
    let parsed = statements(&[expansion, b";"].concat(), place);
    let [only] = <[Statement; 1]>::try_from(parsed.syntax).ok()?;
    match only.kind {
        StatementKind::Expression(value) if parsed.trouble.is_none() => Some(value),
        _ => None,
    }
}

/// Parses the members of a struct or union definition, including those of anonymous members.
pub fn members(slice: &[u8], base: u32) -> Parsed<Vec<Parameter>> {
    members_with(slice, base, |_| true)
}

/// Parses the members of a struct or union definition whose text `is_asked` accepts.
pub fn members_with(slice: &[u8], base: u32, is_asked: impl Fn(&[u8]) -> bool) -> Parsed<Vec<Parameter>> {
    let mut masked = every_arm(slice);
    blank_unneeded(&mut masked, Parts::Members, is_asked);
    with_tree(slice, &masked, base, |reader, root| {
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
    count(Phase::Parse, text.len());
    measure(Phase::Parse, || read_tree(original, text, base, place, read))
}

fn read_tree<T: Default>(
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
    /// The slice before masking, for words that the mask rewrote.
    original: &'t [u8],
    text: &'t [u8],
    base: u32,
    /// The span of all nodes, for a text that is not in the file.
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

    /// The first error of a tree. A missing `;` after a macro call changes nothing and is not an error.
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
                return Some((self.span(node), "syntax error: something is missing"));
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
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::source::ast::{Expression, ExpressionKind as E};

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
            functions(text.as_bytes(), &variants(text.as_bytes())[0], 0).trouble.map(|(_, reason)| reason),
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
