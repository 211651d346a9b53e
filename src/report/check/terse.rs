//! One line per hazard, in the format of `checkpatch --terse` and compilers.

use std::io::{self, Write};

use super::{Check, write_sums};
use crate::check::State;
use crate::report::escape::printable;

/// Writes `file:line:column: level: message [lint]`, the lint only if `types`.
///
/// # Errors
/// `out` cannot be written.
pub fn terse(check: &Check, types: bool, out: &mut dyn Write) -> io::Result<()> {
    let (shown, sums) = check.summed_up();
    for reported in shown {
        let hazard = &reported.hazard;
        let place = format!("{}:{}:{}", printable(&hazard.file), hazard.start.line, hazard.start.column);
        let state = match reported.state {
            State::Introduced => String::new(),
            State::Unchanged if !check.is_change => String::new(),
            state => format!(" ({})", state.name()),
        };
        let lint = if types { format!(" [{}]", hazard.lint) } else { String::new() };
        writeln!(out, "{place}: {}: {}{lint}{state}", hazard.level, printable(&hazard.message))?;
    }
    write_sums(&sums, out)?;
    for converted in &check.converted {
        writeln!(
            out,
            "{}:{}: note: {} is converted to {}",
            printable(&converted.file),
            converted.line,
            converted.from,
            converted.to
        )?;
    }
    Ok(())
}
