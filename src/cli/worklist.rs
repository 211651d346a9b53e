//! `mmaplint worklist`.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use super::conversions::conversions;
use super::place::Place;
use super::{Common, output, tell_unused};
use crate::behaviour::Functions;
use crate::fix::Fixes;
use crate::fix_plan::FixPlan;
use crate::handler_report::handler_reports;
use crate::kernel::{Layer, Maintainers};
use crate::report::amount;
use crate::report::compare::Comparison;
use crate::report::guard::Syntax;
use crate::report::html::{Page, html};
use crate::report::worklist::{Worklist, csv, json, markdown, org, text};
use crate::verdict::{Extent, Finding, Session, Verdict};
use crate::words::counted;
use crate::worklist::{By, Sources, Statistics, Task, TaskKind};

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Only the tasks below these paths, with the blockers that they wait for
    paths: Vec<String>,
    /// Only the tasks of this maintainer or list (a part of the name or address), with the blockers that they wait for
    #[arg(long = "for", value_name = "NAME", value_parser = clap::builder::NonEmptyStringValueParser::new())]
    whose: Option<String>,
    /// In text and Markdown, list every task; many handlers with the same next step are one line otherwise
    #[arg(long)]
    details: bool,
    /// Group tasks
    #[arg(long, value_enum, value_name = "WHAT")]
    by: Option<Group>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// Show only these verdicts
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT,...")]
    only: Vec<Verdict>,
    /// Add statistics: flags, populating calls, handlers freed by a new API
    #[arg(long)]
    statistics: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Group {
    /// By maintainer
    Maintainer,
    /// By MAINTAINERS section
    Subsystem,
    /// By verdict
    Verdict,
    /// By the first blocker
    Blocker,
    /// By directory, two levels deep
    Directory,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// text
    Auto,
    /// One line per task
    Text,
    /// A checklist
    Markdown,
    /// One row per task
    Csv,
    /// Everything, schema 1
    Json,
    /// Emacs org mode TODOs with links, like coccicheck
    Org,
    /// A single-file HTML report: charts, a searchable table, one page per handler
    Html,
}

/// Scans a tree and writes the remaining work. Tasks that can be done now come first.
///
/// # Errors
/// The same as for a scan.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let writer = options.format.writer();
    if writer.is_none() && options.selects() {
        return Err("--format html is a report on the whole tree: PATH, --for, --only, --by, --details and --statistics are for the other formats".to_owned());
    }
    let place = Place::of(&options.tree, &options.paths);
    let session = common.session(&place.root, Extent::Handlers)?;
    place.check(session.tree())?;
    let prepared = Prepared::with_blockers(session, writer.is_none());
    if !common.quiet {
        tell_unused(session.tree());
    }
    let Some(writer) = writer else {
        page(common, session, &prepared, &series(session), None)?;
        return Ok(common.exit_code(session));
    };
    let (scan, chosen) = (&session.scan, &session.chosen);
    let mut tasks = prepared.sources(session).tasks();
    tasks.retain(|task| options.only.is_empty() || options.only.contains(&task.verdict));
    keep(&mut tasks, |task| place.holds(&task.file) && options.is_of(task));
    if let Some(name) = options.whose.as_ref().filter(|_| tasks.is_empty()) {
        return Err(format!("--for: no selected task has a maintainer or list that matches {name:?}"));
    }
    // Work in the kernel is not the module's, whatever the module waits for.
    tasks.retain(|task| session.tree().layer(&task.file) != Layer::Kernel);
    let list = Worklist {
        tasks: &tasks,
        details: options.details,
        by: options.by.map_or(By::Nothing, Group::by),
        statistics: options.statistics.then(|| {
            let is_below = |finding: &Finding| place.holds(&scan.index.file(finding.registration.file).path);
            Statistics::of(scan, session.context.rules, is_below)
        }),
        version: session.tree().version(),
        title: session.tree().title(),
        whose: options.whose.as_deref(),
        left: (!options.selects()).then(|| amount(scan.findings.iter().filter(|finding| finding.takes_vma()))),
        target: &chosen.target.name,
    };
    let syntax = if options.format == Format::Json { Syntax::Json } else { Syntax::Text };
    output::write(common.output.as_deref(), syntax, |out| writer(&list, out))?;
    if !common.quiet && !io::stdout().is_terminal() {
        let count = |effort: &str| tasks.iter().filter(|task| task.effort.name() == effort).count();
        let handlers = tasks.iter().filter(|task| task.kind == TaskKind::Handler).count();
        let told = format!(
            "{}: {handlers} in drivers, where a handler counts in each driver that registers it, and {}; mmaplint fix writes the patches of {}",
            counted(tasks.len(), "task"),
            counted(tasks.len() - handlers, "blocker"),
            count("patch")
        );
        let _ = output::to_stderr(|out| writeln!(out, "{told}"));
    }
    common.print_stats(session);
    Ok(common.exit_code(session))
}

impl Options {
    /// Whether an option selects or arranges tasks.
    fn selects(&self) -> bool {
        !self.paths.is_empty()
            || self.whose.is_some()
            || !self.only.is_empty()
            || self.by.is_some()
            || self.details
            || self.statistics
    }

    /// Whether a task is for the chosen maintainer or list.
    fn is_of(&self, task: &Task) -> bool {
        let Some(name) = self.whose.as_deref().map(str::to_lowercase) else { return true };
        task.maintainers.iter().chain(&task.lists).any(|one| one.to_lowercase().contains(&name))
    }
}

/// Keeps the wanted tasks, and the blockers that they wait for, wherever those are.
fn keep(tasks: &mut Vec<Task>, is_wanted: impl Fn(&Task) -> bool) {
    let mut wanted: BTreeSet<String> = BTreeSet::new();
    let mut kept: Vec<bool> = tasks.iter().map(is_wanted).collect();
    loop {
        let known = wanted.len();
        for (task, kept) in tasks.iter().zip(&mut kept) {
            *kept |= task.kind == TaskKind::Blocker && wanted.contains(&task.name);
            if *kept {
                wanted.extend(task.waits_for.iter().cloned());
            }
        }
        if wanted.len() == known {
            break;
        }
    }
    let mut kept = kept.into_iter();
    tasks.retain(|_| kept.next().unwrap_or_default());
}

/// Function that writes a worklist.
type Writer = fn(&Worklist, &mut dyn Write) -> io::Result<()>;

impl Format {
    /// Writer of the list; `None` for the page, which shows more than the list.
    fn writer(self) -> Option<Writer> {
        match self {
            Format::Auto | Format::Text => Some(text),
            Format::Markdown => Some(markdown),
            Format::Csv => Some(csv),
            Format::Json => Some(json),
            Format::Org => Some(org),
            Format::Html => None,
        }
    }
}

/// Inputs of a worklist or page beside the scan.
pub(super) struct Prepared {
    pub(super) fixes: Fixes,
    maintainers: Maintainers,
}

impl Prepared {
    /// Finds the conversions, with sketches for a page, and reads MAINTAINERS.
    pub(super) fn new(session: &Session, is_page: bool) -> Prepared {
        let (fixes, maintainers) = rayon::join(|| conversions(session, is_page), || Maintainers::read(session.tree()));
        Prepared { fixes, maintainers }
    }

    /// Does the same while the session finds the blockers.
    pub(super) fn with_blockers(session: &mut Session, is_page: bool) -> Prepared {
        let (found, prepared) = rayon::join(|| session.find_blockers(), || Prepared::new(session, is_page));
        session.add(found);
        prepared
    }

    pub(super) fn sources<'a>(&'a self, session: &'a Session) -> Sources<'a> {
        let (scan, rules) = (&session.scan, session.context.rules);
        Sources { scan, rules, fixes: &self.fixes, maintainers: &self.maintainers }
    }
}

/// The patches of `fix`, which hold no sketches.
pub(super) fn series(session: &Session) -> FixPlan {
    FixPlan::of(session.scan.index, &session.scan.findings, &conversions(session, false))
}

/// Writes the HTML report, including the changes if there is a comparison.
///
/// # Errors
/// The report cannot be written.
pub(super) fn page(
    common: &Common,
    session: &Session,
    prepared: &Prepared,
    plan: &FixPlan,
    progress: Option<&Comparison>,
) -> Result<(), String> {
    let (scan, chosen) = (&session.scan, &session.chosen);
    let tasks = prepared.sources(session).of_each_finding();
    let handler_reports = handler_reports(scan.index, &scan.findings, &prepared.fixes);
    let statistics = Statistics::of(scan, session.context.rules, |_| true);
    let title = session.tree().title();
    let functions = Functions::new(session.context);
    let page = Page {
        functions: &functions,
        plan,
        scan,
        chosen,
        title,
        tasks: &tasks,
        handler_reports: &handler_reports,
        statistics: &statistics,
        progress,
    };
    output::write(common.output.as_deref(), Syntax::Html, |out| html(&page, out))
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
