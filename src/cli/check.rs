//! `mmaplint check`.

use std::fs::File;
use std::io::{self, IsTerminal, Read};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::names::LINTS;
use super::place::Place;
use super::{CLEAN, Common, ERROR, FINDINGS, check_found, output, tells_unread};
use crate::check::accepted::{Baseline, CONFIG_NAME, Config};
use crate::check::{Change, Engine, Outcome, Reported, State};
use crate::fix::write_below;
use crate::kernel::{FileTrouble, Git, Tree, bounded};
use crate::lint::{self, ALL, DEPRECATED_MMAP, Lint, no_lint};
use crate::profile;
use crate::report::check::{Check, checkstyle, github, gitlab, json_lines, markdown, rdjson, sarif, terse, text};
use crate::report::escape::printable;
use crate::report::guard::Syntax;
use crate::review::reviews;
use crate::rules::Level;
use crate::verdict::{Extent, Session, Workspace};
use crate::words::counted;

// More than twelve fields: one for each option.
#[derive(Args, Debug)]
pub struct Options {
    /// The kernel tree
    #[arg(default_value = ".")]
    tree: PathBuf,
    /// Report only findings below these paths
    #[arg(value_name = "PATH")]
    paths: Vec<String>,
    /// Report only findings in this file, like checkpatch -f
    #[arg(short, long = "file", value_name = "FILE")]
    files: Vec<String>,
    /// Report findings introduced by a patch: a diff, a mail or an mbox; - reads stdin. The tree is not changed
    #[arg(long, value_name = "FILE", conflicts_with_all = ["base", "git"])]
    patch: Option<PathBuf>,
    /// Report findings introduced since a revision
    #[arg(long, value_name = "REV", conflicts_with = "git")]
    base: Option<String>,
    /// Report findings introduced by a range of commits
    #[arg(short, long, value_name = "REV..REV")]
    git: Option<String>,
    /// With a change, also report old findings and fixed ones
    #[arg(long)]
    all: bool,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Auto)]
    format: Format,
    /// One line per finding, like checkpatch --terse: --format terse without the names of the lints
    #[arg(long, conflicts_with = "format")]
    terse: bool,
    /// Print the lint's name on each line of --terse
    #[arg(long)]
    show_types: bool,
    /// Run only these lints; `all` runs all, `+RULE` adds one to the defaults
    #[arg(long, value_delimiter = ',', value_name = "RULE,...", value_parser = LINTS, hide_possible_values = true)]
    select: Vec<String>,
    /// Do not run these lints
    #[arg(long, value_delimiter = ',', value_name = "RULE,...", value_parser = LINTS, hide_possible_values = true)]
    ignore: Vec<String>,
    /// Ignore the findings recorded in FILE
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Record the findings in the baseline instead of reporting them
    #[arg(long, requires = "baseline", conflicts_with_all = ["patch", "base", "git", "paths", "files"])]
    write_baseline: bool,
    /// Do not read .mmaplint.toml
    #[arg(long)]
    no_config: bool,
    /// Lowest level that makes the exit code 1
    #[arg(long, value_enum, value_name = "LEVEL")]
    fail_on: Option<FailOn>,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// text on a terminal, github under GITHUB_ACTIONS, terse elsewhere
    Auto,
    /// Source excerpts, and a summary
    Text,
    /// One line per finding
    Terse,
    /// One JSON object per line
    Json,
    /// SARIF 2.1.0
    Sarif,
    /// Workflow commands of GitHub Actions
    Github,
    /// GitLab code quality
    Gitlab,
    /// Checkstyle XML
    Checkstyle,
    /// reviewdog's rdjson
    Rdjson,
    /// For a reply to a patch: a table for each converted handler, then the findings
    Markdown,
}

/// Lowest level that makes the exit code 1.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum FailOn {
    Note,
    Warning,
    Error,
    Never,
}

impl FailOn {
    fn counts(self, level: Level) -> bool {
        match self {
            FailOn::Note => true,
            FailOn::Warning => level >= Level::Warning,
            FailOn::Error => level >= Level::Error,
            FailOn::Never => false,
        }
    }
}

/// The checked tree, and the tree before the change if a change is checked.
struct Sides {
    before: Option<&'static Session<'static>>,
    after: &'static Session<'static>,
}

/// Checks a tree, or the effect of a change.
///
/// # Errors
/// The tree, the patch, a revision, the configuration or the baseline cannot be read; a lint does not exist; the result cannot be written.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    if common.stats {
        profile::switch_on();
    }
    let place = Place::of(&options.tree, &[&*options.paths, &options.files].concat());
    let tree = common.open(&place.root)?;
    let change = options.change(&tree)?;
    // The configuration before the change applies: a change does not decide what is reported about it.
    let deciding = change.as_ref().map_or(&tree, |change| &change.before);
    let config = if options.no_config { Config::default() } else { Config::read(deciding)? };
    let lints = chosen_lints(options, &config)?;
    let baseline = options.baseline(&config, deciding)?;
    let fail_on = options.fail_on(&config)?;
    let paths = Options::checked_paths(&tree, &place, change.as_ref())?;
    let target = match &config.target {
        Some(target) if common.target == "auto" => target,
        _ => &common.target,
    };
    let suggests = matches!(options.resolved_format(), Format::Text | Format::Json | Format::Sarif);
    let shows_old = options.all || baseline.is_some() || options.write_baseline;
    let engine = Engine { lints: &lints, config: &config, paths: &paths, suggests, shows_old };
    let (sides, mut found) = options.found(&engine, &tree, change.as_ref(), target)?;
    let session = sides.after;
    check_found(session)?;
    if options.write_baseline
        && let Some(path) = options.baseline_path(&config, deciding)?
    {
        let known = Baseline::of(found.reported.iter().map(|reported| &reported.hazard));
        path.write(&known)?;
        return Ok(CLEAN);
    }
    let mut remarks = std::mem::take(&mut found.remarks);
    if let Some(change) = &change {
        remarks.extend(config.changed_by(change).into_iter().filter(|_| !options.no_config));
        remarks.extend(change.remarks());
    }
    if let Some(baseline) = baseline {
        let stale = found.leave_out(&baseline, &lints);
        // A run below some paths does not look for every entry. For a change, a check of the tree before it reports stale entries.
        let is_whole = !found.is_change && paths.is_empty();
        remarks.extend(stale.into_iter().filter(|_| is_whole).map(|entry| format!("stale baseline: {entry}")));
    }
    if found.is_change && !options.all {
        found.reported.retain(|reported| reported.state == State::Introduced);
    }
    let review = |before| reviews(before, session, found.redefined.clone(), |file| engine.selects(file));
    let reviews = sides.before.filter(|_| options.format == Format::Markdown).map(review).unwrap_or_default();
    let check = Check {
        tree: &found.tree,
        below: Git::new(tree.root()).below_top(),
        reported: found.reported,
        lints,
        converted: found.converted,
        trouble: found.trouble.clone(),
        reviews,
        is_change: found.is_change,
        lints_url: config.lints_url.clone(),
        sums_up: !found.is_change && !options.select.iter().any(|name| name.trim_start_matches('+') == DEPRECATED_MMAP),
    };
    options.print(&check)?;
    let has_trouble = !found.trouble.is_empty();
    remarks.extend(of_trouble(&found.trouble, found.is_change));
    if !common.quiet {
        remarks.iter().for_each(|remark| output::tell(&printable(remark)));
    }
    common.print_stats(session);
    Ok(options.exit_code(&check, fail_on, has_trouble, tells_unread(found.unread.iter())))
}

impl Options {
    /// Runs the engine on a tree, or on the trees before and after a change.
    fn found(
        &self,
        engine: &Engine,
        tree: &Tree,
        change: Option<&Change>,
        target: &str,
    ) -> Result<(Sides, Outcome), String> {
        let common = &self.common;
        let Some(change) = change else {
            let session = common.judged(common.workspace(tree.clone())?, target, Extent::Handlers)?;
            let outcome = engine.tree(session)?;
            return Ok((Sides { before: None, after: session }, outcome));
        };
        let before = common.workspace(change.before.clone())?;
        let after: &'static Workspace = Box::leak(Box::new(before.beside(change.after.clone())));
        let after = common.judged(after, target, Extent::Handlers)?;
        let before = common.judged(before, target, Extent::Handlers)?;
        let outcome = engine.change(change, before, after)?;
        Ok((Sides { before: Some(before), after }, outcome))
    }

    fn exit_code(&self, check: &Check, fail_on: FailOn, has_trouble: bool, unread: bool) -> u8 {
        let counts = |reported: &Reported| {
            let is_news = !check.is_change || reported.state == State::Introduced;
            is_news && fail_on.counts(reported.hazard.level)
        };
        let is_strict_failure = self.common.strict && has_trouble;
        match check.reported.iter().any(counts) || is_strict_failure {
            _ if unread => ERROR,
            true => FINDINGS,
            false => CLEAN,
        }
    }
}

/// Maximum number of places reported by name that a change leaves not understood.
const NAMED_PLACES: usize = 10;

/// Messages about code that was not understood. For a change they name the places, because no scan of the tree lists them.
fn of_trouble(trouble: &[FileTrouble], is_change: bool) -> Vec<String> {
    let named = trouble.iter().filter(|_| is_change).take(NAMED_PLACES).map(ToString::to_string);
    let lists = if is_change { "" } else { "mmaplint scan lists them; " };
    let total = (!trouble.is_empty()).then(|| {
        format!("{} could not be understood ({lists}with --strict the exit code is 1)", counted(trouble.len(), "place"))
    });
    named.chain(total).collect()
}

fn chosen_lints(options: &Options, config: &Config) -> Result<Vec<&'static Lint>, String> {
    let named = |name: &str| lint::find(name).map(|lint| lint.id).ok_or_else(|| no_lint(name));
    let plain: Vec<&String> = options.select.iter().filter(|name| !name.starts_with('+') && *name != "all").collect();
    let mut on: Vec<&str> = Vec::new();
    for name in &plain {
        on.push(named(name)?);
    }
    if options.select.iter().any(|name| name == "all") {
        on = ALL.iter().map(|lint| lint.id).collect();
    } else if plain.is_empty() {
        on = ALL.iter().filter(|lint| lint.is_default()).map(|lint| lint.id).collect();
        on.extend(config.select.iter().filter_map(|name| lint::find(name)).map(|lint| lint.id));
    }
    for name in options.select.iter().filter_map(|name| name.strip_prefix('+')) {
        on.push(named(name)?);
    }
    let mut off: Vec<&str> = Vec::new();
    for name in options.ignore.iter().chain(config.ignore.iter().filter(|_| plain.is_empty())) {
        off.push(named(name)?);
    }
    Ok(ALL.iter().filter(|lint| on.contains(&lint.id) && !off.contains(&lint.id)).collect())
}

impl Options {
    /// Writes the result in the requested format.
    fn print(&self, check: &Check) -> Result<(), String> {
        let common = &self.common;
        let coloured = output::is_coloured(common.color, common.output.is_some());
        let syntax = match self.resolved_format() {
            Format::Auto | Format::Text => output::text_syntax(coloured),
            Format::Terse | Format::Checkstyle | Format::Markdown => Syntax::Text,
            Format::Github => Syntax::Commands,
            Format::Json | Format::Sarif | Format::Gitlab | Format::Rdjson => Syntax::Json,
        };
        output::write(common.output.as_deref(), syntax, |out| match self.resolved_format() {
            Format::Auto | Format::Text => text(check, coloured, out),
            Format::Terse => terse(check, self.show_types || !self.terse, out),
            Format::Json => json_lines(check, out),
            Format::Sarif => sarif(check, out),
            Format::Github => github(check, out),
            Format::Gitlab => gitlab(check, out),
            Format::Checkstyle => checkstyle(check, out),
            Format::Rdjson => rdjson(check, out),
            Format::Markdown => markdown(check, out),
        })
    }

    /// The trees before and after the change, if a change is checked.
    fn change(&self, tree: &Tree) -> Result<Option<Change>, String> {
        if let Some(path) = &self.patch {
            let (name, text) = read_patch(path)?;
            return Change::patched(tree, &name, &text).map(Some);
        }
        if let Some(base) = &self.base {
            return Change::since(tree, base).map(Some);
        }
        self.git.as_ref().map(|range| Change::range(tree, range)).transpose()
    }

    fn checked_paths(tree: &Tree, place: &Place, change: Option<&Change>) -> Result<Vec<String>, String> {
        let named = |path: &String| {
            let missing = || format!("{path}: there is no such path in {}", tree.root().display());
            let inside = tree.path_below(path).ok_or_else(missing)?;
            // A file that the change adds or deletes may be missing.
            let exists = tree.has(&inside) || change.is_some_and(|change| change.touches(&inside));
            if exists { Ok(inside) } else { Err(missing()) }
        };
        place.paths.iter().map(named).collect()
    }

    /// Baseline file of the options, else the one that the configuration names. That one lies in the tree.
    fn baseline_path<'t>(&self, config: &Config, tree: &'t Tree) -> Result<Option<BaselineFile<'t>>, String> {
        let given = self.baseline.clone().map(BaselineFile::Given);
        let named = config.baseline.as_ref().filter(|_| given.is_none()).map(|path| {
            let inside = tree.path_below(path).filter(|_| !Path::new(path).is_absolute());
            let outside = || format!("{}: the baseline {path} lies outside the tree", CONFIG_NAME);
            inside.map(|path| BaselineFile::Named(tree, path)).ok_or_else(outside)
        });
        Ok(given.or(named.transpose()?))
    }

    fn baseline(&self, config: &Config, tree: &Tree) -> Result<Option<Baseline>, String> {
        let file = self.baseline_path(config, tree)?.filter(|_| !self.write_baseline);
        file.map(|file| file.read()).transpose()
    }

    fn fail_on(&self, config: &Config) -> Result<FailOn, String> {
        let of_config = config.fail_on.as_deref().map(|name| FailOn::from_str(name, false)).transpose();
        let of_config = of_config.map_err(|_| {
            let name = config.fail_on.as_deref().unwrap_or_default();
            format!("{}: fail-on must be note, warning, error or never, not {name:?}", CONFIG_NAME)
        })?;
        Ok(self.fail_on.or(of_config).unwrap_or(FailOn::Warning))
    }

    fn resolved_format(&self) -> Format {
        match self.format {
            Format::Auto if self.terse => Format::Terse,
            Format::Auto if std::env::var_os("GITHUB_ACTIONS").is_some_and(|value| value == "true") => Format::Github,
            Format::Auto if self.common.output.is_none() && io::stdout().is_terminal() => Format::Text,
            Format::Auto => Format::Terse,
            chosen => chosen,
        }
    }
}

/// Location of a baseline.
enum BaselineFile<'t> {
    /// Path given by the user.
    Given(PathBuf),
    /// Path in the tree, named by the tree's configuration.
    Named(&'t Tree, String),
}

/// Maximum length of a baseline in bytes.
const BASELINE_LIMIT: u64 = 4 << 20;

impl BaselineFile<'_> {
    fn read(&self) -> Result<Baseline, String> {
        let (name, text) = match self {
            BaselineFile::Given(path) => {
                let read = File::open(path).and_then(|file| bounded(file, 0, BASELINE_LIMIT));
                (path.display().to_string(), read.map_err(|error| error.to_string()))
            }
            BaselineFile::Named(tree, path) => {
                let read = tree.try_read(path).map_err(|trouble| trouble.text);
                let read = read.and_then(|text| text.ok_or_else(|| "there is no such file".to_owned()));
                (tree.root().join(path).display().to_string(), read)
            }
        };
        let named = |reason: String| format!("{name}: {}", reason.trim_end());
        let text = text.map_err(named)?;
        if text.len() as u64 > BASELINE_LIMIT {
            return Err(named(format!("longer than {} MiB", BASELINE_LIMIT >> 20)));
        }
        let text = String::from_utf8(text).map_err(|error| named(error.to_string()))?;
        Baseline::parse(&text).map_err(named)
    }

    fn write(&self, known: &Baseline) -> Result<(), String> {
        match self {
            BaselineFile::Given(path) => output::write(Some(path), Syntax::Exact, |out| known.write(out)),
            BaselineFile::Named(tree, path) => {
                let mut text = Vec::new();
                known.write(&mut text).map_err(|error| error.to_string())?;
                write_below(tree.folder(), path, &text).map_err(|error| format!("{path}: {error}"))
            }
        }
    }
}

/// Reads a patch. Returns its name and text.
fn read_patch(path: &Path) -> Result<(String, Vec<u8>), String> {
    let limit = crate::kernel::PATCH_LIMIT as u64 + 1;
    let mut text = Vec::new();
    if path == Path::new("-") {
        io::stdin().lock().take(limit).read_to_end(&mut text).map_err(|error| format!("stdin: {error}"))?;
        return Ok(("stdin".to_owned(), text));
    }
    let name = path.display().to_string();
    let file = std::fs::File::open(path).map_err(|error| format!("{name}: {error}"))?;
    file.take(limit).read_to_end(&mut text).map_err(|error| format!("{name}: {error}"))?;
    Ok((name, text))
}
