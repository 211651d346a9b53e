//! Items by name.

use std::hash::Hasher;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHasher;

use super::{ItemId, SourceFile};

/// Items by name: tens of thousands, of which a few hundred are ever asked for. So only the hashes of the names are kept, in
/// order, and the names are compared where they stand.
#[derive(Debug, Default)]
pub struct Names {
    sorted: Vec<(u64, ItemId)>,
}

/// The hash by which a name is sorted.
pub fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish()
}

impl Names {
    /// Adds items, each with the hash of its name.
    pub fn extend(&mut self, items: Vec<(u64, ItemId)>) {
        self.sorted.extend(items);
        self.sorted.par_sort_unstable();
    }

    /// The items called `name`, by file and place.
    pub fn called(&self, name: &str, files: &[Arc<SourceFile>]) -> Vec<ItemId> {
        let wanted = hash(name.as_bytes());
        let first = self.sorted.partition_point(|(hash, _)| *hash < wanted);
        let same = self.sorted[first..].iter().take_while(|(hash, _)| *hash == wanted).map(|(_, id)| *id);
        same.filter(|id| name_of(*id, files) == name.as_bytes()).collect()
    }

    /// All items, by name, file and place.
    pub fn all(&self, files: &[Arc<SourceFile>]) -> Vec<ItemId> {
        let mut all: Vec<ItemId> = self.sorted.iter().map(|(_, id)| *id).collect();
        all.sort_by(|left, right| (name_of(*left, files), left).cmp(&(name_of(*right, files), right)));
        all
    }
}

fn name_of(id: ItemId, files: &[Arc<SourceFile>]) -> &[u8] {
    let file = &files[id.file as usize];
    file.items[id.item as usize].name.of(&file.text)
}
