//! Runs git commands within a time limit.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::kernel::bounded;

/// Time for all git commands of a run. A log of a few files in a cold kernel repository takes some seconds.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// Deadline for all git commands of a run. The time starts with the first one.
#[derive(Debug, Default)]
pub struct Clock {
    until: OnceLock<Instant>,
}

impl Clock {
    fn until(&self) -> Instant {
        *self.until.get_or_init(|| Instant::now() + TIME_LIMIT)
    }
}

/// Maximum length of an output in bytes. The paths of all files of a kernel are 5 MB; callers bound the texts that they request at once.
pub const ANSWER_LIMIT: u64 = 160 << 20;

/// Number of bytes kept of git's error output.
const ERROR_LIMIT: u64 = 4 << 10;

/// Result of a git command.
#[derive(Debug)]
pub struct Answer {
    /// Standard output.
    pub out: Vec<u8>,
    /// Error output; `None` if the command succeeded.
    pub failed: Option<String>,
}

/// Runs git with `input` on stdin.
///
/// # Errors
/// Git is not installed, takes too long, or prints more than the limit.
pub fn ask(mut git: Command, input: Vec<u8>, clock: &Clock) -> Result<Answer, String> {
    let failed = |error: io::Error| format!("git: {error}");
    git.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = git.spawn().map_err(failed)?;
    let answer = wait(&mut child, input, clock.until());
    if answer.is_err() {
        let _ = child.kill();
    }
    let status = child.wait().map_err(failed)?;
    let (out, wrong) = answer?;
    let failed = (!status.success()).then(|| String::from_utf8_lossy(&wrong).trim().replace('\n', "; "));
    Ok(Answer { out, failed })
}

/// Reads stdout and stderr of a child, up to the deadline.
fn wait(child: &mut Child, input: Vec<u8>, until: Instant) -> Result<(Vec<u8>, Vec<u8>), String> {
    if let Some(mut stdin) = child.stdin.take() {
        // The child may end without reading everything.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let out = child.stdout.take().map(|out| reading(out, ANSWER_LIMIT));
    let wrong = child.stderr.take().map(|wrong| reading(wrong, ERROR_LIMIT));
    let out = out.map_or(Ok(Vec::new()), |out| read(&out, until))?;
    if out.len() as u64 > ANSWER_LIMIT {
        return Err(format!("git: its output is longer than {} MiB", ANSWER_LIMIT >> 20));
    }
    Ok((out, wrong.map_or(Ok(Vec::new()), |wrong| read(&wrong, until))?))
}

fn reading(mut from: impl Read + Send + 'static, limit: u64) -> Receiver<io::Result<Vec<u8>>> {
    let (send, receive) = channel();
    std::thread::spawn(move || send.send(bounded(&mut from, 0, limit)));
    receive
}

fn read(from: &Receiver<io::Result<Vec<u8>>>, until: Instant) -> Result<Vec<u8>, String> {
    match from.recv_timeout(until.saturating_duration_since(Instant::now())) {
        Ok(text) => text.map_err(|error| format!("git: {error}")),
        Err(RecvTimeoutError::Timeout) => Err(format!("git: all commands took more than {} s", TIME_LIMIT.as_secs())),
        Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
    }
}
