//! Command line, one file per command. Only this module prints or exits.

mod buffer;
mod check;
mod compare;
mod compat;
mod conversions;
mod docs;
mod explain;
mod fix;
mod graph;
mod kbuild;
mod man;
mod names;
mod output;
mod pager;
mod place;
mod rules;
mod scan;
mod schema;
mod selection;
mod tree;
mod worklist;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::LazyLock;

use clap::{Args, Parser, Subcommand, ValueEnum};
use rayon::{ThreadPool, ThreadPoolBuilder};

use crate::kernel::{FileTrouble, Tree, TroubleKind};
use crate::profile;
use crate::report::escape::printable;
use crate::report::guard::Syntax;
use crate::report::{self, Report};
use crate::rules::Rules;
use crate::verdict::{Extent, Finding, Session, Verdict, Workspace, choose};
use place::Place;

/// Exit code: nothing is wrong.
pub const CLEAN: u8 = 0;
/// Exit code: there are findings, or with `--strict` something that was not understood.
pub const FINDINGS: u8 = 1;
/// Exit code: bad usage, an error of the tool, or files that could not be read.
pub const ERROR: u8 = 2;

/// Text of `--version`. It includes the rules, because verdicts depend on them as much as on the code.
static VERSION: LazyLock<String> =
    LazyLock::new(|| format!("{}\nrules {}", env!("CARGO_PKG_VERSION"), Rules::built_in_version()));

/// Finds the mmap callbacks of a Linux kernel tree, their use of the VMA, and the work to move them to .mmap_prepare.
#[derive(Debug, Parser)]
#[command(version, long_version = VERSION.as_str(), about, long_about = None, max_term_width = 100, arg_required_else_help = true)]
#[command(after_help = "Exit codes: 0 clean, 1 findings, 2 bad usage, an error, or files that could not be read.")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// List every mmap handler with its facts and its verdict
    Scan(scan::Options),
    /// Report hazards in handlers, of a whole tree or introduced by a change
    Check(check::Options),
    /// Write conversions as a diff, as mails, or into the tree
    Fix(fix::Options),
    /// Show which helpers and hooks block which handlers, as DOT, JSON or lines
    #[command(mut_arg("color", |option| option.hide(true)))]
    Graph(graph::Options),
    /// List the remaining work in order, with the maintainers
    #[command(mut_arg("color", |option| option.hide(true)))]
    Worklist(worklist::Options),
    /// Compare two trees, or one tree against two APIs
    #[command(mut_arg("color", |option| option.hide(true)))]
    Compare(compare::Options),
    /// Check the tree's documentation of the API against its headers
    #[command(mut_arg("color", |option| option.hide(true)))]
    Docs(docs::Options),
    /// Explain a lint, a verdict, a target, a kernel call, a hook or a handler
    Explain(explain::Options),
    /// List all known lints, verdicts, requirements, targets and calls
    #[command(mut_arg("color", |option| option.hide(true)))]
    Rules(rules::Options),
    /// Print shell completions
    Completions(man::CompletionsOptions),
    /// Print the manual pages
    Man(man::ManOptions),
    /// Print the JSON Schema of the scan output or the configuration
    Schema(schema::Options),
    /// Check one file during a build: make C=1 CHECK="mmaplint kbuild"
    #[command(mut_arg("color", |option| option.hide(true)))]
    Kbuild(kbuild::Options),
}

impl Command {
    /// Options shared by commands; `None` for commands that do not take them.
    fn common(&self) -> Option<&Common> {
        Some(match self {
            Command::Scan(options) => &options.common,
            Command::Check(options) => &options.common,
            Command::Fix(options) => &options.common,
            Command::Graph(options) => &options.common,
            Command::Worklist(options) => &options.common,
            Command::Compare(options) => &options.common,
            Command::Docs(options) => &options.common,
            Command::Explain(options) => &options.common,
            Command::Kbuild(options) => &options.common,
            Command::Rules(options) => &options.common,
            Command::Completions(_) | Command::Man(_) | Command::Schema(_) => return None,
        })
    }

    fn run(&self) -> Result<u8, String> {
        match self {
            Command::Scan(options) => scan::run(options),
            Command::Check(options) => check::run(options),
            Command::Fix(options) => fix::run(options),
            Command::Graph(options) => graph::run(options),
            Command::Worklist(options) => worklist::run(options),
            Command::Compare(options) => compare::run(options),
            Command::Docs(options) => docs::run(options),
            Command::Explain(options) => explain::run(options),
            Command::Kbuild(options) => kbuild::run(options),
            Command::Rules(options) => rules::run(options),
            Command::Completions(options) => man::completions(options),
            Command::Man(options) => man::man(options),
            Command::Schema(options) => schema::run(options),
        }
    }
}

/// Options shared by commands.
#[derive(Args, Debug)]
struct Common {
    /// Target API: v6.16 ... v7.4, mmap-finish, or auto to detect it from the headers
    #[arg(long, default_value = "auto", value_name = "NAME", value_parser = names::TARGETS, hide_possible_values = true)]
    target: String,
    /// Load additional rule files from a directory
    #[arg(long, value_name = "DIR")]
    rules: Option<PathBuf>,
    #[command(flatten)]
    against: tree::KernelOptions,
    /// Number of threads; 0 means one per processor
    #[arg(short, long = "jobs", value_name = "N", value_parser = clap::value_parser!(u16).range(0..=1024))]
    jobs: Option<u16>,
    /// Write to FILE instead of the terminal
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// When to use colour
    #[arg(long, value_enum, default_value_t = Color::Auto, value_name = "WHEN")]
    color: Color,
    /// Exit with 1 if anything could not be parsed or understood
    #[arg(long)]
    strict: bool,
    /// Print only the result
    #[arg(short, long)]
    quiet: bool,
    /// Print time and bytes by phase to stderr
    #[arg(long)]
    stats: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Color {
    Auto,
    Always,
    Never,
}

/// Output formats of commands that have no others.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum TextOrJson {
    /// One line per entry
    Text,
    /// Everything, schema 1
    Json,
}

impl TextOrJson {
    /// Syntax of the format, for the guard.
    fn syntax(self) -> Syntax {
        match self {
            TextOrJson::Text => Syntax::Text,
            TextOrJson::Json => Syntax::Json,
        }
    }
}

/// Stack of a worker in bytes: the depth limit of syntax, times the frames of one level, with a reserve.
const STACK: usize = 16 << 20;

impl Common {
    /// Loads the built-in rules and those of `--rules`.
    fn rules(&self) -> Result<Rules, String> {
        let mut rules = Rules::built_in().map_err(|error| error.to_string())?;
        if let Some(directory) = &self.rules {
            rules.add_directory(directory).map_err(|error| error.to_string())?;
        }
        Ok(rules)
    }

    /// Opens a kernel tree, or a module with its kernel.
    fn open(&self, root: &Path) -> Result<Tree, String> {
        self.against.open(root, self.quiet, false)
    }

    /// Reads a tree. The result is leaked: the process ends soon after, and freeing every small allocation would only take time.
    fn workspace(&self, tree: Tree) -> Result<&'static Workspace<'static>, String> {
        let rules: &'static Rules = Box::leak(Box::new(self.rules()?));
        if self.stats {
            profile::switch_on();
        }
        Ok(Box::leak(Box::new(Workspace::open(tree, rules))))
    }

    /// Judges a tree against the target of `--target`.
    fn session(&self, tree: &Path, extent: Extent) -> Result<&'static mut Session<'static>, String> {
        self.session_for(tree, &self.target, extent)
    }

    /// Judges a tree against the target called `target`.
    fn session_for(&self, tree: &Path, target: &str, extent: Extent) -> Result<&'static mut Session<'static>, String> {
        self.session_of(self.open(tree)?, target, extent)
    }

    /// Judges an open tree against the target called `target`.
    fn session_of(&self, tree: Tree, target: &str, extent: Extent) -> Result<&'static mut Session<'static>, String> {
        let session = self.judged(self.workspace(tree)?, target, extent)?;
        check_found(session)?;
        Ok(session)
    }

    /// Judges a tree that was already read.
    fn judged(
        &self,
        workspace: &'static Workspace<'static>,
        target: &str,
        extent: Extent,
    ) -> Result<&'static mut Session<'static>, String> {
        let chosen = choose(workspace.context().rules, workspace.tree(), target)?;
        Ok(Box::leak(Box::new(Session::new(workspace, &chosen, extent))))
    }

    /// Creates the thread pool of a command.
    fn threads(&self) -> Result<ThreadPool, String> {
        let threads = ThreadPoolBuilder::new().num_threads(self.jobs.unwrap_or(0).into()).stack_size(STACK).build();
        threads.map_err(|error| error.to_string())
    }

    /// Prints time and bytes by phase if `--stats` is given.
    fn print_stats(&self, session: &Session) {
        if self.stats {
            let report = Report::of(&session.scan, &session.chosen, session.tree());
            let _ = output::to_stderr(|out| report::stats(&report, out));
        }
    }

    /// Exit code of a scan. `--strict` counts code that was not understood.
    fn exit_code(&self, session: &Session) -> u8 {
        self.exit_code_in(session, &Place::default())
    }

    /// Exit code of a scan that is limited to a part of the tree.
    fn exit_code_in(&self, session: &Session, place: &Place) -> u8 {
        let scan = &session.scan;
        let is_unknown = |finding: &&Finding| finding.verdict == Verdict::Unknown;
        let mut unknown = scan.findings.iter().filter(is_unknown).map(|finding| finding.registration.file);
        let not_understood = scan.trouble.iter().any(|trouble| trouble.file.is_empty() || place.holds(&trouble.file))
            || unknown.any(|file| place.holds(&scan.index.file(file).path));
        let unread = scan.trouble.iter().cloned().chain(session.tree().unread());
        let unread = unread.filter(|trouble| trouble.kind == TroubleKind::Unreadable && place.holds(&trouble.file));
        let unread: BTreeSet<FileTrouble> = unread.collect();
        match self.strict && not_understood {
            _ if tells_unread(unread.iter()) => ERROR,
            true => FINDINGS,
            false => CLEAN,
        }
    }
}

/// Maximum number of unusable files reported by name.
const TOLD: usize = 10;

/// Reports the files beside the sources that a command could not use.
fn tell_unused(tree: &Tree) {
    tree.unread().iter().take(TOLD).for_each(|trouble| output::tell(&printable(&trouble.to_string())));
}

/// Reports files that could not be read: the result says nothing about them. Returns whether there are any.
fn tells_unread<'t>(mut unread: impl ExactSizeIterator<Item = &'t FileTrouble>) -> bool {
    let Some(first) = unread.next() else { return false };
    let others = match unread.len() {
        0 => String::new(),
        others => format!("; and {others} more files could not be read"),
    };
    output::tell(&printable(&format!("{}: could not be read: {}{others}", first.file, first.text)));
    true
}

/// Rejects a directory without C, and one that uses VMAs but lacks the headers of the hooks. An empty result would be misleading.
///
/// # Errors
/// There is no C file, or the headers are missing. The text names the remedy.
fn check_found(session: &Session) -> Result<(), String> {
    let (tree, scan) = (session.tree(), &session.scan);
    if scan.findings.is_empty() && tree.is_module() && !tree.holds_c() {
        return Err(format!("{}: there is no C file in this directory", tree.root().display()));
    }
    let names_vma = |file: &&std::sync::Arc<crate::index::SourceFile>| {
        !file.is_header() && memchr::memmem::find(&file.text, b"vm_area_struct").is_some()
    };
    let is_kernel = || {
        let has_kernel = tree.missing_landmarks().is_empty() && !tree.has_assumed_kernel();
        has_kernel && !scan.index.hooks().members().is_empty()
    };
    let file = scan.index.files().iter().find(names_vma).filter(|_| scan.findings.is_empty() && !is_kernel());
    let Some(file) = file else { return Ok(()) };
    Err(format!(
        "{}: {} names vm_area_struct, and no handler was found in this directory\n  \
         a part of a kernel tree: pass the tree, then the folder: mmaplint scan TREE drivers/char\n  \
         an out-of-tree module: pass its top folder, and the kernel it is built against: mmaplint scan MODULE --kernel DIR",
        tree.root().display(),
        file.path,
    ))
}

/// Runs the command line of this process.
pub fn run() -> ExitCode {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => {
            // A request for help is not an error; clap selects the stream.
            let code = if error.use_stderr() { ERROR } else { CLEAN };
            let _ = error.print();
            return ExitCode::from(code);
        }
    };
    let command = &arguments.command;
    let result = match command.common() {
        Some(common) => common.threads().and_then(|threads| threads.install(|| command.run())),
        None => command.run(),
    };
    match result {
        Ok(code) => ExitCode::from(code),
        Err(error) => {
            output::tell(&error);
            ExitCode::from(ERROR)
        }
    }
}
