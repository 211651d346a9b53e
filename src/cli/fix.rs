//! `mmaplint fix`.

use std::collections::BTreeSet;
use std::io::{self, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use clap::{Args, ValueEnum};

use super::buffer::{Buffer, is_stdin};
use super::compat::CompatOptions;
use super::conversions::{hold_back, is_compared, lacking};
use super::place::{Place, in_order};
use super::selection::Selection;
use super::{CLEAN, Color, Common, ERROR, output, tell_unused};
use crate::fix::{self, Applicability, Fixes, HandlerFix, Replaced, Series, unified, write};
use crate::fix_plan::FixPlan;
use crate::index::Index;
use crate::kernel::{Git, Maintainers, Tree};
use crate::report::escape::printable;
use crate::report::fix_plan;
use crate::report::guard::Syntax;
use crate::verdict::{Extent, Finding, Scan, Session, Verdict, choose};
use crate::words::counted;

#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Handlers to convert: a name, FILE:HANDLER, or a path for all handlers registered below it
    #[arg(value_name = "HANDLER|PATH")]
    chosen: Vec<String>,
    /// Convert only handlers with these verdicts, and those that can only be converted with them
    #[arg(long, value_enum, value_delimiter = ',', value_name = "VERDICT,...")]
    only: Vec<Verdict>,
    /// Modify the files instead of printing a diff
    #[arg(long)]
    write: bool,
    /// Write one mail per driver into DIR, for `git am`; existing mails are an error
    #[arg(long, value_name = "DIR", conflicts_with_all = ["write", "output"])]
    mbox: Option<PathBuf>,
    /// With --mbox: begin with a mail that describes the series
    #[arg(long, requires = "mbox", conflicts_with = "plan")]
    cover_letter: bool,
    /// With --mbox: make one series for each of them, in a folder of its own
    #[arg(long, requires = "mbox", conflicts_with = "plan", value_enum, value_name = "WHAT")]
    by: Option<By>,
    /// Show the patches with what each needs and frees, and the handlers that are left, instead of a diff
    #[arg(long, value_enum, value_name = "FORMAT", num_args = 0..=1, require_equals = true, default_missing_value = "text",
          conflicts_with_all = ["write", "mbox"])]
    plan: Option<PlanFormat>,
    /// Include sketches: partial conversions with open points
    #[arg(long)]
    sketch: bool,
    /// First add the declarations and helpers that a proposed target needs
    #[arg(long)]
    scaffold: bool,
    #[command(flatten)]
    compat: CompatOptions,
    /// Leave out what the option names
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT,...")]
    without: Vec<Without>,
    #[command(flatten)]
    buffer: Buffer,
    #[command(flatten)]
    pub(super) common: Common,
}

/// Ways to split the mails into series.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum By {
    /// The subsystem that the subjects name; the folders are numbered in the order in which the series apply
    Subsystem,
}

/// Formats of `--plan`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum PlanFormat {
    /// A paragraph a patch
    Text,
    /// Patches and handlers that are left, schema 1
    Json,
    /// For graphviz: an arrow leads from each patch to those that need it
    Dot,
}

/// Parts of a plan that can be left out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Without {
    /// New hooks beside old ones, and functions that many modules register
    Twins,
}

/// Converts handlers and writes a diff, mails, or the files.
///
/// # Errors
/// The same as for a scan; the tree does not have a chosen path or handler; a chosen handler cannot be converted; a file cannot be written.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let (place, tree) = options.opened()?;
    let session = common.session_of(tree, &common.target, Extent::Handlers)?;
    let Planned { names_handlers, mut fixes, lacks, since } = planned(options, &place, session)?;
    let (tree, scan) = (session.tree(), &session.scan);
    if let Some(lacks) = lacks {
        output::tell(&lacks);
    }
    hold_back(scan, &mut fixes);
    if let Some(since) = since.filter(|_| !fixes.changes.is_empty()) {
        options.compat.apply(since, &mut fixes, common.quiet);
    }
    let failed = put_out(options, session, &fixes)?;
    if !common.quiet && !names_handlers && options.plan.is_none() {
        let _ = output::to_stderr(|out| summary(scan, &fixes, out));
    }
    common.print_stats(session);
    // The user asked for handlers by name: it is an error if nothing was written for one of them.
    if names_handlers {
        let left = not_written(&fixes).filter(|fix| is_left(fix) && options.plan.is_none() || fixes.changes.is_empty());
        let why: Vec<String> = left.map(|fix| format!("{}: {}", fix.name, why_not(scan.index, fix))).collect();
        if !why.is_empty() {
            return Err(why.join("; "));
        }
        if fixes.changes.is_empty() {
            return Err("everything chosen is already converted".to_owned());
        }
    }
    if !common.quiet && options.mbox.is_some() {
        tell_unused(tree);
    }
    Ok(if failed { ERROR } else { CLEAN })
}

/// Writes the plan, the files, the mails or the diff. Returns whether a file could not be written.
fn put_out(options: &Options, session: &Session, fixes: &Fixes) -> Result<bool, String> {
    let (common, scan) = (&options.common, &session.scan);
    if let Some(format) = options.plan {
        let plan = FixPlan::of(scan.index, &scan.findings, fixes);
        let (version, target) = (session.tree().version(), &session.chosen.target.name);
        let syntax = if format == PlanFormat::Json { Syntax::Json } else { Syntax::Text };
        output::write(common.output.as_deref(), syntax, |out| match format {
            PlanFormat::Text => fix_plan::text(&plan, out),
            PlanFormat::Json => fix_plan::json(&plan, version.as_deref(), target, out),
            PlanFormat::Dot => fix_plan::dot(&plan, out),
        })?;
    } else if options.write {
        return Ok(written(scan.index, session.tree(), fixes, common.quiet));
    } else if let Some(directory) = &options.mbox {
        mail(options, session, fixes, directory)?;
    } else {
        let is_read = common.output.is_none() && io::stdout().is_terminal() || common.color == Color::Always;
        // A diff that is applied keeps its bytes.
        let syntax = if is_read { output::diff_syntax(common) } else { Syntax::Exact };
        output::write(common.output.as_deref(), syntax, |out| diffs(scan.index, fixes, out))?;
    }
    Ok(false)
}

/// Writes one mail for each change into a directory.
fn mail(options: &Options, session: &Session, fixes: &Fixes, directory: &Path) -> Result<(), String> {
    let (tree, scan) = (session.tree(), &session.scan);
    let series = Series {
        index: scan.index,
        findings: &scan.findings,
        fixes,
        maintainers: &Maintainers::read(tree),
        git: &Git::new(tree.root()),
        version: tree.version(),
        target: &session.chosen.target.name,
        rules: session.context.rules,
        with_cover: options.cover_letter,
        by_subsystem: options.by == Some(By::Subsystem),
        date: date(),
    };
    output::without_mails(directory)?;
    let mails = series.mails();
    let count = counted(mails.len(), "mail");
    output::write_directory(directory, mails.into_iter().map(|mail| (mail.name, mail.text)))?;
    if !options.common.quiet {
        output::tell(&format!("{count} written to {}", directory.display()));
    }
    Ok(())
}

/// The date of mails: now, or `SOURCE_DATE_EPOCH` in seconds, for output that can be repeated.
fn date() -> SystemTime {
    /// A mail cannot have a later date.
    const YEAR_10000: u64 = 253_402_300_800;
    let given = std::env::var("SOURCE_DATE_EPOCH").ok().and_then(|seconds| seconds.parse().ok());
    let given = given.filter(|seconds| *seconds < YEAR_10000);
    given.map_or_else(SystemTime::now, |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds))
}

/// Conversions of the chosen handlers.
struct Planned {
    /// Whether the options name handlers.
    names_handlers: bool,
    fixes: Fixes,
    /// Message about API that the tree lacks. The patch does not compile there.
    lacks: Option<String>,
    /// For a module: the first release for which the patch compiles.
    since: Option<(u32, u32)>,
}

fn planned(options: &Options, place: &Place, session: &Session) -> Result<Planned, String> {
    let own = choose(session.context.rules, session.tree(), "auto")?;
    let is_module = session.tree().is_module();
    if options.compat.keeps_old_code && !is_module {
        return Err("--compat is for out-of-tree modules: a kernel tree has one version".to_owned());
    }
    let lacks = lacking(&own, &session.chosen).filter(|_| !options.scaffold);
    if options.compat.keeps_old_code
        && let Some(lacks) = &lacks
    {
        return Err(format!(
            "{lacks}. --compat keeps the code for this kernel; --kernel has to name one with that API"
        ));
    }
    if let Some(lacks) = lacks.as_ref().filter(|_| options.write || options.mbox.is_some()) {
        return Err(format!("{lacks}; omit --write and --mbox to print the diff"));
    }
    let index = session.context.index;
    let selection = Selection::new(place, session)?;
    let is_asked = |finding: &Finding| options.only.is_empty() || options.only.contains(&finding.verdict);
    let wanted = |finding: &Finding| is_asked(finding) && selection.holds(index, finding);
    let how = fix::Options {
        own: &own.target,
        sketches: options.sketch,
        twins: !options.without.contains(&Without::Twins) && !is_module,
        scaffold: options.scaffold,
    };
    let compares = lacks.is_none() || is_compared(&own, &session.chosen);
    let mut fixes = if compares {
        fix::verified(session, &wanted, how, options.mbox.is_some())?
    } else {
        fix::plan(session, &wanted, how)?
    };
    fixes.mark_open_points(index, session.findings());
    let lacks = lacks.filter(|_| !fixes.changes.is_empty());
    let converts = is_module && !fixes.changes.is_empty();
    let since = if converts { fix::since(session, &wanted, how, &fixes)? } else { None };
    Ok(Planned { names_handlers: selection.names_handlers(), fixes, lacks, since })
}

impl Options {
    /// The chosen paths and handlers, and the tree.
    fn opened(&self) -> Result<(Place, Tree), String> {
        let is_stdin = is_stdin(&self.tree);
        if is_stdin && self.write {
            return Err("--write writes to the files of a tree, not to what stdin has".to_owned());
        }
        let (place, tree) = self.buffer.open(&self.tree, || self.place(), |root| self.common.open(root))?;
        let paths = if is_stdin && !self.chosen.is_empty() { self.chosen.clone() } else { place.paths };
        Ok((Place { paths, root: place.root }, tree))
    }

    /// The tree, and the chosen paths and handlers.
    fn place(&self) -> Place {
        let (tree, chosen) = in_order(&self.tree, &self.chosen);
        Place::of(&tree, &chosen)
    }
}

fn diffs(index: &Index, fixes: &Fixes, out: &mut dyn Write) -> io::Result<()> {
    for (change, steps) in fixes.changes.iter().zip(fixes.in_order()) {
        for unit in &change.units {
            writeln!(out, "adds {unit}")?;
            for remark in fixes.unit_remarks(unit) {
                writeln!(out, "  note: {remark}")?;
            }
        }
        for fix in fixes.of(change) {
            about(index, fix, out)?;
        }
        for (file, step) in &steps {
            out.write_all(&unified(index.file(*file), step).text)?;
        }
    }
    Ok(())
}

/// Writes remarks for the reader of a diff. `git apply` and `patch` ignore them.
fn about(index: &Index, fix: &HandlerFix, out: &mut dyn Write) -> io::Result<()> {
    let second = fix.second().map_or(String::new(), |second| format!(" and {second}"));
    writeln!(out, "{}: {} becomes {}{second}", fix.applicability.name(), fix.name, fix.new_name)?;
    for remark in fix.notes().chain(fix.not_compared.iter().cloned()) {
        writeln!(out, "  note: {remark}")?;
    }
    for (file, point) in &fix.open_points {
        writeln!(out, "  open: {}: {}", index.file(*file).at(point.offset), point.text)?;
    }
    Ok(())
}

/// Writes each change, and tells the files that it wrote, and errors. Returns whether any change failed.
fn written(index: &Index, tree: &Tree, fixes: &Fixes, quiet: bool) -> bool {
    let mut failed = false;
    let mut paths: BTreeSet<&str> = BTreeSet::new();
    for (change, steps) in fixes.changes.iter().zip(fixes.in_order()) {
        let files = steps.iter().map(|(file, step)| {
            let source = index.file(*file);
            let (old, new) = step.texts(source);
            Replaced { file: &source.path, old, new }
        });
        match write(tree.folder(), &files.collect::<Vec<_>>()) {
            Ok(()) => {
                paths.extend(steps.iter().map(|(file, _)| index.file(*file).path.as_str()));
                let notes = |out: &mut dyn Write| fixes.of(change).try_for_each(|fix| about(index, fix, out));
                let _ = (!quiet).then(|| output::to_stderr(notes));
            }
            Err(error) => {
                output::tell(&printable(&error.to_string()));
                failed = true;
            }
        }
    }
    for path in paths.iter().filter(|_| !quiet) {
        output::tell(&printable(&format!("wrote {path}")));
    }
    failed
}

/// Reason why nothing is written for a handler.
fn why_not(index: &Index, fix: &HandlerFix) -> String {
    match (&fix.reason, fix.open_points.first()) {
        (Some(reason), _) => reason.clone(),
        (None, Some((file, point))) => {
            format!("{}: {} (--sketch shows the rest)", index.file(*file).at(point.offset), point.text)
        }
        (None, None) => match fix.remarks.first() {
            Some(remark) => format!("{remark} (--sketch shows the conversion)"),
            None => "is already converted".to_owned(),
        },
    }
}

/// The handlers that the run was asked for.
fn chosen_handlers(fixes: &Fixes) -> impl Iterator<Item = &HandlerFix> {
    fixes.handlers.iter().filter(|fix| fix.is_chosen)
}

/// The chosen handlers that no change converts.
fn not_written(fixes: &Fixes) -> impl Iterator<Item = &HandlerFix> {
    let is_written = |number: usize| fixes.changes.iter().any(|change| change.handlers.contains(&number));
    fixes
        .handlers
        .iter()
        .enumerate()
        .filter(move |(number, fix)| fix.is_chosen && !is_written(*number))
        .map(|(_, fix)| fix)
}

/// Whether something keeps a handler from being converted.
fn is_left(fix: &HandlerFix) -> bool {
    fix.reason.is_some() || !fix.open_points.is_empty() || !fix.remarks.is_empty()
}

/// Writes one line for each handler that was not converted, and the totals.
fn summary(scan: &Scan, fixes: &Fixes, err: &mut dyn Write) -> io::Result<()> {
    for fix in chosen_handlers(fixes) {
        let finding = &scan.findings[fix.finding];
        let place = scan.index.file(finding.registration.file).at(finding.registration.span.start);
        match (&fix.reason, fix.applicability) {
            (Some(reason), _) => {
                writeln!(err, "{}", printable(&format!("{place}: not converted: {}: {reason}", fix.name)))?
            }
            (None, Applicability::Sketch) => {
                let first = fix
                    .open_points
                    .first()
                    .map(|(file, point)| format!("{}: {}", scan.index.file(*file).at(point.offset), point.text));
                // A sketch without an open point moves state; a person must agree to that.
                let why = first.or_else(|| fix.remarks.first().cloned()).unwrap_or_default();
                writeln!(err, "{}", printable(&format!("{place}: sketch: {}: {why}", fix.name)))?;
            }
            _ => {}
        }
    }
    let count = |applicability| chosen_handlers(fixes).filter(|fix| fix.applicability == applicability).count();
    let written = fixes.changes.iter().flat_map(|change| &change.handlers);
    let converted = written.filter(|number| fixes.handlers[**number].applicability == Applicability::Safe).count();
    writeln!(
        err,
        "{} converted in {}; {} only as a sketch (--sketch); {} not converted",
        counted(converted, "handler"),
        counted(fixes.changes.len(), "patch"),
        count(Applicability::Sketch),
        count(Applicability::None)
    )
}
