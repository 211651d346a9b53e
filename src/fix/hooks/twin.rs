//! A new hook beside the old one: its declaration, the tests whether a table has a hook, and the calls.

use crate::fix::hooks::retyping::Retyping;
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::layout::{columns, joined};
use crate::fix::text::mentions::{description_end, last_comment};
use crate::index::SourceFile;
use crate::source::{Span, find_word, identifier_before, line_start};

/// Declares the new member below the old one, with the comment that kernel-doc asks for. `retyped` are the edits that would make the old
/// declaration the new one.
pub(super) fn declared(
    retyping: &Retyping,
    source: &SourceFile,
    code: &[u8],
    name: Span,
    retyped: Vec<Edit>,
) -> Option<Vec<Edit>> {
    let start = code[..name.start as usize].iter().rposition(|byte| matches!(byte, b';' | b'{' | b'}'))? + 1;
    let start = start + code[start..].iter().position(|byte| !byte.is_ascii_whitespace())?;
    let end = name.end as usize + memchr::memchr(b';', &code[name.end as usize..])? + 1;
    let declaration = Span::new(start, end);
    let new = String::from_utf8(applied(&source.text, declaration, &sorted(retyped).ok()?)).ok()?;
    let new = beside_parameters(&new, &retyping.new_name);
    // A comment may follow on the line.
    let line_end = end + memchr::memchr(b'\n', &source.text[end..])?;
    let rest = &source.text[end..line_end];
    let is_whole = code[end..line_end].trim_ascii().is_empty()
        && (memchr::memmem::find(rest, b"/*").is_none() || rest.trim_ascii_end().ends_with(b"*/"));
    let at = if is_whole { line_end } else { end };
    let Documented { above, edits } = documented(retyping, source, code, start);
    let mut edits = edits;
    edits.push(Edit::new(at, at, format!("{above}\n\t{new}")));
    edits.extend(named_before(source, code));
    Some(edits)
}

/// A declaration without the blanks behind the name that put the parameters of shorter names below one another.
fn beside_parameters(declaration: &str, name: &str) -> String {
    let pointer = format!("{name})");
    match declaration.split_once(&pointer) {
        Some((before, behind)) => format!("{before}{pointer}{}", behind.trim_start_matches([' ', '\t'])),
        None => declaration.to_owned(),
    }
}

/// Names the desc where a header names the VMA and includes neither.
pub(in crate::fix) fn named_before(source: &SourceFile, code: &[u8]) -> Option<Edit> {
    const VMA: &[u8] = b"struct vm_area_struct;";
    if find_word(code, b"vm_area_desc", 0).is_some() {
        return None;
    }
    let at = memchr::memmem::find_iter(code, VMA).find(|at| matches!(source.text[..*at].last(), Some(b'\n') | None))?
        + VMA.len();
    Some(Edit::new(at, at, "\nstruct vm_area_desc;"))
}

/// The kernel-doc of a new member: text to stand above it, or edits of the comment above the struct.
struct Documented {
    above: String,
    edits: Vec<Edit>,
}

fn documented(retyping: &Retyping, source: &SourceFile, code: &[u8], declaration: usize) -> Documented {
    let Retyping { hook, new_name, .. } = retyping;
    let (old, new) = (&hook.member, new_name);
    let text = &source.text;
    let marker = format!("@{old}:");
    let before = text[..declaration].trim_ascii_end();
    // Nothing but the comment may lie between.
    let own = last_comment(before).filter(|start| code[*start..before.len()].iter().all(u8::is_ascii_whitespace));
    if own.is_some_and(|start| {
        before[start..].starts_with(b"/**") && memchr::memmem::find(&before[start..], marker.as_bytes()).is_some()
    }) {
        let above = format!(
            "\n\n\t/**\n\t * @{new}:\n\t *\n\t * Like @{old}, but takes a vm_area_desc. Not called if there is @{old}.\n\t */"
        );
        return Documented { above, edits: Vec::new() };
    }
    let head = source.items[retyping.record.item as usize].span.start as usize;
    let comment = text[..head].trim_ascii_end();
    let entry = last_kernel_doc(comment)
        .and_then(|start| Some(start + memchr::memmem::find(&comment[start..], marker.as_bytes())?));
    let Some(entry) = entry else {
        // Members that have comments of their own.
        let has_line =
            |start: usize| text[..start].iter().rev().find(|byte| !matches!(byte, b' ' | b'\t')) == Some(&b'\n');
        let is_plain = own.is_some_and(has_line);
        let comment = format!("\n\n\t/* like {old}, but takes a vm_area_desc; not called if there is {old} */");
        return Documented { above: if is_plain { comment } else { String::new() }, edits: Vec::new() };
    };
    let line = line_start(text, entry);
    let indent = String::from_utf8_lossy(&text[line..entry]).into_owned();
    let end = description_end(comment, line);
    let added = format!("{indent}@{new}: like @{old}, but takes a vm_area_desc; not called if there is @{old}\n");
    Documented { above: String::new(), edits: vec![Edit::new(end, end, added)] }
}

/// Start of the kernel-doc comment with which a text ends.
fn last_kernel_doc(text: &[u8]) -> Option<usize> {
    last_comment(text).filter(|start| text[*start..].starts_with(b"/**"))
}

/// Whether a value is stored as it is: `f = x->hook;`.
pub(super) fn is_copied(code: &[u8], expression: Span) -> bool {
    let before = code[..expression.start as usize].trim_ascii_end();
    let behind = code[expression.end as usize..].trim_ascii_start();
    let is_stored = before.ends_with(b"=") && !matches!(before.get(before.len() - 2), Some(b'=' | b'!' | b'<' | b'>'));
    is_stored && behind.first().is_some_and(|byte| matches!(byte, b';' | b','))
}

/// The edit of a test whether a table has the hook: `!ops->mmap` becomes `!ops->mmap && !ops->mmap_prepare`. `None` if the place is no such
/// test.
pub(super) fn tested(text: &[u8], code: &[u8], hook: Span, expression: Span, new_name: &str) -> Option<Edit> {
    let (start, mut end) = (expression.start as usize, expression.end as usize);
    let object = String::from_utf8_lossy(&text[start..hook.start as usize]).into_owned();
    if object.contains('(') {
        return None;
    }
    let compared = Comparison::behind(code, end);
    end = compared.as_ref().map_or(end, |compared| compared.end);
    let before = code[..start].trim_ascii_end();
    let has_sign = before.ends_with(b"!");
    if has_sign && compared.is_some() {
        return None;
    }
    let is_absent = has_sign || compared.as_ref().is_some_and(|compared| compared.is_null);
    let outer = if has_sign { before[..before.len() - 1].trim_ascii_end() } else { before };
    let behind = code[end..].trim_ascii_start();
    let is_decided = has_sign || compared.is_some();
    let (opens, closes) = (Opens::of(outer), Closes::of(behind));
    // A comparison with something else asks for one of the two.
    if closes == Closes::Other || opens == Opens::Other {
        return None;
    }
    // A bare pointer in other places is a value, not a question.
    if !is_decided
        && !matches!(
            (opens, closes),
            (Opens::Condition | Opens::And | Opens::Or, _) | (_, Closes::Choice | Closes::And | Closes::Or)
        )
    {
        return None;
    }
    let one = |member: &str| {
        let compared = compared.as_ref().map_or("", |compared| compared.text.as_str());
        format!("{}{object}{member}{compared}", if has_sign { "!" } else { "" })
    };
    let old = String::from_utf8_lossy(hook.of(text)).into_owned();
    let sign = if is_absent { "&&" } else { "||" };
    let joins = |is_and: bool| is_and == is_absent;
    let is_safe_before = match opens {
        Opens::Condition | Opens::Value => true,
        Opens::And => joins(true),
        Opens::Or => joins(false),
        Opens::Other => false,
    };
    let is_safe_behind = match closes {
        Closes::End | Closes::Choice => true,
        Closes::And => joins(true),
        Closes::Or => joins(false),
        Closes::Other => false,
    };
    let from = if has_sign { before.len() - 1 } else { start };
    let is_alone = is_safe_before && is_safe_behind;
    let line = line_start(text, from);
    let column = columns(&text[line..from]) + usize::from(!is_alone);
    let behind = memchr::memchr(b'\n', &text[end..]).unwrap_or_default() + usize::from(!is_alone);
    let both = joined([&one(&old), &one(new_name)], sign, column, behind);
    Some(Edit::new(from, end, if is_alone { both } else { format!("({both})") }))
}

/// `!= NULL` or `== NULL` behind an expression.
struct Comparison {
    text: String,
    is_null: bool,
    end: usize,
}

impl Comparison {
    fn behind(code: &[u8], end: usize) -> Option<Comparison> {
        let behind = code[end..].trim_ascii_start();
        let is_null = behind.starts_with(b"==");
        let value = behind.strip_prefix(b"==").or_else(|| behind.strip_prefix(b"!="))?.trim_ascii_start();
        let rest = value
            .strip_prefix(b"NULL")
            .filter(|rest| rest.first().is_none_or(|byte| !byte.is_ascii_alphanumeric() && *byte != b'_'))?;
        let sign = if is_null { "==" } else { "!=" };
        Some(Comparison { text: format!(" {sign} NULL"), is_null, end: code.len() - rest.len() })
    }
}

/// The code before a test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Opens {
    /// `if (`
    Condition,
    /// `f(`, `,`, `=`, `return`
    Value,
    And,
    Or,
    Other,
}

impl Opens {
    fn of(before: &[u8]) -> Opens {
        match before {
            [.., b'&', b'&'] => Opens::And,
            [.., b'|', b'|'] => Opens::Or,
            [.., b'=' | b'!' | b'<' | b'>', b'='] => Opens::Other,
            [.., b'='] | [.., b','] => Opens::Value,
            [.., b'('] => {
                let open = before.len() - 1;
                let word = identifier_before(before, open).map(|(from, to)| &before[from..to]);
                let asks = [b"if".as_slice(), b"while", b"WARN_ON", b"WARN_ON_ONCE", b"likely", b"unlikely"];
                match word {
                    Some(word) if asks.contains(&word) => Opens::Condition,
                    _ => Opens::Value,
                }
            }
            _ if before.ends_with(b"return") => Opens::Value,
            _ => Opens::Other,
        }
    }
}

/// The code behind a test.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Closes {
    /// `)`, `;`, `,`
    End,
    /// `?`
    Choice,
    And,
    Or,
    Other,
}

impl Closes {
    fn of(behind: &[u8]) -> Closes {
        match behind {
            [b'&', b'&', ..] => Closes::And,
            [b'|', b'|', ..] => Closes::Or,
            [b'?', ..] => Closes::Choice,
            [b')' | b';' | b',', ..] => Closes::End,
            _ => Closes::Other,
        }
    }
}
