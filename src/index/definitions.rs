//! Definitions of one file.

use memchr::memmem::Finder;

use super::matter::VMA;
use super::names::hash;
use crate::source::ast::Parameter;
use crate::source::{Item, ItemKind, parse};

/// Items by the hash of their names, each with its place in the file.
type NamedItems = Vec<(u64, u32)>;

/// Definitions of a file that other files may use.
#[derive(Debug, Default)]
pub struct Definitions {
    /// Functions whose head names a VMA or a desc.
    pub functions: NamedItems,
    /// All other functions.
    pub others: NamedItems,
    /// Macros with arguments.
    pub macros: NamedItems,
    /// Records with their members.
    pub records: NamedItems,
    /// Records that may have hooks: their tags, and their members that name a VMA.
    pub with_hooks: Vec<(String, Vec<Parameter>)>,
}

impl Definitions {
    /// Collects the definitions among the items of a file.
    pub fn of(text: &[u8], items: &[Item]) -> Definitions {
        let mut found = Definitions::default();
        let vma = Finder::new(VMA);
        for (number, item) in (0u32..).zip(items) {
            let list = match item.kind {
                ItemKind::Function if vma.find(item.head().of(text)).is_some() => &mut found.functions,
                ItemKind::Function => &mut found.others,
                ItemKind::Macro if text.get(item.body as usize) == Some(&b'(') => &mut found.macros,
                ItemKind::Record if item.body < item.span.end => {
                    let record = item.span.of(text);
                    if takes_vma(&vma, record) {
                        let names_vma = |member: &[u8]| vma.find(member).is_some();
                        let members = parse::members_with(record, item.span.start, names_vma).syntax;
                        let tag = String::from_utf8_lossy(item.name.of(text)).into_owned();
                        found.with_hooks.push((tag, members));
                    }
                    &mut found.records
                }
                _ => continue,
            };
            list.push((hash(item.name.of(text)), number));
        }
        found
    }
}

/// Whether a record names a VMA behind a parenthesis, as in the declaration of a function pointer. This quick check saves parsing records
/// that only hold a VMA.
fn takes_vma(vma: &Finder, record: &[u8]) -> bool {
    let ends_member = |byte: &u8| matches!(byte, b';' | b'{' | b'}');
    vma.find(record).is_some()
        && record.split(ends_member).any(|member| {
            let named = vma.find_iter(member).last();
            named.is_some_and(|at| memchr::memchr(b'(', &member[..at]).is_some())
        })
}
