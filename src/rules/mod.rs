//! What is known of the kernel's APIs, as data: the TOML files of `rules/`, which are inside the binary, and those of a
//! directory that `--rules` names.

mod call;
mod document;
mod idiom;
mod kind;
mod lint;
mod load;
mod requirement;
mod rewrite;
mod state;
mod target;
pub mod template;

use rustc_hash::{FxHashMap, FxHashSet};

pub use call::{Call, CallEffect, PopulatesIf};
pub use document::Document;
pub use idiom::Idiom;
pub use kind::{NoteKind, RequirementKind};
pub use lint::{Confidence, Group, Level, LintText, Reading};
pub use load::RuleError;
pub use requirement::RequirementText;
pub use rewrite::{ActionForm, BridgeForm, CallForm, FinishForm, Insertion, MappedForm, Rewrite};
pub use state::{Bracket, Object, ObjectRule, Pattern, StateKind, StateRule, Taking};
pub use target::{Action, Maps, Target};

/// All rules, ready to be asked.
// More than twelve fields: one for each table of the TOML, ready to be looked up.
#[derive(Debug, Default)]
pub struct Rules {
    calls: FxHashMap<String, Call>,
    states: Vec<StateRule>,
    patterns: Vec<Pattern>,
    takes: FxHashMap<String, usize>,
    undoes: FxHashMap<String, usize>,
    brackets: Vec<Bracket>,
    read_locks: FxHashSet<String>,
    presence: Presence,
    silent: FxHashSet<String>,
    silent_prefixes: Vec<String>,
    silent_suffixes: Vec<String>,
    mapping_records: FxHashSet<String>,
    redispatch_records: FxHashSet<String>,
    migrating_records: FxHashSet<String>,
    annotations: Vec<String>,
    stores: FxHashSet<String>,
    never_merged: FxHashSet<String>,
    merge_ignored: FxHashSet<String>,
    bits: FxHashSet<String>,
    masks: FxHashMap<String, Vec<String>>,
    desc_fields: FxHashMap<String, String>,
    spelled_fields: FxHashMap<String, String>,
    documents: Vec<Document>,
    requirements: Vec<RequirementText>,
    notes: Vec<RequirementText>,
    idioms: FxHashMap<String, Idiom>,
    /// The targets as their files write them.
    target_files: Vec<target::TargetFile>,
    /// The same, complete, oldest first.
    targets: Vec<Target>,
}

/// What a predicate asks of an object's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether it has been made.
    WhetherMade,
    /// Whether it is found in a list or a tree.
    WhetherFound,
    /// Whether nothing is there.
    WhetherAbsent,
}

/// Names of predicates that ask whether an object is there.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Presence {
    /// Ends of names that ask whether an object has been made.
    suffixes: Vec<String>,
    /// Words of names that look for an object.
    words: Vec<String>,
    /// Names that ask whether nothing is there.
    absent: Vec<String>,
}

/// What a call does to state, by rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateEffect<'r> {
    /// It takes state.
    Takes(Taking<'r>),
    /// It gives state of this kind back.
    Undoes(StateKind, &'r Object),
}

impl Rules {
    /// The version of the rules inside the binary: it changes with any of them, and verdicts may change with it.
    pub fn built_in_version() -> String {
        load::version()
    }

    /// The rules that are built in.
    ///
    /// # Errors
    /// Where a built-in file is wrong; the tests make sure that none is.
    pub fn built_in() -> Result<Rules, RuleError> {
        load::built_in()
    }

    /// Adds the `*.toml` files of a directory; a rule for a name that is known already takes its place.
    ///
    /// # Errors
    /// The first file that cannot be read or is wrong, with the key and the reason.
    pub fn add_directory(&mut self, directory: &std::path::Path) -> Result<(), RuleError> {
        load::add_directory(self, directory)
    }

    /// The rule for a call of `name`.
    pub fn call(&self, name: &str) -> Option<&Call> {
        self.calls.get(name)
    }

    /// What a call of `name` takes or gives back, by its exact name or by a pattern of names.
    pub fn state(&self, name: &str) -> Option<StateEffect<'_>> {
        if let Some(index) = self.takes.get(name) {
            let rule = &self.states[*index];
            let StateRule { kind, object, same_again, shared, .. } = rule;
            return Some(StateEffect::Takes(Taking {
                kind: *kind,
                object,
                same_again: *same_again,
                is_shared: *shared,
            }));
        }
        if let Some(index) = self.undoes.get(name) {
            let rule = &self.states[*index];
            return Some(StateEffect::Undoes(rule.kind, &rule.object));
        }
        if self.is_silent(name) {
            return None;
        }
        // The longest end of a name that a pattern knows says most; of two that are as long, the first.
        let longest = |suffixes: &[String]| {
            let ends = suffixes.iter().filter(|end| name.len() > end.len() && name.ends_with(end.as_str()));
            ends.map(String::len).max()
        };
        let ends = self.patterns.iter().flat_map(|pattern| {
            let takes = longest(&pattern.take).map(|length| (length, pattern, true));
            takes.into_iter().chain(longest(&pattern.undo).map(|length| (length, pattern, false)))
        });
        let (_, pattern, takes) = ends.reduce(|best, next| if next.0 > best.0 { next } else { best })?;
        match takes {
            true => (!pattern.paired).then_some(StateEffect::Takes(pattern.taking())),
            false => Some(StateEffect::Undoes(pattern.kind, &pattern.object)),
        }
    }

    /// What a call of `name` takes where the same function gives it back: its name alone does not tell.
    pub fn state_if_paired(&self, name: &str) -> Option<Taking<'_>> {
        let is_it = |pattern: &&Pattern| pattern.paired && pattern.take.iter().any(|end| name.ends_with(end.as_str()));
        self.patterns.iter().find(is_it).map(Pattern::taking)
    }

    /// Words of names that open and close something.
    pub fn brackets(&self) -> &[Bracket] {
        &self.brackets
    }

    /// Whether `guard(name)` takes a lock for reading.
    pub fn is_read_lock(&self, name: &str) -> bool {
        self.read_locks.contains(name)
    }

    /// Whether a call of `name` leaves nothing behind.
    pub fn is_silent(&self, name: &str) -> bool {
        self.silent.contains(name)
            || self.silent_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
            || self.silent_suffixes.iter().any(|suffix| name.ends_with(suffix.as_str()))
    }

    /// What a call of `name` asks of an object's presence.
    pub fn presence(&self, name: &str) -> Option<Asked> {
        let Presence { suffixes, words, absent } = &self.presence;
        if absent.iter().any(|known| known == name) {
            Some(Asked::WhetherAbsent)
        } else if suffixes.iter().any(|suffix| name.ends_with(suffix.as_str())) {
            Some(Asked::WhetherMade)
        } else {
            name.split('_').any(|part| words.iter().any(|word| word == part)).then_some(Asked::WhetherFound)
        }
    }

    /// Whether callbacks of `struct record` act on mappings that already stand, and so are no mmap callbacks.
    pub fn acts_on_mappings(&self, record: &str) -> bool {
        self.mapping_records.contains(record)
    }

    /// Whether calling an mmap callback of `struct record` by hand dispatches to another file.
    pub fn redispatches(&self, record: &str) -> bool {
        self.redispatch_records.contains(record)
    }

    /// Whether handlers of `struct record` convert one by one.
    pub fn is_migrating(&self, record: &str) -> bool {
        self.migrating_records.contains(record)
    }

    /// Whether a macro of that name at file scope says something about a function, and registers none.
    pub fn is_annotation(&self, name: &str) -> bool {
        self.annotations.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Whether a call of `name` puts its last argument where the first one leads.
    pub fn stores(&self, name: &str) -> bool {
        self.stores.contains(name)
    }

    /// Whether a VMA with this flag is never merged.
    pub fn is_never_merged(&self, flag: &str) -> bool {
        self.never_merged.contains(flag)
    }

    /// Whether a difference in this flag does not keep VMAs apart.
    pub fn is_ignored_by_merge(&self, flag: &str) -> bool {
        self.merge_ignored.contains(flag)
    }

    /// The field of a desc that stands for a field of a VMA. The file is the one whose hook is called.
    pub fn field_on_desc(&self, field: &str) -> Option<&str> {
        let mut names: Vec<&str> =
            self.desc_fields.iter().filter(|(_, vma)| *vma == field).map(|(desc, _)| desc.as_str()).collect();
        names.sort_unstable();
        names.first().copied()
    }

    /// The field of a VMA that a field of a desc stands for.
    pub fn desc_field(&self, name: &str) -> Option<&str> {
        self.desc_fields.get(name).map(String::as_str)
    }

    /// The name that a field of a VMA goes by.
    pub fn vma_field<'n>(&'n self, name: &'n str) -> &'n str {
        self.spelled_fields.get(name).map_or(name, String::as_str)
    }

    /// Whether a flag is a bit of its own in every configuration.
    pub fn has_bit(&self, flag: &str) -> bool {
        self.bits.contains(flag)
    }

    /// The flags that a name of several flags stands for.
    pub fn mask(&self, name: &str) -> Option<&[String]> {
        self.masks.get(name).map(Vec::as_slice)
    }

    /// What the kernel's documents are held against.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// What the kinds of requirements mean.
    pub fn requirements(&self) -> &[RequirementText] {
        &self.requirements
    }

    /// What a macro or a function says of its arguments, whatever those are.
    pub fn idiom(&self, name: &str) -> Option<Idiom> {
        self.idioms.get(name).copied()
    }

    /// What the kinds of notes mean.
    pub fn notes(&self) -> &[RequirementText] {
        &self.notes
    }

    /// The targets, oldest first.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The templates of a target, with those of the targets that it is like; `own` is what the tree's headers have.
    pub fn rewrite(&self, target: &Target, own: &Target) -> Option<Rewrite> {
        let mut rewrite = target.rewrite.clone()?;
        // No chain is longer than there are targets, unless it goes round.
        for _ in 0..self.targets.len() {
            let Some(like) = rewrite.like.as_deref() else { break };
            let like = if like == "tree" { own } else { self.target(like)? };
            let older = like.rewrite.as_ref()?;
            let next = older.like.clone();
            rewrite = Rewrite { like: next, ..rewrite.over(older) };
        }
        Some(rewrite)
    }

    /// What an action maps, whichever target has it.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.targets.iter().find_map(|target| target.action(name))
    }

    /// The desc twin of a helper, where `target` has it.
    pub fn twin(&self, target: &Target, helper: &str) -> Option<&str> {
        let rule = self.call(helper)?;
        rule.twin.as_deref().filter(|_| self.has_since(target, rule.since.as_deref()))
    }

    /// Whether a helper, or what a helper's desc twin is called, maps pages of the page cache.
    pub fn maps_page_cache(&self, name: &str) -> bool {
        let is_it = |rule: &Call| {
            rule.page_cache && (rule.twin.as_deref() == Some(name) || rule.names.iter().any(|known| known == name))
        };
        self.calls.values().any(is_it)
    }

    /// Whether `target` is at least as new as the one named `since`.
    fn has_since(&self, target: &Target, since: Option<&str>) -> bool {
        match since {
            Some(since) => self.target(since).is_some_and(|first| first.order <= target.order),
            None => true,
        }
    }

    /// Every call that a rule names, sorted.
    pub fn call_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.calls.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}
