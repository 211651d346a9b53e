//! `mmaplint schema`: JSON Schema of the scan output and the configuration, generated from the types that write and read them.

use clap::{Args, ValueEnum};
use schemars::schema_for;

use super::{CLEAN, output};
use crate::check::accepted::Config;
use crate::report::guard::Syntax;
use crate::report::json_schema;

#[derive(Args, Debug)]
pub struct Options {
    /// Which schema
    #[arg(value_enum)]
    of: Of,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
enum Of {
    /// The output of `scan --format json`
    Scan,
    /// The contents of .mmaplint.toml
    Config,
}

/// Writes a schema.
///
/// # Errors
/// The schema cannot be written.
pub fn run(options: &Options) -> Result<u8, String> {
    let schema = match options.of {
        Of::Scan => json_schema(),
        Of::Config => schema_for!(Config),
    };
    output::write(None, Syntax::Json, |out| {
        serde_json::to_writer_pretty(&mut *out, &schema)?;
        writeln!(out)
    })?;
    Ok(CLEAN)
}
