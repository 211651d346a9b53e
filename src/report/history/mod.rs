//! How far several trees are, oldest first: one file per format.

mod csv;
mod json;
mod markdown;
mod text;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub use text::text;

use crate::compare::{Change, Fate};
use crate::verdict::{Scan, Verdict};

/// One tree of a history.
pub struct Stage {
    /// Its name.
    pub name: String,
    /// Number of registrations by verdict, in the order of [`Verdict::ALL`].
    pub verdicts: [usize; Verdict::ALL.len()],
    /// Number of registrations by what became of them since the tree before, in the order of [`Fate::ALL`]. The first tree has none.
    pub fates: Option<[usize; Fate::ALL.len()]>,
}

impl Stage {
    /// A tree, with the changes since the one before.
    pub fn new(name: String, scan: &Scan, changes: Option<&[Change]>) -> Stage {
        let of = |verdict: Verdict| scan.findings.iter().filter(|finding| finding.verdict == verdict).count();
        let fates = changes.map(|changes| {
            let of = |fate: Fate| changes.iter().filter(|change| change.fate == fate).count();
            Fate::ALL.map(of)
        });
        Stage { name, verdicts: Verdict::ALL.map(of), fates }
    }

    /// Number of registrations with a verdict.
    fn count(&self, verdict: Verdict) -> usize {
        Verdict::ALL.iter().zip(self.verdicts).find(|(known, _)| **known == verdict).map_or(0, |(_, count)| count)
    }

    /// Number of registrations that still take a VMA.
    fn left(&self) -> usize {
        let done = self.count(Verdict::None) + self.count(Verdict::Converted);
        self.verdicts.iter().sum::<usize>() - done
    }

    /// Number of registrations with a fate since the tree before.
    fn since(&self, fate: Fate) -> Option<usize> {
        let fates = self.fates?;
        Fate::ALL.iter().zip(fates).find(|(known, _)| **known == fate).map(|(_, count)| count)
    }
}

/// The changes that a history tells of each tree.
const TOLD: [Fate; 3] = [Fate::Converted, Fate::Added, Fate::Vanished];

/// The verdicts that a registration of some tree has.
fn verdicts(stages: &[Stage]) -> impl Iterator<Item = Verdict> {
    Verdict::ALL.into_iter().filter(|verdict| stages.iter().any(|stage| stage.count(*verdict) > 0))
}
