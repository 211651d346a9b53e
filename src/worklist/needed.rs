//! The blockers of a handler or of another blocker, and the state of their conversion.

use std::collections::BTreeSet;

use super::missing::{first_of, missing};
use super::{Sources, is_left};
use crate::fix::{Applicability, Fate, HandlerFix};
use crate::verdict::{Blocker, Finding, Verdict};
use crate::words::counted;

/// Number of implementers that are named.
const SHOWN: usize = 3;

impl Sources<'_> {
    /// Says which hooks and helpers have to change before `own`, and what becomes of them.
    pub(super) fn needed_first(&self, names: &[String], own: &str) -> String {
        let mut needed = Needed::default();
        for name in names {
            // Others call it, too.
            if name == own {
                needed.own = true;
                continue;
            }
            let list = match self.fixes.fate(self.scan.index, name) {
                Fate::Converted(_) => &mut needed.converted,
                Fate::Twin(_) if name.contains('.') => &mut needed.kept,
                Fate::Twin(_) => &mut needed.doubled,
                Fate::Left => match self.blocker_of(name) {
                    Some(blocker) if blocker.verdict == Verdict::Finish && self.missing_for(blocker).is_some() => {
                        &mut needed.without_api
                    }
                    _ if name.contains('.') => &mut needed.hooks,
                    _ => &mut needed.helpers,
                },
            };
            list.push(name);
        }
        let part = |names: &[&str], what: &str| (!names.is_empty()).then(|| format!("{what}{}", names.join(", ")));
        let first = [part(&needed.hooks, "the conversion of "), part(&needed.helpers, "a desc twin of ")];
        let first: Vec<String> = first.into_iter().flatten().collect();
        let mut parts = vec![
            needed.own.then(|| "needs a twin that takes a desc: others call it".to_owned()),
            (!first.is_empty()).then(|| format!("first needs {}", first.join(", and "))),
            (!needed.without_api.is_empty()).then(|| self.waits_for_api(&needed.without_api)),
            part(&needed.converted, "comes after the series of fix, which converts "),
            part(&needed.doubled, "comes after the series of fix, which gives a twin to "),
        ];
        parts.extend(needed.kept.iter().map(|name| Some(self.last_implementers(name))));
        parts.into_iter().flatten().collect::<Vec<_>>().join("; ")
    }

    /// Says which blockers need an API that the kernel does not have, and which one.
    fn waits_for_api(&self, names: &[&str]) -> String {
        let blockers = names.iter().filter_map(|name| self.blocker_of(name));
        let requirements = blockers.flat_map(|blocker| &blocker.requirements);
        let verb = if names.len() == 1 { "needs" } else { "need" };
        let missing = missing(requirements, self.rules).unwrap_or_default();
        format!("waits for {}, which {verb} {missing}", names.join(", "))
    }

    /// Whether no handler waits for a blocker after the series of `fix`.
    pub(super) fn is_written(&self, name: &str) -> bool {
        match self.fixes.fate(self.scan.index, name) {
            Fate::Converted(_) => true,
            Fate::Twin(_) => !name.contains('.'),
            Fate::Left => false,
        }
    }

    /// Says which implementers keep a hook in its old form beside its twin.
    fn last_implementers(&self, hook: &str) -> String {
        match self.hook_state(hook).left.as_slice() {
            [] => format!("comes after the series of fix, which gives a twin to {hook}"),
            left => format!("waits for the last implementers of {hook} ({})", first_of(left, SHOWN, others)),
        }
    }

    /// How far the implementers of a hook are.
    pub fn hook_state(&self, hook: &str) -> HookState {
        let is_its = |finding: &&Finding| finding.registration.hook.name() == hook;
        let mut state = HookState::default();
        let mut seen = BTreeSet::new();
        for finding in self.scan.findings.iter().filter(is_its).filter(|finding| is_left(finding)) {
            let is_safe = |fix: &HandlerFix| fix.applicability == Applicability::Safe;
            if !seen.insert(&finding.handler) {
                continue;
            }
            state.implementers += 1;
            let is_same = |fix: &&HandlerFix| self.scan.findings[fix.finding].handler == finding.handler;
            if !self.fixes.handlers.iter().filter(is_same).any(is_safe) {
                state.left.push(finding.handler_name().to_owned());
            }
        }
        state
    }

    /// The blocker of a name, if handlers wait for it.
    pub fn blocker_of(&self, name: &str) -> Option<&Blocker> {
        self.scan.blockers.iter().find(|blocker| blocker.name == name)
    }
}

/// Names of the blockers of a task, by what becomes of them.
#[derive(Default)]
struct Needed<'n> {
    /// It is one of its own blockers.
    own: bool,
    /// The series of `fix` converts them.
    converted: Vec<&'n str>,
    /// Hooks that keep their old form beside the new one.
    kept: Vec<&'n str>,
    /// Functions that get a twin.
    doubled: Vec<&'n str>,
    /// They need an API that the kernel does not have.
    without_api: Vec<&'n str>,
    /// Hooks that somebody has to convert.
    hooks: Vec<&'n str>,
    /// Functions that somebody has to give a twin.
    helpers: Vec<&'n str>,
}

/// How far the implementers of a hook are. Each handler counts once, however often it is registered.
#[derive(Clone, Debug, Default)]
pub struct HookState {
    /// Number of the handlers that take a VMA.
    pub implementers: usize,
    /// Names of those that `fix` does not convert.
    pub left: Vec<String>,
}

impl HookState {
    /// The state as a sentence about the hook.
    pub fn sentence(&self, hook: &str) -> String {
        let count = counted(self.implementers, "implementer");
        match (self.left.as_slice(), self.implementers) {
            ([], 1) => format!("{hook} has {count}, and fix converts it"),
            ([], _) => format!("{hook} has {count}, and fix converts all"),
            (left, all) => {
                let (ready, names) = (all - left.len(), first_of(left, SHOWN, others));
                let are = if left.len() == 1 { "is" } else { "are" };
                format!("{hook} has {count}: fix converts {ready}, and {} {are} left ({names})", left.len())
            }
        }
    }
}

fn others(number: usize) -> String {
    format!("{number} more")
}
