//! `mmaplint scan`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::buffer::Buffer;
use super::place::Place;
use super::{Common, output};
use crate::behaviour::Functions;
use crate::kernel::Tree;
use crate::report::guard::Syntax;
use crate::report::{self, Report};
use crate::verdict::{Extent, Finding, Scan, Verdict};

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree; - reads one of its files from stdin
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Show only handlers registered below these paths
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// On a terminal, show each handler with its evidence, however many there are
    #[arg(long)]
    details: bool,
    /// Show only these verdicts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT,...")]
    only: Vec<Verdict>,
    /// Show only handlers of these structs
    #[arg(long, value_delimiter = ',', value_name = "STRUCT,...")]
    ops: Vec<String>,
    /// Parse every function that takes a VMA, not only those reachable from handlers
    #[arg(long)]
    every_function: bool,
    /// For an out-of-tree module: show code too that its kernel does not compile; it is marked, and not counted
    #[arg(long)]
    all: bool,
    /// Add the behaviour of each handler to the JSON: conditions, results, effects
    #[arg(long)]
    behaviour: bool,
    #[command(flatten)]
    buffer: Buffer,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Maximum number of handlers that a terminal shows in full by default.
const FEW: usize = 8;

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text on a terminal (an overview if there are many handlers), lines elsewhere
    Auto,
    /// The counts, and the hardest handlers
    Overview,
    /// Source excerpts with the evidence, and a summary
    Text,
    /// One line per handler
    Lines,
    /// Everything, schema 1
    Json,
}

impl ValueEnum for Verdict {
    fn value_variants<'a>() -> &'a [Self] {
        &Verdict::ALL
    }

    fn to_possible_value(&self) -> Option<clap::builder::PossibleValue> {
        Some(clap::builder::PossibleValue::new(self.name()).help(self.meaning()))
    }
}

/// Scans a tree and writes the findings.
///
/// # Errors
/// The tree cannot be opened, a rule file is wrong, the target or a selected struct or path does not exist, or the result cannot be
/// written.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let extent = if options.every_function { Extent::EveryFunction } else { Extent::Handlers };
    let (place, tree) = options.buffer.open(
        &options.tree,
        || Place::of(&options.tree, &options.paths),
        |root| common.against.open(root, common.quiet, options.all),
    )?;
    let session = common.session_of(tree, &common.target, extent)?;
    let (tree, scan) = (session.tree(), &session.scan);
    check_selection(options, tree, &place, scan)?;
    let selects = |finding: &&Finding| options.selects(&place, scan, finding);
    let findings: Vec<&Finding> = scan.findings.iter().filter(selects).collect();
    let bears = |file: &str| file.is_empty() || place.holds(file);
    let trouble = scan.trouble.iter().filter(|trouble| bears(&trouble.file)).collect();
    let format = options.resolved_format(findings.len());
    if options.behaviour && format != Format::Json {
        return Err(
            "--behaviour needs --format json; mmaplint explain shows the behaviour of one handler as text".to_owned()
        );
    }
    let functions = options.behaviour.then(|| Functions::new(session.context));
    let report = Report { findings, trouble, functions: functions.as_ref(), ..Report::of(scan, &session.chosen, tree) };
    let coloured = output::is_coloured(common.color, common.output.is_some());
    let syntax = match format {
        Format::Json => Syntax::Json,
        Format::Lines => Syntax::Text,
        Format::Overview | Format::Text | Format::Auto => output::text_syntax(coloured),
    };
    output::write(common.output.as_deref(), syntax, |out| match format {
        Format::Json => report::json(&report, out),
        Format::Lines => report::lines(&report, out),
        Format::Overview => report::overview(&report, out),
        Format::Text | Format::Auto => report::text(&report, coloured, out),
    })?;
    if format == Format::Lines && !common.quiet {
        let _ = output::to_stderr(|out| report::summary(&report, out));
    }
    common.print_stats(session);
    Ok(common.exit_code_in(session, &place))
}

/// Rejects a struct or a path that selects nothing because the tree does not have it.
fn check_selection(options: &Options, tree: &Tree, place: &Place, scan: &Scan) -> Result<(), String> {
    for record in &options.ops {
        if !scan.index.hooks().records().contains(&record.as_str()) {
            let known = scan.index.hooks().records().join(", ");
            return Err(format!("--ops: struct {record} has no mmap callback in this tree; structs with one: {known}"));
        }
    }
    place.check(tree)
}

impl Options {
    fn selects(&self, place: &Place, scan: &Scan, finding: &Finding) -> bool {
        place.holds(&scan.index.file(finding.registration.file).path)
            && (self.only.is_empty() || self.only.contains(&finding.verdict))
            && (self.ops.is_empty() || self.ops.contains(&finding.registration.hook.record))
    }

    /// The format for this number of handlers.
    fn resolved_format(&self, handlers: usize) -> Format {
        let is_terminal = self.common.output.is_none() && io::stdout().is_terminal();
        match self.format {
            Format::Auto if is_terminal && handlers > FEW && !self.details => Format::Overview,
            Format::Auto if is_terminal => Format::Text,
            Format::Auto => Format::Lines,
            chosen => chosen,
        }
    }
}
