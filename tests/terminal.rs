//! Results on a terminal: the pager and the colours. `script` (bsdutils) makes the terminal.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::print_stderr)]

use std::process::Command;

const KERNEL: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/testdata/kernel");

/// The output of a command on a terminal, with this pager.
fn on_terminal(pager: &str, arguments: &str) -> String {
    let command = format!("{} {arguments} {KERNEL}", env!("CARGO_BIN_EXE_mmaplint"));
    let mut script = Command::new("script");
    let output =
        script.args(["-qec", &command, "/dev/null"]).env("PAGER", pager).env("TERM", "xterm").output().unwrap();
    String::from_utf8_lossy(&output.stdout).into_owned()
}

#[test]
fn a_result_on_a_terminal_goes_to_the_pager() {
    if Command::new("script").arg("--version").output().is_err() {
        eprintln!("skipped: script is not installed");
        return;
    }
    assert!(on_terminal("echo paged; cat", "explain lamp_mmap").starts_with("paged"));
    let direct = on_terminal("cat", "explain lamp_mmap");
    assert!(direct.starts_with("lamp_mmap (drivers/char/lamp/lamp.c:"), "{direct}");
    assert!(direct.contains("\u{1b}[31m-static int lamp_mmap("), "{direct}");
    let without = on_terminal("there-is-no-such-pager", "explain lamp_mmap");
    assert!(without.contains("lamp_mmap (drivers/char/lamp/lamp.c:"), "{without}");
}
