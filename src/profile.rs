//! Time and bytes per phase, for `--stats`.
//!
//! Phases run on all threads and inside one another: followed functions are parsed on the way. A phase counts the time that threads are
//! busy with it, without the phases inside it. Nothing is measured unless requested.

use std::cell::Cell;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Instant;

/// A phase of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Phase {
    /// Listing the files of the tree.
    Walk,
    /// Opening and reading files.
    Read,
    /// Searching for the words that make a file worth keeping.
    Filter,
    /// Cutting files into items.
    Slice,
    /// Parsing items into syntax.
    Parse,
    /// Finding registrations, following VMAs, judging.
    Follow,
    /// Writing the result.
    Report,
}

impl Phase {
    /// All phases, in the order in which they begin.
    pub const ALL: [Phase; 7] =
        [Phase::Walk, Phase::Read, Phase::Filter, Phase::Slice, Phase::Parse, Phase::Follow, Phase::Report];

    /// Name in `--stats`.
    pub fn name(self) -> &'static str {
        match self {
            Phase::Walk => "walk",
            Phase::Read => "read",
            Phase::Filter => "filter",
            Phase::Slice => "slice",
            Phase::Parse => "parse",
            Phase::Follow => "follow",
            Phase::Report => "report",
        }
    }
}

/// Counters of one phase.
#[derive(Debug)]
pub struct Meter {
    nanoseconds: AtomicU64,
    pieces: AtomicU64,
    bytes: AtomicU64,
}

static IS_ON: AtomicBool = AtomicBool::new(false);

static METERS: [Meter; Phase::ALL.len()] =
    [const { Meter { nanoseconds: AtomicU64::new(0), pieces: AtomicU64::new(0), bytes: AtomicU64::new(0) } };
        Phase::ALL.len()];

thread_local! {
    /// Nanoseconds spent in phases inside the running one.
    static WITHIN: Cell<u64> = const { Cell::new(0) };
}

/// Starts measuring.
pub fn switch_on() {
    IS_ON.store(true, Ordering::Relaxed);
}

/// Runs a piece of work and counts it for a phase.
pub fn measure<T>(phase: Phase, work: impl FnOnce() -> T) -> T {
    if !IS_ON.load(Ordering::Relaxed) {
        return work();
    }
    let outer = WITHIN.replace(0);
    let start = Instant::now();
    let result = work();
    let elapsed = start.elapsed().as_nanos() as u64;
    let within = WITHIN.replace(outer + elapsed);
    let meter = &METERS[phase as usize];
    meter.nanoseconds.fetch_add(elapsed.saturating_sub(within), Ordering::Relaxed);
    meter.pieces.fetch_add(1, Ordering::Relaxed);
    result
}

/// Adds bytes to a phase.
pub fn count(phase: Phase, bytes: usize) {
    if IS_ON.load(Ordering::Relaxed) {
        METERS[phase as usize].bytes.fetch_add(bytes as u64, Ordering::Relaxed);
    }
}

/// Totals of the phases: milliseconds that threads were busy, pieces of work, bytes.
pub fn taken() -> impl Iterator<Item = (Phase, f64, u64, u64)> {
    Phase::ALL.into_iter().map(|phase| {
        let meter = &METERS[phase as usize];
        let load = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        (phase, load(&meter.nanoseconds) as f64 / 1e6, load(&meter.pieces), load(&meter.bytes))
    })
}

/// Peak memory of the process in bytes, if the system reports it.
pub fn peak_memory() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_within_work_is_counted_once() {
        switch_on();
        let wait = || std::thread::sleep(std::time::Duration::from_millis(20));
        // No other test of this process reports.
        measure(Phase::Report, || {
            measure(Phase::Report, wait);
            wait();
        });
        let (_, milliseconds, pieces, _) = taken().find(|(phase, ..)| *phase == Phase::Report).unwrap();
        assert!((35.0..58.0).contains(&milliseconds), "{milliseconds}");
        assert_eq!(pieces, 2);
    }
}
