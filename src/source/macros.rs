//! Object-like and function-like macros: their parameters and expansion.

use super::lex::{closing, identifier_end, is_identifier_byte, literal_end, skip_blank};
use super::span::Span;

/// A parsed `#define`.
#[derive(Debug, PartialEq, Eq)]
pub struct Definition {
    /// Parameter names; `None` for an object-like macro. A variadic parameter ends in `...`.
    pub parameters: Option<Vec<String>>,
    /// The replacement text.
    pub body: Span,
}

/// Parses the `#define` that covers `span` of `text`; its name ends at `name_end`.
pub fn definition(text: &[u8], span: Span, name_end: u32) -> Definition {
    let open = name_end as usize;
    let end = span.end as usize;
    if text.get(open) != Some(&b'(') {
        return Definition { parameters: None, body: Span::new(open.min(end), end) };
    }
    let close = closing(&text[..end], open).unwrap_or(end);
    let list = String::from_utf8_lossy(&text[open + 1..close.saturating_sub(1).max(open + 1)]).replace('\\', " ");
    let names = list.split(',').map(str::trim);
    let parameters =
        names.map(|name| if name == "..." { "__VA_ARGS__...".to_owned() } else { name.to_owned() }).collect();
    Definition { parameters: Some(parameters), body: Span::new(close, end) }
}

/// Texts of the arguments of a macro call, and the offset just after its `)`. Its `(` is at `open`; `None` if no `)` closes it.
pub fn call_arguments(text: &[u8], open: usize) -> Option<(Vec<&[u8]>, usize)> {
    let end = closing(text, open)?;
    let mut arguments = Vec::new();
    let (mut start, mut at) = (open + 1, open + 1);
    while at < end - 1 {
        match text[at] {
            b'(' | b'[' | b'{' => {
                at = closing(text, at)?;
                continue;
            }
            b'"' | b'\'' => {
                at = literal_end(text, at);
                continue;
            }
            b',' => {
                arguments.push(text[start..at].trim_ascii());
                start = at + 1;
            }
            _ => {}
        }
        at += 1;
    }
    arguments.push(text[start.min(end - 1)..end - 1].trim_ascii());
    Some((arguments, end))
}

/// The replacement text with `arguments` substituted for `parameters`. `##` joins, and takes a comma before absent variadic arguments away.
/// `#parameter` becomes a string of the parameter's name. Line continuations are dropped.
pub fn expand(body: &[u8], parameters: &[String], arguments: &[&[u8]]) -> Vec<u8> {
    let mut out: Vec<u8> = Vec::with_capacity(body.len());
    let mut at = 0;
    while at < body.len() {
        let byte = body[at];
        if byte == b'\\' && matches!(body.get(skip_to_newline(body, at + 1)), Some(b'\n') | None) {
            out.push(b' ');
            at += 1;
        } else if byte == b'#' && body.get(at + 1) == Some(&b'#') {
            out.truncate(out.trim_ascii_end().len());
            at = skip_joined(body, at + 2);
            if out.last() == Some(&b',')
                && let Some(Named { index, is_rest: true }) = Named::of(&body[at..identifier_end(body, at)], parameters)
                && arguments.len() <= index
            {
                out.pop();
            }
        } else if byte == b'#' && Named::of(&body[at + 1..identifier_end(body, at + 1)], parameters).is_some() {
            let end = identifier_end(body, at + 1);
            out.push(b'"');
            out.extend_from_slice(&body[at + 1..end]);
            out.push(b'"');
            at = end;
        } else if byte == b'"' || byte == b'\'' {
            let end = literal_end(body, at);
            out.extend_from_slice(&body[at..end]);
            at = end.max(at + 1);
        } else if is_identifier_byte(byte) {
            let end = identifier_end(body, at);
            let word = &body[at..end];
            match Named::of(word, parameters) {
                Some(Named { index, is_rest: true }) => {
                    out.extend_from_slice(&arguments.get(index..).unwrap_or(&[]).join(&b", "[..]));
                }
                Some(Named { index, .. }) => out.extend_from_slice(arguments.get(index).copied().unwrap_or(b"")),
                None => out.extend_from_slice(word),
            }
            at = end;
        } else {
            out.push(byte);
            at += 1;
        }
    }
    out
}

/// A parameter that a word of the replacement text names.
struct Named {
    index: usize,
    /// Whether it stands for all arguments from its index on.
    is_rest: bool,
}

impl Named {
    fn of(word: &[u8], parameters: &[String]) -> Option<Named> {
        let index =
            parameters.iter().position(|parameter| parameter.trim_end_matches("...").trim_end().as_bytes() == word)?;
        Some(Named { index, is_rest: parameters[index].ends_with("...") })
    }
}

fn skip_to_newline(body: &[u8], mut at: usize) -> usize {
    while matches!(body.get(at), Some(b' ' | b'\t' | b'\r')) {
        at += 1;
    }
    at
}

fn skip_joined(body: &[u8], at: usize) -> usize {
    let mut at = skip_blank(body, at);
    while body.get(at) == Some(&b'\\') {
        at = skip_blank(body, at + 1);
    }
    at
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arguments_replace_parameters_and_paste() {
        let text = b"#define M(_name, f) \\\n\tstruct s _name##_ops = { .mmap = f }";
        let definition = definition(text, Span::new(0, text.len()), 9);
        let (arguments, _) = call_arguments(b"M(foo, bar(1, 2))", 1).unwrap_or_default();
        let expanded = expand(definition.body.of(text), &definition.parameters.unwrap_or_default(), &arguments);
        assert_eq!(String::from_utf8_lossy(expanded.trim_ascii()), "struct s foo_ops = { .mmap = bar(1, 2) }");
    }

    #[test]
    fn the_last_parameter_may_take_the_rest() {
        for text in ["#define M(op, ...) op(__VA_ARGS__)", "#define M(op, args...) op(args)"] {
            let definition = definition(text.as_bytes(), Span::new(0, text.len()), 9);
            let parameters = definition.parameters.unwrap_or_default();
            let expanded = expand(definition.body.of(text.as_bytes()), &parameters, &[b"f", b"a", b"b"]);
            assert_eq!(String::from_utf8_lossy(expanded.trim_ascii()), "f(a, b)");
        }
    }

    #[test]
    fn names_become_strings_and_absent_arguments_take_their_comma_along() {
        let text = "#define CHECK(test, fmt, ...) report(test, #test \": \" fmt, ##__VA_ARGS__)";
        let definition = definition(text.as_bytes(), Span::new(0, text.len()), 13);
        let parameters = definition.parameters.unwrap_or_default();
        let expanded = |arguments: &[&[u8]]| {
            let text = expand(definition.body.of(text.as_bytes()), &parameters, arguments);
            String::from_utf8_lossy(text.trim_ascii()).into_owned()
        };
        assert_eq!(expanded(&[b"n", b"\"x\""]), "report(n, \"test\" \": \" \"x\")");
        assert_eq!(expanded(&[b"n", b"\"%d\"", b"n"]), "report(n, \"test\" \": \" \"%d\",n)");
    }
}
