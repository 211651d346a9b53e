//! The place of a statement that is replaced by several lines: its indentation, the braces that it needs.

use crate::fix::text::edit::Edit;
use crate::fix::text::layout::{columns, indented, laid_out};
use crate::index::SourceFile;
use crate::source::ast::Statement;
use crate::source::{Span, find_word, is_identifier_byte, line_start};

/// Position of a statement.
pub(super) struct Site {
    span: Span,
    /// Indentation of its line.
    pub(super) indent: String,
    /// Whether it is the body of an `if`, an `else` or a loop without braces.
    pub(super) is_bare: bool,
    /// End of the code before it.
    before: usize,
    /// The `else` behind it.
    other: Option<Else>,
}

/// An `else` behind a statement without braces.
struct Else {
    /// Where the word begins.
    start: usize,
    /// End of the statement behind it, if it has no braces either.
    end: Option<usize>,
}

impl Else {
    /// The `else` behind the end of a statement, if there is one. An error if it cannot be given braces: a comment stands before it, or
    /// more than one simple statement behind it.
    fn behind(text: &[u8], code: &[u8], end: usize) -> Result<Option<Else>, ()> {
        let rest = code[end..].trim_ascii_start();
        let Some(body) =
            rest.strip_prefix(b"else").filter(|body| !body.first().is_some_and(|byte| is_identifier_byte(*byte)))
        else {
            return Ok(None);
        };
        let start = code.len() - rest.len();
        if !text[end..start].iter().all(u8::is_ascii_whitespace) {
            return Err(());
        }
        let body = body.trim_ascii_start();
        if body.starts_with(b"{") || body.starts_with(b"if") {
            return Ok(Some(Else { start, end: None }));
        }
        let semicolon = memchr::memchr(b';', body).ok_or(())?;
        let is_simple = !body[..semicolon].contains(&b'{')
            && [b"for".as_slice(), b"do", b"switch"]
                .iter()
                .all(|word| find_word(&body[..semicolon], word, 0).is_none());
        if is_simple { Ok(Some(Else { start, end: Some(code.len() - body.len() + semicolon + 1) })) } else { Err(()) }
    }
}

impl Site {
    pub(super) fn of(source: &SourceFile, code: &[u8], statement: &Statement) -> Option<Site> {
        let (start, end) = (statement.span.start as usize, statement.span.end as usize);
        let line = line_start(code, start);
        let indent = String::from_utf8(source.text[line..start].to_vec()).ok()?;
        let before = code[..start].trim_ascii_end();
        let is_bare = before.ends_with(b")") || before.ends_with(b"else");
        let is_in_block = matches!(before.last()?, b'{' | b'}' | b';' | b':');
        let other = Else::behind(&source.text, code, end).ok()?;
        let fits =
            indent.trim().is_empty() && (is_in_block || (is_bare && indent.ends_with('\t'))) && code[end - 1] == b';';
        fits.then_some(Site { span: statement.span, indent, is_bare, before: before.len(), other })
    }

    /// Replaces the statement by lines, and adds braces if it is a body without them.
    pub(super) fn edits(&self, lines: &[String]) -> Vec<Edit> {
        self.replaced(self.indented(lines).trim_start().to_owned())
    }

    /// Keeps the statement, which is all that an arm of an `if` has, and adds an arm with lines behind it.
    pub(super) fn with_arm(&self, own: &str, condition: &str, lines: &[String]) -> Vec<Edit> {
        let outer = &self.indent[..self.indent.len().saturating_sub(1)];
        let head = format!("{outer}}} else if (");
        let condition = laid_out(condition, columns(head.as_bytes()));
        self.replaced(format!("{own}\n{head}{condition}) {{\n{}", self.indented(lines)))
    }

    fn indented(&self, lines: &[String]) -> String {
        lines.iter().map(|line| indented(line, &self.indent)).collect::<Vec<_>>().join("\n")
    }

    fn replaced(&self, text: String) -> Vec<Edit> {
        if !self.is_bare {
            return vec![Edit { span: self.span, text }];
        }
        let outer = &self.indent[..self.indent.len() - 1];
        let mut edits = vec![
            Edit::new(self.before, self.before, " {"),
            Edit { span: self.span, text: format!("{text}\n{outer}}}") },
        ];
        if let Some(Else { start, end }) = &self.other {
            // Either all arms have braces, or none.
            edits.push(Edit::new(self.span.end as usize, *start, " "));
            if let Some(end) = end {
                edits.push(Edit::new(start + b"else".len(), start + b"else".len(), " {"));
                edits.push(Edit::new(*end, *end, format!("\n{outer}}}")));
            }
        }
        edits
    }
}
