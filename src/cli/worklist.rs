//! `mmaplint worklist`.

use std::io::{self, IsTerminal};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::{Common, output};
use crate::fix::{self, Fixes, plan};
use crate::index::Types;
use crate::kernel::Maintainers;
use crate::report;
use crate::report::worklist::{Worklist, csv, json, markdown, org, text};
use crate::verdict::{Extent, Finding, Verdict};
use crate::vma::lower::Context;
use crate::worklist::{By, Sources, Statistics};

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Put together what belongs together
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<Group>,
    /// The format
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// Show only these verdicts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT,...")]
    only: Vec<Verdict>,
    /// Add what handlers do, counted: flags, populating calls, what an API would free
    #[arg(long)]
    statistics: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// Each maintainer's own
    Maintainer,
    /// The section of MAINTAINERS
    Subsystem,
    /// The verdict
    Verdict,
    /// What has to be converted first
    Blocker,
    /// The first two folders
    Directory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// text
    Auto,
    /// One line a task
    Text,
    /// Boxes to tick
    Markdown,
    /// A row a task
    Csv,
    /// Everything, schema 1
    Json,
    /// TODOs with links, as coccicheck has them
    Org,
}

/// Scans a tree and writes what is left to do, what can be done today first.
///
/// # Errors
/// As those of a scan.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let scanned = common.scan(&options.tree, Extent { blockers: true, ..Extent::default() })?;
    let (scan, rules, chosen) = (&scanned.scan, &scanned.rules, &scanned.chosen);
    let types = Types::new(&scan.index, &scanned.tree);
    let context = Context { index: &scan.index, types: &types, rules };
    let how = fix::Options { own: &chosen.target, sketches: false, scaffold: false };
    // A target without templates has no patches; the rest of the list is as good without.
    let may_be_safe = |finding: &Finding| {
        matches!(finding.verdict, Verdict::Mechanical | Verdict::Action)
            && rules.is_migrating(&finding.registration.hook.record)
    };
    let fixes = plan(context, chosen, &scan.findings, &may_be_safe, how).unwrap_or_else(|_| Fixes::default());
    let maintainers = Maintainers::read(&scanned.tree);
    let mut tasks = Sources { scan, rules, fixes: &fixes, maintainers: &maintainers }.tasks();
    tasks.retain(|task| options.only.is_empty() || options.only.contains(&task.verdict));
    let list = Worklist {
        tasks: &tasks,
        by: options.by.map_or(By::Nothing, Group::by),
        statistics: options.statistics.then(|| Statistics::of(scan)),
        version: scanned.tree.version(),
        target: &chosen.target.name,
    };
    output::write(common.output.as_deref(), |out| match options.format {
        Format::Auto | Format::Text => text(&list, out),
        Format::Markdown => markdown(&list, out),
        Format::Csv => csv(&list, out),
        Format::Json => json(&list, out),
        Format::Org => org(&list, out),
    })?;
    if !common.quiet && !io::stdout().is_terminal() {
        let count = |effort: &str| tasks.iter().filter(|task| task.effort.name() == effort).count();
        eprintln!("{} tasks, {} of them patches that mmaplint fix writes", tasks.len(), count("patch"));
    }
    if common.stats {
        let report = report::Report { findings: Vec::new(), chosen, version: list.version.clone(), scan };
        let _ = report::stats(&report, &mut io::stderr().lock());
    }
    let code = common.exit_code(scan);
    std::mem::forget(scanned);
    Ok(code)
}

impl Group {
    fn by(self) -> By {
        match self {
            Group::Maintainer => By::Maintainer,
            Group::Subsystem => By::Subsystem,
            Group::Verdict => By::Verdict,
            Group::Blocker => By::Blocker,
            Group::Directory => By::Directory,
        }
    }
}
