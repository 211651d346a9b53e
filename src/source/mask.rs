//! Rewrites a slice, byte for byte in place, into C that the grammar knows.
//!
//! Comments, directives and attributes become blanks; macros that act as loop or block heads become `while`; types passed
//! to macros lose their `struct`. Length and newlines stay, so that every offset still points into the file.

use super::conditional::{all_directives, conditionals, count, left_out};
use super::lex::{
    closing, comment_end, identifier_before, identifier_end, is_identifier_byte, literal_end, previous, skip_blank,
};
use super::span::Span;

/// Words that say something to the compiler or to sparse and nothing to a reader of the code's effects.
pub(super) const ATTRIBUTES: &[&[u8]] = &[
    b"__init",
    b"__exit",
    b"__initdata",
    b"__exitdata",
    b"__initconst",
    b"__exit_p",
    b"__devinit",
    b"__meminit",
    b"__ref",
    b"__refdata",
    b"__cold",
    b"__hot",
    b"__user",
    b"__iomem",
    b"__percpu",
    b"__rcu",
    b"__force",
    b"__kernel",
    b"__bitwise",
    b"__nocast",
    b"__private",
    b"__must_check",
    b"__maybe_unused",
    b"__always_unused",
    b"__used",
    b"__unused",
    b"__packed",
    b"__read_mostly",
    b"__ro_after_init",
    b"__weak",
    b"__pure",
    b"__attribute_const__",
    b"__always_inline",
    b"__no_sanitize_address",
    b"__noreturn",
    b"__deprecated",
    b"__cacheline_aligned",
    b"__cacheline_aligned_in_smp",
    b"____cacheline_aligned",
    b"____cacheline_aligned_in_smp",
    b"____cacheline_internodealigned_in_smp",
    b"__visible",
    b"__malloc",
    b"__randomize_layout",
    b"__no_randomize_layout",
    b"__designated_init",
    b"noinline",
    b"notrace",
    b"noinline_for_stack",
    b"asmlinkage",
    b"__sched",
    b"__lockfunc",
    b"__kprobes",
    b"nokprobe_inline",
    b"noinstr",
    b"__flatten",
    b"__noclone",
    b"__latent_entropy",
    b"__nonstring",
    b"__bpf_kfunc",
    b"__net_init",
    b"__net_exit",
    b"__init_or_module",
    b"__exit_call",
    b"__initdata_or_module",
    b"__compat",
    b"__page_aligned_data",
    b"__page_aligned_bss",
    b"__refconst",
    b"__head",
    b"__cpuidle",
    b"__no_kcsan",
    b"__no_sanitize_or_inline",
    b"__naked",
    b"__nocfi",
    b"__noendbr",
    b"__noreturn",
    b"__no_profile",
    b"__rust_helper",
    b"__EXTERN_INLINE",
    b"__capability",
    b"__nosavedata",
    b"__vsyscall",
    b"__function_aligned",
    b"__no_stack_protector",
    b"__no_context_analysis",
    b"__unqual_scalar_typeof",
    b"__nolocks",
    b"fallthrough",
];

/// The same with arguments in parentheses.
pub(super) const ATTRIBUTE_CALLS: &[&[u8]] = &[
    b"__attribute__",
    b"__attribute",
    b"__acquires",
    b"__releases",
    b"__must_hold",
    b"__acquire_shared",
    b"__acquires_shared",
    b"__releases_shared",
    b"__must_hold_shared",
    b"__acquires_ret",
    b"__cond_acquires",
    b"__cond_acquires_shared",
    b"__cond_lock",
    b"__aligned",
    b"__section",
    b"__printf",
    b"__scanf",
    b"__counted_by",
    b"__counted_by_le",
    b"__counted_by_be",
    b"__counted_by_ptr",
    b"__sized_by",
    b"__assume_aligned",
    b"__alloc_size",
    b"__realloc_size",
    b"__free",
    b"__cleanup",
    b"__class",
    b"__guarded_by",
    b"__pt_guarded_by",
    b"__diagnose_as",
    b"__copy",
    b"__alias",
    b"__no_sanitize",
    b"__nonnull",
    b"__excludes",
    b"__acquire_ctx",
    b"_Alignas",
    b"__declspec",
    b"__fix_address",
    b"__target",
    b"__flag_enum_x",
    b"__address_space",
];

const PRIMITIVES: &[&[u8]] = &[b"unsigned", b"signed", b"long", b"short", b"int", b"char", b"const", b"volatile"];

/// A slice made readable for the grammar.
#[derive(Debug)]
pub struct Masked {
    /// The rewritten bytes; as long as the slice.
    pub text: Vec<u8>,
    /// Whether the slice has more arms of conditionals than are told apart, so that this set of variants lacks some.
    pub truncated: bool,
}

/// A slice is read in at most so many variants of its conditionals.
const VARIANT_LIMIT: usize = 12;

/// The texts that the conditionals of a slice make of it: together they hold each arm once and leave out each once.
pub fn variants(slice: &[u8]) -> Vec<Masked> {
    let (conditionals, plain) = conditionals(slice);
    let wanted = count(&conditionals);
    let truncated = wanted > VARIANT_LIMIT;
    (0..wanted.min(VARIANT_LIMIT))
        .map(|variant| {
            let mut out = plain.clone();
            left_out(&conditionals, variant, &mut out);
            Masked { text: masked(slice, &out), truncated }
        })
        .collect()
}

/// The text of a slice with every arm of every conditional kept: for a table's initialiser, where all of them register.
pub fn every_arm(slice: &[u8]) -> Vec<u8> {
    let (conditionals, plain) = conditionals(slice);
    let mut out = plain;
    all_directives(&conditionals, &mut out);
    masked(slice, &out)
}

/// A copy of `text` in which comments, literals and directives are blank: for looking up words that are code.
pub fn blank_non_code(text: &[u8]) -> Vec<u8> {
    let mut copy = text.to_vec();
    let (conditionals, mut directives) = conditionals(text);
    all_directives(&conditionals, &mut directives);
    for span in directives {
        blank(&mut copy, span);
    }
    blank_comments(&mut copy, true);
    copy
}

fn masked(slice: &[u8], left_out: &[Span]) -> Vec<u8> {
    let mut text = slice.to_vec();
    for span in left_out {
        blank(&mut text, *span);
    }
    blank_comments(&mut text, false);
    Masker { text, at: 0 }.run()
}

/// Overwrites a span with blanks, newlines kept.
fn blank(text: &mut [u8], span: Span) {
    let end = (span.end as usize).min(text.len());
    for byte in &mut text[(span.start as usize).min(end)..end] {
        if *byte != b'\n' {
            *byte = b' ';
        }
    }
}

fn blank_comments(text: &mut [u8], literals: bool) {
    let mut at = 0;
    while at < text.len() {
        match text[at] {
            b'"' | b'\'' => {
                let end = literal_end(text, at);
                if literals {
                    blank(text, Span::new(at, end));
                }
                at = end.max(at + 1);
            }
            b'/' => match comment_end(text, at) {
                Some(end) => {
                    blank(text, Span::new(at, end));
                    at = end;
                }
                None => at += 1,
            },
            // Outside literals a backslash only joins lines.
            b'\\' => {
                text[at] = b' ';
                at += 1;
            }
            _ => at += 1,
        }
    }
}

struct Masker {
    text: Vec<u8>,
    at: usize,
}

impl Masker {
    fn run(mut self) -> Vec<u8> {
        while self.at < self.text.len() {
            let byte = self.text[self.at];
            if byte == b'"' || byte == b'\'' {
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
        self.text
    }

    fn word(&mut self, start: usize, end: usize) {
        let word = &self.text[start..end];
        if ATTRIBUTES.contains(&word) {
            return self.attribute(start, end);
        }
        if ATTRIBUTE_CALLS.contains(&word) {
            let open = skip_blank(&self.text, end);
            let close = if self.text.get(open) == Some(&b'(') { closing(&self.text, open) } else { None };
            return blank(&mut self.text, Span::new(start, close.unwrap_or(end)));
        }
        match word {
            b"struct" | b"union" | b"enum" => self.type_argument(start, end),
            b"auto" => self.text[start..end].copy_from_slice(b"int "),
            b"__auto_type" => self.text[start..end].copy_from_slice(b"int        "),
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

    /// `STATIC int f(...)`: a macro for a specifier, at the start of the slice and before another word.
    fn is_specifier(&self, start: usize, end: usize) -> bool {
        let next = skip_blank(&self.text, end);
        previous(&self.text, start).is_none() && self.text.get(next).is_some_and(|byte| byte.is_ascii_lowercase())
    }

    /// `fallthrough;` and `notrace` and the like. A word that is called, or assigned, is somebody's name.
    fn attribute(&mut self, start: usize, end: usize) {
        let next = self.text.get(skip_blank(&self.text, end)).copied();
        if !matches!(next, Some(b'=' | b'.')) {
            blank(&mut self.text, Span::new(start, end));
        }
    }

    /// `struct a` as an argument of a macro (`container_of(p, struct a, m)`): the keyword and the stars go.
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

    /// `unsigned long` as an argument of a macro: all but the first word go, and stars with them.
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
                    // A lone primitive type is no expression either; as a plain name it is.
                    self.text[start] = b'T';
                }
                return;
            }
        }
    }

    /// Whether the word at `start` begins an argument of something that is called by name.
    fn is_call_argument(&self, start: usize) -> bool {
        let Some((before, byte)) = previous(&self.text, start) else { return false };
        let open = match byte {
            b'(' => before,
            b',' => match self.enclosing_open(before) {
                Some(open) => open,
                None => return false,
            },
            _ => return false,
        };
        let Some((name, name_end)) = identifier_before(&self.text, open) else { return false };
        !matches!(
            &self.text[name..name_end],
            b"sizeof"
                | b"typeof"
                | b"__typeof__"
                | b"offsetof"
                | b"return"
                | b"if"
                | b"while"
                | b"for"
                | b"switch"
                | b"__alignof__"
        ) && !self.is_declarator(name, open)
    }

    /// The `(` that encloses `at`, within a bounded distance.
    fn enclosing_open(&self, at: usize) -> Option<usize> {
        let mut depth = 0usize;
        for offset in (at.saturating_sub(2000)..at).rev() {
            match self.text[offset] {
                b')' => depth += 1,
                b'(' if depth == 0 => return Some(offset),
                b'(' => depth -= 1,
                b';' | b'{' | b'}' => return None,
                _ => {}
            }
        }
        None
    }

    /// Whether `name (` declares a function: a type stands before it, and it is not the first word of a statement.
    fn is_declarator(&self, name: usize, _open: usize) -> bool {
        match previous(&self.text, name) {
            Some((_, b'*')) => self.stars_follow_a_type(name),
            Some((at, byte)) if is_identifier_byte(byte) => {
                let Some((start, end)) = identifier_before(&self.text, at + 1) else { return false };
                !matches!(&self.text[start..end], b"return" | b"else" | b"do" | b"case" | b"goto" | b"in")
            }
            _ => false,
        }
    }

    /// `struct a *f(struct b *)` declares; `x = y *f(...)` multiplies. Only the first has a type word at the statement's start.
    fn stars_follow_a_type(&self, name: usize) -> bool {
        let start = self.text[..name]
            .iter()
            .rposition(|byte| matches!(byte, b';' | b'{' | b'}' | b'=' | b'(' | b','))
            .map_or(0, |at| at + 1);
        let first = skip_blank(&self.text, start);
        let end = identifier_end(&self.text, first);
        end > first && end < name && !matches!(&self.text[first..end], b"return")
    }

    /// `case A ... B:` loses its upper end.
    fn case_range(&mut self, end: usize) {
        let Some(length) = self.text[end..].iter().position(|byte| matches!(byte, b':' | b'\n' | b';')) else { return };
        if let Some(dots) = memchr::memmem::find(&self.text[end..end + length], b"...") {
            blank(&mut self.text, Span::new(end + dots, end + length));
        }
    }

    /// Inline assembly says nothing about VMAs, and its operands are a language of their own.
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

    /// A macro call that heads a block (`list_for_each_entry(...) {`) becomes `while (...)`, padded to its width.
    fn block_macro(&mut self, start: usize, end: usize) {
        let open = skip_blank(&self.text, end);
        if self.text.get(open) != Some(&b'(') || end - start < 5 || !self.starts_statement(start) {
            return;
        }
        let Some(close) = closing(&self.text, open) else { return };
        let next = skip_blank(&self.text, close);
        let heads_block = self.text.get(next) == Some(&b'{');
        let heads_statement = memchr::memmem::find(&self.text[start..end], b"for_each").is_some()
            && self.text.get(next).is_some_and(|byte| is_identifier_byte(*byte) || *byte == b'(' || *byte == b'*');
        if heads_block || heads_statement {
            self.text[start..start + 5].copy_from_slice(b"while");
            blank(&mut self.text, Span::new(start + 5, end));
            self.loop_arguments(open, close);
        }
    }

    /// Statements passed to a macro (`scoped_cond_guard(mutex_intr, return -EINTR, &lock)`) are no expressions.
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

    /// Whether a statement can start at `start`: behind `;`, a brace, a `)`, a label, `else` or `do`.
    fn starts_statement(&self, start: usize) -> bool {
        match previous(&self.text, start) {
            Some((_, b';' | b'{' | b'}' | b')' | b':')) => true,
            Some((at, byte)) if is_identifier_byte(byte) => identifier_before(&self.text, at + 1)
                .is_some_and(|(start, end)| matches!(&self.text[start..end], b"else" | b"do")),
            _ => false,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn mask(text: &str) -> String {
        let variants = variants(text.as_bytes());
        for variant in &variants {
            assert_eq!(variant.text.len(), text.len());
            let newlines = |bytes: &[u8]| memchr::memchr_iter(b'\n', bytes).collect::<Vec<_>>();
            assert_eq!(newlines(&variant.text), newlines(text.as_bytes()));
        }
        let squeezed = String::from_utf8_lossy(&variants[0].text).split_whitespace().collect::<Vec<_>>().join(" ");
        squeezed.replace(" ;", ";").replace("( ", "(").replace(" )", ")").replace(" ,", ",")
    }

    #[test]
    fn attributes_go_and_code_stays() {
        assert_eq!(
            mask("static int __init f(char __user *p) /* x */ __must_hold(&l)\n{ return 0; }"),
            "static int f(char *p) { return 0; }"
        );
        assert_eq!(mask("{ struct a *p __free(kfree) = x; }"), "{ struct a *p = x; }");
    }

    #[test]
    fn type_arguments_become_names() {
        assert_eq!(mask("{ p = container_of(q, struct a, m); }"), "{ p = container_of(q, a, m); }");
        assert_eq!(mask("{ n = min_t(unsigned long, a, b); }"), "{ n = min_t(Tnsigned, a, b); }");
        assert_eq!(
            mask("static int f(struct a *p, unsigned long n) { }"),
            "static int f(struct a *p, unsigned long n) { }"
        );
        assert_eq!(mask("{ n = sizeof(struct a); }"), "{ n = sizeof(struct a); }");
    }

    #[test]
    fn macros_that_head_a_block_become_loops() {
        assert_eq!(mask("{ list_for_each_entry(a, &b, c) { x(); } }"), "{ while (a, &b, c) { x(); } }");
        assert_eq!(mask("{ list_for_each_entry(a, &b, c)\n x(); }"), "{ while (a, &b, c) x(); }");
        assert_eq!(
            mask("{ scoped_cond_guard(mutex_intr, return -EINTR, &l) { x(); } }"),
            "{ while (mutex_intr, -EINTR, &l) { x(); } }"
        );
        assert_eq!(mask("{ foo_bar(a); }"), "{ foo_bar(a); }");
    }

    #[test]
    fn each_arm_has_its_variant() {
        let texts = variants(b"int f(void)\n{\n#ifdef A\n\treturn 1;\n#else\n\treturn 2;\n#endif\n}\n");
        assert_eq!(texts.len(), 2);
        assert!(memchr::memmem::find(&texts[0].text, b"return 2").is_none());
        assert!(memchr::memmem::find(&texts[1].text, b"return 1").is_none());
    }
}
