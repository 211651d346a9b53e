//! Runs the commands of README and of tests/cmd and compares what they print.
#![allow(clippy::unwrap_used)]

#[test]
fn commands_print_what_is_written() {
    trycmd::TestCases::new().case("README.md").case("docs/modules.md").case("tests/cmd/*.md");
}
