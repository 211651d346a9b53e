//! An index under construction.

use std::sync::Arc;

use rayon::prelude::*;

use super::definitions::Definitions;
use super::expansion::table_macros;
use super::{Index, ItemId, KnownTypes, SourceFile};
use crate::kernel::FileTrouble;
use crate::rules::Rules;

/// An index, and the cost and trouble of building it.
#[derive(Debug, Default)]
pub struct Built {
    /// The index.
    pub index: Index,
    /// Types read on the way.
    pub types: KnownTypes,
    /// Number of files read.
    pub files: usize,
    /// Number of bytes read.
    pub bytes: u64,
    /// Files and items that were not understood.
    pub trouble: Vec<FileTrouble>,
}

/// Indexes the definitions, hooks and table macros of the files from `first` on.
pub fn add_declarations(index: &mut Index, rules: &Rules, first: usize) {
    add_definitions(index, first);
    for source in &index.files[first..] {
        for (tag, members) in &source.definitions.with_hooks {
            index.hooks.add(rules, tag, members, !source.is_shared_header());
        }
    }
    let macros = table_macros(index, first);
    for (name, id) in macros.found {
        index.table_macros.entry(name).or_default().push(id);
    }
    index.last_macros.extend(macros.last);
}

/// Indexes the functions, macros and records of the files from `first` on.
pub fn add_definitions(index: &mut Index, first: usize) {
    let new = &index.files[first..];
    for (file, source) in (first as u32..).zip(new) {
        index.folders.entry(source.folder().to_owned()).or_default().push(file);
    }
    index.functions.extend(defined(new, first, |own| &own.functions));
    index.others.extend(defined(new, first, |own| &own.others));
    index.macros.extend(defined(new, first, |own| &own.macros));
    index.records.extend(defined(new, first, |own| &own.records));
}

/// Definitions of one kind in some files. The first file has the number `first`.
fn defined(
    files: &[Arc<SourceFile>],
    first: usize,
    of: impl Fn(&Definitions) -> &[(u64, u32)] + Sync,
) -> Vec<(u64, ItemId)> {
    let numbered = files.par_iter().enumerate();
    let items = numbered.flat_map_iter(|(number, source)| {
        let file = (first + number) as u32;
        of(&source.definitions).iter().map(move |(hash, item)| (*hash, ItemId { file, item: *item }))
    });
    items.collect()
}
