//! Changes since an older tree.

use std::io::{self, Write};

use super::bars::{Counts, bars, place};
use crate::compare::Fate;
use crate::report::compare::{Comparison, sentence, where_changed};
use crate::report::escape::Html;

pub(super) fn write(comparison: &Comparison, out: &mut dyn Write) -> io::Result<()> {
    writeln!(out, "<section id=\"progress\"><h2>Progress</h2>")?;
    let (mut before, mut after) = (Counts::default(), Counts::default());
    for (verdict, old, new) in comparison.verdicts() {
        before[place(verdict)] = old;
        after[place(verdict)] = new;
    }
    let earlier = comparison.history.iter().rev().skip(2).rev().map(|stage| (stage.name.clone(), stage.verdicts));
    let both = [(comparison.names.0.clone(), before), (comparison.names.1.clone(), after)];
    let rows: Vec<(String, Counts)> = earlier.chain(both).collect();
    bars("Registrations by verdict, tree by tree", "tree", &rows, out)?;
    writeln!(out, "<p>From {} to {}:</p>", Html(&comparison.names.0), Html(&comparison.names.1))?;
    for fate in Fate::ALL.into_iter().filter(|fate| *fate != Fate::Same) {
        let changes: Vec<_> = comparison.told().filter(|change| change.fate == fate).collect();
        if changes.is_empty() {
            continue;
        }
        writeln!(out, "<details><summary>{}: {}</summary><ul>", fate.name(), changes.len())?;
        for change in changes {
            writeln!(out, "<li><code>{}</code> {}</li>", Html(&where_changed(change)), Html(&sentence(change)))?;
        }
        writeln!(out, "</ul></details>")?;
    }
    writeln!(out, "</section>")
}
