//! A file of the index.

use std::collections::BTreeMap;
use std::sync::{Arc, OnceLock};

use memchr::memmem;

use super::definitions::Definitions;
use super::function_syntax::FunctionSyntax;
use super::includes::included;
use super::names::hash;
use crate::kernel::{FileTrouble, Layer, Tree, TroubleKind, folder_of, is_listed};
use crate::memo::Memo;
use crate::profile::{Phase, count, measure};
use crate::source::ast::{Declared, Expression, ExpressionKind};
use crate::source::{
    Arms, Condition, Item, ItemKind, LineIndex, Position, Span, comments, condition_at, identifier_end, parse, slice,
    words,
};

/// A file that matters, with its bytes and its items.
#[derive(Debug)]
pub struct SourceFile {
    /// Path relative to the tree, with `/`.
    pub path: String,
    /// Bytes of the file. In a file of a module, spaces stand in place of what the kernel does not compile.
    pub text: Vec<u8>,
    /// Bytes as written, if they differ.
    written: Option<Vec<u8>>,
    /// Origin of the file.
    pub layer: Layer,
    /// Arms of conditionals that the kernel does not compile.
    dead: Arms,
    /// Top-level items.
    pub items: Vec<Item>,
    /// Definitions that other files may use.
    pub(super) definitions: Definitions,
    directives: Vec<Span>,
    /// Whether the braces are unbalanced.
    pub resynchronised: bool,
    /// Offset of the first byte that is not UTF-8.
    pub not_utf8: Option<u32>,
    /// Path of an included file that is not read. Its name is not that of a C file, or it lies outside of the kernel code.
    pub includes_no_c: Option<String>,
    lines: OnceLock<LineIndex>,
    comments: OnceLock<Vec<Span>>,
    /// Items by the hash of their names, built only for many items.
    named: OnceLock<Vec<(u64, u32)>>,
    functions: Memo<u32, FunctionSyntax>,
    tables: Memo<u32, Vec<Declared>>,
    named_members: Memo<(u32, String), NamedMembers>,
}

/// Maximum length of a file in bytes. Longer ones are reported and left out: they are not hand-written.
const SOURCE_LIMIT: usize = 16 << 20;

/// Number of items up to which a linear search is faster.
const FEW_ITEMS: usize = 1000;

impl SourceFile {
    /// Checks that a file that matters is usable.
    ///
    /// # Errors
    /// The file is too long.
    pub(super) fn check(path: &str, text: &[u8]) -> Result<(), FileTrouble> {
        if text.len() <= SOURCE_LIMIT {
            return Ok(());
        }
        let text = format!("names a VMA but is longer than {} MiB; not analysed", SOURCE_LIMIT >> 20);
        Err(FileTrouble::of(path, TroubleKind::TooLarge, text))
    }

    /// Cuts a file of a tree into its items.
    pub fn of(tree: &Tree, path: &str, text: Vec<u8>) -> SourceFile {
        let layer = tree.layer(path);
        let macros = tree.macros().filter(|_| layer == Layer::Module);
        let Some(dead) = macros.map(|macros| macros.arms(&text)) else {
            return SourceFile { layer, ..SourceFile::new(path, text) };
        };
        if tree.keeps_dead_code() {
            return SourceFile { layer, dead, ..SourceFile::new(path, text) };
        }
        let blanked = dead.blanked(&text);
        SourceFile { layer, dead, written: Some(text), ..SourceFile::new(path, blanked) }
    }

    /// Whether the kernel that a module is built against does not compile the code at an offset.
    pub fn is_dead(&self, offset: u32) -> bool {
        self.dead.is_dead(offset)
    }

    /// Whether the kernel that a module is built against leaves out some code of a range.
    pub fn has_dead(&self, range: Span) -> bool {
        self.dead.dead.iter().any(|dead| dead.start < range.end && range.start < dead.end)
    }

    /// Bytes of the file as written.
    pub fn written(&self) -> &[u8] {
        self.written.as_ref().unwrap_or(&self.text)
    }

    /// Whether the text is that of the file: nothing in it is left out.
    pub fn is_as_written(&self) -> bool {
        self.written.is_none()
    }

    /// Cuts a text into its items.
    pub fn new(path: &str, text: Vec<u8>) -> SourceFile {
        let (slices, definitions, includes_no_c) = measure(Phase::Slice, || {
            let slices = slice(&text);
            // The text is still in the cache; a later pass over it would take longer.
            let definitions = Definitions::of(&text, &slices.items);
            let folder = folder_of(path);
            let mut included = slices.directives.iter().flat_map(|directive| included(directive.of(&text), folder));
            let no_c = included.find(|path| !is_listed(path));
            (slices, definitions, no_c)
        });
        count(Phase::Slice, text.len());
        SourceFile {
            path: path.to_owned(),
            definitions,
            items: slices.items,
            directives: slices.directives,
            resynchronised: slices.resynchronised,
            not_utf8: first_not_utf8(&text),
            includes_no_c,
            text,
            written: None,
            layer: Layer::Tree,
            dead: Arms::default(),
            lines: OnceLock::new(),
            comments: OnceLock::new(),
            named: OnceLock::new(),
            functions: Memo::default(),
            tables: Memo::default(),
            named_members: Memo::default(),
        }
    }

    /// Whether an offset lies in a comment.
    pub fn is_in_comment(&self, at: usize) -> bool {
        let comments = self.comments.get_or_init(|| comments(&self.text));
        let before = comments.partition_point(|comment| comment.start <= at as u32);
        before > 0 && comments[before - 1].contains(at as u32)
    }

    /// A file of another language, which has no items.
    pub fn without_items(path: &str, text: Vec<u8>) -> SourceFile {
        SourceFile { text, ..SourceFile::new(path, Vec::new()) }
    }

    /// Folder of the file, without a trailing slash.
    pub fn folder(&self) -> &str {
        folder_of(&self.path)
    }

    /// Whether a directive of the file has a name, as that which includes a file of this name has.
    pub(super) fn includes(&self, name: &str) -> bool {
        self.directives.iter().any(|directive| memmem::find(directive.of(&self.text), name.as_bytes()).is_some())
    }

    /// Whether two files lie below a common subsystem folder: `drivers/char`.
    pub fn shares_subsystem(&self, other: &SourceFile) -> bool {
        let both = self.path.split('/').zip(other.path.split('/'));
        both.take_while(|(left, right)| left == right).count() >= 2
    }

    /// Whether the file is a header.
    pub fn is_header(&self) -> bool {
        self.path.ends_with(".h")
    }

    /// Whether the file is a header in an include folder, which several drivers share.
    pub fn is_shared_header(&self) -> bool {
        // The folders of a module are its own.
        self.layer != Layer::Module
            && self.is_header()
            && (self.path.starts_with("include/") || self.path.contains("/include/"))
    }

    /// Line and column of a byte.
    pub fn position(&self, offset: u32) -> Position {
        self.lines.get_or_init(|| LineIndex::new(&self.text)).position(&self.text, offset)
    }

    /// Path and line of a byte, as `path:line`.
    pub fn at(&self, offset: u32) -> String {
        format!("{}:{}", self.path, self.position(offset).line)
    }

    /// Byte range of a line (from 1) with its newline; `None` behind the last line.
    pub fn line_range(&self, line: u32) -> Option<std::ops::Range<usize>> {
        self.lines.get_or_init(|| LineIndex::new(&self.text)).range(&self.text, line)
    }

    /// Name of an item as text.
    pub fn name(&self, item: &Item) -> String {
        String::from_utf8_lossy(item.name.of(&self.text)).into_owned()
    }

    /// The function that an item is, as syntax.
    pub fn function(&self, item: u32) -> Arc<FunctionSyntax> {
        self.functions.get(item, || FunctionSyntax::parse(self, item))
    }

    /// The variables that an item declares, with those entries of their initialisers that may hold a hook. All indexes that share the file
    /// ask for the same hooks: see [`rebuild`](super::rebuild()).
    pub(super) fn tables(&self, item: u32, may_hold: impl Fn(&[u8]) -> bool) -> Arc<Vec<Declared>> {
        let span = self.items[item as usize].span;
        self.tables.get(item, || parse::variables_with(span.of(&self.text), span.start, may_hold).syntax)
    }

    /// The names that the initialiser of a variable, which the item declares, gives to members: `.close = lamp_close`.
    pub(super) fn named_members(&self, item: u32, variable: &str) -> Arc<NamedMembers> {
        self.named_members.get((item, variable.to_owned()), || {
            let span = self.items[item as usize].span;
            let declared = parse::variables(span.of(&self.text), span.start).syntax;
            let value = declared.into_iter().find(|declared| declared.name == variable).and_then(|found| found.value);
            let Some(Expression { kind: ExpressionKind::Initializer { entries, .. }, .. }) = &value else {
                return NamedMembers::default();
            };
            let members = entries.iter().filter_map(|entry| entry.members.last());
            let named = members.filter_map(|member| {
                Some((member.clone(), named_function(value.as_ref()?.member(member)?)?.to_owned()))
            });
            NamedMembers { functions: named.collect(), is_whole: entries.iter().all(|entry| !entry.members.is_empty()) }
        })
    }

    /// Frees the syntax of its functions and tables.
    pub(super) fn forget_functions(&self) {
        self.functions.forget();
        self.tables.forget();
        self.named_members.forget();
    }

    /// Items of a kind with a name, as places in `items`, in order.
    pub fn named(&self, kind: ItemKind, name: &str) -> impl Iterator<Item = u32> {
        let (numbered, sorted) = if self.items.len() <= FEW_ITEMS {
            (0..self.items.len() as u32, &[][..])
        } else {
            (0..0, self.items_called(name))
        };
        numbered.chain(sorted.iter().map(|(_, number)| *number)).filter(move |number| {
            let item = &self.items[*number as usize];
            item.kind == kind && item.name.of(&self.text) == name.as_bytes()
        })
    }

    /// Items whose names have the hash of `name`.
    fn items_called(&self, name: &str) -> &[(u64, u32)] {
        let named = self.named.get_or_init(|| {
            let items = (0u32..).zip(&self.items);
            let mut named: Vec<(u64, u32)> =
                items.map(|(number, item)| (hash(item.name.of(&self.text)), number)).collect();
            named.sort_unstable();
            named
        });
        let wanted = hash(name.as_bytes());
        let first = named.partition_point(|(hash, _)| *hash < wanted);
        let count = named[first..].iter().take_while(|(hash, _)| *hash == wanted).count();
        &named[first..first + count]
    }

    /// Innermost item that holds a byte.
    pub fn item_at(&self, offset: u32) -> Option<u32> {
        let after = self.items.partition_point(|item| item.span.start <= offset);
        (0..after).rev().take(64).find(|index| self.items[*index].span.contains(offset)).map(|index| index as u32)
    }

    /// The condition of `#if` under which a byte is compiled.
    pub fn condition_at(&self, offset: u32) -> Option<Condition> {
        condition_at(&self.text, &self.directives, offset)
    }

    /// Whether the file exports a symbol to modules.
    pub fn exports(&self, name: &[u8]) -> bool {
        words(&self.text, name).any(|at| {
            let line = self.text[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
            is_export(&self.text[line..at])
        })
    }
}

/// Whether a line begins with a macro that exports a symbol to modules: `EXPORT_SYMBOL_GPL`, `EXPORT_IPV6_MOD`. Symbols that are exported
/// for KUnit alone (`EXPORT_SYMBOL_IF_KUNIT`, `EXPORT_IF_KUNIT`) stay private to the module.
fn is_export(line: &[u8]) -> bool {
    let line = line.trim_ascii_start();
    let name = &line[..identifier_end(line, 0)];
    name.starts_with(b"EXPORT_") && memchr::memmem::find(name, b"KUNIT").is_none()
}

/// What an initialiser gives to the members of a table.
#[derive(Debug, Default)]
pub(super) struct NamedMembers {
    /// Names of functions, by member.
    pub functions: BTreeMap<String, String>,
    /// Whether each entry names its member. Elements of an array do not, nor does a macro.
    pub is_whole: bool,
}

/// The function that an entry of a table may name: `f`, `condition ? f : NULL`, `PTR_IF(condition, f)`.
fn named_function(value: &Expression) -> Option<&str> {
    match &value.bare().kind {
        ExpressionKind::Conditional { then, otherwise, .. } => {
            let then = then.as_deref().and_then(named_function).filter(|name| *name != "NULL");
            then.or_else(|| named_function(otherwise))
        }
        ExpressionKind::Call { arguments, .. } => named_function(arguments.last()?),
        _ => value.bare().name(),
    }
}

/// Offset of the first byte that is not UTF-8. Most sources are ASCII, and a test for that is several times as fast.
fn first_not_utf8(text: &[u8]) -> Option<u32> {
    if text.is_ascii() {
        return None;
    }
    std::str::from_utf8(text).err().map(|error| error.valid_up_to() as u32)
}
