//! Splits the patches of a run into series: one for all, or one for each subsystem, in an order in which they apply.

use std::collections::BTreeSet;

use super::mails::Patch;
use crate::fix::change::Change;

/// One series.
#[derive(Debug, PartialEq)]
pub(super) struct Part {
    /// The subsystem; `None` if the series is the only one.
    pub(super) name: Option<String>,
    /// Its patches, as indices into [`Fixes::changes`](crate::fix::Fixes), in the order in which they apply.
    pub(super) changes: Vec<usize>,
}

impl Part {
    /// The one series with all patches.
    pub(super) fn all(count: usize) -> Vec<Part> {
        vec![Part { name: None, changes: (0..count).collect() }]
    }

    /// One series for each subsystem. Series that edit the same file, or need each other, are one.
    pub(super) fn by_subsystem(changes: &[Change], patches: &[Patch]) -> Vec<Part> {
        let mut parts: Vec<Part> = Vec::new();
        for (number, patch) in patches.iter().enumerate() {
            let name = subsystem(&patch.subject);
            match parts.iter_mut().find(|part| part.name.as_deref() == Some(name)) {
                Some(part) => part.changes.push(number),
                None => parts.push(Part { name: Some(name.to_owned()), changes: vec![number] }),
            }
        }
        let mut ordered: Vec<Part> = Vec::new();
        while !parts.is_empty() {
            let waits_for = |part: &Part| -> BTreeSet<usize> {
                let others = parts.iter().enumerate().filter(|(_, other)| *other != part);
                others.filter(|(_, other)| goes_first(changes, other, part)).map(|(number, _)| number).collect()
            };
            match parts.iter().position(|part| waits_for(part).is_empty()) {
                Some(next) => ordered.push(parts.remove(next)),
                None => {
                    let first = waits_for(&parts[0]);
                    for number in first.into_iter().rev() {
                        let other = parts.remove(number);
                        parts[0].changes.extend(other.changes);
                    }
                    parts[0].changes.sort_unstable();
                }
            }
        }
        ordered
    }
}

/// Whether a patch of one series needs, or edits a file behind, a patch of the other.
fn goes_first(changes: &[Change], first: &Part, then: &Part) -> bool {
    then.changes.iter().any(|later| {
        first.changes.iter().any(|earlier| {
            let shares_file = changes[*later].files.keys().any(|file| changes[*earlier].files.contains_key(file));
            changes[*later].needs.contains(earlier) || earlier < later && shares_file
        })
    })
}

/// The subsystem that a subject names: `drm` of `drm/armada: ...`.
fn subsystem(subject: &str) -> &str {
    subject.split([':', '/', ' ']).next().unwrap_or(subject)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn change(files: &[u32], needs: &[usize]) -> Change {
        let files = files.iter().map(|file| (*file, Vec::new())).collect();
        Change { files, needs: needs.to_vec(), ..Change::default() }
    }

    /// The names and the patches of the series.
    fn parts(patches: &[(&str, Change)]) -> Vec<(String, Vec<usize>)> {
        let changes: Vec<Change> =
            patches.iter().map(|(_, one)| change(&one.files.keys().copied().collect::<Vec<_>>(), &one.needs)).collect();
        let patches: Vec<Patch> =
            patches.iter().map(|(subject, _)| Patch { subject: (*subject).to_owned(), ..Patch::default() }).collect();
        let parts = Part::by_subsystem(&changes, &patches);
        parts.into_iter().map(|part| (part.name.unwrap_or_default(), part.changes)).collect()
    }

    #[test]
    fn series_come_in_an_order_that_applies() {
        let patches = [
            ("drm/a: x", change(&[1], &[2])),
            ("net: x", change(&[2], &[])),
            ("dma-buf: x", change(&[3], &[])),
            ("drm/b: x", change(&[4], &[])),
        ];
        let expected = [("net", vec![1]), ("dma-buf", vec![2]), ("drm", vec![0, 3])];
        assert_eq!(parts(&patches), expected.map(|(name, changes)| (name.to_owned(), changes)));
    }

    #[test]
    fn series_that_need_each_other_are_one() {
        let patches = [
            ("a: x", change(&[1], &[])),
            ("b: x", change(&[2], &[0])),
            ("a: y", change(&[2], &[])),
            ("c: x", change(&[3], &[])),
        ];
        let expected = [("c", vec![3]), ("a", vec![0, 1, 2])];
        assert_eq!(parts(&patches), expected.map(|(name, changes)| (name.to_owned(), changes)));
    }
}
