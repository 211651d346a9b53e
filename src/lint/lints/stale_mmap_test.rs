//! `f_op->mmap` tested as a value: a file with a converted hook seems to have none.

use crate::index::SourceFile;
use crate::lint::{Facts, Found};
use crate::rules::{CallEffect, Rules};
use crate::source::{ItemKind, Span, begins_assignment, begins_call, blank_non_code, find_word, identifiers, words};
use crate::verdict::TargetFrom;

/// Expression for the hook of a file.
const HOOK: &[u8] = b"f_op->mmap";

pub fn check(facts: &Facts, found: &mut Found) {
    if facts.chosen.from == TargetFrom::Default {
        // The tree has no .mmap_prepare.
        return;
    }
    for (number, file) in (0u32..).zip(facts.context.index.files()) {
        for place in tests(facts.rules(), file) {
            let message = "tests f_op->mmap, which is NULL if the file has .mmap_prepare: use can_mmap_file()";
            found.at(number, place, message.to_owned());
        }
    }
}

/// Places of a file that test the old hook of a file as a value.
pub fn tests(rules: &Rules, file: &SourceFile) -> Vec<Span> {
    let mut found = Vec::new();
    if memchr::memmem::find(&file.text, HOOK).is_none() {
        return found;
    }
    for item in file.items.iter().filter(|item| matches!(item.kind, ItemKind::Function | ItemKind::Macro)) {
        let code = blank_non_code(item.span.of(&file.text));
        // Code that also names the new hook handles both.
        if find_word(&code, b"mmap_prepare", 0).is_some() || find_word(&code, b"vm_area_desc", 0).is_some() {
            continue;
        }
        // A test of the old hook before its call is right, unless that call takes either hook.
        let calls =
            |name: &str| rules.call(name).is_some_and(|rule| rule.does == CallEffect::Redispatch && !rule.calls_either);
        let places = || words(&code, b"mmap").filter(|at| code[..*at].ends_with(b"f_op->"));
        let behind = |at: usize| &code[at + b"mmap".len()..];
        if identifiers(&code).any(calls) || places().any(|at| begins_call(behind(at))) {
            continue;
        }
        for at in places() {
            if !begins_assignment(behind(at)) {
                let start = item.span.start as usize + at + b"mmap".len() - HOOK.len();
                found.push(Span::new(start, start + HOOK.len()));
            }
        }
    }
    found
}
