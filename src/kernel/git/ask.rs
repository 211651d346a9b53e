//! Asks git something, and waits no longer than it may take.

use std::io::{self, Read, Write};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use crate::kernel::bounded;

/// What git may take for all questions of a run: a log of a few files in a cold repository of the kernel takes some seconds.
const TIME_LIMIT: Duration = Duration::from_secs(120);

/// What is left of the time for questions: it begins with the first.
#[derive(Debug, Default)]
pub struct Clock {
    until: OnceLock<Instant>,
}

impl Clock {
    fn until(&self) -> Instant {
        *self.until.get_or_init(|| Instant::now() + TIME_LIMIT)
    }
}

/// An answer is no longer than this many bytes: the paths of all files of a kernel are 5 MB, and the texts that are asked for at once are bounded
/// by who asks.
pub const ANSWER_LIMIT: u64 = 160 << 20;

/// What git says is wrong is cut off behind this many bytes.
const ERROR_LIMIT: u64 = 4 << 10;

/// What git answered.
#[derive(Debug)]
pub struct Answer {
    /// What it printed.
    pub out: Vec<u8>,
    /// What it says is wrong; `None` where nothing is.
    pub failed: Option<String>,
}

/// Asks git, with a text for its stdin.
///
/// # Errors
/// Where git is not installed, takes too long, or answers more than the limit.
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

/// What a child prints to stdout and to stderr.
fn wait(child: &mut Child, input: Vec<u8>, until: Instant) -> Result<(Vec<u8>, Vec<u8>), String> {
    if let Some(mut stdin) = child.stdin.take() {
        // It may end without having read all.
        std::thread::spawn(move || drop(stdin.write_all(&input)));
    }
    let out = child.stdout.take().map(|out| reading(out, ANSWER_LIMIT));
    let wrong = child.stderr.take().map(|wrong| reading(wrong, ERROR_LIMIT));
    let out = out.map_or(Ok(Vec::new()), |out| read(&out, until))?;
    if out.len() as u64 > ANSWER_LIMIT {
        return Err(format!("git: its answer is longer than {} MiB", ANSWER_LIMIT >> 20));
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
        Err(RecvTimeoutError::Timeout) => Err(format!("git: no answers within {} s", TIME_LIMIT.as_secs())),
        Err(RecvTimeoutError::Disconnected) => Ok(Vec::new()),
    }
}
