//! Subjects and logs of patches: what changes and why, and what is particular to the code that changes.

use std::collections::BTreeSet;
use std::fmt::Write;

use super::mails::{Series, plain, wrap};
use crate::behaviour::Consequence;
use crate::fix::change::{Change, HandlerFix, HookCallers};
use crate::fix::unit::Unit;
use crate::index::Hook;
use crate::verdict::Verdict;

/// Length up to which a subject names what it changes, in bytes.
const SUBJECT_WIDTH: usize = 70;

/// The prefix of a patch of a module, which has no subsystem: the folder of its files, or the name of its only file.
fn folder_or_file(files: &[&str]) -> String {
    let folder = files.first().and_then(|file| file.split_once('/')).map(|(folder, _)| folder);
    let folder = folder.filter(|folder| files.iter().all(|file| file.starts_with(&format!("{folder}/"))));
    let only = match files {
        [file] => file.rsplit('/').next().and_then(|name| name.split('.').next()),
        _ => None,
    };
    folder.or(only).unwrap_or("treewide").to_owned()
}

impl Series<'_> {
    /// The subject of a patch, with the prefix of its subsystem.
    pub(super) fn subject(&self, change: &Change) -> String {
        let files: Vec<&str> = change.files.keys().map(|file| self.index.file(*file).path.as_str()).collect();
        let decisive = self.decisive_file(change);
        let of_rules = || decisive.and_then(|file| self.rules.subject_prefix(file));
        let prefix = self.git.prefix(&files).or_else(of_rules).unwrap_or_else(|| folder_or_file(&files));
        let prefix = plain(&prefix);
        let (long, short) = self.what(change);
        let what = if prefix.len() + 2 + long.len() <= SUBJECT_WIDTH { &long } else { short };
        format!("{prefix}: {what}")
    }

    /// What a patch does, in a long and in a short form.
    fn what(&self, change: &Change) -> (String, &'static str) {
        let fixes: Vec<&HandlerFix> = self.fixes.of(change).collect();
        let of_hook = |fix: &HandlerFix| {
            let hook = fix.retyped.clone().filter(|_| !fix.keeps_old_hook)?;
            Some((hook, fix.new_member.clone()?))
        };
        let replaced = fixes.iter().find_map(|fix| of_hook(fix));
        let is_other = |fix: &&HandlerFix| {
            fix.retyped.as_ref().is_some_and(|hook| Some(hook) != replaced.as_ref().map(|(hook, _)| hook))
        };
        if let Some((hook, member)) = replaced.as_ref().filter(|_| !fixes.iter().any(is_other)) {
            return (
                format!("replace {} hook of {} with {member}", hook.member, hook.record),
                if member.ends_with("_finish") {
                    "replace mmap hook with mmap_finish"
                } else {
                    "replace mmap hook with mmap_prepare"
                },
            );
        }
        if fixes.is_empty() {
            let names: Vec<String> = change
                .units
                .iter()
                .map(|unit| match unit {
                    Unit::Hook { record, twin, .. } => format!("{twin} hook to {record}"),
                    Unit::Helper { twin, .. } => format!("{twin}()"),
                })
                .collect();
            return (format!("add {}", listed(&names)), "add functions that take a vm_area_desc");
        }
        match fixes.as_slice() {
            [fix] if fix.second().is_some() => (
                format!("split {}() into mmap_prepare and mmap_finish", fix.name),
                "split mmap into prepare and finish",
            ),
            all if all.iter().any(|fix| fix.second().is_some()) => {
                ("split mmap into mmap_prepare and mmap_finish".to_owned(), "split mmap into prepare and finish")
            }
            [fix] => (format!("convert {}() to mmap_prepare", fix.name), "convert mmap to mmap_prepare"),
            _ => ("convert mmap to mmap_prepare".to_owned(), "convert mmap to mmap_prepare"),
        }
    }

    /// The file whose subsystem a patch belongs to: it declares the hook, or defines the function.
    fn decisive_file(&self, change: &Change) -> Option<&str> {
        let path = |file: u32| self.index.file(file).path.as_str();
        let declares = |record: &str| self.index.records(record).first().map(|record| path(record.file));
        let fixes = || self.fixes.of(change);
        let replaced = fixes().find_map(|fix| fix.retyped.as_ref().filter(|_| !fix.keeps_old_hook));
        if let Some(hook) = replaced {
            return declares(&hook.record);
        }
        let is_changed = |file: &u32| change.files.contains_key(file);
        let defining = fixes().find_map(|fix| {
            let place = self.findings[fix.finding].handler.as_ref()?.place?;
            Some(place.file).filter(is_changed)
        });
        let of_unit = || match change.units.first()? {
            Unit::Hook { record, .. } => declares(record),
            Unit::Helper { name, .. } => {
                let files = self.index.vma_functions_named(name).into_iter().map(|id| id.file);
                files.filter(is_changed).map(path).find(|path| !path.ends_with(".h"))
            }
        };
        defining.map(path).or_else(of_unit).or_else(|| change.files.keys().next_back().copied().map(path))
    }

    /// Body of the mail: what changes and why.
    pub(super) fn body(&self, change: &Change) -> String {
        let fixes: Vec<&HandlerFix> = self.fixes.of(change).collect();
        let mut paragraphs = vec![
            "Since commit c84bf6dd2b83 (\"mm: introduce new .mmap_prepare() file callback\") the .mmap() file callback is \
             deprecated: it passes drivers a partially initialised VMA. .mmap_prepare() passes them a descriptor of the \
             mapping instead, before anything is mapped."
                .to_owned(),
        ];
        paragraphs.extend(change.units.iter().map(added));
        if !fixes.is_empty() {
            paragraphs.push(self.converted(&fixes));
        }
        let is_one = change.units.len() + fixes.len() == 1;
        let of_unit = |unit: &Unit| Some((unit.twin(), self.fixes.twin_consequences.get(&unit.twin())?));
        let of_units: Vec<(String, &BTreeSet<Consequence>)> = change.units.iter().filter_map(of_unit).collect();
        for (twin, consequences) in &of_units {
            let sentences = consequences.iter().filter_map(|one| sentence(one, true, twin));
            paragraphs.extend(paragraph(twin, !is_one, sentences.collect()));
        }
        for fix in &fixes {
            let sentences = fix.consequences.iter().filter_map(|one| sentence(one, fix.has_bridge(), &fix.new_name));
            paragraphs.extend(paragraph(&fix.name, !is_one, sentences.collect()));
        }
        paragraphs.extend(self.fixes.remarks(change).into_iter().map(|remark| format!("Note: {remark}.")));
        for (file, point) in fixes.iter().flat_map(|fix| &fix.open_points) {
            paragraphs.push(format!("OPEN: {}: {}.", self.index.file(*file).at(point.offset), point.text));
        }
        let body = paragraphs.iter().map(|paragraph| wrap(paragraph)).collect::<Vec<_>>().join("\n");
        format!("{body}\nAssisted-by: mmaplint:{}\n", env!("CARGO_PKG_VERSION"))
    }

    /// The tool, the tree that it read, and the steps that are left.
    pub(super) fn origin(&self) -> String {
        let tree = self.version.as_ref().map_or(String::new(), |version| format!(" from Linux {}", plain(version)));
        format!(
            "Written by mmaplint {}{tree} for the API of {}; neither compiled nor run.",
            env!("CARGO_PKG_VERSION"),
            self.target
        )
    }

    /// The handlers that a patch converts.
    fn converted(&self, fixes: &[&HandlerFix]) -> String {
        let names = listed(&fixes.iter().map(|fix| format!("{}()", fix.name)).collect::<Vec<_>>());
        let mut what = format!("Convert {names}.");
        let new_name =
            |fix: &HandlerFix| Some(format!("{}.{}", fix.retyped.as_ref()?.record, fix.new_member.as_ref()?));
        let old_name = |fix: &HandlerFix| fix.retyped.as_ref().map(Hook::name);
        let hooks = |keeps_old: bool, named: &dyn Fn(&HandlerFix) -> Option<String>| {
            let of_kind = fixes.iter().filter(|fix| fix.keeps_old_hook == keeps_old);
            let names: BTreeSet<String> = of_kind.filter_map(|fix| named(fix)).collect();
            names.into_iter().collect::<Vec<_>>()
        };
        let retyped = hooks(false, &new_name);
        if !retyped.is_empty() {
            let of_hooks = fixes.iter().filter(|fix| fix.retyped.is_some() && !fix.keeps_old_hook);
            let callers = match of_hooks.map(|fix| fix.hook_callers).max().unwrap_or_default() {
                HookCallers::WithVma => "callers that still have a VMA build a descriptor and apply the result to it",
                HookCallers::WithDesc => "the functions that call it pass on their descriptors",
                HookCallers::None => "nothing calls it",
            };
            let (old, new) = (listed(&hooks(false, &old_name)), listed(&retyped));
            let _ = write!(what, " This replaces {old} with {new} in all implementers; {callers}.");
        }
        let doubled = hooks(true, &new_name);
        if !doubled.is_empty() {
            let _ = write!(
                what,
                " It now implements {}. The callers of {} still have a VMA: they build a descriptor and apply it.",
                listed(&doubled),
                if doubled.len() == 1 { "this hook" } else { "these hooks" }
            );
        }
        if fixes.iter().any(|fix| fix.second().is_some()) {
            what.push_str(
                " .mmap_prepare() does what can be decided before anything is mapped. .mmap_finish() does the rest, with the complete mapping \
                 behind its descriptor; mm calls it where it called .mmap().",
            );
        }
        let findings = || fixes.iter().map(|fix| &self.findings[fix.finding]);
        if findings().all(|finding| !finding.uses_mapping()) {
            what.push_str(match fixes.len() {
                1 => " The hook does not look at the mapping.",
                _ => " The hooks do not look at the mapping.",
            });
        } else if findings().all(|finding| finding.verdict == Verdict::Mechanical) {
            what.push_str(match fixes.len() {
                1 => " The hook uses only fields and flags that vm_area_desc also has.",
                _ => " The hooks use only fields and flags that vm_area_desc also has.",
            });
        }
        if fixes.len() > 1 { what.replace(" It now implements", " They now implement") } else { what }
    }
}

/// The twin that a patch adds.
fn added(unit: &Unit) -> String {
    match unit {
        Unit::Hook { record, member, twin } => format!(
            "Add the member {twin} to struct {record}. It takes a descriptor, and is called only where {member} is NULL: the caller builds \
             a descriptor from its VMA and applies the result to it. The descriptor gets the vm_private_data of the VMA too; otherwise \
             applying it would clear that field. Implementers can then convert one by one; those that need the VMA keep {member}."
        ),
        Unit::Helper { name, twin, is_bridge: true } => format!(
            "Add {twin}(), which takes a descriptor and has the body of {name}(). {name}() stays for callers that have a VMA, as a \
             bridge: it builds a descriptor and applies the result to the VMA. If {twin}() fails, the VMA stays as it was."
        ),
        Unit::Helper { name, twin, is_bridge: false } => {
            format!("Add {twin}(), which does for a descriptor what {name}() does for a VMA.")
        }
    }
}

/// A paragraph about one function of a mail. Several are named.
fn paragraph(name: &str, is_named: bool, sentences: Vec<String>) -> Option<String> {
    let name = if is_named { format!("{name}(): ") } else { String::new() };
    (!sentences.is_empty()).then(|| format!("{name}{}", sentences.join(" ")))
}

/// What a conversion changes on purpose. `has_vma` tells whether a caller that has a VMA calls the function, for the standing mapping.
fn sentence(consequence: &Consequence, has_vma: bool, name: &str) -> Option<String> {
    Some(match consequence {
        Consequence::Replaced { call, action } => format!("{action}() replaces {call}()."),
        Consequence::ErrorKept { error, call } if has_vma => {
            format!(
                "The function returned {error} for every error of {call}(); a caller that still has a VMA now gets the error of the action itself."
            )
        }
        Consequence::ErrorKept { error, call } => {
            format!(
                "The hook returned {error} for every error of {call}(); the error_override of the action keeps that."
            )
        }
        Consequence::ProtectionOfMapping { call } => {
            format!(
                "{call}() was given a page protection that was not stored in the VMA. The action takes the page_prot of the descriptor, \
                 so vm_page_prot of the VMA is now the same. Pages that a private mapping copies also get that protection."
            )
        }
        // A caller with a VMA gets that error anyway.
        Consequence::ErrorOfCore { .. } | Consequence::AskedBeforeMerge if has_vma => return None,
        Consequence::ErrorOfCore { error, .. } => {
            format!(
                "If the core rejects the action before it maps anything, mmap() fails with the error of the core, not with {error}."
            )
        }
        Consequence::AskedBeforeMerge => {
            format!(
                "The core calls .mmap_prepare() before it tries to merge a mapping with its neighbour, so {name}() now also runs, and \
                 may fail, for mappings that used to be merged without a call."
            )
        }
    })
}

/// Names as a sentence lists them: `a, b and c`.
pub(in crate::fix) fn listed(names: &[String]) -> String {
    match names {
        [first @ .., last] if !first.is_empty() => format!("{} and {last}", first.join(", ")),
        _ => names.join(", "),
    }
}
