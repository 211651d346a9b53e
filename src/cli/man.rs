//! `mmaplint man` and `mmaplint completions`: both are generated from the definition of the command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Arguments, CLEAN, output};
use crate::report::guard::Syntax;

#[derive(Args, Debug)]
pub struct CompletionsOptions {
    /// The shell
    #[arg(value_enum)]
    shell: Shell,
}

#[derive(Args, Debug)]
pub struct ManOptions {
    /// Write one page per command into DIR
    #[arg(long, value_name = "DIR")]
    directory: Option<PathBuf>,
}

/// Writes shell completions.
///
/// # Errors
/// The completions cannot be written.
pub fn completions(options: &CompletionsOptions) -> Result<u8, String> {
    let mut text = Vec::new();
    clap_complete::generate(options.shell, &mut Arguments::command(), "mmaplint", &mut text);
    output::write(None, Syntax::Exact, |out| out.write_all(&text))?;
    Ok(CLEAN)
}

/// Writes manual pages.
///
/// # Errors
/// The pages cannot be written.
pub fn man(options: &ManOptions) -> Result<u8, String> {
    let mut command = Arguments::command();
    command.build();
    let Some(directory) = &options.directory else {
        output::write(None, Syntax::Exact, |out| Man::new(command).render(out))?;
        return Ok(CLEAN);
    };
    let page = |command: clap::Command| -> Result<(String, Vec<u8>), String> {
        let man = Man::new(command);
        let mut text = Vec::new();
        man.render(&mut text).map_err(|error| error.to_string())?;
        Ok((man.get_filename(), text))
    };
    let mut pages = vec![page(command.clone())?];
    for sub in command.get_subcommands().filter(|sub| sub.get_name() != "help") {
        pages.push(page(sub.clone())?);
    }
    output::write_directory(directory, pages.into_iter())?;
    Ok(CLEAN)
}
