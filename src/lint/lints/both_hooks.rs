//! `.mmap` and `.mmap_prepare` in one table.

use crate::index::{Handler, Registration, Takes};
use crate::lint::{Facts, Found};
use crate::rules::prepared;
use crate::source::{Span, blank_non_code, find_word};

pub fn check(facts: &Facts, found: &mut Found) {
    let all: Vec<&Registration> = facts.findings.iter().map(|finding| &finding.registration).collect();
    for (number, old) in all.iter().enumerate().filter(|(_, registration)| registration.hook.takes == Takes::Vma) {
        // The registrations of a file are sorted by place, so those of one table are adjacent.
        let in_file = |other: &&&Registration| other.file == old.file;
        let before = all[..number].iter().rev().take_while(in_file);
        let near = before.chain(all[number + 1..].iter().take_while(in_file));
        let mut both = near.filter(|new| new.hook.takes == Takes::Desc && is_same_table(facts, old, new));
        if both.next().is_some() && old.handler != Handler::Null {
            let name = old.table.clone().or_else(|| assigned_to(facts, old));
            let name = name.as_deref().unwrap_or("the table");
            let (member, twin) = (&old.hook.member, prepared(&old.hook.member));
            let effect = match facts.rules().is_migrating(&old.hook.record) {
                true => "the kernel warns and rejects the mmap; remove one of them",
                false => "its callers call only one of them; remove the other",
            };
            let message = format!("{name} sets both .{member} and .{twin}: {effect}");
            found.at(old.file, old.span, message);
        }
    }
}

/// Whether two registrations are a hook and its twin in one table.
fn is_same_table(facts: &Facts, old: &Registration, new: &Registration) -> bool {
    let is_pair = new.handler != Handler::Null
        && old.hook.record == new.hook.record
        && new.hook.member == prepared(&old.hook.member)
        // The arms of a macro's definition exclude each other.
        && (old.macro_name.is_none() || old.macro_name != new.macro_name)
        // Two different conditions may exclude each other. If only one hook has a condition, both are set when it is true.
        && (old.condition == new.condition || old.condition.is_none() || new.condition.is_none());
    if !is_pair {
        return false;
    }
    let targets = [old, new].map(|registration| assigned_to(facts, registration));
    match (&old.table, &new.table, targets) {
        (Some(one), Some(other), _) => one == other && brace(facts, old) == brace(facts, new),
        (None, None, [Some(one), Some(other)]) => {
            one == other && brace(facts, old) == brace(facts, new) && run_both(facts, old, new)
        }
        // A driver that sets the old hook over a macro of its subsystem cannot leave the new one out; the subsystem's callers prefer the
        // old one.
        (None, Some(_), _) if new.macro_name.is_some() && !facts.rules().is_migrating(&old.hook.record) => false,
        // An initialiser sets one hook, and code the other.
        (Some(table), None, [_, Some(target)]) | (None, Some(table), [Some(target), _]) => {
            *table == target && !is_cleared(facts, old)
        }
        _ => false,
    }
}

/// Whether nothing between two statements of one block says that only one of them runs.
fn run_both(facts: &Facts, one: &Registration, other: &Registration) -> bool {
    let text = &facts.context.index.file(one.file).text;
    let between = Span { start: one.span.end.min(other.span.end), end: one.span.start.max(other.span.start) }.of(text);
    ["else", "case", "default", "break", "return", "goto"]
        .iter()
        .all(|word| find_word(between, word.as_bytes(), 0).is_none())
}

/// The object whose hook an assignment sets: `ops` of `ops->mmap = f`.
fn assigned_to(facts: &Facts, registration: &Registration) -> Option<String> {
    let text = registration.span.of(&facts.context.index.file(registration.file).text);
    let member = find_word(text, registration.hook.member.as_bytes(), 0)?;
    let base = text[..member].trim_ascii_end();
    let base = base.strip_suffix(b"->").or_else(|| base.strip_suffix(b"."))?;
    (registration.table.is_none() && !base.is_empty()).then(|| String::from_utf8_lossy(base.trim_ascii()).into_owned())
}

/// Whether code sets the old hook of the same table to NULL.
fn is_cleared(facts: &Facts, old: &Registration) -> bool {
    let is_it = |other: &&Registration| {
        other.file == old.file && other.hook.name() == old.hook.name() && other.handler == Handler::Null
    };
    facts
        .findings
        .iter()
        .map(|finding| &finding.registration)
        .filter(is_it)
        .any(|other| assigned_to(facts, other) == old.table)
}

/// The item of a registration, and the innermost brace around it.
fn brace(facts: &Facts, registration: &Registration) -> Option<(u32, Option<usize>)> {
    let source = facts.context.index.file(registration.file);
    let item = source.items[source.item_at(registration.span.start)? as usize];
    let code = blank_non_code(item.span.of(&source.text));
    let before = &code[..(registration.span.start - item.span.start) as usize];
    let mut open = Vec::new();
    for (at, byte) in before.iter().enumerate() {
        match byte {
            b'{' => open.push(at),
            b'}' => drop(open.pop()),
            _ => {}
        }
    }
    Some((item.span.start, open.last().copied()))
}
