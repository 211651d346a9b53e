//! Items by name.

use std::hash::Hasher;
use std::sync::Arc;

use rayon::prelude::*;
use rustc_hash::FxHasher;

use super::{ItemId, SourceFile};

/// Items by name. There are tens of thousands, and a few hundred are ever looked up. So only the sorted hashes of the names are kept, and
/// names are compared in the files.
#[derive(Debug, Default)]
pub struct Names {
    sorted: Vec<(u64, ItemId)>,
}

/// Hash by which a name is sorted.
pub fn hash(name: &[u8]) -> u64 {
    let mut hasher = FxHasher::default();
    hasher.write(name);
    hasher.finish()
}

impl Names {
    /// Adds items, each with the hash of its name.
    pub fn extend(&mut self, mut items: Vec<(u64, ItemId)>) {
        items.par_sort_unstable();
        self.sorted.extend(items);
        // This sort merges the two sorted runs.
        self.sorted.sort();
    }

    /// Items called `name`, by file and place.
    pub fn called(&self, name: &str, files: &[Arc<SourceFile>]) -> Vec<ItemId> {
        let wanted = hash(name.as_bytes());
        let first = self.first(wanted);
        let same = self.sorted[first..].iter().take_while(|(hash, _)| *hash == wanted).map(|(_, id)| *id);
        same.filter(|id| name_of(*id, files) == name.as_bytes()).collect()
    }

    /// Items called `name` in one file, in order of place.
    pub fn called_in(&self, name: &str, file: u32, files: &[Arc<SourceFile>]) -> Vec<ItemId> {
        let wanted = hash(name.as_bytes());
        let first = self.first(wanted);
        // Thousands of files may have the name; only the items of this file are visited.
        let same = &self.sorted[first..];
        let start = same.partition_point(|(hash, id)| *hash == wanted && id.file < file);
        let own = same[start..].iter().take_while(|(hash, id)| *hash == wanted && id.file == file);
        own.map(|(_, id)| *id).filter(|id| name_of(*id, files) == name.as_bytes()).collect()
    }

    /// Index of the first hash that is not less. Hashes are evenly spread, so a hash shows its approximate position.
    fn first(&self, wanted: u64) -> usize {
        let length = self.sorted.len();
        let near = ((u128::from(wanted) * length as u128) >> u64::BITS) as usize;
        let is_less = |at: usize| self.sorted[at].0 < wanted;
        let (mut start, mut end, mut step) = (near, near, 8);
        while start > 0 && !is_less(start - 1) {
            start = start.saturating_sub(step);
            step *= 2;
        }
        while end < length && is_less(end) {
            end = (end + step).min(length);
            step *= 2;
        }
        start + self.sorted[start..end].partition_point(|(hash, _)| *hash < wanted)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_are_found_however_they_are_spread() {
        let id = ItemId { file: 0, item: 0 };
        let even = (0..1000u64).map(|number| number << 54).collect::<Vec<_>>();
        let crowded = (0..1000u64).chain(u64::MAX - 1000..u64::MAX).collect::<Vec<_>>();
        for hashes in [Vec::new(), vec![7], vec![7; 100], even, crowded] {
            let names = Names { sorted: hashes.iter().map(|hash| (*hash, id)).collect() };
            let near = hashes.iter().flat_map(|hash| [hash.saturating_sub(1), *hash, hash.saturating_add(1)]);
            for wanted in near.chain([0, u64::MAX / 2, u64::MAX]) {
                assert_eq!(names.first(wanted), hashes.partition_point(|hash| *hash < wanted), "{wanted}");
            }
        }
    }
}
