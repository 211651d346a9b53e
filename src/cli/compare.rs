//! `mmaplint compare`.

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};

use super::place::Place;
use super::worklist::{Prepared, page};
use super::{CLEAN, Common, output};
use crate::compare::{Side, compare};
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

/// Scans two trees, or one against two targets, and writes the changes.
///
/// # Errors
/// The same as for a scan.
pub fn run(options: &Options) -> Result<u8, String> {
    let common = &options.common;
    let is_page = options.format == Format::Html;
    let Some((newest, between)) = options.new.split_last() else { return Ok(CLEAN) };
    let before = between.last().unwrap_or(&options.old);
    let (old_place, new_place) = (Place::of(before, &[]), Place::of(newest, &[]));
    let new = common.session(&new_place.root, Extent::Handlers)?;
    let prepared = is_page.then(|| Prepared::with_blockers(new, true));
    new.forget_functions();
    // Both trees are judged against one target, so that only the code differs. `--old-target` asks for the effect of the API instead.
    let target = options.old_target.as_deref().unwrap_or(&new.chosen.target.name);
    let old = common.session_for(&old_place.root, target, Extent::Handlers)?;
    if options.behaviour {
        let found = reviews(old, new, |file| old_place.holds(file) || new_place.holds(file));
        let write = match options.format {
            Format::Text => review::text,
            Format::Markdown => review::markdown,
            _ => return Err("--behaviour has the formats text and markdown".to_owned()),
        };
        output::write(common.output.as_deref(), Syntax::Text, |out| write(&found, out))?;
        return Ok(common.exit_code(old).max(common.exit_code(new)));
    }
    if !between.is_empty() && !is_page {
        return history(options, old, new);
    }
    let mut changes = compare(&old.scan, &new.scan);
    let is_in = |place: &Place, side: &Option<Side>| side.as_ref().is_some_and(|side| place.holds(&side.file));
    changes.retain(|change| is_in(&old_place, &change.old) || is_in(&new_place, &change.new));
    let names = (name(before, old), name(newest, new));
    let history = if between.is_empty() { Vec::new() } else { stages(options, old, new)? };
    let comparison = Comparison { names, changes: &changes, history: &history };
    let write = |syntax, with: fn(&Comparison, &mut dyn Write) -> io::Result<()>| {
        output::write(common.output.as_deref(), syntax, |out| with(&comparison, out))
    };
    match options.format {
        Format::Text => write(Syntax::Text, text),
        Format::Markdown => write(Syntax::Text, markdown),
        Format::Csv => write(Syntax::Text, csv),
        Format::Json => write(Syntax::Json, json),
        Format::Html => prepared.map_or(Ok(()), |prepared| page(common, new, &prepared, Some(&comparison))),
    }?;
    Ok(common.exit_code(old).max(common.exit_code(new)))
}

/// Writes how far each of several trees is.
fn history(options: &Options, old: &'static Session<'static>, new: &'static Session<'static>) -> Result<u8, String> {
    if options.behaviour || options.old_target.is_some() {
        return Err("--behaviour and --old-target compare two trees".to_owned());
    }
    let stages = stages(options, old, new)?;
    let write = |syntax, with: fn(&[Stage], &mut dyn Write) -> io::Result<()>| {
        output::write(options.common.output.as_deref(), syntax, |out| with(&stages, out))
    };
    match options.format {
        Format::Text => write(Syntax::Text, history::text),
        Format::Markdown => write(Syntax::Text, history::markdown),
        Format::Csv => write(Syntax::Text, history::csv),
        Format::Json | Format::Html => write(Syntax::Json, history::json),
    }?;
    Ok(options.common.exit_code(old).max(options.common.exit_code(new)))
}

/// All trees, oldest first. `old` and `new` are the last two.
fn stages(
    options: &Options,
    old: &'static Session<'static>,
    new: &'static Session<'static>,
) -> Result<Vec<Stage>, String> {
    let paths: Vec<&PathBuf> = std::iter::once(&options.old).chain(&options.new).collect();
    let target = &new.chosen.target.name;
    let mut stages: Vec<Stage> = Vec::new();
    let mut before: Option<&Session> = None;
    for (number, path) in paths.iter().enumerate() {
        let session: &Session = match paths.len() - number {
            1 => new,
            2 => old,
            _ => options.common.session_for(&Place::of(path, &[]).root, target, Extent::Handlers)?,
        };
        let changes = before.map(|before| compare(&before.scan, &session.scan));
        stages.push(Stage::new(name(path, session), &session.scan, changes.as_deref()));
        before = Some(session);
    }
    Ok(stages)
}

fn name(path: &Path, session: &Session) -> String {
    let version =
        session.tree().version().map_or_else(|| path.display().to_string(), |version| format!("Linux {version}"));
    format!("{version} ({})", session.chosen.target.name)
}
