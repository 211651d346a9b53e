//! Registrations that a rebuilt index takes over from the index before, for files that another change cannot give another meaning.

use std::collections::BTreeSet;
use std::sync::Arc;

use rustc_hash::{FxHashMap, FxHashSet};

use super::build::REGISTRATION_LIMIT;
use super::{Index, ItemId, Registration, SourceFile, Unclear};
use crate::kernel::folder_of;

/// Registrations of some files, with the numbers that the files have in the new index.
#[derive(Default)]
pub(super) struct Carried {
    /// The files.
    pub files: FxHashSet<u32>,
    /// Their registrations.
    pub registrations: Vec<Registration>,
    /// Places in them that are not understood.
    pub unclear: Vec<Unclear>,
    /// Names of members that they may call, each with the files that do.
    pub called: FxHashMap<String, Vec<u32>>,
}

impl Carried {
    /// The registrations of `known` that hold in `index` too, where both differ in the files at the paths `touched`. What a file registers
    /// depends on headers, on its own folder, and on the functions and hooks that others show it.
    pub fn new(known: &Index, index: &Index, touched: &BTreeSet<&str>) -> Carried {
        let is_cut = known.registrations.len().max(known.unclear.len()) >= REGISTRATION_LIMIT;
        let has_header = touched.iter().any(|path| path.ends_with(".h"));
        if is_cut || has_header || shown(known, touched).is_none_or(|before| Some(before) != shown(index, touched)) {
            return Carried::default();
        }
        let folders: FxHashSet<&str> = touched.iter().map(|path| folder_of(path)).collect();
        let names: Vec<&str> = touched.iter().map(|path| path.rsplit('/').next().unwrap_or(path)).collect();
        let is_apart =
            |file: &SourceFile| !folders.contains(file.folder()) && !names.iter().any(|name| file.includes(name));
        let numbers: Vec<Option<u32>> = known
            .listed()
            .iter()
            .map(|file| {
                let number =
                    Some(file).filter(|file| is_apart(file)).and_then(|file| index.listed_number(&file.path))?;
                Arc::ptr_eq(file, &index.files[number as usize]).then_some(number)
            })
            .collect();
        let number = |file: u32| numbers.get(file as usize).copied().flatten();
        let registrations = known
            .registrations
            .iter()
            .filter_map(|registration| Some(Registration { file: number(registration.file)?, ..registration.clone() }));
        let unclear =
            known.unclear.iter().filter_map(|unclear| Some(Unclear { file: number(unclear.file)?, ..unclear.clone() }));
        let called =
            known.called.iter().map(|(name, files)| (name.clone(), files.iter().copied().filter_map(number).collect()));
        Carried {
            registrations: registrations.collect(),
            unclear: unclear.collect(),
            called: called.collect(),
            files: numbers.iter().flatten().copied().collect(),
        }
    }
}

/// The heads of the functions with a VMA that other files see in some files; `None` if one of the files may declare hooks.
fn shown<'i>(index: &'i Index, paths: &BTreeSet<&str>) -> Option<BTreeSet<&'i [u8]>> {
    let mut heads = BTreeSet::new();
    for file in paths.iter().filter_map(|path| index.listed_number(path)) {
        let source = index.file(file);
        if !source.definitions.with_hooks.is_empty() {
            return None;
        }
        let ids = source.definitions.functions.iter().map(|(_, item)| ItemId { file, item: *item });
        heads.extend(ids.filter(|id| index.is_visible_elsewhere(*id)).map(|id| index.item(id).head().of(&source.text)));
    }
    Some(heads)
}
