//! The top-level items of a file.

use super::span::Span;

/// Kind of a top-level item.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ItemKind {
    /// A function definition.
    Function,
    /// A variable with an initialiser.
    Variable,
    /// A struct or union definition.
    Record,
    /// A `#define`.
    Macro,
    /// Anything else: prototypes, plain declarations, macro calls at file scope.
    Other,
}

/// A top-level item of a file.
#[derive(Clone, Copy, Debug)]
pub struct Item {
    /// Kind of the item.
    pub kind: ItemKind,
    /// Name of the function, variable, record or macro; the first word of an [`ItemKind::Other`].
    pub name: Span,
    /// The whole item, from its first word to its last `}` or `;`.
    pub span: Span,
    /// Offset of the `{` or `=` that ends the head; the end of the item if there is none. Of a macro: the end of its name.
    pub body: u32,
}

impl Item {
    /// The part before the body: a function's return type, name and parameters.
    pub fn head(&self) -> Span {
        Span { start: self.span.start, end: self.body }
    }
}

/// Ends items that overlap the next one at its start, so that items are disjoint or nested. Unbalanced arms of conditionals cause such
/// overlaps.
pub(super) fn untangle(items: &mut [Item]) {
    for number in 0..items.len() {
        let (before, behind) = items.split_at_mut(number + 1);
        let item = &mut before[number];
        let within = behind.iter().take_while(|other| other.span.start < item.span.end);
        let next =
            within.into_iter().find(|other| other.span.end > item.span.end && other.span.start > item.span.start);
        if let Some(end) = next.map(|next| next.span.start) {
            let cut = |at: u32| at.min(end);
            item.span.end = end;
            item.body = cut(item.body);
            item.name = Span { start: cut(item.name.start), end: cut(item.name.end) };
        }
    }
    items.sort_by_key(|item| item.span);
}

#[cfg(test)]
mod tests {
    use crate::source::slice;

    /// Found by tests/mutations.rs, then minimised.
    #[test]
    fn an_item_that_reaches_into_the_next_ends_there() {
        for text in [
            "}x\n#if X\n#if X\nint f(int a)\n{\n}\n#else\nint g(int a)\n{\n}\n#endif\n#if Y\nint h(int a)\n{\n}\n#else\n#define h g\n#endif\n\
             struct a {\n\tint b;\n}\n",
            "a\n#ifndef A\n#define A\nstruct b;\nc#else\n#else\nd;\nenum e {\n\tF,\n};\n#else\nstruct g {\n\tint h;\n};\n#endif\n",
        ] {
            tiles(text);
        }
    }

    fn tiles(text: &str) {
        let items = slice(text.as_bytes()).items;
        for (number, item) in items.iter().enumerate() {
            assert!(items[number + 1..].iter().all(|other| {
                other.span.start >= item.span.end
                    || other.span.end <= item.span.end
                    || other.span.start == item.span.start
            }));
        }
    }
}
