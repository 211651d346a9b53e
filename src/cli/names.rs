//! Names that completions suggest. Any other is accepted here, and rejected with a hint by the command.

use std::ffi::OsStr;

use clap::builder::{PossibleValue, StringValueParser, TypedValueParser};
use clap::{Arg, Command, Error};

use crate::lint::ALL;
use crate::rules::built_in_targets;
use crate::verdict::Verdict;

/// Parses a text, and suggests names.
#[derive(Clone)]
pub(super) struct Suggested(fn() -> Vec<&'static str>);

/// Names of lints.
pub(super) const LINTS: Suggested = Suggested(|| ALL.iter().map(|lint| lint.id).collect());

/// Names of targets.
pub(super) const TARGETS: Suggested = Suggested(|| std::iter::once("auto").chain(built_in_targets()).collect());

/// Names that `explain` knows without a tree.
pub(super) const EXPLAINED: Suggested = Suggested(|| {
    let verdicts = Verdict::ALL.into_iter().map(Verdict::name);
    ALL.iter().map(|lint| lint.id).chain(verdicts).chain(built_in_targets()).collect()
});

impl TypedValueParser for Suggested {
    type Value = String;

    fn parse_ref(&self, command: &Command, argument: Option<&Arg>, value: &OsStr) -> Result<String, Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}
