//! The text of a file after edits, as its author sees it: with the arms that the kernel does not compile, and for `--compat` with the
//! old code beside the new.

use std::ops::Range;

use similar::{Algorithm, DiffOp, DiffTag, TextDiff};

use crate::index::SourceFile;
use crate::source::ItemKind;

/// Condition under which a kernel compiles the new code of a module.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Guard {
    /// The kernel is this release or a newer one: version and patch level.
    Since(u32, u32),
    /// A macro of the module's own is defined.
    Macro(String),
}

impl Guard {
    /// The directive that begins the new code, without its newline.
    fn directive(&self) -> String {
        match self {
            Guard::Since(version, patchlevel) => {
                format!("#if LINUX_VERSION_CODE >= KERNEL_VERSION({version}, {patchlevel}, 0)")
            }
            Guard::Macro(name) => format!("#ifdef {name}"),
        }
    }
}

/// The header that declares `LINUX_VERSION_CODE`.
const VERSION_HEADER: &str = "#include <linux/version.h>";

/// Text of a file after edits. `edited` is the text of the index after them.
pub fn as_written(source: &SourceFile, edited: Vec<u8>, guard: Option<&Guard>) -> Vec<u8> {
    let restored = if source.is_as_written() { edited } else { restored(source, &edited) };
    match guard {
        Some(guard) if restored != source.written() => guarded(source, &restored, guard),
        _ => restored,
    }
}

/// Lines of a text, each with its newline.
fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

fn difference<'t>(old: &'t [u8], new: &'t [u8]) -> Vec<DiffOp> {
    TextDiff::configure().algorithm(Algorithm::Patience).diff_lines(old, new).ops().to_vec()
}

/// Puts the lines that are blank in the index back: no edit removes them.
fn restored(source: &SourceFile, edited: &[u8]) -> Vec<u8> {
    let (written, blanked, new) = (lines(source.written()), lines(&source.text), lines(edited));
    let mut out = Vec::with_capacity(source.written().len() + edited.len());
    for op in difference(&source.text, edited) {
        let is_hidden = |line: &usize| written[*line] != blanked[*line];
        let old = op.old_range();
        match op.tag() {
            DiffTag::Equal => old.for_each(|line| out.extend_from_slice(written[line])),
            // Lines that are not compiled stay in front of those that take the place of their neighbours.
            _ => {
                old.filter(is_hidden).for_each(|line| out.extend_from_slice(written[line]));
                op.new_range().for_each(|line| out.extend_from_slice(new[line]));
            }
        }
    }
    out
}

/// A part of a file that edits change: lines before and after, counted from 0.
#[derive(Debug)]
struct Part {
    old: Range<usize>,
    new: Range<usize>,
}

/// Keeps the old text of each changed part beside the new one. A function is a part as a whole.
fn guarded(source: &SourceFile, edited: &[u8], guard: &Guard) -> Vec<u8> {
    let (old, new) = (lines(source.written()), lines(edited));
    let functions = source.items.iter().filter(|item| item.kind == ItemKind::Function).map(|item| {
        let line = |offset: u32| source.position(offset).line as usize - 1;
        line(item.span.start)..line(item.span.end.saturating_sub(1)) + 1
    });
    let functions: Vec<Range<usize>> = functions.collect();
    let mut out = Vec::with_capacity(edited.len() * 2);
    let mut copied = 0;
    for part in parts(&difference(source.written(), edited), &functions) {
        old[copied..part.old.start].iter().for_each(|line| out.extend_from_slice(line));
        copied = part.old.end;
        out.extend_from_slice(format!("{}\n", guard.directive()).as_bytes());
        new[part.new].iter().for_each(|line| out.extend_from_slice(line));
        if !part.old.is_empty() {
            out.extend_from_slice(b"#else\n");
            old[part.old].iter().for_each(|line| out.extend_from_slice(line));
        }
        out.extend_from_slice(b"#endif\n");
    }
    old[copied..].iter().for_each(|line| out.extend_from_slice(line));
    match guard {
        Guard::Since(..) if memchr::memmem::find(source.written(), b"linux/version.h").is_none() => with_header(&out),
        _ => out,
    }
}

/// Changed parts, in order. Those that touch one function are one, which covers the function.
fn parts(ops: &[DiffOp], functions: &[Range<usize>]) -> Vec<Part> {
    let mut parts: Vec<Part> = Vec::new();
    for op in ops.iter().filter(|op| op.tag() != DiffTag::Equal) {
        let (mut old, mut new) = (op.old_range(), op.new_range());
        let touched = |function: &&Range<usize>| {
            function.start < old.end && old.start < function.end
                || old.is_empty() && function.start < old.start && old.start < function.end
        };
        let touched: Vec<&Range<usize>> = functions.iter().filter(touched).collect();
        if let (Some(first), Some(last)) = (touched.first(), touched.last()) {
            // Lines of the functions around the change are the same on both sides.
            let (above, below) = (old.start.saturating_sub(first.start), last.end.saturating_sub(old.end));
            new = new.start - above.min(new.start)..new.end + below;
            old = old.start - above..old.end + below;
        }
        match parts.last_mut() {
            Some(last) if old.start < last.old.end || old.start == last.old.end && !old.is_empty() => {
                // The later change shifts the rest of the function.
                last.new.end = new.end.max(last.new.start);
                last.old.end = old.end.max(last.old.end);
            }
            _ => parts.push(Part { old, new }),
        }
    }
    parts
}

/// Includes the header of versions behind the first include.
fn with_header(text: &[u8]) -> Vec<u8> {
    let lines = lines(text);
    let first = lines.iter().position(|line| line.starts_with(b"#include")).map_or(0, |line| line + 1);
    let header = format!("{VERSION_HEADER}\n");
    [&lines[..first], &[header.as_bytes()], &lines[first..]].concat().concat()
}

#[cfg(test)]
mod tests {
    use super::*;

    const OLD: &str = "#include <linux/fs.h>\n\nstatic int a_mmap(struct file *f, struct vm_area_struct *vma)\n{\n\tx;\n\ty;\n\tz;\n}\n\nint b;\n\
                       static const struct file_operations t = {\n\t.mmap = a_mmap,\n};\n";

    fn compat(new: &str, guard: &Guard) -> String {
        let source = SourceFile::new("a.c", OLD.as_bytes().to_vec());
        String::from_utf8(as_written(&source, new.as_bytes().to_vec(), Some(guard))).expect("text")
    }

    #[test]
    fn a_function_and_an_entry_stay_beside_the_new_ones() {
        let new = OLD
            .replace("a_mmap(struct file *f, struct vm_area_struct *vma)", "a_mmap_prepare(struct vm_area_desc *desc)");
        let new =
            new.replace("\tz;\n", "\tdesc;\n\tmore;\n").replace(".mmap = a_mmap", ".mmap_prepare = a_mmap_prepare");
        let expected = "#include <linux/fs.h>\n#include <linux/version.h>\n\n\
            #if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)\nstatic int a_mmap_prepare(struct vm_area_desc *desc)\n{\n\tx;\n\ty;\n\tdesc;\n\tmore;\n}\n\
            #else\nstatic int a_mmap(struct file *f, struct vm_area_struct *vma)\n{\n\tx;\n\ty;\n\tz;\n}\n#endif\n\nint b;\n\
            static const struct file_operations t = {\n#if LINUX_VERSION_CODE >= KERNEL_VERSION(7, 2, 0)\n\t.mmap_prepare = a_mmap_prepare,\n\
            #else\n\t.mmap = a_mmap,\n#endif\n};\n";
        assert_eq!(compat(&new, &Guard::Since(7, 2)), expected);
    }

    #[test]
    fn a_macro_guards_what_is_only_added() {
        let new = OLD.replace("int b;\n", "int b;\nint c;\n");
        assert_eq!(
            compat(&new, &Guard::Macro("HAVE_X".to_owned())),
            OLD.replace("int b;\n", "int b;\n#ifdef HAVE_X\nint c;\n#endif\n")
        );
    }
}
