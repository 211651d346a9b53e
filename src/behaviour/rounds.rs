//! Loops that two outcomes run otherwise.

use super::atom::Literal;
use super::difference::{Difference, DifferenceKind};
use super::outcome::Outcome;
use super::pair::Pair;
use super::term::listed;

impl Pair<'_> {
    /// The rounds of loops. Where one side has no such loop, an action does what the loop did.
    pub(super) fn rounds(&self, found: &mut Vec<Difference>) {
        // Whatever else differs may be why they differ.
        if !found.is_empty() || self.old.rounds.len() != self.new.rounds.len() {
            return;
        }
        for (old, new) in self.old.rounds.iter().zip(&self.new.rounds) {
            if old.over != new.over {
                let (was, is) = (listed(&old.over), listed(&new.over));
                found.push(self.difference(
                    DifferenceKind::Rounds,
                    format!("looped over {was}"),
                    format!("loops over {is}"),
                ));
            }
            let texts = match (old.goes_on, new.goes_on) {
                (true, false) => ("went on with the next round of the loop", "leaves the loop"),
                (false, true) => ("left the loop", "goes on with the next round of the loop"),
                _ => continue,
            };
            found.push(self.difference(DifferenceKind::Rounds, texts.0.to_owned(), texts.1.to_owned()));
        }
        let conditions = |outcome: &Outcome| -> Vec<Literal> {
            outcome.rounds.iter().flat_map(|round| round.conditions.iter().cloned()).collect()
        };
        let (old, new) = (conditions(self.old), conditions(self.new));
        let only = |one: &[Literal], other: &[Literal]| -> Vec<String> {
            one.iter().filter(|literal| !other.contains(literal)).map(ToString::to_string).collect()
        };
        let text = |literals: Vec<String>| match literals.as_slice() {
            [] => "less".to_owned(),
            all => all.join(" and "),
        };
        let (was, is) = (only(&old, &new), only(&new, &old));
        if !was.is_empty() || !is.is_empty() {
            let (was, is) = (format!("looped while {}", text(was)), format!("loops while {}", text(is)));
            found.push(self.difference(DifferenceKind::Rounds, was, is));
        }
    }
}
