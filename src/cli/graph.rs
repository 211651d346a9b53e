//! `mmaplint graph`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::place::Place;
use super::worklist::Prepared;
use super::{Common, output};
use crate::report::guard::Syntax;
use crate::report::{self, Report};
use crate::verdict::{Extent, Scan};

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Lines on a terminal, dot elsewhere
    Auto,
    /// For graphviz: `mmaplint graph TREE | dot -Tsvg`
    Dot,
    /// Every blocker with the handlers it blocks, schema 1
    Json,
    /// One line per blocker, most blocked handlers first
    Lines,
}

/// Scans a tree and writes the blockers with their dependencies.
///
/// # Errors
/// The same as for a scan.
pub fn run(options: &Options) -> Result<u8, String> {
    let place = Place::of(&options.tree, &[]);
    let session = options.common.session(&place.root, Extent::Handlers)?;
    let prepared = Prepared::with_blockers(session, false);
    keep(&mut session.scan, &place);
    let report = Report::of(&session.scan, &session.chosen, session.tree());
    let is_shown = options.common.output.is_none() && io::stdout().is_terminal();
    let format = match options.format {
        Format::Auto if is_shown => Format::Lines,
        Format::Auto => Format::Dot,
        format => format,
    };
    let syntax = if format == Format::Json { Syntax::Json } else { Syntax::Text };
    output::write(options.common.output.as_deref(), syntax, |out| match format {
        Format::Auto | Format::Dot => report::dot(&report, &prepared.fixes, out),
        Format::Json => report::graph_json(&report, &prepared.fixes, out),
        Format::Lines => report::graph_lines(&report, &prepared.fixes, out),
    })?;
    options.common.print_stats(session);
    Ok(options.common.exit_code(session))
}

/// Keeps the blockers of the handlers in a place.
fn keep(scan: &mut Scan, place: &Place) {
    let Scan { index, findings, blockers, .. } = scan;
    let is_there = |finding: &usize| place.holds(&index.file(findings[*finding].registration.file).path);
    blockers.retain(|blocker| place.paths.is_empty() || blocker.all.iter().any(is_there));
}
