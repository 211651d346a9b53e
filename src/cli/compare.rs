//! `mmaplint compare`.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::place::Place;
use super::worklist::{Prepared, page, series};
use super::{CLEAN, Common, output};
use crate::compare::compare;
use crate::report::compare::{Comparison, csv, json, markdown, text};
use crate::report::guard::Syntax;
use crate::report::history::{self, Stage};
use crate::report::review;
use crate::review::reviews;
use crate::verdict::{Extent, Session};

#[derive(Args, Debug)]
pub struct Options {
    /// The older kernel tree
    old: PathBuf,
    /// The newer kernel tree; the same tree to compare two target APIs; or several, oldest first, for a table and a chart of all
    #[arg(required = true)]
    new: Vec<PathBuf>,
    /// Target API of the older tree; default: the newer tree's
    #[arg(long, value_name = "NAME")]
    old_target: Option<String>,
    /// Output format
    #[arg(long, value_enum, default_value_t = Format::Text)]
    format: Format,
    /// Also compare the behaviour of converted handlers with that before
    #[arg(long)]
    behaviour: bool,
    #[command(flatten)]
    pub(super) common: Common,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Format {
    /// One line per change, and totals
    Text,
    /// Tables and lists
    Markdown,
    /// One row per registration
    Csv,
    /// Everything, schema 1
    Json,
    /// The HTML report of the newer tree, with the changes
    Html,
}

/// Scans the trees, or one against two targets, and writes the changes.
///
/// # Errors
/// The same as for a scan; more than two trees with an option that compares two.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let Some((newest, between)) = options.new.split_last() else { return Ok(CLEAN) };
    if !between.is_empty() && (options.behaviour || options.old_target.is_some()) {
        return Err("--behaviour and --old-target compare two trees".to_owned());
    }
    let before = between.last().unwrap_or(&options.old);
    let (old_place, new_place) = (Place::of(before, &[]), Place::of(newest, &[]));
    let new = common.session(&new_place.root, Extent::Handlers)?;
    let prepared = (options.format == Format::Html).then(|| {
        let prepared = Prepared::with_blockers(new, true);
        // What follows needs the functions of the session.
        let series = series(new);
        (prepared, series)
    });
    new.forget_functions();
    let new: &Session = new;
    // Both trees are judged against one target, so that only the code differs. `--old-target` asks for the effect of the API instead.
    let target = options.old_target.as_deref().unwrap_or(&new.chosen.target.name);
    let old: &Session = common.session_for(&old_place.root, target, Extent::Handlers)?;
    let is_in_places = |file: &str| old_place.holds(file) || new_place.holds(file);
    if options.behaviour {
        return behaviour(options, old, new, is_in_places);
    }
    let mut sessions = vec![old, new];
    if !between.is_empty() {
        for tree in std::iter::once(&options.old).chain(between).rev().skip(1) {
            sessions.insert(0, common.session_for(&Place::of(tree, &[]).root, target, Extent::Handlers)?);
        }
    }
    let mut changes = compare(&old.scan, &new.scan);
    changes.retain(|change| [&change.old, &change.new].into_iter().flatten().any(|side| is_in_places(&side.file)));
    let names = (name(before, old), name(newest, new));
    let history = if between.is_empty() { Vec::new() } else { stages(options, &sessions) };
    let comparison = Comparison { names, changes: &changes, history: &history };
    let write = |syntax, of_two: WriteTwo, of_all: WriteAll| {
        output::write(common.output.as_deref(), syntax, |out| match between {
            [] => of_two(&comparison, out),
            _ => of_all(&history, out),
        })
    };
    match options.format {
        Format::Text => write(Syntax::Text, text, history::text),
        Format::Markdown => write(Syntax::Text, markdown, history::markdown),
        Format::Csv => write(Syntax::Text, csv, history::csv),
        Format::Json => write(Syntax::Json, json, history::json),
        Format::Html => {
            prepared.map_or(Ok(()), |(prepared, series)| page(common, new, &prepared, &series, Some(&comparison)))
        }
    }?;
    Ok(sessions.into_iter().map(|session| common.exit_code(session)).max().unwrap_or(CLEAN))
}

type WriteTwo = fn(&Comparison, &mut dyn Write) -> io::Result<()>;
type WriteAll = fn(&[Stage], &mut dyn Write) -> io::Result<()>;

/// Writes the behaviour of handlers that were converted, before and after.
fn behaviour(
    options: &Options,
    old: &Session,
    new: &Session,
    is_chosen: impl Fn(&str) -> bool + Sync,
) -> Result<u8, String> {
    let write = match options.format {
        Format::Text => review::text,
        Format::Markdown => review::markdown,
        _ => return Err("--behaviour has the formats text and markdown".to_owned()),
    };
    let found = reviews(old, new, BTreeSet::new(), is_chosen);
    if found.is_empty() {
        output::tell(
            "the newer tree has converted no handler of the older one; compare without --behaviour shows other changes",
        );
    }
    output::write(options.common.output.as_deref(), Syntax::Text, |out| write(&found, out))?;
    Ok(options.common.exit_code(old).max(options.common.exit_code(new)))
}

/// How far each tree is, oldest first.
fn stages(options: &Options, sessions: &[&Session]) -> Vec<Stage> {
    let paths = std::iter::once(&options.old).chain(&options.new);
    let befores = std::iter::once(None).chain(sessions.iter().map(Some));
    let stage = |((path, session), before): ((&PathBuf, &&Session), Option<&&Session>)| {
        let changes = before.map(|before| compare(&before.scan, &session.scan));
        Stage::new(name(path, session), &session.scan, changes.as_deref())
    };
    paths.zip(sessions).zip(befores).map(stage).collect()
}

fn name(path: &Path, session: &Session) -> String {
    let version =
        session.tree().version().map_or_else(|| path.display().to_string(), |version| format!("Linux {version}"));
    format!("{version} ({})", session.chosen.target.name)
}
