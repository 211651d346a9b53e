//! Rewrites a slice, byte for byte in place, into C that the grammar accepts.
//!
//! Comments, directives and attributes become spaces. Macros that head a loop or a block become `while`. Types passed to macros lose
//! their `struct`. Length and newlines stay, so that every offset remains valid in the file.

use super::conditional::{Assumed, all_directives, conditionals, count, left_out};
use super::lex::{blank, comment_end, literal_end};
use super::masker::Masker;
use super::span::Span;

/// A slice rewritten for the grammar.
#[derive(Debug)]
pub struct Masked {
    /// The rewritten bytes, as many as the slice has.
    pub text: Vec<u8>,
    /// The conditions under which it is this.
    pub assumed: Assumed,
    /// Whether the slice has more variants than `VARIANT_LIMIT`, so that some are missing.
    pub truncated: bool,
}

/// Maximum number of variants of a slice.
const VARIANT_LIMIT: usize = 12;

/// The variants of a slice under its conditionals. Together they keep and omit each arm at least once.
pub fn variants(slice: &[u8]) -> Vec<Masked> {
    let (conditionals, plain) = conditionals(slice);
    let wanted = count(&conditionals);
    let truncated = wanted > VARIANT_LIMIT;
    (0..wanted.min(VARIANT_LIMIT))
        .map(|variant| {
            let (mut out, mut assumed) = (plain.clone(), Assumed::default());
            left_out(&conditionals, variant, &mut out, &mut assumed);
            Masked { text: masked(slice, &out), assumed, truncated }
        })
        .collect()
}

/// Masks a slice and keeps every arm of every conditional: in a table's initialiser, all arms register handlers.
pub fn every_arm(slice: &[u8]) -> Vec<u8> {
    let (conditionals, plain) = conditionals(slice);
    let mut out = plain;
    all_directives(&conditionals, &mut out);
    masked(slice, &out)
}

/// A copy of `text` with comments, literals and directives blanked, for word searches in code.
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

/// A copy of `text` with comments blanked.
pub fn without_comments(text: &[u8]) -> Vec<u8> {
    let mut copy = text.to_vec();
    blank_comments(&mut copy, false);
    copy
}

fn masked(slice: &[u8], left_out: &[Span]) -> Vec<u8> {
    let mut text = slice.to_vec();
    for span in left_out {
        blank(&mut text, *span);
    }
    blank_comments(&mut text, false);
    Masker::new(text).run()
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
        assert_eq!(mask("{ scoped_guard(mutex, &l)\n x = 0; }"), "{ while (mutex, &l) x = 0; }");
        assert_eq!(mask("{\n\tEACH_LAMP(a)\n\t\tx();\n}"), "{ while (a) x(); }");
        assert_eq!(mask("{ EACH_LAMP(a) if (b) x(); }"), "{ while (a) if (b) x(); }");
        assert_eq!(mask("{ lamp_forever { x(); } }"), "{ for(;;) { x(); } }");
        assert_eq!(mask("{\n\tTRACE_LAMP(a)\n\tx();\n}"), "{ TRACE_LAMP(a) x(); }");
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
