//! The old hook of a converted table, read by other code.

use std::collections::BTreeSet;

use memchr::memmem::{self, Finder};
use rayon::prelude::*;

use crate::index::{Handler, ItemId, Registration, Takes};
use crate::lint::{Facts, Found};
use crate::rules::{prepared, unprepared};
use crate::source::{
    ItemKind, Span, begins_assignment, blank_non_code, find_word, identifier_end, is_identifier_byte, words,
};

/// A table with the new hook alone.
struct Converted<'f> {
    table: &'f str,
    /// The old member.
    member: String,
    new_member: &'f str,
    /// The file of the table, if no other sees it.
    file: Option<u32>,
}

pub fn check(facts: &Facts, found: &mut Found) {
    let converted = converted(facts);
    let members: BTreeSet<&str> = converted.iter().map(|converted| converted.member.as_str()).collect();
    let accesses: Vec<Finder> =
        members.into_iter().map(|member| Finder::new(&format!(".{member}")).into_owned()).collect();
    // `lamp_fops.mmap`, not a designator.
    let is_read = |text: &[u8], at: usize| at > 0 && is_identifier_byte(text[at - 1]);
    let may_read = |text: &[u8]| accesses.iter().any(|access| access.find_iter(text).any(|at| is_read(text, at)));
    let files = facts.context.index.files().par_iter().enumerate().filter(|(_, file)| may_read(&file.text));
    let named: Vec<u32> = files.map(|(number, _)| number as u32).collect();
    for file in named {
        for converted in converted.iter().filter(|converted| converted.file.is_none_or(|own| own == file)) {
            let Converted { table, member, new_member, .. } = converted;
            for place in reads(facts, file, table, member) {
                let message = format!("reads {table}.{member}, which is NULL: the table has .{new_member}");
                found.at(file, place, message);
            }
        }
    }
}

/// The converted tables. A table with both hooks has a lint of its own.
fn converted<'f>(facts: &'f Facts) -> Vec<Converted<'f>> {
    let registrations = || facts.findings.iter().map(|finding| &finding.registration);
    let prepared = registrations().filter(|new| new.hook.takes == Takes::Desc && new.handler != Handler::Null);
    let converted = prepared.filter_map(|new| {
        let (table, member) = (new.table.as_deref()?, old_member(&new.hook.member)?);
        let is_old = |other: &Registration| other.hook.member == member && other.table == new.table;
        let has_old = registrations().filter(|other| other.file == new.file).any(is_old);
        let file = is_static(facts, new).then_some(new.file);
        (!has_old).then_some(Converted { table, member, new_member: &new.hook.member, file })
    });
    converted.collect()
}

/// `mmap` of `mmap_prepare`.
fn old_member(member: &str) -> Option<String> {
    let old = unprepared(member);
    (prepared(&old) == member).then_some(old)
}

/// Whether no other file can name the table of a registration.
fn is_static(facts: &Facts, registration: &Registration) -> bool {
    let (index, file) = (facts.context.index, registration.file);
    let item = index.file(file).item_at(registration.span.start);
    item.is_some_and(|item| !index.is_visible_elsewhere(ItemId { file, item }))
}

/// The places in functions of a file that read a member of a table, where nothing names the new member.
fn reads(facts: &Facts, file: u32, table: &str, member: &str) -> Vec<Span> {
    let source = facts.context.index.file(file);
    let mut found = Vec::new();
    if memmem::find(&source.text, format!("{table}.").as_bytes()).is_none() {
        return found;
    }
    for item in source.items.iter().filter(|item| item.kind == ItemKind::Function) {
        let code = blank_non_code(item.span.of(&source.text));
        if find_word(&code, prepared(member).as_bytes(), 0).is_some() {
            continue;
        }
        for at in words(&code, table.as_bytes()) {
            let dot = at + table.len();
            let end = identifier_end(&code, (dot + 1).min(code.len()));
            if code[dot..end] == *format!(".{member}").as_bytes() && !begins_assignment(&code[end..]) {
                let start = item.span.start as usize;
                found.push(Span::new(start + at, start + end));
            }
        }
    }
    found
}
