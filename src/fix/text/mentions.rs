//! Places that name a handler besides its definition: registrations, prototypes, exports, aliases, comments.

use crate::fix::rewrite::function::{Conversion, parameters};
use crate::fix::text::edit::{Edit, applied, sorted};
use crate::fix::text::layout::columns;
use crate::index::SourceFile;
use crate::source::{Item, ItemKind, Span, find_word, is_identifier_byte, line_start, words};

/// Kind of a mention of a name in a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::fix) enum Mention {
    /// The name in a definition, with the number of its item.
    Definition(usize),
    /// A prototype.
    Prototype,
    /// `EXPORT_SYMBOL(name)`.
    Export,
    /// `#define name other`, with the number of its item.
    Alias(usize),
    /// A comment.
    Comment,
    /// A string or character literal, which stays unchanged.
    Literal,
    /// A tag or a member of the same name.
    Other,
    /// Other code, with the number of the item around it.
    Code(Option<usize>),
}

/// Finds the mentions of a name in a file, with their offsets. `code` is the file's text with comments and literals blanked.
pub(in crate::fix) fn mentions(file: &SourceFile, code: &[u8], name: &str) -> Vec<(usize, Mention)> {
    words(&file.text, name.as_bytes()).map(|at| (at, mention(file, code, name, at))).collect()
}

fn mention(file: &SourceFile, code: &[u8], name: &str, at: usize) -> Mention {
    let number = file.item_at(at as u32).map(|number| number as usize);
    let item = number.map(|number| &file.items[number]);
    if let (Some(number), Some(item)) = (number, item)
        && item.kind == ItemKind::Macro
    {
        // Directives are blank in `code`.
        return if item.name.start as usize == at { Mention::Alias(number) } else { Mention::Code(Some(number)) };
    }
    if code[at] == b' ' {
        // A name after `/` is part of a path or URL, not the function.
        let is_name = file.is_in_comment(at) && file.text[..at].last() != Some(&b'/');
        return if is_name { Mention::Comment } else { Mention::Literal };
    }
    if is_other_name(code, at) {
        return Mention::Other;
    }
    match (number, item) {
        (Some(number), Some(item)) if item.kind == ItemKind::Function && item.name.start as usize == at => {
            Mention::Definition(number)
        }
        (_, Some(item)) if item.kind == ItemKind::Other => {
            let text = item.span.of(&file.text);
            if text.starts_with(b"EXPORT_") {
                return Mention::Export;
            }
            let behind = code[at + name.len()..].trim_ascii_start();
            if behind.first() == Some(&b'(') { Mention::Prototype } else { Mention::Code(number) }
        }
        _ => Mention::Code(number),
    }
}

/// Whether a name in code is a tag or a member: `struct f`, `x->f`, `.f =`.
fn is_other_name(code: &[u8], at: usize) -> bool {
    let before = code[..at].trim_ascii_end();
    let is_keyword = |keyword: &[u8]| {
        before.ends_with(keyword)
            && before[..before.len() - keyword.len()].last().is_none_or(|byte| !is_identifier_byte(*byte))
    };
    let is_tag = [b"struct".as_slice(), b"union", b"enum"].into_iter().any(is_keyword);
    is_tag || before.ends_with(b"->") || (before.ends_with(b".") && !before.ends_with(b".."))
}

/// Renames the member and the handler in a registration.
pub(in crate::fix) fn registration(
    text: &[u8],
    span: Span,
    member: &str,
    renamed: &str,
    old: &str,
    new: &str,
) -> Option<Vec<Edit>> {
    let entry = span.of(text);
    let base = span.start as usize;
    let name = words(entry, member.as_bytes()).next()?;
    let name_end = name + member.len();
    let sign = name_end + entry[name_end..].iter().position(|byte| matches!(byte, b'=' | b':'))?;
    let value = words(&entry[sign..], old.as_bytes()).next()? + sign;
    let mut edits = vec![Edit::new(base + value, base + value + old.len(), new)];
    // Blanks around `=` keep the columns of the table if possible.
    let line = line_start(text, base + name);
    let column = |end: usize| columns(&text[line..end]);
    let grown = column(base + name) + renamed.len();
    let (before, after) = (&entry[name_end..sign], &entry[sign + 1..]);
    let after = &after[..after.len() - after.trim_ascii_start().len()];
    if before.contains(&b'\n') || after.contains(&b'\n') || entry[sign] == b':' {
        edits.push(Edit::new(base + name, base + name_end, renamed));
        return Some(edits);
    }
    let before_new = blanks(grown, column(base + sign), before);
    let sign_column = grown + before_new.chars().fold(0, |width, byte| width + step(grown + width, byte));
    let after_new = blanks(sign_column + 1, column(base + sign + 1 + after.len()), after);
    edits.push(Edit::new(base + name, base + sign + 1 + after.len(), format!("{renamed}{before_new}={after_new}")));
    Some(edits)
}

/// Keeps the column of the backslash behind a line of a macro. The edits lie in that line.
pub(in crate::fix) fn continued(text: &[u8], edits: &[Edit]) -> Option<Edit> {
    let start = edits.first()?.span.start as usize;
    let line = line_start(text, start);
    let end = memchr::memchr(b'\n', &text[start..]).map_or(text.len(), |newline| start + newline);
    let content = text[line..end].strip_suffix(b"\\")?;
    let written = line + content.trim_ascii_end().len();
    let grown = columns(&applied(text, Span::new(line, written), &sorted(edits.to_vec()).ok()?));
    let old = &text[written..end - 1];
    Some(Edit::new(written, end - 1, blanks(grown, columns(content), old)))
}

fn step(column: usize, blank: char) -> usize {
    if blank == '\t' { 8 - column % 8 } else { 1 }
}

/// Blanks from one column to another, of the kind in `old`; at most one if the column is already passed.
fn blanks(from: usize, to: usize, old: &[u8]) -> String {
    if old.len() <= 1 && !old.contains(&b'\t') || from >= to {
        return String::from_utf8_lossy(&old[..old.len().min(1)]).replace('\t', " ");
    }
    if old.contains(&b'\t') {
        let mut column = from;
        let mut out = String::new();
        while column + step(column, '\t') <= to {
            out.push('\t');
            column += step(column, '\t');
        }
        return out + &" ".repeat(to - column);
    }
    " ".repeat(to - from)
}

impl Conversion<'_> {
    /// Gives a prototype its new name and the desc parameter.
    pub(in crate::fix) fn prototype(
        &self,
        at: usize,
        name: &str,
        new_name: &str,
        is_handler: bool,
    ) -> Option<Vec<Edit>> {
        let span = Span::new(at, at + name.len());
        Some(vec![
            Edit::new(at, at + name.len(), new_name),
            parameters(self.source, self.code, span, new_name, is_handler)?,
        ])
    }
}

/// Updates the parameters that the comment directly above an item documents.
pub(in crate::fix) fn documented(file: &SourceFile, item: &Item, vma: &str, dropped: Option<&str>) -> Vec<Edit> {
    let text = &file.text;
    let head = text[..item.span.start as usize].trim_ascii_end();
    let Some(start) = last_comment(head) else { return Vec::new() };
    let mut edits = Vec::new();
    let comment = &head[start..];
    let parameter = |name: &str| format!("@{name}");
    for at in memchr::memmem::find_iter(comment, parameter(vma).as_bytes()) {
        let end = at + 1 + vma.len();
        if comment.get(end).is_none_or(|byte| !is_identifier_byte(*byte)) {
            edits.push(Edit::new(start + at, start + end, "@desc"));
            let line = memchr::memchr(b'\n', &comment[end..]).map_or(comment.len(), |newline| end + newline);
            const TAG: &[u8] = b"vm_area_struct";
            if let Some(tag) = find_word(&comment[..line], TAG, end) {
                edits.push(Edit::new(start + tag, start + tag + TAG.len(), "vm_area_desc"));
            } else if let Some(at) = find_word(&comment[..line], b"VMA", end) {
                let before = comment[..at].trim_ascii_end();
                let has_article = before.ends_with(b"the") || before.ends_with(b"The");
                let text = if has_article {
                    Some("descriptor")
                } else {
                    before.ends_with(b":").then_some("descriptor of the VMA")
                };
                edits.extend(text.map(|text| Edit::new(start + at, start + at + b"VMA".len(), text)));
            }
        }
    }
    if let Some(dropped) = dropped {
        let wanted = format!("@{dropped}:");
        if let Some(at) = memchr::memmem::find(comment, wanted.as_bytes()) {
            let line = line_start(comment, at);
            let end = description_end(comment, at);
            edits.push(Edit::new(start + line, start + end, ""));
        }
    }
    edits
}

/// Inserts text above an item and the comment that belongs to it.
pub(in crate::fix) fn inserted_above(file: &SourceFile, item: &Item, text: &str) -> Option<Edit> {
    let start = item.span.start as usize;
    let head = file.text[..start].trim_ascii_end();
    let is_beside = file.text[head.len()..start].iter().filter(|byte| **byte == b'\n').count() == 1;
    let at = last_comment(head).filter(|_| is_beside).unwrap_or(start);
    (!text.is_empty()).then(|| Edit::new(at, at, text))
}

/// Start of the comment with which a text ends.
pub(in crate::fix) fn last_comment(text: &[u8]) -> Option<usize> {
    let inner = text.strip_suffix(b"*/")?;
    let start = memchr::memmem::rfind(inner, b"/*")?;
    memchr::memmem::find(&inner[start..], b"*/").is_none().then_some(start)
}

/// End of the description of a parameter or member that stands at a place of a kernel-doc comment: the beginning of the line of the next
/// one, of an empty line, or of the end of the comment.
pub(in crate::fix) fn description_end(comment: &[u8], at: usize) -> usize {
    let mut end = at;
    while let Some(newline) = memchr::memchr(b'\n', &comment[end..]) {
        end += newline + 1;
        let next = comment[end..].trim_ascii_start();
        let next = next.strip_prefix(b"*").unwrap_or(next);
        let content = next.iter().find(|byte| !matches!(byte, b' ' | b'\t'));
        if matches!(content, Some(b'@' | b'\n' | b'/') | None) {
            break;
        }
    }
    end
}

/// Whether a name occurs anywhere in a file.
pub(in crate::fix) fn is_taken(file: &SourceFile, name: &str) -> bool {
    find_word(&file.text, name.as_bytes(), 0).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn registered(entry: &str) -> String {
        let text = format!("\t{entry},\n");
        let span = Span::new(1, 1 + entry.len());
        let edits =
            sorted(registration(text.as_bytes(), span, "mmap", "mmap_prepare", "f", "f_prepare").unwrap()).unwrap();
        let whole = Span::new(0, text.len());
        String::from_utf8(applied(text.as_bytes(), whole, &edits)).unwrap().trim_matches(['\t', ',', '\n']).to_owned()
    }

    #[test]
    fn the_columns_of_a_table_are_kept() {
        assert_eq!(registered(".mmap = f"), ".mmap_prepare = f_prepare");
        assert_eq!(registered(".mmap\t\t= f"), ".mmap_prepare\t= f_prepare");
        assert_eq!(registered(".mmap =\t\tf"), ".mmap_prepare =\tf_prepare");
        assert_eq!(registered(".mmap           = f"), ".mmap_prepare   = f_prepare");
        assert_eq!(registered(".mmap\t\t   = f"), ".mmap_prepare\t   = f_prepare");
        assert_eq!(registered(".mmap\t= f"), ".mmap_prepare = f_prepare");
        assert_eq!(registered("mmap: f"), "mmap_prepare: f_prepare");
    }
}
