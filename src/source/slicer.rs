//! Cuts a file into its top-level items without parsing it.
//!
//! One pass over the bytes counts braces and parentheses, and skips comments, literals and directives. Each arm of a conditional is
//! counted from the state before the first arm. So `#ifdef A / if (x) { / #else / if (y) { / #endif` opens one brace, not two.

use super::attributes::is_attribute;
use super::item::{Item, ItemKind, untangle};
use super::lex::{
    comment_end, directive_end, identifier_before, identifier_end, is_identifier_byte, literal_end, skip_blank,
};
use super::skip::passed_in_body;
use super::span::Span;

/// Items and directives of a file, in order.
#[derive(Debug, Default)]
pub struct Slices {
    /// The items.
    pub items: Vec<Item>,
    /// Its directives.
    pub directives: Vec<Span>,
    /// Whether the braces of the file do not balance. Functions then end at a `}` in column 1.
    pub resynchronised: bool,
}

/// Cuts `text` into top-level items.
pub fn slice(text: &[u8]) -> Slices {
    let mut slicer = Slicer::new(text, false);
    slicer.run();
    let resynchronised = !slicer.balanced();
    if resynchronised {
        slicer = Slicer::new(text, true);
        slicer.run();
    }
    let mut items = slicer.items;
    items.sort_by_key(|item| item.span);
    untangle(&mut items);
    Slices { items, directives: slicer.directives, resynchronised }
}

/// The item being read, as far as its head is known.
#[derive(Clone, Copy, Debug, Default)]
struct Open {
    start: Option<usize>,
    first_word: (usize, usize),
    /// The word before a top-level parenthesis: the name of a function.
    called: Option<(usize, usize)>,
    /// Offset of the first `=` outside all brackets.
    assigned: Option<usize>,
    /// Offset of the first `{` outside all brackets.
    brace: Option<usize>,
    is_function: bool,
    /// The last byte of code outside of bodies.
    last: u8,
}

#[derive(Clone, Copy, Debug, Default)]
struct State {
    braces: usize,
    parentheses: usize,
    open: Open,
}

/// An `#if` whose `#endif` has not been reached.
struct Conditional {
    before: State,
    after_first_arm: Option<State>,
}

struct Slicer<'t> {
    text: &'t [u8],
    /// Whether a function ends at the first `}` in column 1, regardless of the brace count.
    resynchronise: bool,
    at: usize,
    state: State,
    conditionals: Vec<Conditional>,
    /// Other heads of the open item, from other arms of a conditional.
    aliases: Vec<Open>,
    items: Vec<Item>,
    directives: Vec<Span>,
    underflow: bool,
}

impl<'t> Slicer<'t> {
    fn new(text: &'t [u8], resynchronise: bool) -> Self {
        Slicer {
            text,
            resynchronise,
            at: 0,
            state: State::default(),
            conditionals: Vec::new(),
            aliases: Vec::new(),
            items: Vec::new(),
            directives: Vec::new(),
            underflow: false,
        }
    }

    fn balanced(&self) -> bool {
        !self.underflow && self.state.braces == 0
    }

    fn run(&mut self) {
        while self.at < self.text.len() {
            if self.state.braces > 0 {
                self.skip_body();
            } else {
                self.at += self.text[self.at..].iter().take_while(|byte| byte.is_ascii_whitespace()).count();
            }
            let Some(&byte) = self.text.get(self.at) else { break };
            match byte {
                b'#' if self.starts_line() => self.directive(),
                b'/' => match comment_end(self.text, self.at) {
                    Some(end) => self.at = end,
                    None => self.at += 1,
                },
                b'"' | b'\'' => {
                    self.at = literal_end(self.text, self.at);
                    self.state.open.last = byte;
                }
                _ if self.state.braces == 0 && is_identifier_byte(byte) => self.word(),
                _ => self.punctuation(byte),
            }
        }
        self.close(self.text.len());
    }

    /// Skips to the next byte that can end a body or hide such a byte. Most bytes of a file are skipped here.
    fn skip_body(&mut self) {
        self.at += passed_in_body(&self.text[self.at..]);
    }

    /// Whether only blanks precede the current byte on its line.
    fn starts_line(&self) -> bool {
        let before = &self.text[..self.at];
        before.iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')).is_none_or(|byte| *byte == b'\n')
    }

    fn word(&mut self) {
        let end = identifier_end(self.text, self.at);
        if self.is_behind_macro_call() {
            self.close(self.at);
        }
        self.state.open.last = self.text[self.at];
        if self.state.open.start.is_none() {
            self.state.open = Open { start: Some(self.at), first_word: (self.at, end), ..Open::default() };
        }
        self.at = end;
    }

    /// Whether a macro call at file level without `;`, such as `MODULE_X(y)`, ends here: the next word is in column 1.
    fn is_behind_macro_call(&self) -> bool {
        let open = &self.state.open;
        self.state.braces == 0
            && self.state.parentheses == 0
            && open.called == Some(open.first_word)
            && open.assigned.is_none()
            && self.at > 0
            && self.text[self.at - 1] == b'\n'
            && open.last == b')'
    }

    fn punctuation(&mut self, byte: u8) {
        let at = self.at;
        self.at += 1;
        self.state.open.last = byte;
        let top = self.state.braces == 0 && self.state.parentheses == 0;
        match byte {
            b'(' => {
                if top && self.state.open.assigned.is_none() && self.state.open.brace.is_none() {
                    self.called(at);
                }
                self.state.parentheses += 1;
            }
            b')' => self.state.parentheses = self.state.parentheses.saturating_sub(1),
            b'=' if top && self.state.open.assigned.is_none() => self.state.open.assigned = Some(at),
            b'{' => self.open_brace(at),
            b'}' => self.close_brace(at),
            b';' if top => self.close(at + 1),
            _ => {}
        }
    }

    /// Records the word before a top-level `(` as the name of a function, unless it is an attribute.
    fn called(&mut self, at: usize) {
        let Some((start, end)) = identifier_before(self.text, at) else { return };
        let name = &self.text[start..end];
        // The last such word is the name, as in `PRINTF(1, 2) int f(int a)`. Annotations after the parameters are an exception.
        let replace = match self.state.open.called {
            None => true,
            Some((start, end)) => {
                !is_attribute(name) && (is_attribute(&self.text[start..end]) || !name.starts_with(b"__"))
            }
        };
        if replace && self.state.open.start.is_some_and(|item| start >= item) {
            self.state.open.called = Some((start, end));
        }
    }

    fn open_brace(&mut self, at: usize) {
        if self.state.braces == 0 && self.state.open.brace.is_none() {
            let open = &mut self.state.open;
            open.brace = Some(at);
            let first = &self.text[open.first_word.0..open.first_word.1];
            open.is_function = open.assigned.is_none()
                && first != b"typedef"
                && open.called.is_some_and(|(start, end)| !is_attribute(&self.text[start..end]));
        }
        self.state.braces += 1;
        // The brace of a function ends any parenthesis that a torn head left open. Other braces inside parentheses belong to statement
        // expressions or compound literals.
        if self.state.braces == 1 && self.state.open.is_function {
            self.state.parentheses = 0;
        }
    }

    fn close_brace(&mut self, at: usize) {
        let column_one = at == 0 || self.text[at - 1] == b'\n';
        if self.state.braces == 0 {
            self.underflow = true;
            self.state.open = Open::default();
            return;
        }
        self.state.braces -= 1;
        if self.resynchronise && column_one && self.state.open.is_function {
            self.state.braces = 0;
        }
        if self.state.braces == 0 && self.state.open.is_function {
            self.close(at + 1);
        }
    }

    /// Ends the open item, if there is one, at `end`.
    fn close(&mut self, end: usize) {
        let open = std::mem::take(&mut self.state.open);
        self.state.parentheses = 0;
        self.push(&open, end);
        for alias in std::mem::take(&mut self.aliases) {
            let shared = Open { start: open.start, ..alias };
            self.push(&shared, end);
        }
    }

    fn push(&mut self, open: &Open, end: usize) {
        let Some(start) = open.start else { return };
        let (kind, name, body) = self.classify(open, end);
        self.items.push(Item { kind, name: Span::new(name.0, name.1), span: Span::new(start, end), body: body as u32 });
    }

    fn classify(&self, open: &Open, end: usize) -> (ItemKind, (usize, usize), usize) {
        if open.is_function {
            return (ItemKind::Function, open.called.unwrap_or(open.first_word), open.brace.unwrap_or(end));
        }
        if let Some(assigned) = open.assigned {
            return (ItemKind::Variable, self.declared_before(assigned).unwrap_or(open.first_word), assigned);
        }
        if let Some(brace) = open.brace {
            let tag =
                identifier_before(self.text, brace).filter(|(start, end)| !is_record_keyword(&self.text[*start..*end]));
            let name = tag.or_else(|| identifier_before(self.text, end.saturating_sub(1)));
            return (ItemKind::Record, name.unwrap_or(open.first_word), brace);
        }
        (ItemKind::Other, open.first_word, end)
    }

    /// Name of the variable declared before an `=`. Array brackets and attributes in between are skipped.
    fn declared_before(&self, assigned: usize) -> Option<(usize, usize)> {
        let mut end = assigned;
        for _ in 0..8 {
            let (last, byte) = super::lex::previous(self.text, end)?;
            match byte {
                b']' => end = self.text[..last].iter().rposition(|byte| *byte == b'[')?,
                b')' => end = self.text[..last].iter().rposition(|byte| *byte == b'(')?,
                _ => {
                    let (start, stop) = identifier_before(self.text, end)?;
                    if !is_attribute(&self.text[start..stop]) {
                        return Some((start, stop));
                    }
                    end = start;
                }
            }
        }
        None
    }

    fn directive(&mut self) {
        let start = self.at;
        let end = directive_end(self.text, start);
        self.directives.push(Span::new(start, end));
        self.at = end;
        let word = skip_blank(self.text, start + 1).min(end);
        let keyword_end = identifier_end(self.text, word).min(end);
        match &self.text[word..keyword_end] {
            b"if" | b"ifdef" | b"ifndef" => {
                self.conditionals.push(Conditional { before: self.state, after_first_arm: None })
            }
            b"else" | b"elif" | b"elifdef" | b"elifndef" => {
                let state = self.state;
                if let Some(conditional) = self.conditionals.last_mut() {
                    conditional.after_first_arm.get_or_insert(state);
                    self.state = conditional.before;
                }
            }
            b"endif" => self.end_conditional(),
            b"define" => self.define(start, keyword_end, end),
            _ => {}
        }
    }

    fn end_conditional(&mut self) {
        let Some(conditional) = self.conditionals.pop() else { return };
        let Some(first) = conditional.after_first_arm else { return };
        let last = self.state.open;
        self.state = first;
        let opened_here = first.open.is_function && first.open.brace != conditional.before.open.brace;
        if opened_here && last.is_function && last.called != first.open.called {
            let name = |open: &Open| open.called.map(|(start, end)| &self.text[start..end]);
            if name(&last) != name(&first.open) {
                self.aliases.push(last);
            }
        }
    }

    fn define(&mut self, start: usize, keyword_end: usize, end: usize) {
        let name = skip_blank(self.text, keyword_end).min(end);
        let name_end = identifier_end(self.text, name).min(end);
        if name < name_end {
            let span = Span::new(start, end);
            self.items.push(Item {
                kind: ItemKind::Macro,
                name: Span::new(name, name_end),
                span,
                body: name_end as u32,
            });
        }
    }
}

fn is_record_keyword(word: &[u8]) -> bool {
    matches!(word, b"struct" | b"union" | b"enum")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shape(text: &str) -> Vec<(ItemKind, String)> {
        let name = |item: &Item| String::from_utf8_lossy(item.name.of(text.as_bytes())).into_owned();
        slice(text.as_bytes()).items.iter().map(|item| (item.kind, name(item))).collect()
    }

    #[test]
    fn items_have_kinds_and_names() {
        let text = "#define A(x) \\\n  { x }\nstruct s { int (*f)(int); };\nstatic int __init f(int a)\n{\n\treturn '{';\n}\n\
                    static const struct s t[2] __aligned(8) = { { .f = f } };\nMODULE_LICENSE(\"GPL\");\n";
        let expected = [
            (ItemKind::Macro, "A"),
            (ItemKind::Record, "s"),
            (ItemKind::Function, "f"),
            (ItemKind::Variable, "t"),
            (ItemKind::Other, "MODULE_LICENSE"),
        ];
        assert_eq!(shape(text), expected.map(|(kind, name)| (kind, name.to_owned())));
    }

    #[test]
    fn arms_that_open_the_same_brace_open_it_once() {
        let text = "int f(void)\n{\n#ifdef A\n\tif (a) {\n#else\n\tif (b) {\n#endif\n\t}\n}\nint g(void) { }\n";
        assert_eq!(shape(text), [(ItemKind::Function, "f".into()), (ItemKind::Function, "g".into())]);
        assert!(!slice(text.as_bytes()).resynchronised);
    }

    #[test]
    fn a_macro_call_without_semicolon_is_an_item() {
        let expected = [(ItemKind::Other, "GEN_OPS"), (ItemKind::Function, "f"), (ItemKind::Function, "g")];
        for between in ["\n", "\n\n/* A comment. */\n", " // A comment.\n"] {
            let text =
                format!("GEN_OPS(my, read){between}static int f(void)\n{{\n}}\n__printf(1, 2) int g(char *x) {{ }}\n");
            assert_eq!(shape(&text), expected.map(|(kind, name)| (kind, name.to_owned())), "{between:?}");
        }
    }

    #[test]
    fn both_names_of_a_two_headed_function_are_kept() {
        let text = "#ifdef A\nint f(void)\n{\n#else\nint g(void)\n{\n#endif\n\treturn 0;\n}\nint h(void) { }\n";
        let names: Vec<String> = shape(text).into_iter().map(|(_, name)| name).collect();
        assert_eq!(names, ["f", "g", "h"]);
    }

    #[test]
    fn a_missing_brace_costs_one_function() {
        let text = "int f(void)\n{\n\tif (a) {\n}\nint g(void)\n{\n}\n";
        assert_eq!(shape(text), [(ItemKind::Function, "f".into()), (ItemKind::Function, "g".into())]);
        assert!(slice(text.as_bytes()).resynchronised);
    }
}
