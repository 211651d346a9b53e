//! A conversion that does something else than the handler before it.

use std::collections::{BTreeMap, BTreeSet};

use crate::behaviour::{Consequence, Difference, conversion};
use crate::compare::{Lost, converted, lost, twins};
use crate::index::{ItemId, Takes};
use crate::lint::moved_state::moved_otherwise;
use crate::lint::{Facts, Found, HandlerView};
use crate::rules::{CallEffect, Level, NoteKind, prepared};
use crate::source::find_word;
use crate::verdict::{Finding, Place};
use crate::vma::Key;
use crate::words::counted;

pub fn check(facts: &Facts, found: &mut Found) {
    let Some(before) = facts.before else { return };
    let sides = ((before.context.index, before.findings), (facts.context.index, facts.findings));
    let pairs = converted(sides.0, sides.1);
    for lost in lost(sides.0, sides.1, &pairs) {
        report(before, facts, lost, found);
    }
    for (old, new) in helpers(before, facts, &pairs) {
        behaviours((before, &old), (facts, &new), found);
    }
    for (old, new) in pairs {
        let place = facts.context.index.item(new.id).name;
        if let Some(message) = lost_macro(before, &old, facts, &new) {
            found.at(new.id.file, place, message);
        }
        if let Some((was, is)) = view(before, &old).zip(view(facts, &new)) {
            surroundings((before, was), (facts, is), found);
        }
        behaviours((before, &old), (facts, &new), found);
    }
}

/// The helpers that take a desc now and that no converted handler is compared with: those of other modules.
fn helpers(before: &Facts, facts: &Facts, handlers: &[(Key, Key)]) -> Vec<(Key, Key)> {
    let index = facts.context.index;
    let is_handler = |id: ItemId| handlers.iter().any(|(_, new)| new.id == id);
    let mut twins = twins(before.context.index, index);
    twins.retain(|(_, new)| !is_handler(new.id));
    // Most changes have none.
    if twins.is_empty() {
        return twins;
    }
    let followed: BTreeSet<(String, u32)> =
        handlers.iter().flat_map(|(_, new)| facts.functions().own_callees(new.id)).collect();
    twins.retain(|(_, new)| !followed.contains(&(index.file(new.id.file).name(index.item(new.id)), new.id.file)));
    twins
}

/// Reports what differs around a hook and its conversion: in `vm_ops->mapped`, in the locks, in the callers.
fn surroundings((before, old): (&Facts, &HandlerView), (facts, new): (&Facts, &HandlerView), found: &mut Found) {
    let (id, index) = (new.key.id, facts.context.index);
    if let Some((mapped, words)) = moved_otherwise(old, facts, new).filter(|(_, words)| !words.is_empty()) {
        let item = index.item(mapped.key.id);
        let hook = index.file(mapped.key.id.file).name(item);
        let was = before.context.index.item(old.key.id);
        let place = before.context.index.file(old.key.id.file).at(was.name.start);
        let message = format!("{hook} {}, unlike {} ({place} before)", words.join(", "), name(before, &old.key));
        found.at(mapped.key.id.file, item.name, message);
    }
    if let Some(message) = lost_lock(before, facts, old, new) {
        found.at(id.file, index.item(id).name, message).level = Level::Warning;
    }
    if let Some(message) = lost_caller(before, facts, old, new) {
        found.at(id.file, index.item(id).name, message);
    }
}

/// Reports what a hook and its conversion do differently.
fn behaviours((before, old): (&Facts, &Key), (facts, new): (&Facts, &Key), found: &mut Found) {
    let (was, is) = (name(before, old), name(facts, new));
    let hook = facts.context.index.item(new.id).name;
    let compared = match conversion((before.functions(), old), (facts.functions(), new)) {
        Ok(compared) => compared,
        Err(reason) => {
            let message = format!("{is} is not compared with {was}: {}", reason.reason());
            found.at(new.id.file, hook, message).level = Level::Note;
            return;
        }
    };
    for consequence in &compared.consequences {
        let Consequence::ErrorOfCore { error, call } = consequence else { continue };
        let message = format!(
            "{is} returns another error than {error} if the core rejects the action early, for its size or for a private mapping; {was} returned {error} if {call}() failed"
        );
        found.at(new.id.file, hook, message).level = Level::Warning;
    }
    let mut by_place: BTreeMap<Place, Vec<&Difference>> = BTreeMap::new();
    for difference in &compared.differences {
        by_place.entry(difference.new_place).or_default().push(difference);
    }
    for (place, differences) in by_place {
        let hazard = found.at(place.file, place.span, message(before, &differences, &was, &is));
        if differences.iter().all(|difference| difference.kind.is_minor()) {
            hazard.level = Level::Warning;
        }
    }
}

/// What a conversion does without the lock under which the old handler populated: an action runs after the hook.
fn lost_lock(before: &Facts, facts: &Facts, old: &HandlerView, new: &HandlerView) -> Option<String> {
    let note = old.finding.judgement.notes.iter().find(|note| note.kind == NoteKind::LockAcrossPopulate)?;
    let is_action = |name: &str| facts.rules().call(name).is_some_and(|rule| rule.does == CallEffect::Action);
    let action = new.lowered().flat_map(|lowered| &lowered.calls).find(|call| is_action(&call.name));
    let hook = || new.lowered().flat_map(|lowered| lowered.called_hooks()).find(|hook| hook.takes == Takes::Desc);
    let what = match action {
        Some(action) => action.name.clone(),
        None => format!("an action of {}", hook()?.name()),
    };
    let place = before.context.index.file(note.file).at(note.span.start);
    Some(format!("{what} runs after the hook; before, a lock was held across the call that populated ({place} before)"))
}

/// A hook of another struct that was called in its old form, and is not in its new one.
fn lost_caller(before: &Facts, facts: &Facts, old: &HandlerView, new: &HandlerView) -> Option<String> {
    let hook = |view: &HandlerView| {
        let registered = &view.finding.registration.hook;
        (!facts.rules().is_migrating(&registered.record)).then(|| registered.clone())
    };
    let (was, is) = (hook(old)?, hook(new)?);
    let is_lost =
        was.record == is.record && before.context.index.is_called(&was) && !facts.context.index.is_called(&is);
    is_lost.then(|| {
        format!(
            "nothing calls {}, while {} was called before: mmap() does not reach the handler",
            is.name(),
            was.name()
        )
    })
}

fn view<'f>(facts: &'f Facts, key: &Key) -> Option<&'f HandlerView<'f>> {
    facts.handlers.iter().find(|handler| handler.key.id == key.id)
}

/// Reports a registration that is lost: by the table, or by the name that it still has.
fn report(before: &Facts, facts: &Facts, lost: Lost, found: &mut Found) {
    let index = facts.context.index;
    match lost {
        Lost::Hook { old, table, has_handler, is_arm } => {
            let registration = &old.registration;
            let (file, item) = (index.file(table.file), index.item(table));
            let place = before.context.index.file(registration.file).at(registration.span.start);
            // A tree may be too old for the new hook.
            let member = prepared(&registration.hook.member);
            let is_set = find_word(item.span.of(&file.text), member.as_bytes(), 0).is_some();
            let is_known = index.hooks().find(&registration.hook.record, &member).is_some();
            let too_new = match is_set && !is_known {
                true => {
                    format!(": it sets {member}, which struct {} of this tree does not have", registration.hook.record)
                }
                false => String::new(),
            };
            let message = format!(
                "{} has no hook for mmap{}{too_new}; it had .{} = {} ({place} before)",
                file.name(item),
                if is_arm { " in one arm of its #if" } else { "" },
                registration.hook.member,
                old.handler_name()
            );
            let hazard = found.at(table.file, item.name, message);
            // A change that also deletes the handler may mean to.
            if !has_handler {
                hazard.level = Level::Warning;
            }
        }
        Lost::Handler { new } => {
            let message = format!("{} registers {}, which is gone", table_of(new), new.handler_name());
            found.at(new.registration.file, new.registration.span, message);
        }
        Lost::OtherType { new } => {
            let (table, handler, hook) = (table_of(new), new.handler_name(), new.registration.hook.name());
            let message = format!("{table} registers {handler}, whose parameters are not those of {hook}");
            found.at(new.registration.file, new.registration.span, message);
        }
    }
}

/// Name of the table of a registration.
fn table_of(finding: &Finding) -> &str {
    finding.registration.table.as_deref().unwrap_or("an assignment")
}

/// A handler that is a macro in another arm of an `#if`, where the conversion has no macro of its name.
fn lost_macro(before: &Facts, old: &Key, facts: &Facts, new: &Key) -> Option<String> {
    let (was, is) = (name(before, old), name(facts, new));
    if was == is || facts.context.index.constant_item(&is, new.id.file).is_some() {
        return None;
    }
    let index = before.context.index;
    let id = index.constant_item(&was, old.id.file)?;
    let place = index.file(id.file).at(index.item(id).name.start);
    Some(format!(
        "{is} is a function only; {was} was a macro too ({place} before), for tables in another arm of its #if"
    ))
}

fn name(facts: &Facts, key: &Key) -> String {
    facts.context.index.file(key.id.file).name(facts.context.index.item(key.id))
}

/// Maximum number of differences in a message, and of conditions of each.
const SHOWN: usize = 4;

/// What differs at one place: `lamp_mmap_prepare clears VM_MAYEXEC; lamp_mmap left VM_MAYEXEC alone (FILE:LINE before)`.
fn message(before: &Facts, differences: &[&Difference], was: &str, is: &str) -> String {
    let shown = differences.iter().take(SHOWN).map(|difference| {
        let when = difference.when(1, SHOWN, ToString::to_string).map(|when| format!(" if {when}")).unwrap_or_default();
        let place = before.context.index.file(difference.old_place.file).at(difference.old_place.span.start);
        format!("{is} {}{when}; {was} {} ({place} before)", difference.new, difference.old)
    });
    let mut parts: Vec<String> = shown.collect();
    if differences.len() > SHOWN {
        parts.push(counted(differences.len() - SHOWN, "more difference"));
    }
    parts.join(". ")
}
