//! Knowledge of kernel APIs as data: the TOML files of `rules/`, which are built into the binary, and those of a directory that
//! `--rules` names.

mod call;
mod document;
mod idiom;
mod kind;
mod lint;
mod load;
mod naming;
mod requirement;
mod rewrite;
mod state;
mod subject;
mod target;
pub mod template;
mod value;

use std::collections::BTreeMap;

use rustc_hash::{FxHashMap, FxHashSet};

use subject::SubjectRule;

pub use call::{Call, CallEffect, PopulatesIf};
pub use document::Document;
pub use idiom::Idiom;
pub use kind::{NoteKind, RequirementKind};
pub use lint::{Confidence, Group, Level, LintText, Reading};
pub use load::{RuleError, built_in_targets};
pub use naming::{prepared, prepared_function, stem, unprepared};
pub use requirement::RequirementText;
pub use rewrite::{ActionForm, BridgeForm, ByPageForm, CallForm, FinishForm, Insertion, MappedForm, Rewrite};
pub use state::{Bracket, Guard, Object, ObjectRule, Pattern, StateKind, StateRule, Taking};
pub use target::{Action, Maps, Target};
pub use value::{CallValue, FlagTestRule, MemoryKind};

/// All rules, indexed for lookup.
// More than twelve fields: one for each table of the TOML.
#[derive(Debug, Default)]
pub struct Rules {
    calls: FxHashMap<String, Call>,
    states: Vec<StateRule>,
    patterns: Vec<Pattern>,
    takes: FxHashMap<String, usize>,
    undoes: FxHashMap<String, usize>,
    brackets: Vec<Bracket>,
    guards: Vec<Guard>,
    presence: Presence,
    silent: FxHashSet<String>,
    compared: FxHashSet<String>,
    silent_prefixes: Vec<String>,
    questions: Vec<String>,
    silent_suffixes: Vec<String>,
    wakes: FxHashSet<String>,
    wake_prefixes: Vec<String>,
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
    values: FxHashMap<String, CallValue>,
    flag_tests: Vec<FlagTestRule>,
    memory: FxHashMap<String, MemoryKind>,
    uncleared: FxHashSet<String>,
    clears: FxHashSet<String>,
    may_lack_mmu: FxHashSet<String>,
    linear: FxHashSet<String>,
    mmap_lock: FxHashSet<String>,
    subjects: Vec<SubjectRule>,
    told: Vec<String>,
    /// Targets as their files define them.
    target_files: Vec<target::TargetFile>,
    /// The same targets with their inherited parts, oldest first.
    targets: Vec<Target>,
}

/// Question of a predicate about an object's presence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Asked {
    /// Whether it has been created.
    WhetherMade,
    /// Whether a list or a tree holds it.
    WhetherFound,
    /// Whether it is absent.
    WhetherAbsent,
}

/// Names of predicates that test an object's presence.
#[derive(Debug, Default, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
struct Presence {
    /// Suffixes of names that test whether an object has been created.
    suffixes: Vec<String>,
    /// Words of names that look for an object.
    words: Vec<String>,
    /// Names that test whether an object is absent.
    absent: Vec<String>,
}

/// Effect of a call on state, according to a rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StateEffect<'r> {
    /// Takes state.
    Takes(Taking<'r>),
    /// Releases state of this kind.
    Undoes(StateKind, &'r Object),
}

impl StateEffect<'_> {
    /// Kind of the state.
    pub fn kind(&self) -> StateKind {
        match self {
            StateEffect::Takes(taking) => taking.kind,
            StateEffect::Undoes(kind, _) => *kind,
        }
    }
}

impl Rules {
    /// Version of the built-in rules. It changes with any rule; verdicts may change with it.
    pub fn built_in_version() -> String {
        load::version()
    }

    /// The built-in rules.
    ///
    /// # Errors
    /// A built-in file is wrong; the tests rule this out.
    pub fn built_in() -> Result<Rules, RuleError> {
        load::built_in()
    }

    /// Adds the `*.toml` files of a directory. A rule for a known name replaces the old one.
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

    /// Whether a call of `name` populates.
    pub fn populates(&self, name: &str) -> bool {
        self.call(name).is_some_and(|rule| rule.does == CallEffect::Populate)
    }

    /// State that a call of `name` takes or releases, by its exact name or by a suffix.
    pub fn state(&self, name: &str) -> Option<StateEffect<'_>> {
        if let Some(index) = self.takes.get(name) {
            let rule = &self.states[*index];
            let StateRule { kind, object, same_again, shared, zero_takes, .. } = rule;
            return Some(StateEffect::Takes(Taking {
                kind: *kind,
                object,
                same_again: *same_again,
                is_shared: *shared,
                zero_takes: *zero_takes,
            }));
        }
        if let Some(index) = self.undoes.get(name) {
            let rule = &self.states[*index];
            return Some(StateEffect::Undoes(rule.kind, &rule.object));
        }
        if self.is_silent(name) || self.questions.iter().any(|part| name.contains(part.as_str())) {
            return None;
        }
        // The longest suffix of a pattern says most; of equally long ones, the first wins.
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

    /// Whether a call of `name` takes state and returns true if it does: `kref_get_unless_zero`, `mutex_trylock`.
    pub fn tells_by_truth(&self, name: &str) -> bool {
        let is_tried = ["try", "unless_zero", "not_zero"].iter().any(|word| name.contains(word));
        is_tried && matches!(self.state(name), Some(StateEffect::Takes(taking)) if !taking.zero_takes)
    }

    /// Whether a rule names a call that takes or releases state; otherwise only its suffix says so.
    pub fn has_state_rule(&self, name: &str) -> bool {
        self.takes.contains_key(name) || self.undoes.contains_key(name)
    }

    /// State that a call of `name` takes if such state is also released; the name alone does not say.
    pub fn state_if_paired(&self, name: &str) -> Option<Taking<'_>> {
        let is_it = |pattern: &&Pattern| pattern.paired && pattern.take.iter().any(|end| name.ends_with(end.as_str()));
        self.patterns.iter().find(is_it).map(Pattern::taking)
    }

    /// Pairs of words in the names of opening and closing calls.
    pub fn brackets(&self) -> &[Bracket] {
        &self.brackets
    }

    /// The lock that `guard(name)` takes.
    pub fn guard(&self, name: &str) -> Option<&Guard> {
        self.guards.iter().find(|guard| guard.names.iter().any(|known| known == name))
    }

    /// Whether a call of `name` allocates memory.
    pub fn allocates(&self, name: &str) -> bool {
        matches!(self.state(name), Some(StateEffect::Takes(taking)) if taking.kind == StateKind::Alloc)
    }

    /// Whether a call of `name` has no lasting effect.
    pub fn is_silent(&self, name: &str) -> bool {
        self.silent.contains(name)
            || self.silent_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
            || self.silent_suffixes.iter().any(|suffix| name.ends_with(suffix.as_str()))
    }

    /// Whether a call of `name` wakes whoever waits for an object.
    pub fn wakes(&self, name: &str) -> bool {
        self.wakes.contains(name) || self.wake_prefixes.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Whether a conversion has to keep a call of `name`, although it takes no state.
    pub fn is_compared(&self, name: &str) -> bool {
        !self.is_silent(name) || self.has_state_rule(name) || self.compared.contains(name)
    }

    /// Question of a call of `name` about an object's presence.
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

    /// Whether callbacks of `struct record` act on existing mappings, and so are no mmap callbacks.
    pub fn acts_on_mappings(&self, record: &str) -> bool {
        self.mapping_records.contains(record)
    }

    /// Whether a direct call of an mmap callback of `struct record` dispatches to another file.
    pub fn redispatches(&self, record: &str) -> bool {
        self.redispatch_records.contains(record)
    }

    /// Whether handlers of `struct record` convert one by one.
    pub fn is_migrating(&self, record: &str) -> bool {
        self.migrating_records.contains(record)
    }

    /// Whether a file-scope macro of that name annotates a function and registers none.
    pub fn is_annotation(&self, name: &str) -> bool {
        self.annotations.iter().any(|prefix| name.starts_with(prefix.as_str()))
    }

    /// Whether a call of `name` stores its last argument in the object that the first one names.
    pub fn stores(&self, name: &str) -> bool {
        self.stores.contains(name)
    }

    /// Whether a VMA with this flag is never merged.
    pub fn is_never_merged(&self, flag: &str) -> bool {
        self.never_merged.contains(flag)
    }

    /// Whether VMAs that differ in this flag may still merge.
    pub fn is_ignored_by_merge(&self, flag: &str) -> bool {
        self.merge_ignored.contains(flag)
    }

    /// Desc field for a VMA field, the first by name. For `vm_file` that is `file`, the file whose hook is called.
    pub fn field_on_desc(&self, field: &str) -> Option<&str> {
        let mut names: Vec<&str> =
            self.desc_fields.iter().filter(|(_, vma)| *vma == field).map(|(desc, _)| desc.as_str()).collect();
        names.sort_unstable();
        names.first().copied()
    }

    /// VMA field that a desc field stands for.
    pub fn desc_field(&self, name: &str) -> Option<&str> {
        self.desc_fields.get(name).map(String::as_str)
    }

    /// Whether a desc has a counterpart of a VMA field. The others belong to mm alone.
    pub fn is_in_desc(&self, vma_field: &str) -> bool {
        self.desc_fields.values().any(|field| field == vma_field)
    }

    /// Usual name of a VMA field.
    pub fn vma_field<'n>(&'n self, name: &'n str) -> &'n str {
        self.spelled_fields.get(name).map_or(name, String::as_str)
    }

    /// Whether a flag has a bit of its own in every configuration.
    pub fn has_bit(&self, flag: &str) -> bool {
        self.bits.contains(flag)
    }

    /// Flags of a mask.
    pub fn mask(&self, name: &str) -> Option<&[String]> {
        self.masks.get(name).map(Vec::as_slice)
    }

    /// Prefix of the subject of a change to a file, as its subsystem writes it.
    pub fn subject_prefix(&self, path: &str) -> Option<String> {
        let mut fitting: Vec<&SubjectRule> =
            self.subjects.iter().filter(|rule| path.starts_with(&rule.below)).collect();
        fitting.sort_by_key(|rule| std::cmp::Reverse(rule.below.len()));
        fitting.into_iter().find_map(|rule| rule.prefix(path))
    }

    /// Files whose maintainers hear of each change.
    pub fn told(&self) -> Vec<&str> {
        self.told.iter().map(String::as_str).collect()
    }

    /// Documents to compare with headers.
    pub fn documents(&self) -> &[Document] {
        &self.documents
    }

    /// Explanations of the kinds of requirements.
    pub fn requirements(&self) -> &[RequirementText] {
        &self.requirements
    }

    /// Fixed meaning of a macro or a function.
    pub fn idiom(&self, name: &str) -> Option<Idiom> {
        self.idioms.get(name).copied()
    }

    /// The value of a call, if it follows from the mapping or the arguments.
    pub fn value(&self, name: &str) -> Option<CallValue> {
        self.values.get(name).copied()
    }

    /// Flag test that a call performs.
    pub fn flag_test(&self, name: &str) -> Option<&FlagTestRule> {
        self.flag_tests.iter().find(|rule| rule.names.iter().any(|known| known == name))
    }

    /// Whether a call allocates memory and leaves what was in it before, unless a flag says otherwise.
    pub fn is_uncleared(&self, name: &str) -> bool {
        self.uncleared.contains(name)
    }

    /// The calls that allocate memory and leave what was in it.
    pub fn uncleared(&self) -> impl Iterator<Item = &str> {
        self.uncleared.iter().map(String::as_str)
    }

    /// Whether a file belongs to an architecture that always has an MMU.
    pub fn always_has_mmu(&self, path: &str) -> bool {
        let architecture = path.strip_prefix("arch/").and_then(|rest| rest.split('/').next());
        architecture.is_some_and(|name| !self.may_lack_mmu.contains(name))
    }

    /// Whether a call fills memory that it is given.
    pub fn clears(&self, name: &str) -> bool {
        self.clears.contains(name)
    }

    /// The kind of memory that a call allocates, if it cannot be mapped by a linear address.
    pub fn memory(&self, name: &str) -> Option<MemoryKind> {
        self.memory.get(name).copied()
    }

    /// Whether a call is right for linear addresses only.
    pub fn is_linear(&self, name: &str) -> bool {
        self.linear.contains(name)
    }

    /// The calls that are right for linear addresses only.
    pub fn linear(&self) -> impl Iterator<Item = &str> {
        self.linear.iter().map(String::as_str)
    }

    /// Whether a call takes the mmap lock, or may fault and then takes it.
    pub fn takes_mmap_lock(&self, name: &str) -> bool {
        self.mmap_lock.contains(name)
    }

    /// Explanations of the kinds of notes.
    pub fn notes(&self) -> &[RequirementText] {
        &self.notes
    }

    /// The targets, oldest first.
    pub fn targets(&self) -> &[Target] {
        &self.targets
    }

    /// The newest target of a released kernel.
    pub fn newest_released(&self) -> Option<&Target> {
        self.targets.iter().rev().find(|target| target.is_released)
    }

    /// The target of that name.
    pub fn target(&self, name: &str) -> Option<&Target> {
        self.targets.iter().find(|target| target.name == name)
    }

    /// The target that a person means by a name: a release may be named without its `v`.
    pub fn target_meant(&self, name: &str) -> Option<&Target> {
        self.target(name).or_else(|| self.target(&format!("v{name}")))
    }

    /// Templates of a target, with those that it inherits. `own` is the target of the tree's headers.
    pub fn rewrite(&self, target: &Target, own: &Target) -> Option<Rewrite> {
        let mut rewrite = target.rewrite.clone()?;
        // A chain is no longer than the list of targets, unless it is a cycle.
        for _ in 0..self.targets.len() {
            let Some(like) = rewrite.like.as_deref() else { break };
            let like = if like == "tree" { own } else { self.target(like)? };
            let older = like.rewrite.as_ref()?;
            let next = older.like.clone();
            rewrite = Rewrite { like: next, ..rewrite.over(older) };
        }
        Some(rewrite)
    }

    /// Finds an action in any target.
    pub fn action(&self, name: &str) -> Option<&Action> {
        self.targets.iter().find_map(|target| target.action(name))
    }

    /// Desc twin of a helper, if `target` has it.
    pub fn twin(&self, target: &Target, helper: &str) -> Option<&str> {
        let rule = self.call(helper)?;
        rule.twin.as_deref().filter(|_| self.has_since(target, rule.since.as_deref()))
    }

    /// Flags that populating sets by itself: by the action, or by the call if no action replaces it.
    pub fn implied_flags(&self, action_or_call: &str) -> impl Iterator<Item = &str> {
        let is_it = move |rule: &&Call| {
            rule.action.as_deref() == Some(action_or_call) || rule.names.iter().any(|name| name == action_or_call)
        };
        self.calls.values().filter(is_it).flat_map(|rule| rule.implies.iter().map(String::as_str))
    }

    /// The helper of each desc twin, the first by name.
    pub fn twins(&self) -> BTreeMap<&str, &str> {
        let mut twins: BTreeMap<&str, &str> = BTreeMap::new();
        for (twin, rule) in self.calls.values().filter_map(|rule| Some((rule.twin.as_deref()?, rule))) {
            for helper in rule.names.iter().map(String::as_str).filter(|helper| *helper != twin) {
                let first = twins.entry(twin).or_insert(helper);
                *first = helper.min(first);
            }
        }
        twins
    }

    /// Whether a helper, or the helper with this desc twin, maps pages of the page cache.
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

    /// Names of all calls with a rule, sorted.
    pub fn call_names(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.calls.keys().map(String::as_str).collect();
        names.sort_unstable();
        names
    }
}
