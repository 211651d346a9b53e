//! The `mmaplint` command.

use std::process::ExitCode;

fn main() -> ExitCode {
    mmaplint::cli::run()
}
