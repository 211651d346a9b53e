//! Knots: helpers and hooks that wait for one another in a circle, so that no order of conversions frees them.

use std::collections::{BTreeMap, BTreeSet};

use super::{Blocker, BlockerKind};

/// Blockers that wait for one another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Knot {
    /// The blockers, as indices into the list, by name.
    pub members: Vec<usize>,
    /// The place at which the circle is opened with the least work: a caller of a hook and the hook. The caller keeps its VMA and builds a
    /// desc for the hook, which has few implementers. `None` if no hook is among the members.
    pub cheapest: Option<(usize, usize)>,
}

/// The knots of a list of blockers, by their first member.
pub fn knots(blockers: &[Blocker]) -> Vec<Knot> {
    let places: BTreeMap<&str, usize> =
        blockers.iter().enumerate().map(|(place, blocker)| (blocker.name.as_str(), place)).collect();
    let waits: Vec<Vec<usize>> = blockers
        .iter()
        .map(|blocker| blocker.depends_on.iter().filter_map(|name| places.get(name.as_str()).copied()).collect())
        .collect();
    let reached: Vec<BTreeSet<usize>> = (0..blockers.len()).map(|from| reached(&waits, from)).collect();
    let mut known: BTreeSet<usize> = BTreeSet::new();
    let mut knots = Vec::new();
    for start in 0..blockers.len() {
        if !reached[start].contains(&start) || known.contains(&start) {
            continue;
        }
        let members: Vec<usize> =
            reached[start].iter().copied().filter(|other| reached[*other].contains(&start)).collect();
        known.extend(&members);
        let edges = members.iter().flat_map(|from| waits[*from].iter().map(|to| (*from, *to)));
        let to_hooks = edges.filter(|(_, to)| members.contains(to) && blockers[*to].kind == BlockerKind::Hook);
        let cheapest = to_hooks.min_by_key(|(from, to)| {
            (blockers[*to].implementers.len(), blockers[*to].name.as_str(), blockers[*from].name.as_str())
        });
        knots.push(Knot { members, cheapest });
    }
    knots
}

/// All blockers that one waits for, directly or through others; it is among them if it waits for itself.
fn reached(waits: &[Vec<usize>], from: usize) -> BTreeSet<usize> {
    let mut seen = BTreeSet::new();
    let mut stack = waits[from].clone();
    while let Some(blocker) = stack.pop() {
        if seen.insert(blocker) {
            stack.extend(&waits[blocker]);
        }
    }
    seen
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::verdict::Verdict;

    fn blocker(name: &str, waits: &[&str], implementers: usize) -> Blocker {
        Blocker {
            name: name.to_owned(),
            kind: if implementers > 0 { BlockerKind::Hook } else { BlockerKind::Helper },
            place: None,
            verdict: Verdict::Blocked,
            requirements: Vec::new(),
            depends_on: waits.iter().map(|name| (*name).to_owned()).collect(),
            direct: Vec::new(),
            all: Vec::new(),
            implementers: (0..implementers).collect(),
        }
    }

    #[test]
    fn a_circle_is_a_knot_and_is_opened_at_the_hook_with_the_fewest_implementers() {
        let blockers = [
            blocker("outside", &["share"], 0),
            blocker("share", &["share_ops.mmap"], 0),
            blocker("share_ops.mmap", &["object_map"], 9),
            blocker("object_map", &["object_ops.mmap", "leaf"], 0),
            blocker("object_ops.mmap", &["share"], 2),
            blocker("leaf", &[], 0),
        ];
        assert_eq!(knots(&blockers), [Knot { members: vec![1, 2, 3, 4], cheapest: Some((3, 4)) }]);
    }

    #[test]
    fn a_chain_is_no_knot() {
        assert!(knots(&[blocker("one", &["two"], 0), blocker("two", &["three"], 0)]).is_empty());
    }
}
