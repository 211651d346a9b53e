//! What one file defines.

use memchr::memmem::Finder;

use super::matter::VMA;
use super::names::hash;
use crate::source::ast::Parameter;
use crate::source::{Item, ItemKind, parse};

/// Items by the hash of their names: each with its place in the file.
type NamedItems = Vec<(u64, u32)>;

/// What a file defines that others may mean.
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
    /// The records that have to do with VMAs: their tags and members.
    pub with_hooks: Vec<(String, Vec<Parameter>)>,
}

impl Definitions {
    /// What the items of a file define.
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

/// Whether a VMA is named behind what declares a pointer to a function; a quick look that saves parsing the others, which only
/// hold one.
fn takes_vma(vma: &Finder, record: &[u8]) -> bool {
    let ends_member = |byte: &u8| matches!(byte, b';' | b'{' | b'}');
    vma.find(record).is_some()
        && record.split(ends_member).any(|member| {
            let named = vma.find_iter(member).last();
            named.is_some_and(|at| memchr::memchr(b'(', &member[..at]).is_some())
        })
}
