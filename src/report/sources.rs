//! File texts for codespan-reporting: each is made printable once, and its lines are counted once.

use std::cell::{OnceCell, RefCell};
use std::collections::BTreeMap;
use std::ops::Range;
use std::rc::Rc;

use codespan_reporting::files::{Error, Files};

use super::escape::{self, is_obeyed};
use crate::index::Index;
use crate::kernel::Tree;
use crate::source::LineIndex;

/// Files of an index, by file number.
pub struct Sources<'a> {
    index: &'a Index,
    shown: RefCell<BTreeMap<u32, Rc<str>>>,
}

impl<'a> Sources<'a> {
    /// Creates the sources of an index.
    pub fn new(index: &'a Index) -> Sources<'a> {
        Sources { index, shown: RefCell::default() }
    }
}

impl<'a> Files<'a> for Sources<'_> {
    type FileId = u32;
    type Name = String;
    type Source = Rc<str>;

    fn name(&'a self, id: u32) -> Result<String, Error> {
        Ok(escape::printable(&self.index.file(id).path))
    }

    fn source(&'a self, id: u32) -> Result<Rc<str>, Error> {
        let text = || printable(&self.index.file(id).text);
        Ok(Rc::clone(self.shown.borrow_mut().entry(id).or_insert_with(text)))
    }

    fn line_index(&'a self, id: u32, byte_index: usize) -> Result<usize, Error> {
        Ok(self.index.file(id).position(byte_index as u32).line as usize - 1)
    }

    fn line_range(&'a self, id: u32, line_index: usize) -> Result<Range<usize>, Error> {
        self.index.file(id).line_range(line_index as u32 + 1).ok_or(Error::LineTooLarge { given: line_index, max: 0 })
    }
}

/// Texts of a tree, each read once.
pub struct Texts<'a> {
    tree: &'a Tree,
    known: RefCell<BTreeMap<String, Option<Rc<Text>>>>,
}

/// A text with its line index.
pub struct Text {
    /// Name of the file, made printable.
    name: String,
    /// Bytes of the file.
    pub bytes: Vec<u8>,
    lines: LineIndex,
    shown: OnceCell<Rc<str>>,
}

impl Texts<'_> {
    /// Creates the texts of a tree.
    pub fn of(tree: &Tree) -> Texts<'_> {
        Texts { tree, known: RefCell::default() }
    }

    /// Text of a file; `None` if it is missing or cannot be read.
    pub fn get(&self, path: &str) -> Option<Rc<Text>> {
        let read = || {
            let bytes = self.tree.read(path)?;
            let (name, lines) = (escape::printable(path), LineIndex::new(&bytes));
            Some(Rc::new(Text { name, bytes, lines, shown: OnceCell::new() }))
        };
        self.known.borrow_mut().entry(path.to_owned()).or_insert_with(read).clone()
    }
}

impl Text {
    /// Byte range of a line, from 1; empty after the last line.
    pub fn line(&self, line: u32) -> Range<usize> {
        self.lines.range(&self.bytes, line).unwrap_or(self.bytes.len()..self.bytes.len())
    }
}

impl<'a> Files<'a> for Text {
    type FileId = ();
    type Name = &'a str;
    type Source = Rc<str>;

    fn name(&'a self, (): ()) -> Result<&'a str, Error> {
        Ok(&self.name)
    }

    fn source(&'a self, (): ()) -> Result<Rc<str>, Error> {
        Ok(Rc::clone(self.shown.get_or_init(|| printable(&self.bytes))))
    }

    fn line_index(&'a self, (): (), byte_index: usize) -> Result<usize, Error> {
        Ok(self.lines.position(&self.bytes, byte_index as u32).line as usize - 1)
    }

    fn line_range(&'a self, (): (), line_index: usize) -> Result<Range<usize>, Error> {
        let range = self.lines.range(&self.bytes, line_index as u32 + 1);
        range.ok_or(Error::LineTooLarge { given: line_index, max: 0 })
    }
}

/// Replaces each byte of invalid UTF-8, and of characters that a terminal obeys, by `?`. Offsets stay the same.
fn printable(text: &[u8]) -> Rc<str> {
    let mut shown = String::with_capacity(text.len());
    for part in text.utf8_chunks() {
        let mut plain = 0;
        for (at, character) in part.valid().char_indices() {
            if is_obeyed(character) && !matches!(character, '\n' | '\t' | '\r') {
                shown.push_str(&part.valid()[plain..at]);
                plain = at + character.len_utf8();
                shown.extend(std::iter::repeat_n('?', character.len_utf8()));
            }
        }
        shown.push_str(&part.valid()[plain..]);
        shown.extend(std::iter::repeat_n('?', part.invalid().len()));
    }
    shown.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_as_long_as_the_text() {
        let text = "a\u{1b}[31m\u{9b}b\u{202e}c\u{61c}d\u{e9}\r\n".as_bytes();
        let text = [text, b"\xff\xfe end"].concat();
        assert_eq!(&*printable(&text), "a?[31m??b???c??d\u{e9}\r\n?? end");
        assert_eq!(printable(&text).len(), text.len());
    }
}
