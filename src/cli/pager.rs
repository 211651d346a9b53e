//! The pager that shows a long result on a terminal, as git has it.

use std::io::{self, IsTerminal};
use std::process::{Child, ChildStdin, Command, Stdio};

/// A running pager.
pub struct Pager {
    child: Child,
}

impl Pager {
    /// Starts `$PAGER`, or less, if stdout is a terminal. `None` if there is no terminal, or no pager is wanted or found.
    pub fn start() -> Option<Pager> {
        if !io::stdout().is_terminal() || std::env::var_os("TERM").is_some_and(|term| term == "dumb") {
            return None;
        }
        let wanted = std::env::var("PAGER").unwrap_or_else(|_| "less".to_owned());
        if wanted.trim().is_empty() || wanted.trim() == "cat" {
            return None;
        }
        let mut command = Command::new("sh");
        command.args(["-c", &wanted]).stdin(Stdio::piped());
        // Git's choice: a result that fits on the screen stays there, colours are shown, and the screen is not cleared.
        for (name, value) in [("LESS", "FRX"), ("LV", "-c")] {
            if std::env::var_os(name).is_none() {
                command.env(name, value);
            }
        }
        command.spawn().ok().map(|child| Pager { child })
    }

    /// What the pager reads.
    pub fn input(&mut self) -> Option<ChildStdin> {
        self.child.stdin.take()
    }

    /// Waits until the reader has seen enough. Returns whether there was such a pager: a shell says 127 if there is none.
    pub fn wait(mut self) -> io::Result<bool> {
        Ok(self.child.wait()?.code() != Some(127))
    }
}
