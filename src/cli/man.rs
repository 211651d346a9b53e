//! `mmaplint man` and `mmaplint completions`: both are generated from the definition of the command line.

use std::path::PathBuf;

use clap::{Args, CommandFactory};
use clap_complete::Shell;
use clap_mangen::Man;

use super::{Arguments, CLEAN, ERROR, FINDINGS, output};
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

/// Exit codes, with their meanings.
const EXIT_STATUS: &[(u8, &str)] = &[
    (CLEAN, "Nothing was found, or all that was asked for was done."),
    (
        FINDINGS,
        "Something was found: a hazard of check, a gap of docs, or with --strict something that was not understood.",
    ),
    (ERROR, "Wrong usage, a file that cannot be read or written, or an internal error."),
];

/// Examples of a command, each with its purpose.
fn examples(command: &str) -> &'static [(&'static str, &'static str)] {
    match command {
        "mmaplint" => &[
            ("mmaplint scan linux", "The verdicts on all handlers of a tree."),
            ("mmaplint fix linux drivers/char/hpet.c", "The conversions of one driver, as a diff."),
            ("b4 am -o - MESSAGE-ID | mmaplint check linux --patch -", "What a series introduces."),
        ],
        "scan" => &[
            ("mmaplint scan linux drivers/char --only action,mapped", "The handlers of a folder with these verdicts."),
            ("mmaplint scan linux --format json -o scan.json", "Everything, for another program."),
            ("mmaplint scan . --kernel /lib/modules/$(uname -r)/build", "An out-of-tree module."),
        ],
        "fix" => &[
            ("mmaplint fix linux hpet_mmap", "The conversion of one handler."),
            ("mmaplint fix linux --mbox out --cover-letter --by subsystem", "A series of mails for each subsystem."),
            ("mmaplint fix linux --plan", "The patches with what each needs, and the handlers that are left."),
        ],
        "check" => &[
            ("mmaplint check linux -g origin/master...HEAD", "What the branch introduces."),
            (
                "mmaplint check linux --baseline known.toml --write-baseline",
                "Records the known findings; later runs report only new ones.",
            ),
        ],
        "worklist" => &[
            ("mmaplint worklist linux --for torvalds", "The work of one maintainer."),
            ("mmaplint worklist linux --format html -o report.html", "A report for a browser."),
        ],
        "explain" => &[
            ("mmaplint explain hpet_mmap linux", "A handler, with its evidence, its behaviour and its patch."),
            ("mmaplint explain write-refused-maywrite-kept", "A lint."),
        ],
        "compare" => &[
            ("mmaplint compare linux-6.12 linux-7.3", "What was converted between two releases."),
            ("mmaplint compare linux linux --old-target v7.3 --target v7.4", "Verdicts that a newer API improves."),
        ],
        "graph" => &[("mmaplint graph linux --format dot | dot -Tsvg > graph.svg", "A drawing of the blockers.")],
        "docs" => &[("mmaplint docs linux", "What the documentation of the API lacks, against the headers.")],
        "rules" => &[
            ("mmaplint rules", "All lints, verdicts, requirements, targets and calls."),
            ("mmaplint rules --format json", "The same, for another program."),
        ],
        "schema" => &[("mmaplint schema scan > scan.schema.json", "The JSON Schema of scan --format json.")],
        "completions" => &[(
            "mmaplint completions bash > ~/.local/share/bash-completion/completions/mmaplint",
            "Completions for one user.",
        )],
        "man" => &[("mmaplint man --directory ~/.local/share/man/man1", "All manual pages, for one user.")],
        "kbuild" => &[("make C=1 CHECK=\"mmaplint kbuild\" drivers/char/", "Checks the files as they are compiled.")],
        _ => &[],
    }
}

/// The sections behind those that clap knows, in roff.
fn more_sections(command: &str) -> String {
    let escaped = |text: &str| text.replace('\\', "\\\\").replace('-', "\\-");
    let mut text = ".SH \"EXIT STATUS\"\n".to_owned();
    if command == "kbuild" {
        text += "Always 0, so that the build goes on.\n";
    }
    for (code, meaning) in EXIT_STATUS.iter().filter(|_| command != "kbuild") {
        text += &format!(".TP\n{code}\n{}\n", escaped(meaning));
    }
    let examples = examples(command);
    if !examples.is_empty() {
        text += ".SH EXAMPLES\n";
    }
    for (example, purpose) in examples {
        text += &format!(".TP\n{}\n{}\n", escaped(example), escaped(purpose));
    }
    text
}

/// Writes manual pages.
///
/// # Errors
/// The pages cannot be written.
pub fn man(options: &ManOptions) -> Result<u8, String> {
    let mut command = Arguments::command().disable_help_subcommand(true);
    command.build();
    let Some(directory) = &options.directory else {
        output::write(None, Syntax::Exact, |out| {
            Man::new(command).render(out)?;
            out.write_all(more_sections("mmaplint").as_bytes())
        })?;
        return Ok(CLEAN);
    };
    let page = |command: clap::Command| -> Result<(String, Vec<u8>), String> {
        let sections = more_sections(command.get_name());
        let man = Man::new(command);
        let mut text = Vec::new();
        man.render(&mut text).map_err(|error| error.to_string())?;
        text.extend_from_slice(sections.as_bytes());
        Ok((man.get_filename(), text))
    };
    let mut pages = vec![page(command.clone())?];
    for sub in command.get_subcommands() {
        pages.push(page(sub.clone())?);
    }
    output::write_directory(directory, pages.into_iter())?;
    Ok(CLEAN)
}
