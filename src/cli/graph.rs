//! `mmaplint graph`.

use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Common, Scanned, output};
use crate::report::{self, Report};
use crate::verdict::Extent;

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Dot)]
    format: Format,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// For graphviz: `mmaplint graph TREE | dot -Tsvg`
    Dot,
    /// Every blocker with whom it keeps, schema 1
    Json,
    /// One line a blocker, the one that keeps most first
    Lines,
}

/// Scans a tree and writes what has to be converted before what.
///
/// # Errors
/// As those of a scan.
pub fn run(options: &Options) -> Result<u8, String> {
    let extent = Extent { blockers: true, ..Extent::default() };
    let scanned = options.common.scan(&options.tree, extent)?;
    let Scanned { tree, chosen, scan, .. } = &scanned;
    let report = Report { findings: scan.findings.iter().collect(), chosen, version: tree.version(), scan };
    output::write(options.common.output.as_deref(), |out| match options.format {
        Format::Dot => report::dot(&report, out),
        Format::Json => report::graph_json(&report, out),
        Format::Lines => report::graph_lines(&report, out),
    })?;
    if options.common.stats {
        let _ = report::stats(&report, &mut std::io::stderr().lock());
    }
    let code = options.common.exit_code(scan);
    std::mem::forget(scanned);
    Ok(code)
}
