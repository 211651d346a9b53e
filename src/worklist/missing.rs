//! The API that a function needs and the kernel lacks.

use super::late_hook::{Instead, is_composed, is_late};
use crate::rules::{RequirementKind as K, Rules};
use crate::verdict::Requirement;
use crate::words::counted;

/// Number of calls or fields that are named.
const SHOWN: usize = 2;

/// What the requirements of a function need and the API lacks, in words: the calls that have no action, or else the fields or
/// the work that need the mapping. `None` if `fix` writes twins of all calls that they name.
pub(super) fn missing<'r>(requirements: impl IntoIterator<Item = &'r Requirement>, rules: &Rules) -> Option<String> {
    let late: Vec<&K> = requirements.into_iter().filter(|one| is_late(one)).map(|one| &one.kind).collect();
    let (mut calls, mut fields): (Vec<&str>, Vec<&str>) = Default::default();
    for name in late.iter().filter_map(|kind| kind.finish()) {
        let rule = rules.call(name);
        let list = if rule.is_some() { &mut calls } else { &mut fields };
        // An action, or a twin, is there for the call; it does not suffice in this use.
        let is_replaced = rule.is_some_and(|rule| rule.action.is_some() || rule.composed);
        if !is_replaced && !list.contains(&name) {
            list.push(name);
        }
    }
    let named = |names: &[&str], what: &str| first_of(names, SHOWN, |more| counted(more, what));
    if !calls.is_empty() {
        Some(format!("an action that does what {} does", named(&calls, "more call")))
    } else if late.contains(&&K::MultiRemap) {
        Some(Instead::Ranges.text().to_owned())
    } else if !fields.is_empty() {
        Some(format!("a desc with {}", named(&fields, "more field")))
    } else if !late.is_empty() && late.iter().all(|kind| is_composed(kind, rules)) {
        None
    } else {
        Some("a hook that gets the VMA once it exists".to_owned())
    }
}

/// The first names of a list, and the number of the others: `a, b and 2 more calls`.
pub(super) fn first_of<N: AsRef<str>>(names: &[N], limit: usize, others: impl Fn(usize) -> String) -> String {
    let shown: Vec<&str> = names.iter().take(limit).map(AsRef::as_ref).collect();
    let shown = shown.join(", ");
    match names.len().saturating_sub(limit) {
        0 => shown,
        more => format!("{shown} and {}", others(more)),
    }
}
