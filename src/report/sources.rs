//! The files of a scan as codespan-reporting wants them.

use std::borrow::Cow;
use std::ops::Range;

use codespan_reporting::files::{Error, Files};

use super::escape;
use crate::index::Index;

/// Shows the files of an index by their place in it.
pub struct Sources<'a>(pub &'a Index);

impl<'a> Files<'a> for Sources<'a> {
    type FileId = u32;
    type Name = String;
    type Source = Cow<'a, str>;

    fn name(&'a self, id: u32) -> Result<String, Error> {
        Ok(escape::printable(&self.0.file(id).path))
    }

    fn source(&'a self, id: u32) -> Result<Cow<'a, str>, Error> {
        Ok(printable(&self.0.file(id).text))
    }

    fn line_index(&'a self, id: u32, byte_index: usize) -> Result<usize, Error> {
        Ok(self.0.file(id).position(byte_index as u32).line as usize - 1)
    }

    fn line_range(&'a self, id: u32, line_index: usize) -> Result<Range<usize>, Error> {
        self.0.file(id).line_range(line_index as u32 + 1).ok_or(Error::LineTooLarge { given: line_index, max: 0 })
    }
}

/// The text with every byte that a terminal should not see, or that is no UTF-8, as `?`: offsets stay what they are.
pub(super) fn printable(text: &[u8]) -> Cow<'_, str> {
    let is_plain =
        |text: &str| !text.bytes().any(|byte| byte.is_ascii_control() && !matches!(byte, b'\n' | b'\t' | b'\r'));
    match std::str::from_utf8(text) {
        Ok(text) if is_plain(text) => Cow::Borrowed(text),
        _ => {
            let keeps = |byte: u8| byte.is_ascii_graphic() || matches!(byte, b' ' | b'\n' | b'\t' | b'\r');
            Cow::Owned(text.iter().map(|byte| if keeps(*byte) { *byte as char } else { '?' }).collect())
        }
    }
}
