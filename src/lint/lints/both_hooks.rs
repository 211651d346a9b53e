//! `.mmap` and `.mmap_prepare` in one table.

use crate::index::{Handler, Registration, Takes, prepared};
use crate::lint::{Facts, Found};
use crate::source::blank_non_code;

pub fn check(facts: &Facts, found: &mut Found) {
    let all: Vec<&Registration> = facts.findings.iter().map(|finding| &finding.registration).collect();
    for (number, old) in all.iter().enumerate().filter(|(_, registration)| registration.hook.takes == Takes::Vma) {
        // The registrations of a file are sorted by place, so those of one table are adjacent.
        let in_file = |other: &&&Registration| other.file == old.file;
        let before = all[..number].iter().rev().take_while(in_file);
        let near = before.chain(all[number + 1..].iter().take_while(in_file));
        let mut both = near.filter(|new| new.hook.takes == Takes::Desc && is_same_table(facts, old, new));
        if both.next().is_some() && old.handler != Handler::Null {
            let name = old.table.as_deref().unwrap_or("the table");
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

fn is_same_table(facts: &Facts, old: &Registration, new: &Registration) -> bool {
    let brace = |registration: &Registration| {
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
    };
    new.handler != Handler::Null
        && old.hook.record == new.hook.record
        && new.hook.member == prepared(&old.hook.member)
        // The arms of a macro's definition exclude each other.
        && (old.macro_name.is_none() || old.macro_name != new.macro_name)
        && old.table.is_some()
        && old.table == new.table
        // Two different conditions may exclude each other. If only one hook has a condition, both are set when it is true.
        && (old.condition == new.condition || old.condition.is_none() || new.condition.is_none())
        && brace(old) == brace(new)
}
