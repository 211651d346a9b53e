//! Output formats of comparisons, one file per format.

mod csv;
mod json;
mod markdown;
mod text;

pub use csv::csv;
pub use json::json;
pub use markdown::markdown;
pub use text::text;

use super::history::Stage;
use crate::compare::{Change, Fate, Side};
use crate::verdict::Verdict;

/// A comparison to show.
pub struct Comparison<'a> {
    /// Names of the two sides.
    pub names: (String, String),
    /// Fate of each registration.
    pub changes: &'a [Change],
    /// All trees, oldest first, if they are more than the two.
    pub history: &'a [Stage],
}

impl Comparison<'_> {
    /// Number of registrations by fate.
    fn fates(&self) -> Vec<(Fate, usize)> {
        Fate::ALL
            .into_iter()
            .map(|fate| (fate, self.changes.iter().filter(|change| change.fate == fate).count()))
            .collect()
    }

    /// Number of registrations by verdict, before and after.
    pub(super) fn verdicts(&self) -> Vec<(Verdict, usize, usize)> {
        let count = |side: fn(&Change) -> Option<&Side>, verdict: Verdict| {
            self.changes.iter().filter_map(side).filter(|side| side.verdict == verdict).count()
        };
        Verdict::ALL
            .into_iter()
            .map(|verdict| {
                (verdict, count(|change| change.old.as_ref(), verdict), count(|change| change.new.as_ref(), verdict))
            })
            .collect()
    }

    /// Registrations that have changed.
    pub(super) fn told(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter().filter(|change| change.fate != Fate::Same)
    }
}

/// Text of a change: `hpet_mmap (finish) is hpet_mmap_prepare (converted) now`.
pub(super) fn sentence(change: &Change) -> String {
    let side = |side: &Side| format!("{} ({})", side.handler, side.verdict);
    match (&change.old, &change.new) {
        (Some(old), Some(new)) if change.fate == Fate::Moved => {
            let was = match &old.table {
                _ if old.file != new.file => format!("was in {}", old.file),
                Some(table) => format!("its table was {table}"),
                None => "it had no table".to_owned(),
            };
            format!("{}, {}, {was}", side(new), registered(new))
        }
        (Some(old), Some(new)) => format!("{} is {} now", side(old), side(new)),
        (Some(only), None) | (None, Some(only)) => format!("{}, {}", side(only), registered(only)),
        (None, None) => String::new(),
    }
}

/// Text of a registration: `file_operations.mmap of hpet_fops`.
fn registered(side: &Side) -> String {
    match &side.table {
        Some(table) => format!("{} of {table}", side.hook),
        None => side.hook.clone(),
    }
}

/// Location of a change in the new tree, else in the old one.
pub(super) fn where_changed(change: &Change) -> String {
    change.new.as_ref().or(change.old.as_ref()).map_or(String::new(), |side| format!("{}:{}", side.file, side.line))
}
