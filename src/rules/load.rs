//! Reads rule files and checks them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;

use serde::Deserialize;

use crate::fingerprint::fingerprint;

use super::idiom::IdiomRule;
use super::state::alternatives;
use super::subject::SubjectRule;
use super::target::TargetFile;
use super::value::{FlagTestRule, MemoryRule, ValueRule};
use super::{Bracket, Call, Document, Guard, Pattern, Presence, RequirementText, Rewrite, Rules, StateRule};

/// Built-in files, by path.
const BUILT_IN: &[(&str, &str)] = &[
    ("rules/ops.toml", include_str!("../../rules/ops.toml")),
    ("rules/populate.toml", include_str!("../../rules/populate.toml")),
    ("rules/actions.toml", include_str!("../../rules/actions.toml")),
    ("rules/finish.toml", include_str!("../../rules/finish.toml")),
    ("rules/access.toml", include_str!("../../rules/access.toml")),
    ("rules/helpers.toml", include_str!("../../rules/helpers.toml")),
    ("rules/state.toml", include_str!("../../rules/state.toml")),
    ("rules/desc.toml", include_str!("../../rules/desc.toml")),
    ("rules/idioms.toml", include_str!("../../rules/idioms.toml")),
    ("rules/values.toml", include_str!("../../rules/values.toml")),
    ("rules/memory.toml", include_str!("../../rules/memory.toml")),
    ("rules/flags.toml", include_str!("../../rules/flags.toml")),
    ("rules/requirements.toml", include_str!("../../rules/requirements.toml")),
    ("rules/documents.toml", include_str!("../../rules/documents.toml")),
    ("rules/subjects.toml", include_str!("../../rules/subjects.toml")),
];

const BUILT_IN_TARGETS: &[(&str, &str)] = &[
    ("rules/targets/v6.16.toml", include_str!("../../rules/targets/v6.16.toml")),
    ("rules/targets/mmap-finish.toml", include_str!("../../rules/targets/mmap-finish.toml")),
    ("rules/targets/v6.19.toml", include_str!("../../rules/targets/v6.19.toml")),
    ("rules/targets/v7.0.toml", include_str!("../../rules/targets/v7.0.toml")),
    ("rules/targets/v7.1.toml", include_str!("../../rules/targets/v7.1.toml")),
    ("rules/targets/v7.2.toml", include_str!("../../rules/targets/v7.2.toml")),
    ("rules/targets/v7.3.toml", include_str!("../../rules/targets/v7.3.toml")),
    ("rules/targets/v7.4.toml", include_str!("../../rules/targets/v7.4.toml")),
];

/// Error in a rule file.
#[derive(Debug)]
pub struct RuleError {
    /// Path of the file.
    pub file: String,
    /// The key and the reason.
    pub reason: String,
}

impl fmt::Display for RuleError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}: {}", self.file, self.reason.trim_end())
    }
}

impl std::error::Error for RuleError {}

/// A rule file. All parts are optional.
// More than twelve fields: one for each table of the TOML.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct RuleFile {
    call: Vec<Call>,
    state: Vec<StateRule>,
    pattern: Vec<Pattern>,
    bracket: Vec<Bracket>,
    guards: Vec<Guard>,
    silent: Silent,
    wakes: Wakes,
    presence: Presence,
    mapping: Vec<RecordRule>,
    redispatch: Vec<RecordRule>,
    migrating: Vec<RecordRule>,
    annotations: Vec<String>,
    stores: Vec<String>,
    never_merged: Vec<String>,
    ignored: Vec<String>,
    bits: Vec<String>,
    masks: BTreeMap<String, Vec<String>>,
    desc: BTreeMap<String, String>,
    spelled: BTreeMap<String, String>,
    document: Vec<Document>,
    requirement: Vec<RequirementText>,
    note: Vec<RequirementText>,
    idiom: Vec<IdiomRule>,
    value: Vec<ValueRule>,
    flag_test: Vec<FlagTestRule>,
    memory: Vec<MemoryRule>,
    uncleared: Vec<String>,
    clears: Vec<String>,
    may_lack_mmu: Vec<String>,
    linear: Vec<String>,
    mmap_lock: Vec<String>,
    subject: Vec<SubjectRule>,
    told: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Silent {
    names: Vec<String>,
    /// Names among them whose effect stays in the file, and is compared.
    compared: Vec<String>,
    prefixes: Vec<String>,
    /// Parts of names that ask something, and take no state. Given the VMA, they may still do anything.
    questions: Vec<String>,
    suffixes: Vec<String>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Wakes {
    names: Vec<String>,
    prefixes: Vec<String>,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordRule {
    record: String,
    /// For readers of the file only.
    #[serde(rename = "why")]
    _why: String,
}

pub(super) fn built_in() -> Result<Rules, RuleError> {
    let mut rules = Rules::default();
    let targets = BUILT_IN_TARGETS.iter().map(|(name, text)| Ok(((*name).to_owned(), parse(name, text)?)));
    add_targets(&mut rules, targets.collect::<Result<_, RuleError>>()?)?;
    for (name, text) in BUILT_IN {
        add_file(&mut rules, name, parse(name, text)?, Known::Kept)?;
    }
    Ok(rules)
}

/// Names of the built-in targets, oldest first.
pub fn built_in_targets() -> impl Iterator<Item = &'static str> {
    BUILT_IN_TARGETS.iter().map(|(name, _)| name.trim_start_matches("rules/targets/").trim_end_matches(".toml"))
}

/// Identifies the built-in files: a hash of their contents, and their targets. Every run of the command calls this, so it parses nothing.
pub(super) fn version() -> String {
    let hash = fingerprint(BUILT_IN_TARGETS.iter().chain(BUILT_IN).flat_map(|(name, text)| [*name, *text]));
    let targets: Vec<&str> = built_in_targets().collect();
    format!("{hash} (targets {})", targets.join(" "))
}

pub(super) fn add_directory(rules: &mut Rules, directory: &Path) -> Result<(), RuleError> {
    let named = |path: &Path, reason: String| RuleError { file: path.display().to_string(), reason };
    let entries = std::fs::read_dir(directory).map_err(|error| named(directory, error.to_string()))?;
    let mut paths: Vec<_> = entries.filter_map(Result::ok).map(|entry| entry.path()).collect();
    paths.retain(|path| path.extension().is_some_and(|extension| extension == "toml"));
    paths.sort();
    if paths.is_empty() {
        return Err(named(directory, "holds no *.toml file".to_owned()));
    }
    let mut texts = Vec::new();
    for path in paths {
        let text = std::fs::read_to_string(&path).map_err(|error| named(&path, error.to_string()))?;
        texts.push((path.display().to_string(), text));
    }
    // File names decide nothing: any file may hold targets. No two files may define the same name.
    let (targets, files): (Vec<_>, Vec<_>) = texts.into_iter().partition(|(_, text)| is_target(text));
    let mut said: BTreeMap<String, String> = BTreeMap::new();
    let mut added: Vec<(String, TargetFile)> = Vec::new();
    for (name, text) in &targets {
        let target: TargetFile = parse(name, text)?;
        once(&mut said, name, format!("target {}", target.name))?;
        added.push((name.clone(), target));
    }
    add_targets(rules, added)?;
    for (name, text) in &files {
        let file: RuleFile = parse(name, text)?;
        for call in file.call.iter().flat_map(|call| &call.names) {
            once(&mut said, name, format!("call {call}"))?;
        }
        for state in file.state.iter().flat_map(|state| state.take.iter().chain(&state.undo)) {
            once(&mut said, name, format!("state {state}"))?;
        }
        add_file(rules, name, file, Known::Replaced)?;
    }
    Ok(())
}

/// Records that a file defines something; no other file of the directory may define it too.
fn once(said: &mut BTreeMap<String, String>, file: &str, what: String) -> Result<(), RuleError> {
    match said.insert(what.clone(), file.to_owned()) {
        Some(other) if other != file => {
            Err(RuleError { file: file.to_owned(), reason: format!("{what} is already in {other}") })
        }
        _ => Ok(()),
    }
}

/// Treatment of names that already have a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Known {
    /// The first rule wins. Built-in files use this; their order counts.
    Kept,
    /// The new rule wins.
    Replaced,
}

impl Known {
    /// Adds rules to a list of which the first that fits counts.
    fn add<T>(self, list: &mut Vec<T>, new: Vec<T>) {
        let at = if self == Known::Replaced { 0 } else { list.len() };
        list.splice(at..at, new);
    }
}

/// A file with a `present` list at its top describes a target.
fn is_target(text: &str) -> bool {
    text.parse::<toml::Table>().is_ok_and(|table| table.contains_key("present"))
}

fn parse<'t, T: Deserialize<'t>>(name: &str, text: &'t str) -> Result<T, RuleError> {
    toml::from_str(text).map_err(|error| RuleError { file: name.to_owned(), reason: error.to_string() })
}

/// Adds targets in any order; each may be like another.
fn add_targets(rules: &mut Rules, added: Vec<(String, TargetFile)>) -> Result<(), RuleError> {
    for (name, file) in &added {
        let named = |reason| RuleError { file: name.clone(), reason };
        file.rewrite.iter().try_for_each(Rewrite::check).map_err(named)?;
        rules.target_files.retain(|known| known.name != file.name);
        rules.target_files.push(file.clone());
    }
    let complete = |file: &TargetFile| {
        file.complete(&rules.target_files).map_err(|reason| {
            let from = added.iter().find(|(_, added)| added.name == file.name);
            let file = from.map_or_else(|| format!("target {}", file.name), |(name, _)| name.clone());
            RuleError { file, reason }
        })
    };
    rules.targets = rules.target_files.iter().map(complete).collect::<Result<_, _>>()?;
    rules.targets.sort_by_key(|target| target.order);
    Ok(())
}

fn add_file(rules: &mut Rules, name: &str, file: RuleFile, known: Known) -> Result<(), RuleError> {
    for call in file.call {
        check(rules, &call).map_err(|reason| RuleError {
            file: name.to_owned(),
            reason: format!("call {}: {reason}", call.names.join(", ")),
        })?;
        for name in &call.names {
            rules.calls.insert(name.clone(), call.clone());
        }
    }
    for state in file.state {
        let index = rules.states.len();
        let names = |list: &[String]| -> Result<Vec<String>, RuleError> {
            let all: Result<Vec<Vec<String>>, String> = list.iter().map(|name| alternatives(name)).collect();
            let named = |reason| RuleError { file: name.to_owned(), reason: format!("state: {reason}") };
            Ok(all.map_err(named)?.concat())
        };
        rules.takes.extend(names(&state.take)?.into_iter().map(|name| (name, index)));
        for name in names(&state.undo)? {
            match known {
                Known::Kept => drop(rules.undoes.entry(name).or_insert(index)),
                Known::Replaced => drop(rules.undoes.insert(name, index)),
            }
        }
        rules.states.push(state);
    }
    known.add(&mut rules.patterns, file.pattern);
    known.add(&mut rules.brackets, file.bracket);
    known.add(&mut rules.guards, file.guards);
    rules.presence.suffixes.extend(file.presence.suffixes);
    rules.presence.words.extend(file.presence.words);
    rules.presence.absent.extend(file.presence.absent);
    rules.silent.extend(file.silent.names);
    rules.compared.extend(file.silent.compared);
    rules.silent_prefixes.extend(file.silent.prefixes);
    rules.questions.extend(file.silent.questions);
    rules.wakes.extend(file.wakes.names);
    rules.wake_prefixes.extend(file.wakes.prefixes);
    rules.silent_suffixes.extend(file.silent.suffixes);
    rules.mapping_records.extend(file.mapping.into_iter().map(|mapping| mapping.record));
    rules.redispatch_records.extend(file.redispatch.into_iter().map(|redispatch| redispatch.record));
    rules.migrating_records.extend(file.migrating.into_iter().map(|migrating| migrating.record));
    rules.annotations.extend(file.annotations);
    rules.stores.extend(file.stores);
    rules.never_merged.extend(file.never_merged);
    rules.merge_ignored.extend(file.ignored);
    rules.bits.extend(file.bits);
    rules.masks.extend(file.masks);
    rules.desc_fields.extend(file.desc);
    rules.spelled_fields.extend(file.spelled);
    rules.documents.extend(file.document);
    rules.requirements.extend(file.requirement);
    rules.notes.extend(file.note);
    let idioms = file.idiom.into_iter();
    rules.idioms.extend(idioms.flat_map(|idiom| idiom.names.into_iter().map(move |name| (name, idiom.means))));
    let values = file.value.into_iter();
    rules.values.extend(values.flat_map(|rule| rule.names.into_iter().map(move |name| (name, rule.is))));
    known.add(&mut rules.flag_tests, file.flag_test);
    rules.uncleared.extend(file.uncleared);
    rules.clears.extend(file.clears);
    rules.may_lack_mmu.extend(file.may_lack_mmu);
    let memory = file.memory.into_iter();
    rules.memory.extend(memory.flat_map(|rule| rule.names.into_iter().map(move |name| (name, rule.is))));
    rules.linear.extend(file.linear);
    rules.mmap_lock.extend(file.mmap_lock);
    rules.subjects.extend(file.subject);
    rules.told.extend(file.told);
    Ok(())
}

/// Checks constraints that the type of a call rule cannot express.
fn check(rules: &Rules, call: &Call) -> Result<(), String> {
    if call.names.is_empty() {
        return Err("key `names` is empty".to_owned());
    }
    if let Some(since) = &call.since
        && rules.target(since).is_none()
    {
        return Err(format!("key `since`: no target is called {since:?}"));
    }
    if call.since.is_some() && call.twin.is_none() {
        return Err("key `since` needs the key `twin`".to_owned());
    }
    if let Some(action) = &call.action
        && !rules.targets.iter().any(|target| target.has_action(action))
    {
        return Err(format!("key `action`: no target has the action {action:?}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_built_in_rules_are_sound() {
        let rules = built_in().unwrap();
        assert!(rules.call("remap_pfn_range").is_some());
        assert_eq!(rules.newest_released().map(|target| target.name.as_str()), Some("v7.3"));
    }

    #[test]
    fn each_twin_has_a_template_from_its_first_target_on() {
        let rules = built_in().unwrap();
        let place = |name: &str| rules.targets().iter().position(|target| target.name == name).unwrap();
        for call in rules.calls.values().filter(|call| call.twin.is_some()) {
            let since = call.since.as_deref().map_or(0, place);
            for target in rules.targets().iter().skip(since).filter(|target| target.name.starts_with("v7")) {
                let rewrite = rules.rewrite(target, target).unwrap();
                for name in &call.names {
                    let is_twin = call.twin.as_ref() == Some(name);
                    let has_template = rewrite.calls.iter().any(|form| form.names.contains(name));
                    assert!(is_twin || has_template, "{name} in {}", target.name);
                }
            }
        }
    }

    /// Adds a target with these lines after v7.3.
    fn with_target(lines: &str) -> Result<Rules, RuleError> {
        let text = format!("name = \"mine\"\norder = 1000\nwhy = \"\"\npresent = []\n{lines}");
        let mut rules = built_in()?;
        add_targets(&mut rules, vec![("mine.toml".to_owned(), parse("mine.toml", &text)?)])?;
        Ok(rules)
    }

    #[test]
    fn a_template_with_a_key_that_nothing_fills_is_refused() {
        let wrong = [
            ("[rewrite.actions.remap_pfn]\nfull = \"f({desc}, {2})\"\n", "rewrite.actions.remap_pfn: {2}"),
            ("[rewrite]\nset = \"f({desc}, {bit})\"\n", "rewrite.set: {bit}"),
            ("[[rewrite.calls]]\nnames = [\"f\"]\nto = [\"g({vma}, {1})\"]\n", "rewrite.calls of f: {vma}"),
        ];
        for (rewrite, reason) in wrong {
            let error = with_target(rewrite).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
        with_target("[[rewrite.calls]]\nnames = [\"f\"]\nto = [\"g({desc}, {1!}, {bits:2}, {3...})\"]\n").unwrap();
    }

    #[test]
    fn a_target_says_only_what_it_has_beyond_another() {
        let rules = with_target(
            "like = \"v7.3\"\nwrites = [\"vm_file\"]\n[[actions]]\nname = \"map_lamp\"\nmaps = \"range\"\n",
        );
        let rules = rules.unwrap();
        let target = rules.target("mine").unwrap();
        assert!(target.has_action("map_lamp") && target.has_action("map_pages") && target.mapped);
        assert!(target.writes_field("vm_file") && target.writes_field("vm_ops") && target.reads_field("vm_mm"));
        assert!(rules.rewrite(target, target).unwrap().call("vma_is_cow_mapping").is_some());
        for (like, reason) in [("v9.9", "no target is called"), ("mine", "leads back")] {
            let error = with_target(&format!("like = \"{like}\"\n")).unwrap_err().to_string();
            assert!(error.starts_with("mine.toml: ") && error.contains(reason), "{error}");
        }
    }

    #[test]
    fn a_rule_of_a_known_name_replaces_the_old_one() {
        let mut rules = built_in().unwrap();
        let text = "[[guards]]\nnames = [\"mutex\"]\ntake = \"lamp_lock\"\nundo = \"lamp_unlock\"\n\
                    [[flag_test]]\nnames = [\"vma_is_anonymous\"]\nset = [\"VM_IO\"]\n\
                    [[idiom]]\nnames = [\"READ_ONCE\"]\nmeans = \"hint\"\n";
        add_file(&mut rules, "mine.toml", parse("mine.toml", text).unwrap(), Known::Replaced).unwrap();
        assert_eq!(rules.guard("mutex").map(|guard| guard.take.as_str()), Some("lamp_lock"));
        assert_eq!(rules.flag_test("vma_is_anonymous").map(|test| test.set.clone()), Some(vec!["VM_IO".to_owned()]));
        assert_eq!(rules.guard("spinlock").map(|guard| guard.take.as_str()), Some("spin_lock"));
    }

    #[test]
    fn a_wrong_file_is_named_with_key_and_reason() {
        let mut rules = built_in().unwrap();
        let wrong = [
            ("[[call]]\nnames = [\"f\"]\ndoes = \"populat\"\n", "does"),
            ("[[call]]\nnames = [\"f\"]\ndoes = \"helper\"\nsince = \"v9.9\"\ntwin = \"g\"\n", "since"),
            ("[[call]]\nnames = [\"f\"]\ndoes = \"populate\"\naction = \"warp\"\n", "action"),
            ("[[call]]\nnames = [\"f\"]\ndoes = \"helper\"\ntwins = \"g\"\n", "twins"),
            ("[[state]]\nkind = \"ref\"\ntake = [\"f_{a,b\"]\nundo = []\n", "f_{a,b"),
        ];
        for (text, key) in wrong {
            let read = parse("mine.toml", text);
            let error = read.and_then(|file| add_file(&mut rules, "mine.toml", file, Known::Replaced));
            let error = error.unwrap_err().to_string();
            assert!(error.starts_with("mine.toml: ") && error.contains(key), "{error}");
        }
    }
}
