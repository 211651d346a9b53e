//! Findings: one per registration, with the handler, its facts and its verdict.

use super::closes::{undone_but_not_taken, undone_by_close};
use super::evidence::{Evidence, Note, Requirement};
use super::judge::PathVerdict;
use super::merge::{Merge, merge};
use super::standard::twin_text;
use super::{Judgement, ResolvedTarget, Verdict, judge};
use crate::index::{Handler, Index, ItemId, Registration, Takes};
use crate::kernel::Layer;
use crate::rules::{NoteKind, RequirementKind, Rules};
use crate::source::macros::call_arguments;
use crate::source::{ItemKind, Span, blank_non_code, find_word, words};
use crate::vma::analysis::{gathered, handler_keys};
use crate::vma::flow::{FieldUse, Key, Lowered, VmaAccess};
use crate::vma::lower::Context;
use crate::vma::{Analysis, HandlerFacts};

/// Location in a file of the tree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Place {
    /// File number in the index.
    pub file: u32,
    /// Byte range.
    pub span: Span,
}

/// Handler function. Findings with an equal value register the same function.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HandlerPlace {
    /// Name of the function.
    pub name: String,
    /// Definition; `None` if it was not found.
    pub place: Option<Place>,
}

/// One registration with its analysis results.
#[derive(Debug)]
pub struct Finding {
    /// Location, hook and table of the registration.
    pub registration: Registration,
    /// The handler; `None` for `NULL`.
    pub handler: Option<HandlerPlace>,
    /// Verdict on its conversion.
    pub verdict: Verdict,
    /// Verdict after its blockers are converted; `None` if nothing blocks it.
    pub after: Option<Verdict>,
    /// Requirements, notes and paths behind the verdict.
    pub judgement: Judgement,
    /// Fields read, without duplicates, in order of appearance. The next four lists likewise.
    pub reads: Vec<String>,
    /// Fields written.
    pub writes: Vec<String>,
    /// Flags set.
    pub sets: Vec<String>,
    /// Flags cleared.
    pub clears: Vec<String>,
    /// Flags tested.
    pub tests: Vec<String>,
    /// Functions to which the handler's own body passes the VMA.
    pub calls: Vec<String>,
    /// Effect on merging; `None` if no handler was found.
    pub merge: Option<Merge>,
    /// Whether the handler takes a VMA where the hook passes a desc, or the other way round.
    pub is_of_other_type: bool,
}

impl Finding {
    /// The name of the handler; `NULL` if there is none.
    pub fn handler_name(&self) -> &str {
        self.handler.as_ref().map_or("NULL", |handler| handler.name.as_str())
    }

    /// Whether it registers a handler that takes a VMA.
    pub fn takes_vma(&self) -> bool {
        self.registration.hook.takes == Takes::Vma && self.verdict != Verdict::None
    }

    /// Whether the handler uses a field or flag of the mapping, or passes the mapping on.
    pub fn uses_mapping(&self) -> bool {
        let used = [&self.reads, &self.writes, &self.sets, &self.clears, &self.tests, &self.calls];
        used.into_iter().any(|names| !names.is_empty())
    }

    /// The function of the handler, if it was found.
    pub fn function(&self, index: &Index) -> Option<Key> {
        let place = self.handler.as_ref()?.place?;
        let item = index.file(place.file).item_at(place.span.start)?;
        Some(Key::new(ItemId { file: place.file, item }, VmaAccess::None))
    }
}

/// Functions that the name in a registration stands for.
pub(super) struct Registered {
    name: String,
    pub(super) keys: Vec<Key>,
    /// Whether a definition of the name is `NULL`.
    is_null: bool,
}

/// Maximum length of a chain of macros that rename a handler.
const ALIAS_LIMIT: usize = 4;

pub(super) fn registered(context: Context<'_>, registration: &Registration) -> Registered {
    let mut name = match &registration.handler {
        Handler::Function(name) => name.clone(),
        Handler::Null => return Registered { name: String::new(), keys: Vec::new(), is_null: true },
        Handler::OfTable { table, member } => match context.index.registered_in(table, member) {
            Some(other) => return registered(context, other),
            None => return Registered { name: format!("{table}.{member}"), keys: Vec::new(), is_null: false },
        },
        Handler::Other(text) => return Registered { name: text.clone(), keys: Vec::new(), is_null: false },
    };
    let (mut keys, mut is_null) = (Vec::new(), false);
    for _ in 0..ALIAS_LIMIT {
        keys.extend(handler_keys(context, &name, registration.file));
        match context.index.renamed(&name, registration.file) {
            Some(other) if other == "NULL" => {
                is_null = true;
                break;
            }
            Some(other) if keys.is_empty() => name = other,
            _ => break,
        }
    }
    Registered { name, keys, is_null }
}

/// Judges all definitions of a handler. Returns the combined judgement and the facts of each.
fn judged(
    context: Context<'_>,
    analysis: &Analysis,
    chosen: &ResolvedTarget,
    registration: &Registration,
    name: &str,
    keys: &[Key],
) -> (Judgement, Vec<HandlerFacts>) {
    let index = context.index;
    let mut judgement = Judgement::default();
    let mut all: Vec<HandlerFacts> = Vec::new();
    for key in keys {
        let facts = analysis.facts(key);
        let place = (key.id.file, index.item(key.id).name);
        let mut one = judge(context.rules, &chosen.target, &facts, place);
        let is_foreign = !index.file(key.id.file).is_header() && !index.same_driver(registration.file, key.id);
        if is_foreign && registration.hook.takes == Takes::Vma {
            foreign(context.rules, chosen, registration, name, &mut one);
        }
        judgement.requirements.append(&mut one.requirements);
        judgement.notes.append(&mut one.notes);
        for path in one.paths {
            if !judgement.paths.iter().any(|known| known.verdict == path.verdict) {
                judgement.paths.push(path);
            }
        }
        all.push(facts);
    }
    (judgement, all)
}

pub(super) fn finding(
    context: Context<'_>,
    analysis: &Analysis,
    chosen: &ResolvedTarget,
    registration: &Registration,
) -> Finding {
    let index = context.index;
    let Registered { name, keys, is_null } = registered(context, registration);
    let (mut judgement, all) = judged(context, analysis, chosen, registration, &name, &keys);
    let takes_vma = registration.hook.takes == Takes::Vma;
    if takes_vma && !keys.is_empty() && !context.rules.is_migrating(&registration.hook.record) {
        own_hook(index, registration, &mut judgement);
    }
    if !context.rules.is_migrating(&registration.hook.record)
        && !index.is_called(&registration.hook)
        && !keys.is_empty()
    {
        judgement.notes.push(never_called(registration));
    }
    judgement.notes.extend(undone_by_close(analysis, &all, &judgement));
    if takes_vma
        && let Some(requirement) = undone_but_not_taken(context, analysis, chosen, &registration.hook, &all, &judgement)
    {
        judgement.add_to_all_paths(requirement);
    }
    // Without a close hook nothing is given back that was never taken.
    let has_close = all.iter().flat_map(|facts| &facts.parts).any(|part| part.lowered.closes().next().is_some());
    judgement.notes.retain(|note| has_close || note.kind != NoteKind::CloseWithoutMapped);
    let sketch = sketched(index, &all).filter(|_| !takes_vma);
    let other_type = of_other_type(index, registration, &keys);
    let is_of_other_type = other_type.is_some();
    let is_open = sketch.is_some() || is_of_other_type;
    let is_lost = takes_vma && keys.is_empty() && !is_null && !name.is_empty();
    let not_found = is_lost.then(|| not_found(registration, &name));
    judgement.requirements.extend(sketch.into_iter().chain(other_type).chain(not_found));
    judgement.paths.sort();
    judgement.requirements.sort();
    judgement.requirements.dedup();
    judgement.notes.sort();
    judgement.notes.dedup();
    let merge = (!all.is_empty()).then(|| merge(context.rules, &all, registration.hook.takes));
    let verdict = match (registration.hook.takes, keys.is_empty()) {
        _ if is_null && keys.is_empty() => Verdict::None,
        _ if is_open => Verdict::Unknown,
        (Takes::Vma, true) => Verdict::Unknown,
        (Takes::Desc, true) if !is_named_elsewhere(index, registration, &name) => Verdict::Unknown,
        (Takes::Desc, _) => Verdict::Converted,
        (Takes::Vma, _) => judgement.verdict(),
    };
    let place = keys.first().map(|key| Place { file: key.id.file, span: index.item(key.id).name });
    let unique = |list: fn(&Lowered) -> &[FieldUse]| {
        distinct(all.iter().flat_map(|facts| gathered(facts, list)).map(|(_, named)| named))
    };
    Finding {
        handler: (!name.is_empty()).then_some(HandlerPlace { name, place }),
        verdict,
        after: if verdict >= Verdict::Blocked { judgement.after() } else { None },
        reads: unique(|lowered| &lowered.reads),
        writes: unique(|lowered| &lowered.writes),
        sets: unique(|lowered| &lowered.sets),
        clears: unique(|lowered| &lowered.clears),
        tests: unique(|lowered| &lowered.tests),
        calls: all
            .iter()
            .filter_map(|facts| facts.parts.first())
            .flat_map(|part| part.lowered.calls.iter().map(|call| call.name.clone()))
            .collect(),
        registration: registration.clone(),
        judgement,
        merge,
        is_of_other_type,
    }
}

/// Beginning of the comments that `fix` writes above the functions of a sketch.
pub const SKETCH_MARK: &str = "FIXME (mmaplint):";

/// Requirement of a hook that was written as a sketch: a comment above one of its functions still names an open point.
fn sketched(index: &Index, all: &[HandlerFacts]) -> Option<Requirement> {
    all.iter().flat_map(|facts| &facts.parts).find_map(|part| {
        let source = index.file(part.file);
        let item = source.items[source.named(ItemKind::Function, &part.lowered.name).next()? as usize];
        let ends = source.items.iter().map(|other| other.span.end).filter(|end| *end <= item.span.start);
        let before = Span { start: ends.max().unwrap_or_default(), end: item.span.start };
        memchr::memmem::find(before.of(&source.text), SKETCH_MARK.as_bytes())?;
        let text = format!("{} is a sketch: the comment above it names what is open", part.lowered.name);
        Some(Evidence::new((part.file, item.name), RequirementKind::Unknown(None), Verdict::Unknown, text))
    })
}

/// Whether the file of a registration names a function elsewhere, too: a macro may hold its head, or a typedef the type of its parameter.
fn is_named_elsewhere(index: &Index, registration: &Registration, name: &str) -> bool {
    let text = &index.file(registration.file).text;
    let is_elsewhere = |at: usize| !registration.span.contains(at as u32);
    !index.functions(name, registration.file).is_empty() || words(text, name.as_bytes()).any(is_elsewhere)
}

/// Requirement of a function that takes a VMA where its hook passes a desc, or the other way round, or another number of parameters.
fn of_other_type(index: &Index, registration: &Registration, keys: &[Key]) -> Option<Requirement> {
    let [vma, desc] = [("vm_area_struct", "VMA"), ("vm_area_desc", "desc")];
    let ((wrong, taken), (right, passed)) =
        if registration.hook.takes == Takes::Vma { (desc, vma) } else { (vma, desc) };
    let takes = |key: &&Key, tag: &str| {
        let head = blank_non_code(index.item(key.id).head().of(&index.file(key.id.file).text));
        find_word(&head, tag.as_bytes(), 0).is_some()
    };
    // The arms of a conditional may define one of each.
    let key = keys.first()?;
    let count = |key: &Key| {
        let item = index.item(key.id);
        let names = Span { start: item.name.end, end: item.body };
        parameters(&blank_non_code(names.of(&index.file(key.id.file).text)))
    };
    let other_count =
        |key: &Key| count(key).filter(|count| takes(&key, right) && *count != registration.hook.parameters);
    let text = if keys.iter().all(|key| takes(&key, wrong) && !takes(&key, right)) {
        format!("takes a {taken}, but {} passes a {passed}", registration.hook.name())
    } else if let Some(taken) = other_count(key)
        && registration.hook.takes == Takes::Desc
        && keys.iter().all(|key| other_count(key).is_some())
    {
        let (name, passed) = (registration.hook.name(), registration.hook.parameters);
        format!("takes {taken} parameters, but {name} passes {passed}")
    } else {
        return None;
    };
    let place = (key.id.file, index.item(key.id).name);
    Some(Evidence::new(place, RequirementKind::Unknown(None), Verdict::Unknown, text))
}

/// Number of parameters, from the text behind the name of a function.
fn parameters(text: &[u8]) -> Option<usize> {
    let (parameters, _) = call_arguments(text, memchr::memchr(b'(', text)?)?;
    Some(parameters.len())
}

/// Adds the requirement of a hook in a table that is not being migrated: it gets a form that passes a desc. A module waits for the kernel
/// to do this.
fn own_hook(index: &Index, registration: &Registration, judgement: &mut Judgement) {
    let name = registration.hook.name();
    let place = (registration.file, registration.span);
    let declared = index.record(&registration.hook.record, registration.file);
    let kind = RequirementKind::Hook(name.clone());
    if declared.is_some_and(|id| index.file(id.file).layer == Layer::Kernel) {
        let text =
            format!("implements {name}, a hook of the kernel that passes no desc: the kernel has to change first");
        let requirement = Evidence::new(place, kind, Verdict::Blocked, text);
        judgement.add_to_all_paths(Requirement { blocker: Some(name), ..requirement });
        return;
    }
    let text = format!("{name} has to pass a desc: fix retypes it with all its implementers, or adds a hook beside it");
    judgement.requirements.push(Evidence::new(place, kind, Verdict::Mechanical, text));
}

/// Requirement of a handler whose function is not there.
fn not_found(registration: &Registration, name: &str) -> Requirement {
    let text =
        format!("{name} is not found as a function with a VMA: a macro makes it, it takes another type, or it is gone");
    let place = (registration.file, registration.span);
    Evidence::new(place, RequirementKind::Unknown(None), Verdict::Unknown, text)
}

/// Note on a hook that nothing in the tree calls: its implementers are dead code.
fn never_called(registration: &Registration) -> Note {
    let name = registration.hook.name();
    let text = format!("nothing in the tree calls {name}: delete the member and its implementers");
    Evidence::new((registration.file, registration.span), NoteKind::NeverCalled, Verdict::Mechanical, text)
}

/// Handles a handler that another module exports: it blocks, unless it has a desc twin.
fn foreign(rules: &Rules, chosen: &ResolvedTarget, registration: &Registration, name: &str, judgement: &mut Judgement) {
    let twin = rules.twin(&chosen.target, name);
    let (verdict, text) = match twin {
        Some(twin) => (Verdict::Mechanical, twin_text(name, twin)),
        None => (Verdict::Blocked, format!("registers {name}, a function of another module without a desc twin")),
    };
    let blocker = twin.is_none().then(|| name.to_owned());
    if twin.is_some() {
        judgement.requirements.clear();
    }
    // Requirements inside the helper belong to the conversion of the helper.
    for requirement in &mut judgement.requirements {
        requirement.verdict = Verdict::Mechanical;
        requirement.blocker = None;
    }
    judgement.paths = vec![PathVerdict { verdict, file: registration.file, span: registration.span }];
    let place = (registration.file, registration.span);
    let requirement = Evidence::new(place, RequirementKind::Helper(name.to_owned()), verdict, text);
    judgement.requirements.push(Requirement { blocker, ..requirement });
}

fn distinct<'n>(named: impl Iterator<Item = &'n FieldUse>) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for named in named {
        if !names.contains(&named.name) {
            names.push(named.name.clone());
        }
    }
    names
}
