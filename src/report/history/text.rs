//! A table with a row per tree, and a chart of the same.

use std::io::{self, Write};

use super::{Stage, TOLD, verdicts};
use crate::report::escape::printable;
use crate::verdict::Verdict;

/// Width of the longest bar, in characters.
const WIDTH: usize = 60;

/// Writes the table and the chart. In the chart `#` stands for registrations that are converted, `-` for those that still take a VMA.
///
/// # Errors
/// `out` cannot be written.
pub fn text(stages: &[Stage], out: &mut dyn Write) -> io::Result<()> {
    let names: Vec<String> = stages.iter().map(|stage| printable(&stage.name).to_string()).collect();
    let width = names.iter().map(|name| name.chars().count()).max().unwrap_or_default();
    let verdicts: Vec<Verdict> = verdicts(stages).collect();
    write!(out, "{:width$} {:>5}", "", "left")?;
    TOLD.iter().try_for_each(|fate| write!(out, " {:>10}", format!("+{}", fate.name())))?;
    verdicts.iter().try_for_each(|verdict| write!(out, " {:>10}", verdict.name()))?;
    writeln!(out)?;
    for (stage, name) in stages.iter().zip(&names) {
        write!(out, "{name:width$} {:5}", stage.left())?;
        for fate in TOLD {
            let count = stage.since(fate).map_or("-".to_owned(), |count| count.to_string());
            write!(out, " {count:>10}")?;
        }
        verdicts.iter().try_for_each(|verdict| write!(out, " {:10}", stage.count(*verdict)))?;
        writeln!(out)?;
    }
    let total = |stage: &Stage| stage.left() + stage.count(Verdict::Converted);
    let most = stages.iter().map(total).max().unwrap_or_default().max(1);
    writeln!(out)?;
    for (stage, name) in stages.iter().zip(&names) {
        let long = |count: usize| (count * WIDTH).div_ceil(most);
        let (done, left) = (stage.count(Verdict::Converted), stage.left());
        writeln!(
            out,
            "{name:width$} {}{} {done} converted, {left} left",
            "#".repeat(long(done)),
            "-".repeat(long(left))
        )?;
    }
    Ok(())
}
