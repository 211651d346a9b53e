//! Replaces words of a slice that the grammar does not accept.

use super::attributes::{Attribute, attribute};
use super::lex::{
    blank, closing, identifier_before, identifier_end, is_identifier_byte, is_keyword_before_parenthesis, literal_end,
    opening, previous, skip_blank,
};
use super::span::{Span, line_start};

const PRIMITIVES: &[&[u8]] = &[b"unsigned", b"signed", b"long", b"short", b"int", b"char", b"const", b"volatile"];

/// Specifiers that may precede a type.
const STORAGE: &[&[u8]] = &[b"static", b"inline", b"extern", b"register", b"__inline", b"__inline__", b"_Noreturn"];

/// Whether a word before a string literal is a keyword, and not a macro that is part of the string.
fn is_keyword(word: &[u8]) -> bool {
    matches!(
        word,
        b"return" | b"case" | b"else" | b"do" | b"sizeof" | b"goto" | b"in" | b"asm" | b"volatile" | b"extern"
    )
}

/// Rewrites the words of one slice.
pub(super) struct Masker {
    text: Vec<u8>,
    at: usize,
}

impl Masker {
    /// Creates a masker for a slice whose comments and directives are blank.
    pub(super) fn new(text: Vec<u8>) -> Masker {
        Masker { text, at: 0 }
    }

    pub(super) fn run(mut self) -> Vec<u8> {
        while self.at < self.text.len() {
            let byte = self.text[self.at];
            if byte == b'"' || byte == b'\'' {
                if byte == b'"' {
                    self.words_before_literal(self.at);
                }
                self.at = literal_end(&self.text, self.at).max(self.at + 1);
            } else if byte.is_ascii_digit() {
                self.at = identifier_end(&self.text, self.at);
            } else if is_identifier_byte(byte) {
                let end = identifier_end(&self.text, self.at);
                self.word(self.at, end);
                self.at = end;
            } else {
                self.at += 1;
            }
        }
        self.function_head();
        self.text
    }

    /// Blanks macros that are part of a string: `KERN_NOTICE PFX "text"`. The grammar accepts one at most.
    fn words_before_literal(&mut self, literal: usize) {
        while let Some((start, end)) = identifier_before(&self.text, literal) {
            if end == literal || self.text[start].is_ascii_digit() || is_keyword(&self.text[start..end]) {
                return;
            }
            blank(&mut self.text, Span::new(start, end));
        }
    }

    /// Blanks words between the type and the name of a function: `T **MY_CALL name(void) {`. They can only be macros.
    fn function_head(&mut self) {
        let (mut at, mut words) = (0, Vec::new());
        loop {
            at = skip_blank(&self.text, at);
            match self.text.get(at) {
                Some(b'(') => break,
                Some(b'*') => at += 1,
                Some(byte) if is_identifier_byte(*byte) && !byte.is_ascii_digit() => {
                    let end = identifier_end(&self.text, at);
                    words.push(Span::new(at, end));
                    at = end;
                }
                _ => return,
            }
        }
        let is_function =
            closing(&self.text, at).is_some_and(|behind| self.text.get(skip_blank(&self.text, behind)) == Some(&b'{'));
        let Some((_, words)) = words.split_last().filter(|_| is_function) else { return };
        let mut words = words.iter().filter(|word| !STORAGE.contains(&word.of(&self.text))).copied().peekable();
        let (mut has_type, mut macros) = (false, Vec::new());
        while let Some(word) = words.next() {
            match word.of(&self.text) {
                b"struct" | b"union" | b"enum" => {
                    words.next();
                    has_type = true;
                }
                name if PRIMITIVES.contains(&name) => has_type = true,
                _ if has_type => macros.push(word),
                _ => has_type = true,
            }
        }
        macros.into_iter().for_each(|word| blank(&mut self.text, word));
    }

    fn word(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        match attribute(word) {
            Some(Attribute::Plain) => return self.attribute(start, end),
            Some(Attribute::Call) => return self.attribute_call(start, end),
            None => {}
        }
        match word {
            b"struct" | b"union" | b"enum" => self.type_argument(start, end),
            b"auto" => self.text[start..end].copy_from_slice(b"int "),
            b"__auto_type" => self.text[start..end].copy_from_slice(b"int        "),
            b"typeof_member" => self.type_macro(start, end),
            b"case" => self.case_range(end),
            b"asm_volatile_goto" | b"asm_goto_output" | b"asm" | b"__asm__" => self.assembly(start, end),
            b"if" | b"while" | b"for" | b"switch" | b"return" | b"sizeof" | b"do" | b"else" | b"goto" => {}
            _ if word.len() > 2
                && word.iter().all(|byte| byte.is_ascii_uppercase() || *byte == b'_')
                && self.is_specifier(start, end) =>
            {
                blank(&mut self.text, Span::new(start, end));
            }
            _ if PRIMITIVES.contains(&word) => self.primitive_argument(start, end),
            _ => self.block_macro(start, end),
        }
    }

    /// Whether a word is a macro for a specifier: first in the slice and before a lower-case word, as in `STATIC int f(...)`. In
    /// `STATUS f(...)` it is the type.
    fn is_specifier(&self, start: usize, end: usize) -> bool {
        let next = skip_blank(&self.text, end);
        let behind = skip_blank(&self.text, identifier_end(&self.text, next));
        previous(&self.text, start).is_none()
            && self.text.get(next).is_some_and(|byte| byte.is_ascii_lowercase())
            && self.text.get(behind).is_some_and(|byte| is_identifier_byte(*byte) || *byte == b'*')
    }

    /// Blanks a plain attribute: `fallthrough`, `notrace`. Before `=` or `.` the word is an ordinary name.
    fn attribute(&mut self, start: usize, end: usize) {
        let next = self.text.get(skip_blank(&self.text, end)).copied();
        if !matches!(next, Some(b'=' | b'.')) {
            blank(&mut self.text, Span::new(start, end));
        }
    }

    /// Blanks an attribute with its arguments: `__must_hold(&lock)`.
    fn attribute_call(&mut self, start: usize, end: usize) {
        let open = skip_blank(&self.text, end);
        let close = if self.text.get(open) == Some(&b'(') { closing(&self.text, open) } else { None };
        blank(&mut self.text, Span::new(start, close.unwrap_or(end)));
    }

    /// Blanks the keyword and the stars of a type argument: `struct a` in `container_of(p, struct a, m)`.
    fn type_argument(&mut self, start: usize, end: usize) {
        if !self.is_call_argument(start) {
            return;
        }
        let tag = skip_blank(&self.text, end);
        let tag_end = identifier_end(&self.text, tag);
        let mut stars_end = skip_blank(&self.text, tag_end);
        while self.text.get(stars_end) == Some(&b'*') {
            stars_end = skip_blank(&self.text, stars_end + 1);
        }
        if tag < tag_end && matches!(self.text.get(stars_end), Some(b',' | b')')) {
            blank(&mut self.text, Span::new(start, end));
            blank(&mut self.text, Span::new(tag_end, stars_end));
        }
    }

    /// Reduces a type argument such as `unsigned long` to its first word, without stars.
    fn primitive_argument(&mut self, start: usize, end: usize) {
        if !self.is_call_argument(start) {
            return;
        }
        let mut stop = end;
        loop {
            let next = skip_blank(&self.text, stop);
            let next_end = identifier_end(&self.text, next);
            if next < next_end && PRIMITIVES.contains(&&self.text[next..next_end]) {
                stop = next_end;
            } else if self.text.get(next) == Some(&b'*') {
                stop = next + 1;
            } else {
                if matches!(self.text.get(next), Some(b',' | b')')) {
                    blank(&mut self.text, Span::new(end, stop));
                    // A lone primitive type is not an expression either. With a `T` it is a plain name, which is one.
                    self.text[start] = b'T';
                }
                return;
            }
        }
    }

    /// Whether the word at `start` begins an argument of a call by name.
    fn is_call_argument(&self, start: usize) -> bool {
        let Some((before, byte)) = previous(&self.text, start) else { return false };
        let open = match byte {
            b'(' => before,
            b',' => match opening(&self.text, before) {
                Some(open) => open,
                None => return false,
            },
            _ => return false,
        };
        let Some((name, name_end)) = identifier_before(&self.text, open) else { return false };
        !is_keyword_before_parenthesis(&self.text[name..name_end]) && !self.is_declarator(name)
    }

    /// Whether `name (` declares a function: a type precedes it, and no statement keyword.
    fn is_declarator(&self, name: usize) -> bool {
        match previous(&self.text, name) {
            Some((_, b'*')) => self.stars_follow_a_type(name),
            Some((at, byte)) if is_identifier_byte(byte) => {
                let Some((start, end)) = identifier_before(&self.text, at + 1) else { return false };
                !matches!(&self.text[start..end], b"return" | b"else" | b"do" | b"case" | b"goto" | b"in")
            }
            _ => false,
        }
    }

    /// Whether a word precedes the stars before `name`, as in `struct a *f(struct b *)` and unlike `x = *f(...)`. The product
    /// `x = y *f(...)` also matches.
    fn stars_follow_a_type(&self, name: usize) -> bool {
        let start = self.text[..name]
            .iter()
            .rposition(|byte| matches!(byte, b';' | b'{' | b'}' | b'=' | b'(' | b','))
            .map_or(0, |at| at + 1);
        let first = skip_blank(&self.text, start);
        let end = identifier_end(&self.text, first);
        end > first && end < name && !matches!(&self.text[first..end], b"return")
    }

    /// Replaces the type in `typeof_member(struct a, m) name;` by `int`. The uses of the variable show its type.
    fn type_macro(&mut self, start: usize, end: usize) {
        let open = skip_blank(&self.text, end);
        if self.text.get(open) == Some(&b'(')
            && let Some(close) = closing(&self.text, open)
        {
            blank(&mut self.text, Span::new(start, close));
            self.text[start..start + 3].copy_from_slice(b"int");
        }
    }

    /// Puts the weakest operator in the place of the dots of `case A ... B:`, which the grammar does not know.
    fn case_range(&mut self, end: usize) {
        let Some(length) = self.text[end..].iter().position(|byte| matches!(byte, b':' | b';')) else { return };
        if let Some(dots) = memchr::memmem::find(&self.text[end..end + length], b"...") {
            self.text[end + dots..end + dots + 3].copy_from_slice(b"|| ");
        }
    }

    /// Blanks inline assembly. It says nothing about VMAs, and its operands have a syntax of their own.
    fn assembly(&mut self, start: usize, end: usize) {
        let mut open = skip_blank(&self.text, end);
        for _ in 0..3 {
            let word_end = identifier_end(&self.text, open);
            if word_end == open {
                break;
            }
            open = skip_blank(&self.text, word_end);
        }
        if self.text.get(open) == Some(&b'(')
            && let Some(close) = closing(&self.text, open)
        {
            blank(&mut self.text, Span::new(start, close));
        }
    }

    /// Turns a macro call that heads a block (`list_for_each_entry(...) {`) into `while (...)`, padded to its width.
    fn block_macro(&mut self, start: usize, end: usize) {
        let open = skip_blank(&self.text, end);
        if self.text.get(open) == Some(&b'{') && self.starts_statement(start) {
            return self.endless_loop(start, end);
        }
        if self.text.get(open) != Some(&b'(') || end - start < 5 || !self.starts_statement(start) {
            return;
        }
        let Some(close) = closing(&self.text, open) else { return };
        let next = skip_blank(&self.text, close);
        let heads_block = self.text.get(next) == Some(&b'{');
        let word = &self.text[start..end];
        let takes_statement = word.starts_with(b"scoped_")
            || memchr::memmem::find(word, b"for_each").is_some()
            || self.is_body(start, next);
        let heads_statement = takes_statement
            && self.text.get(next).is_some_and(|byte| is_identifier_byte(*byte) || *byte == b'(' || *byte == b'*');
        if heads_block || heads_statement {
            self.text[start..start + 5].copy_from_slice(b"while");
            blank(&mut self.text, Span::new(start + 5, end));
            self.loop_arguments(open, close);
        }
    }

    /// Turns a macro without arguments that heads a block (`x_forever {`) into `for(;;)`, if that is no longer.
    fn endless_loop(&mut self, start: usize, end: usize) {
        const LOOP: &[u8] = b"for(;;)";
        if end - start >= LOOP.len() {
            self.text[start..start + LOOP.len()].copy_from_slice(LOOP);
            blank(&mut self.text, Span::new(start + LOOP.len(), end));
        }
    }

    /// Whether the code behind a macro call is the statement that it heads: a keyword on its line, or the next line, indented further.
    fn is_body(&self, start: usize, next: usize) -> bool {
        let word = &self.text[next..identifier_end(&self.text, next)];
        let is_keyword = matches!(word, b"if" | b"for" | b"while" | b"switch" | b"do" | b"return" | b"goto");
        let indent = |at: usize| {
            let line = line_start(&self.text, at);
            skip_blank(&self.text, line) - line
        };
        match self.text[start..next].contains(&b'\n') {
            true => indent(next) > indent(start) && line_start(&self.text, next) + indent(next) == next,
            false => is_keyword,
        }
    }

    /// Turns statements in macro arguments into expressions: `scoped_cond_guard(mutex_intr, return -EINTR, &lock)`.
    fn loop_arguments(&mut self, open: usize, close: usize) {
        for keyword in [b"return".as_slice(), b"continue", b"break", b"goto"] {
            let found: Vec<usize> = super::lex::words(&self.text[open..close], keyword).collect();
            for at in found {
                let start = open + at;
                let value = skip_blank(&self.text, start + keyword.len());
                if self.text.get(value) == Some(&b',') || keyword == b"goto" {
                    self.text[start..start + keyword.len()].fill(b'0');
                    if keyword == b"goto" {
                        let end = identifier_end(&self.text, value);
                        blank(&mut self.text, Span::new(value, end));
                    }
                } else {
                    blank(&mut self.text, Span::new(start, start + keyword.len()));
                }
            }
        }
    }

    /// Whether a statement can start at `start`: after `;`, a brace, a `)`, a label, `else` or `do`.
    fn starts_statement(&self, start: usize) -> bool {
        match previous(&self.text, start) {
            Some((_, b';' | b'{' | b'}' | b')' | b':')) => true,
            Some((at, byte)) if is_identifier_byte(byte) => identifier_before(&self.text, at + 1)
                .is_some_and(|(start, end)| matches!(&self.text[start..end], b"else" | b"do")),
            _ => false,
        }
    }
}
