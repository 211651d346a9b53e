//! `mmaplint rules`.

use std::io::{self, Write};

use clap::Args;
use serde::Serialize;

use super::{CLEAN, Common, TextOrJson, output};
use crate::lint::ALL;
use crate::report::layout::write_json;
use crate::verdict::Verdict;

#[derive(Args, Debug)]
pub struct Options {
    /// Output format
    #[arg(long, value_enum, default_value_t = TextOrJson::Text)]
    format: TextOrJson,
    #[command(flatten)]
    pub(super) common: Common,
}

/// A name that `mmaplint explain` knows.
#[derive(Debug, Serialize)]
struct Known {
    kind: &'static str,
    name: String,
    text: String,
}

/// Writes all known lints, verdicts, requirements, notes, targets and calls, including those of `--rules`.
///
/// # Errors
/// The rules cannot be read, or the result cannot be written.
pub fn run(options: &Options) -> Result<u8, String> {
    let rules = options.common.rules()?;
    let mut all: Vec<Known> = Vec::new();
    let mut add = |kind, name: &str, text: &str| all.push(Known { kind, name: name.to_owned(), text: text.to_owned() });
    for lint in ALL {
        add("lint", lint.id, &lint.text()?.title);
    }
    Verdict::ALL.iter().for_each(|verdict| add("verdict", verdict.name(), verdict.meaning()));
    rules.requirements().iter().for_each(|known| add("requirement", &known.kind, &known.means));
    rules.notes().iter().for_each(|known| add("note", &known.kind, &known.means));
    rules.targets().iter().for_each(|target| add("target", &target.name, &target.why));
    for name in rules.call_names() {
        add("call", name, rules.call(name).map_or("", |call| call.does.meaning()));
    }
    output::write(options.common.output.as_deref(), options.format.syntax(), |out| match options.format {
        TextOrJson::Text => {
            all.iter().try_for_each(|known| writeln!(out, "{} {}: {}", known.kind, known.name, known.text))
        }
        TextOrJson::Json => json(&all, out),
    })?;
    Ok(CLEAN)
}

fn json(all: &[Known], out: &mut dyn Write) -> io::Result<()> {
    #[derive(Serialize)]
    struct Document<'a> {
        schema: u32,
        rules: &'a [Known],
    }
    write_json(&Document { schema: 1, rules: all }, out)
}
